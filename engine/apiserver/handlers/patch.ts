// PATCH: the present object, changed as a patch of one of four kinds says, then what every update goes through.

import { DecodeError, type KubeObject } from '../../api/types.ts';
import { part } from '../../parts/index.ts';
import { contentType, parseText, reportStrict } from '../body.ts';
import type { Context } from '../context.ts';
import { checkOperations } from '../limits.ts';
import { PatchError } from '../patch/errors.ts';
import type { Operation } from '../patch/json-patch.ts';
import { mergePatch } from '../patch/merge-patch.ts';
import { goMap, strategicMerge } from '../patch/strategic-merge.ts';
import { badRequest, invalid, StatusError, unexpected, unsupportedMediaType } from '../status.ts';
import { withoutUndefined } from '../without-undefined.ts';
import { checkNamespace, updateObject, type Updated } from './update.ts';
import type { Core } from './types.ts';

const JSON_PATCH = 'application/json-patch+json';
const MERGE_PATCH = 'application/merge-patch+json';
const STRATEGIC_PATCH = 'application/strategic-merge-patch+json';
const APPLY_PATCH = 'application/apply-patch+yaml';

export function patch(core: Core, ctx: Context): Updated {
  const { route, info, request } = ctx;
  // A component writes the type as it stands here.
  const given = request.headers?.['content-type'];
  const type = given === STRATEGIC_PATCH ? given : contentType(ctx);
  if (type === APPLY_PATCH) return part('apply').apply(core, ctx);
  if (type !== JSON_PATCH && type !== MERGE_PATCH && type !== STRATEGIC_PATCH) {
    if (info.custom) throw unsupportedMediaType([JSON_PATCH, MERGE_PATCH, APPLY_PATCH]);
    throw new StatusError(415, 'UnsupportedMediaType', '415: Unsupported Media Type', {});
  }
  if (type === STRATEGIC_PATCH && info.custom) throw unsupportedMediaType([JSON_PATCH, MERGE_PATCH, APPLY_PATCH]);
  const known = request.patched;
  const body = known?.patch ? undefined : readPatch(ctx, type);
  return updateObject(core, ctx, info, route.namespace, route.name, route.subresource, (old) =>
    old && old === known?.from
      ? (known.to as KubeObject)
      : old
        ? patched(core, ctx, type, old, body ?? readPatch(ctx, type))
        : { apiVersion: info.groupVersion, kind: info.kind, metadata: {} },
  );
}

/** The patch as a value of the shape that its kind demands. */
export function readPatch(ctx: Context, type: string): object {
  const body = (ctx.request.body ??= ctx.request.patched?.patch?.());
  // A strategic merge leaves out what is undefined by itself.
  if (typeof body === 'object' && body !== null) return type === STRATEGIC_PATCH ? body : withoutUndefined(body);
  const prefix = type === STRATEGIC_PATCH ? '' : 'error decoding patch: ';
  let value: unknown;
  try {
    value = JSON.parse(body ?? '');
  } catch {
    throw badRequest(prefix + part('requests').jsonError(body ?? ''));
  }
  const list = type === JSON_PATCH;
  // No patch at all changes nothing, but for a merge patch.
  if (value === null) {
    if (type === MERGE_PATCH) throw badRequest('Invalid JSON Patch');
    return list ? [] : {};
  }
  if (typeof value === 'object' && Array.isArray(value) === list) {
    if (list) checkSteps(prefix, value as unknown[]);
    return value;
  }
  const what = Array.isArray(value) ? 'array' : typeof value === 'boolean' ? 'bool' : typeof value;
  const wanted = list ? '[]handlers.jsonPatchOp' : 'map[string]interface {}';
  throw badRequest(`${prefix}json: cannot unmarshal ${what} into Go value of type ${wanted}`);
}

