// DELETE: preconditions, grace, finalizers for garbage collection, and at last the removal (rest.BeforeDelete, Store.Delete).

import { decodeStruct } from '../../api/decode.ts';
import { structType, type StructType } from '../../api/schema.ts';
import { DecodeError, type KubeObject, type ObjectMeta, type ResourceInfo } from '../../api/types.ts';
import { checkMediaType, contentType, noObject, noText, parseText, Unreadable } from '../body.ts';
import { dryRunOf, param, warn, type Context } from '../context.ts';
import { part } from '../../parts/index.ts';
import { NOBODY } from '../managed-fields/ledger.ts';
import { conflict, invalid, notFound, unexpected } from '../status.ts';
import type { Status } from '../types.ts';
import type { Core } from './types.ts';

export interface DeleteOptions {
  gracePeriodSeconds?: number;
  propagationPolicy?: string;
  orphanDependents?: boolean;
  preconditions?: { uid?: string; resourceVersion?: string };
  dryRun?: string[];
}

const POLICIES = ['Background', 'Foreground', 'Orphan'];
const META_SCHEME = 'k8s.io/apimachinery/pkg/apis/meta/internalversion/scheme/register.go:27';
const ORPHAN = 'orphan';
const FOREGROUND = 'foregroundDeletion';

/** What was asked in the body, else in the query. */
export function deleteOptions(ctx: Context): DeleteOptions {
  const body = ctx.request.body;
  let options: DeleteOptions;
  if (body !== undefined && body !== '') {
    options = readOptions(ctx, body);
  } else {
    options = {};
    const grace = param(ctx.request, 'gracePeriodSeconds');
    if (grace !== '') options.gracePeriodSeconds = Number(grace);
    const policy = param(ctx.request, 'propagationPolicy');
    if (policy !== '') options.propagationPolicy = policy;
    const orphan = param(ctx.request, 'orphanDependents');
    if (orphan !== '') options.orphanDependents = orphan !== 'false';
  }
  const { propagationPolicy, orphanDependents, dryRun } = options;
  const kind = { group: 'meta.k8s.io', kind: 'DeleteOptions' };
  const faults = dryRun?.length ? part('requests').dryRunFaults(dryRun) : [];
  if (faults.length) throw invalid(kind, '', faults);
  if (propagationPolicy !== undefined && orphanDependents !== undefined) {
    throw invalid(kind, '', [
      {
        type: 'FieldValueInvalid',
        field: 'propagationPolicy',
        message: `Invalid value: ${JSON.stringify(propagationPolicy)}: orphanDependents and deletionPropagation cannot be both set`,
      },
    ]);
  }
  if (propagationPolicy !== undefined && !POLICIES.includes(propagationPolicy)) {
    const supported = ['Foreground', 'Background', 'Orphan', 'nil'].map((one) => JSON.stringify(one)).join(', ');
    throw invalid(kind, '', [
      {
        type: 'FieldValueNotSupported',
        field: 'propagationPolicy',
        message: `Unsupported value: ${JSON.stringify(propagationPolicy)}: supported values: ${supported}`,
      },
    ]);
  }
  return options;
}

/** Options of `null` are none. That others cannot be read is, upstream too, no fault that a client is told of as its own. */
function readOptions(ctx: Context, body: unknown): DeleteOptions {
  if (typeof body !== 'string') return (body ?? {}) as DeleteOptions;
  const type = contentType(ctx);
  checkMediaType(type);
  let value: unknown;
  try {
    value = parseText(body, type, []);
  } catch (error) {
    throw error instanceof Unreadable ? unexpected(noText(error, type)) : error;
  }
  if (value === null || value === undefined) return {};
  if (typeof value !== 'object' || Array.isArray(value)) throw unexpected(noObject(value));
  const { kind = 'DeleteOptions', apiVersion = 'v1' } = value as Partial<KubeObject>;
  if (kind !== 'DeleteOptions')
    throw unexpected(`no kind "${kind}" is registered for version "${apiVersion}" in scheme "${META_SCHEME}"`);
  try {
    return decodeStruct(structType('DeleteOptions') as StructType, value).value;
  } catch (error) {
    throw error instanceof DecodeError ? unexpected(error.message) : error;
  }
}

