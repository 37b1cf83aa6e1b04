// CreateOptions, UpdateOptions, PatchOptions and DeleteOptions of a request's query, where they are not the usual ones.

import type { FieldError } from '../api/types.ts';
import { contentTypeOf } from './body.ts';
import { param } from './context.ts';
import { invalid } from './status.ts';
import type { ApiRequest } from './types.ts';

const KINDS: Record<string, string> = {
  POST: 'CreateOptions',
  PUT: 'UpdateOptions',
  PATCH: 'PatchOptions',
  DELETE: 'DeleteOptions',
};
const MAX_MANAGER_BYTES = 128;
const UNPRINTABLE = /[^\p{L}\p{M}\p{N}\p{P}\p{S} ]/gu;

/** Throws what the server answers to options that are none. */
export function checkWriteOptions(request: ApiRequest, minor: number) {
  const kind = KINDS[request.method];
  if (!kind) return;
  const type = contentTypeOf(request);
  // A patch of no known type is refused as such.
  if (kind === 'PatchOptions' && !type.includes('patch+')) return;
  const faults: FieldError[] = [];
  if (kind !== 'DeleteOptions') manager(faults, kind, type, request, minor);
  // A body has the options of a deletion, then.
  if (kind !== 'DeleteOptions' || !request.body) faults.push(...dryRunFaults(request.query?.dryRun));
  const validation = param(request, 'fieldValidation');
  if (kind !== 'DeleteOptions' && !['', 'Ignore', 'Strict', 'Warn'].includes(validation)) {
    faults.push({
      type: 'FieldValueNotSupported',
      field: 'fieldValidation',
      message: `Unsupported value: ${JSON.stringify(validation)}: supported values: "", "Ignore", "Strict", "Warn"`,
    });
  }
  if (faults.length) throw invalid({ group: 'meta.k8s.io', kind }, '', faults);
}

function manager(faults: FieldError[], kind: string, type: string, request: ApiRequest, minor: number) {
  const field = 'fieldManager';
  const asked = param(request, field);
  if (kind === 'PatchOptions') {
    const apply = type === 'application/apply-patch+yaml';
    if (apply && asked === '') {
      faults.push({ type: 'FieldValueRequired', field, message: 'Required value: is required for apply patch' });
    } else if (!apply && param(request, 'force') !== '') {
      const message = 'Forbidden: may not be specified for non-apply patch';
      faults.push({ type: 'FieldValueForbidden', field: 'force', message });
    }
  }
  if (asked.length > MAX_MANAGER_BYTES) {
    const words = minor < 32 ? 'must have at most' : 'may not be more than';
    faults.push({ type: 'FieldValueTooLong', field, message: `Too long: ${words} ${MAX_MANAGER_BYTES} bytes` });
  }
  for (const found of asked.matchAll(UNPRINTABLE)) {
    const code = (found[0].codePointAt(0) as number).toString(16).toUpperCase().padStart(4, '0');
    faults.push({
      type: 'FieldValueInvalid',
      field,
      message: `Invalid value: ${JSON.stringify(asked)}: invalid character U+${code} (at position ${found.index})`,
    });
  }
}

/** The only dry run that there is goes through all stages. */
export function dryRunFaults(dryRun: string | readonly string[] | undefined): FieldError[] {
  const asked = dryRun === undefined || dryRun === '' ? [] : [dryRun].flat();
  if (asked.every((one) => one === 'All')) return [];
  const message = `Unsupported value: ${JSON.stringify(asked)}: supported values: "All"`;
  return [{ type: 'FieldValueNotSupported', field: 'dryRun', message }];
}