/** The steps of a JSON patch: few enough, and objects with texts where texts belong. */
function checkSteps(prefix: string, steps: readonly unknown[]) {
  checkOperations(steps.length);
  for (const step of steps) {
    if (step === null) continue;
    if (typeof step !== 'object' || Array.isArray(step)) {
      const what = Array.isArray(step) ? 'array' : typeof step === 'boolean' ? 'bool' : typeof step;
      throw badRequest(`${prefix}json: cannot unmarshal ${what} into Go value of type handlers.jsonPatchOp`);
    }
    for (const field of ['op', 'path', 'from']) {
      const given = (step as Record<string, unknown>)[field];
      if (given === undefined || given === null || typeof given === 'string') continue;
      const what = Array.isArray(given) ? 'array' : typeof given === 'boolean' ? 'bool' : typeof given;
      throw badRequest(
        `${prefix}json: cannot unmarshal ${what} into Go struct field jsonPatchOp.${field} of type string`,
      );
    }
  }
}

/** `old` as the patch makes it, decoded and defaulted; the same object when the patch changes nothing. */
export function patched(core: Core, ctx: Context, type: string, old: KubeObject, body: object): KubeObject {
  const { scheme } = core;
  const { info } = ctx;
  let result: KubeObject;
  try {
    if (type === STRATEGIC_PATCH) {
      result = strategicMerge(scheme, info, old, body as Record<string, unknown>) as KubeObject;
    } else if (type === MERGE_PATCH) result = mergePatch(old, body) as KubeObject;
    else {
      const steps = body as Operation[];
      result = part('requests').jsonPatch(withOwners(core, old, steps), steps) as KubeObject;
    }
  } catch (error) {
    if (!(error instanceof PatchError)) throw error;
    throw patchFailure(type, error);
  }
  if (result === old) return old;
  if (typeof ctx.request.body === 'string') checkShape(core, ctx, type, result, body);
  if (!result?.metadata?.name) {
    throw badRequest(
      `the name of the object (${ctx.route.name} based on URL) was undeterminable: name must be provided`,
    );
  }
  if (!result.kind || !result.apiVersion) {
    result = { ...result, kind: result.kind ?? info.kind, apiVersion: result.apiVersion ?? info.groupVersion };
  }
  checkIdentity(core, ctx, result, body);
  // A component's status patch is built from types: nothing to check, nothing to default.
  if (typeof ctx.request.body === 'object') {
    return ctx.route.subresource === 'status' ? result : scheme.applyDefaults(info, result);
  }
  try {
    const decoded = scheme.decode(info, result);
    const strict = ctx.fieldValidation === 'Ignore' ? [] : strictPatch(type, ctx.request.body as string, body);
    const problems = [...strict, ...decoded.strict];
    if (problems.length && ctx.fieldValidation === 'Strict') {
      throw unfit(ctx, type, result, body, `strict decoding error: ${problems.join(', ')}`);
    }
    reportStrict(ctx, info, problems);
    return scheme.applyDefaults(info, { ...decoded.object, kind: info.kind, apiVersion: info.groupVersion });
  } catch (error) {
    if (!(error instanceof DecodeError)) throw error;
    throw unfit(ctx, type, result, body, error.message);
  }
}

/** What strict decoding says of the patch itself. */
function strictPatch(type: string, text: string, body: object): string[] {
  const strict: string[] = [];
  parseText(text, 'application/json', strict);
  if (type !== JSON_PATCH) return strict;
  (body as unknown[]).forEach((step, i) => {
    for (const key in step as object) if (!STEP_FIELDS.has(key)) strict.push(`unknown field "[${i}].${key}"`);
  });
  return strict.map((problem) => `json patch ${problem}`);
}

const STEP_FIELDS = new Set(['op', 'path', 'from', 'value']);

/** What every object has must be of the right types before anything is read from it. */
function checkShape(core: Core, ctx: Context, type: string, result: KubeObject, body: object) {
  const { apiVersion, kind, metadata } = (result ?? {}) as { apiVersion?: unknown; kind?: unknown; metadata?: unknown };
  const texts = (apiVersion ?? '') === String(apiVersion ?? '') && (kind ?? '') === String(kind ?? '');
  if (texts && (metadata ?? undefined) === Object(metadata ?? undefined)) return;
  if (texts && metadata === undefined) return;
  try {
    core.scheme.decode(ctx.info, result);
  } catch (error) {
    if (error instanceof DecodeError) throw unfit(ctx, type, result, body, error.message);
    throw error;
  }
}

