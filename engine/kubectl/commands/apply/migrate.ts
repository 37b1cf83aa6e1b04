// From client-side to server-side apply: the fields that `kubectl apply` owned by its updates become those of the applying
// manager, so that what the file no longer says goes away; and the annotation of the last configuration keeps an owner.

import type { JsonObject, KubeObject } from '../../../api/types.ts';
import type { Co } from '../../../sim/index.ts';
import { isConflict } from '../../errors.ts';
import type { Kubectl } from '../../kubectl.ts';
import type { Info } from '../../resource/builder.ts';
import { type WriteOptions, getObject, patchObject } from '../../resource/rest.ts';
import { LAST_APPLIED } from '../../write-flags.ts';

const DEFAULT_MANAGER = 'kubectl';
const ANNOTATION_MANAGER = 'kubectl-last-applied';
const ATTEMPTS = 5;

interface Entry {
  manager?: string;
  operation?: string;
  apiVersion?: string;
  subresource?: string;
  fieldsV1?: JsonObject;
}

const entriesOf = (object: KubeObject) => (object.metadata.managedFields ?? []) as Entry[];
const ownsAnnotation = (entry: Entry) =>
  entry.fieldsV1?.['f:metadata']?.['f:annotations']?.[`f:${LAST_APPLIED}`] !== undefined;

/** After a server-side apply whose answer was `object`; `reapply` sends it again. Failures are only told. */
export function* migrate(
  kubectl: Kubectl,
  info: Info,
  object: KubeObject,
  write: WriteOptions,
  reapply: () => Co<KubeObject>,
): Co<KubeObject> {
  const warn = (what: string, error: unknown) =>
    kubectl.warn(
      `Warning: ${what}. This is non-fatal and will be retried next time you apply. Error: ${(error as Error).message}`,
    );
  let current = object;
  try {
    current = yield* keepAnnotation(kubectl, info, current, write);
  } catch (error) {
    warn('failed to migrate kubectl.kubernetes.io/last-applied-configuration for Server-Side Apply', error);
    return current;
  }
  let moved: KubeObject | undefined;
  try {
    moved = yield* moveFields(kubectl, info, current, write);
  } catch (error) {
    warn('server rejected managed fields migration to Server-Side Apply', error);
  }
  if (!moved) return current;
  try {
    return yield* reapply();
  } catch (error) {
    warn('failed to re-apply configuration after performing Server-Side Apply migration', error);
    return moved;
  }
}

function* keepAnnotation(kubectl: Kubectl, info: Info, object: KubeObject, write: WriteOptions): Co<KubeObject> {
  const annotation = (object.metadata.annotations as Record<string, string> | undefined)?.[LAST_APPLIED];
  if (write.fieldManager !== DEFAULT_MANAGER || annotation === undefined) return object;
  if (entriesOf(object).some((entry) => entry.operation === 'Apply' && ownsAnnotation(entry))) return object;
  const { mapping, namespace, name } = info;
  const only = {
    apiVersion: object.apiVersion,
    kind: object.kind,
    metadata: { name, ...(namespace ? { namespace } : {}), annotations: { [LAST_APPLIED]: annotation } },
  };
  const options = { ...write, fieldManager: ANNOTATION_MANAGER };
  return yield* patchObject(kubectl, mapping, namespace, name, 'apply', only, options);
}

/** Undefined when there was nothing to move. */
function* moveFields(
  kubectl: Kubectl,
  info: Info,
  object: KubeObject,
  write: WriteOptions,
): Co<KubeObject | undefined> {
  const { mapping, namespace, name } = info;
  const managers = new Set(
    entriesOf(object)
      .filter((entry) => entry.operation === 'Update' && ownsAnnotation(entry))
      .map((entry) => entry.manager),
  );
  if (managers.size === 0) return undefined;
  let current = object;
  for (let attempt = 1; ; attempt++) {
    const patch = [
      { op: 'replace', path: '/metadata/managedFields', value: upgraded(entriesOf(current), managers, write) },
      { op: 'replace', path: '/metadata/resourceVersion', value: current.metadata.resourceVersion },
    ];
    try {
      return yield* patchObject(kubectl, mapping, namespace, name, 'json', patch, write);
    } catch (error) {
      if (!isConflict(error) || attempt === ATTEMPTS) throw error;
      current = yield* getObject(kubectl, mapping, namespace, name, { accept: 'application/json' });
    }
  }
}

/** The managers' updates, merged into the entry of the applying manager. */
function upgraded(entries: Entry[], managers: ReadonlySet<string | undefined>, write: WriteOptions): Entry[] {
  const old = (entry: Entry) => managers.has(entry.manager) && entry.operation === 'Update' && !entry.subresource;
  const applied = entries.findIndex(
    (entry) => entry.manager === write.fieldManager && entry.operation === 'Apply' && !entry.subresource,
  );
  const base = applied < 0 ? entries.findIndex(old) : applied;
  let fieldsV1 = entries[base].fieldsV1 ?? {};
  for (const entry of entries)
    if (old(entry) && entry.apiVersion === entries[base].apiVersion) fieldsV1 = union(fieldsV1, entry.fieldsV1 ?? {});
  return entries
    .map((entry, i) => (i === base ? { ...entry, manager: write.fieldManager, operation: 'Apply', fieldsV1 } : entry))
    .filter((entry) => !old(entry));
}

function union(a: JsonObject, b: JsonObject): JsonObject {
  const out = { ...a };
  for (const key in b) out[key] = out[key] === undefined ? b[key] : union(out[key], b[key]);
  return out;
}