export interface Deletion {
  object: KubeObject;
  /** Gone from the store; else the object waits for somebody. */
  removed: boolean;
}

/** `accepted`: gone later, though the client asked for dependents to go with it (orphanDependents: false). */
export function remove(core: Core, ctx: Context): { answer: KubeObject | Status; accepted: boolean } {
  const { info, route } = ctx;
  const options = deleteOptions(ctx);
  warnAboutOrphans(core, ctx, options);
  const { object, removed } = deleteObject(core, ctx, info, route.namespace, route.name, options);
  if (!removed || core.strategies.of(info)?.returnsDeleted) {
    return { answer: object, accepted: !removed && options.orphanDependents === false };
  }
  const details: Status['details'] = { name: route.name };
  if (info.group) details.group = info.group;
  details.kind = info.resource;
  details.uid = object.metadata.uid;
  return { answer: { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Success', details }, accepted: false };
}

/** batch/v1 keeps the Pods of a Job when a client says nothing. */
export function warnAboutOrphans(_core: Core, ctx: Context, options: DeleteOptions) {
  if (
    ctx.info.group === 'batch' &&
    ctx.info.resource === 'jobs' &&
    options.propagationPolicy === undefined &&
    options.orphanDependents === undefined
  ) {
    warn(
      ctx,
      'child pods are preserved by default when jobs are deleted; set propagationPolicy=Background to remove them or set propagationPolicy=Orphan to suppress this warning',
    );
  }
}

export function deleteObject(
  core: Core,
  ctx: Context,
  info: ResourceInfo,
  namespaceOfPath: string,
  name: string,
  options: DeleteOptions,
  admit = true,
): Deletion {
  const namespace = info.namespaced ? namespaceOfPath : '';
  const dryRun = ctx.dryRun || dryRunOf(options.dryRun);
  const strategy = core.strategies.of(info);
  const old = core.storage.get(info, namespace, name);
  if (!old) throw notFound(info, name);
  if (admit && !core.admission.idle('DELETE', info, '')) {
    core.admission.validate({
      operation: 'DELETE',
      info,
      subresource: '',
      namespace,
      name,
      old,
      user: ctx.user,
      dryRun,
      warn: (text) => warn(ctx, text),
    });
  }
  checkPreconditions(info, name, old.metadata, options.preconditions);
  const store = (object: KubeObject): Deletion => {
    if (dryRun || object === old) return { object, removed: false };
    const note = (result: KubeObject) => core.ledger.note(info, result, old, NOBODY);
    return { object: core.storage.put(info, object, note), removed: false };
  };

  const finalizers = collectorFinalizers(old, options, strategy?.orphansByDefault ?? false);
  const withFinalizers: KubeObject =
    finalizers === old.metadata.finalizers ? old : { ...old, metadata: { ...old.metadata, finalizers } };
  const begun = strategy?.beginDelete?.(core, ctx, withFinalizers);
  if (begun) return store(begun);

  const waiting = old.metadata.deletionTimestamp !== undefined;
  let object = withFinalizers;
  if (strategy?.gracePeriod) {
    const graceful = gracefully(core, old, strategy.gracePeriod, options.gracePeriodSeconds);
    // Already on its way and not sooner by this request: nothing changes.
    if (graceful === 'pending') return { object: old, removed: false };
    object = { ...object, metadata: { ...graceful, finalizers: object.metadata.finalizers } };
    if (!object.metadata.finalizers) delete object.metadata.finalizers;
    if ((graceful.deletionGracePeriodSeconds as number) > 0) return store(object);
  }
  if (object.metadata.finalizers?.length) {
    if (waiting && !strategy?.gracePeriod) return store(object === withFinalizers ? withFinalizers : object);
    return store(markDeleted(ctx, object));
  }
  if (dryRun) return { object, removed: true };
  const gone = core.storage.remove(info, object);
  strategy?.afterDelete?.(core, ctx, gone);
  return {
    object: { ...gone, metadata: { ...gone.metadata, resourceVersion: old.metadata.resourceVersion } },
    removed: true,
  };
}

/** Metadata of an object that a process elsewhere is asked to end; 'pending' when it is asked already and not later. */
function gracefully(
  core: Core,
  old: KubeObject,
  gracePeriod: (object: KubeObject, asked: number | undefined) => number,
  asked: number | undefined,
): ObjectMeta | 'pending' {
  const { metadata } = old;
  if (metadata.deletionTimestamp !== undefined) {
    const present = metadata.deletionGracePeriodSeconds ?? 0;
    if (asked === undefined) return present === 0 && !metadata.finalizers?.length ? metadata : 'pending';
    const period = Math.max(asked, 0);
    if (period >= present && !(period === 0 && present === 0 && !metadata.finalizers?.length)) return 'pending';
    const at = Date.parse(metadata.deletionTimestamp) - (present - period) * 1000;
    return { ...metadata, deletionTimestamp: rfc3339(at), deletionGracePeriodSeconds: period };
  }
  const period = gracePeriod(old, asked);
  const next: ObjectMeta = {
    ...metadata,
    deletionTimestamp: rfc3339(core.sim.now + period * 1000),
    deletionGracePeriodSeconds: period,
  };
  if (metadata.generation) next.generation = metadata.generation + 1;
  return next;
}

const rfc3339 = (ms: number): string => new Date(ms).toISOString().slice(0, 19) + 'Z';

/** Deletion asked for, now, with nothing to wait for but finalizers. */
function markDeleted(ctx: Context, object: KubeObject): KubeObject {
  const { metadata } = object;
  if (metadata.deletionTimestamp !== undefined) return object;
  const next: ObjectMeta = { ...metadata, deletionTimestamp: ctx.time, deletionGracePeriodSeconds: 0 };
  if (metadata.generation) next.generation = metadata.generation + 1;
  return { ...object, metadata: next };
}

/** The finalizers with which the garbage collector is asked to orphan or to delete dependents first. */
function collectorFinalizers(
  object: KubeObject,
  options: DeleteOptions,
  orphansByDefault: boolean,
): string[] | undefined {
  const present = object.metadata.finalizers;
  const policy =
    options.propagationPolicy ??
    (options.orphanDependents === undefined ? undefined : options.orphanDependents ? 'Orphan' : 'Background');
  let orphan = policy === 'Orphan';
  let foreground = policy === 'Foreground';
  if (policy === undefined) {
    foreground = present?.includes(FOREGROUND) ?? false;
    orphan = present?.includes(ORPHAN) ?? (orphansByDefault && !foreground);
    if (!present?.includes(ORPHAN) && orphansByDefault && !foreground) orphan = true;
  }
  if (!present && !orphan && !foreground) return present;
  const has = (name: string) => present?.includes(name) ?? false;
  if (has(ORPHAN) === orphan && has(FOREGROUND) === foreground) return present;
  const next = (present ?? []).filter((name) => name !== ORPHAN && name !== FOREGROUND);
  if (orphan) next.push(ORPHAN);
  if (foreground) next.push(FOREGROUND);
  return next;
}

function checkPreconditions(
  info: ResourceInfo,
  name: string,
  metadata: ObjectMeta,
  wanted: DeleteOptions['preconditions'],
) {
  if (!wanted) return;
  if (wanted.uid !== undefined && wanted.uid !== metadata.uid) {
    throw conflict(
      { group: info.group, resource: info.kind },
      name,
      `the UID in the precondition (${wanted.uid}) does not match the UID in record (${metadata.uid}). The object might have been deleted and then recreated`,
    );
  }
  if (wanted.resourceVersion !== undefined && wanted.resourceVersion !== metadata.resourceVersion) {
    throw conflict(
      { group: info.group, resource: info.kind },
      name,
      `the ResourceVersion in the precondition (${wanted.resourceVersion}) does not match the ResourceVersion in record (${metadata.resourceVersion}). The object might have been modified`,
    );
  }
}