/** `old` with its managedFields, when the patch is about them. */
function withOwners(core: Core, old: KubeObject, operations: readonly Operation[]): KubeObject {
  if (!operations.some((step) => typeof step?.path === 'string' && step.path.startsWith('/metadata/managedFields')))
    return old;
  return { ...old, metadata: { ...old.metadata, managedFields: [...core.ledger.entries(old)] } };
}

function checkIdentity(core: Core, ctx: Context, result: KubeObject, body: object) {
  const { info, route } = ctx;
  if (result.kind !== info.kind || !convertible(core, info, result.apiVersion)) {
    const version = (text: string) => text.slice(text.indexOf('/') + 1);
    const hub = info.group ? info.group.split('.')[0] : 'core';
    throw unfitPatch(
      `{${JSON.stringify(body).slice(1, -1)}}`,
      result.kind !== info.kind
        ? `converting (${version(result.apiVersion)}.${result.kind}) to (${hub}.${info.kind}): unknown conversion`
        : `no kind "${result.kind}" is registered for version "${result.apiVersion}" in scheme "pkg/api/legacyscheme/scheme.go:30"`,
    );
  }
  checkNamespace(ctx, result);
  if (result.metadata.name !== route.name) {
    throw badRequest(
      `the name of the object (${result.metadata.name}) does not match the name on the URL (${route.name})`,
    );
  }
}

function unfit(_ctx: Context, type: string, result: KubeObject, body: object, why: string): StatusError {
  // A strategic patch is restored from maps, the others are encoded and decoded again.
  if (type === STRATEGIC_PATCH) return unfitPatch(goMap(body), restoreFailure(why));
  return unfitPatch(JSON.stringify(result), why);
}

const GO_KINDS: Record<string, string> = { object: 'map', array: 'slice', number: 'int64' };
const SCALAR = /^(?:u?int\d*|float\d+|string|bool)$/;

/** What the converter of maps says where a decoder of JSON would say `why`. */
function restoreFailure(why: string): string {
  const found = /^json: cannot unmarshal (\w+).* of type (\S+)$/.exec(why);
  if (!found) return why;
  const [, given, wanted] = found;
  if (SCALAR.test(wanted)) return `unrecognized type: ${wanted}`;
  const kind = GO_KINDS[given] ?? given;
  if (wanted.startsWith('[]')) return `cannot restore slice from ${kind}`;
  if (wanted.startsWith('map[')) return `cannot restore map from ${kind}`;
  return `cannot restore struct from: ${kind}`;
}

const unfitPatch = (value: string, why: string) =>
  invalid({ group: '', kind: '' }, '', [
    { type: 'FieldValueInvalid', field: 'patch', message: `Invalid value: ${JSON.stringify(value)}: ${why}` },
  ]);

function patchFailure(type: string, { code, message }: PatchError): StatusError {
  if (type === JSON_PATCH || code === 422) {
    return new StatusError(422, 'Invalid', 'the server rejected our request due to an error in our request', {});
  }
  return code === 400 ? badRequest(message) : unexpected(message);
}

/** Versions of the same kind pass for each other: known groups keep reading what they once served. */
function convertible(core: Core, info: Context['info'], apiVersion: string): boolean {
  if (apiVersion === info.groupVersion) return true;
  const slash = apiVersion.indexOf('/');
  const group = slash < 0 ? '' : apiVersion.slice(0, slash);
  const version = apiVersion.slice(slash + 1);
  return (
    group === info.group &&
    (/^v\d+((alpha|beta)\d+)?$/.test(version) || core.scheme.kind(group, version, info.kind) !== undefined)
  );
}
