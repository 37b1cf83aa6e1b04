// PUT and what every change of an existing object shares: conflict check, admission, strategy, validation, write.

import type { KubeObject, ObjectMeta, ResourceInfo } from '../../api/types.ts';
import { Faults } from '../../api/validation/field.ts';
import { readObject } from '../body.ts';
import { warn, writerOf, type Context } from '../context.ts';
import { equal, sameObject } from '../equal.ts';
import type { Entries } from '../managed-fields/ledger.ts';
import { badRequest, conflict, invalid, MODIFIED, notFound, unexpected } from '../status.ts';
import { checkMayCreate, createObject } from './create.ts';
import { withUniqueOwners } from './owners.ts';
import type { Core } from './types.ts';

export interface Updated {
  object: KubeObject;
  created: boolean;
}

export function update(core: Core, ctx: Context): Updated {
  const sent = readObject(core.scheme, ctx, ctx.info);
  checkNames(ctx, sent);
  return updateObject(core, ctx, ctx.info, ctx.route.namespace, ctx.route.name, ctx.route.subresource, () => sent);
}

/** A PUT body's name and namespace must be those of the path (absent ones are filled in). */
export function checkNames(ctx: Context, sent: KubeObject) {
  const { name } = ctx.route;
  checkNamespace(ctx, sent);
  if (sent.metadata.name === undefined || sent.metadata.name === '') {
    throw badRequest(`the name of the object (${name} based on URL) was undeterminable: name must be provided`);
  }
  if (sent.metadata.name !== name) {
    throw badRequest(`the name of the object (${sent.metadata.name}) does not match the name on the URL (${name})`);
  }
}

export function checkNamespace({ info, route }: Context, { metadata }: KubeObject) {
  if (info.namespaced && metadata.namespace && metadata.namespace !== route.namespace) {
    throw badRequest('the namespace of the provided object does not match the namespace sent on the request');
  }
}

/** `entries`: managedFields, when they are known already (server-side apply). `change` makes the new object of the present one (undefined when there is none and the kind may be created by PUT). */
export function updateObject(
  core: Core,
  ctx: Context,
  info: ResourceInfo,
  namespace: string,
  name: string,
  subresource: string,
  change: (old: KubeObject | undefined) => KubeObject,
  entries?: Entries,
): Updated {
  const { scheme, storage, admission } = core;
  const strategy = core.strategies.of(info);
  const old = storage.get(info, info.namespaced ? namespace : '', name);
  if (!old) {
    const created =
      subresource || ctx.route.verb === 'patch' ? undefined : createByUpdate(core, ctx, info, name, change(undefined));
    if (created) return created;
    throw notFound(info, name);
  }
  const sent = change(old);
  if (sent === old && !entries && !storage.isStale(info, old)) return { object: old, created: false };
  const metadata = updatedMetadata(sent.metadata, old.metadata);
  checkPreconditions(core, ctx, info, name, sent.metadata, old.metadata);
  let object: KubeObject = metadata === sent.metadata ? sent : { ...sent, metadata };

  // Of a scale it is the Scale that is admitted, before this.
  const concerned = subresource === 'scale' ? undefined : admission.concerned('UPDATE', info, subresource);
  if (ctx.route.verb !== 'patch') object = withUniqueOwners(ctx, object);
  const attributes = concerned && {
    operation: 'UPDATE' as const,
    info,
    subresource,
    namespace: info.namespaced ? namespace : '',
    name,
    old,
    object,
    user: ctx.user,
    dryRun: ctx.dryRun,
    warn: (text: string) => warn(ctx, text),
  };
  if (attributes && concerned.mutating.length) object = admission.mutate(attributes);
  object = withUniqueOwners(ctx, object, true);
  object = scheme.prepareForUpdate(info, object, old, subresource || undefined);
  if (strategy?.beforeUpdate) {
    const { beforeUpdate } = strategy;
    const begun = object;
    object = core.replay
      ? core.replay.once(`before/${name}/${old.metadata.resourceVersion}`, () =>
          beforeUpdate(core, ctx, begun, old, subresource),
        )
      : beforeUpdate(core, ctx, object, old, subresource);
  }
  const errors = scheme.validateUpdate(info, object, old, subresource || undefined, core.minor);
  if (errors.length) throw invalid(info, name, errors);
  if (!subresource) for (const text of scheme.warnings(info, object, old)) warn(ctx, text);
  if (attributes) {
    attributes.object = object;
    admission.validate(attributes, concerned);
  }

  const managed = entries ?? sentEntries(core, ctx, info, sent.metadata, old, object);
  const unchanged = sameObject(object, old) && (!managed || equal(managed, core.ledger.entries(old)));
  if (unchanged && !storage.isStale(info, old)) return { object: old, created: false };
  const record = (result: KubeObject) => {
    if (managed) core.ledger.set(result, managed);
    else core.ledger.note(info, result, old, writerOf(ctx, subresource));
  };
  if (ctx.dryRun) {
    const result = withVersionOf(object, old);
    record(result);
    return { object: result, created: false };
  }
  if (readyToGo(core, info, object)) {
    const gone = storage.remove(info, object);
    strategy?.afterDelete?.(core, ctx, gone);
    return { object: withVersionOf(gone, old), created: false };
  }
  return { object: storage.put(info, object, record), created: false };
}

const NOBODY: Entries = [];

/** Owners that a client has set itself (kubectl's way from client-side to server-side apply); undefined: it left them as they are. */
function sentEntries(
  core: Core,
  ctx: Context,
  info: ResourceInfo,
  metadata: ObjectMeta,
  old: KubeObject,
  object: KubeObject,
): Entries | undefined {
  const sent = metadata.managedFields;
  if (!sent) return undefined;
  if (cleared(metadata)) return NOBODY;
  const known = sent.every(({ operation, fieldsV1 }) => (operation === 'Apply' || operation === 'Update') && fieldsV1);
  if (!known || equal(sent, core.ledger.entries(old))) return undefined;
  return core.ledger.updated(info, sent, old, object, writerOf(ctx, ctx.route.subresource));
}

/** An empty list, or one of an empty entry, clears the record. */
function cleared({ managedFields }: ObjectMeta): boolean {
  if (!managedFields) return false;
  return (
    managedFields.length === 0 ||
    (managedFields.length === 1 && !managedFields[0].operation && !managedFields[0].manager)
  );
}

const withVersionOf = (object: KubeObject, { metadata }: KubeObject): KubeObject => ({
  ...object,
  metadata: { ...object.metadata, resourceVersion: metadata.resourceVersion },
});

/** A deletion that waited for finalizers (or for a namespace's content) ends with the update that takes the last away. */
function readyToGo(core: Core, info: ResourceInfo, { metadata, spec }: KubeObject): boolean {
  if (!metadata.deletionTimestamp || metadata.finalizers?.length) return false;
  if (info.resource === 'namespaces' && info.group === '') return !spec?.finalizers?.length;
  return !metadata.deletionGracePeriodSeconds;
}

function createByUpdate(
  core: Core,
  ctx: Context,
  info: ResourceInfo,
  name: string,
  sent: KubeObject,
): Updated | undefined {
  const strategy = core.strategies.of(info);
  if (sent.metadata.uid) throw conflict(info, name, uidPrecondition(core, ctx, info, sent.metadata, ''));
  // Admission looks at the namespace before the store looks for the object.
  const { scheme, storage } = core;
  const namespaces = scheme.resource('', 'v1', 'namespaces') as ResourceInfo;
  const { namespace } = ctx.route;
  if (info.namespaced && !storage.get(namespaces, '', namespace)) throw notFound(namespaces, namespace);
  if (!strategy?.createByUpdate || sent.metadata.resourceVersion) return undefined;
  checkMayCreate(core, ctx);
  return { object: createObject(core, ctx, info, sent), created: true };
}

function checkPreconditions(
  core: Core,
  ctx: Context,
  info: ResourceInfo,
  name: string,
  sent: ObjectMeta,
  old: ObjectMeta,
) {
  const version = sent.resourceVersion;
  // A patch that does not name one leaves it as it is.
  if (version && version === old.resourceVersion) return;
  if (version !== undefined && version !== '' && version !== '0') {
    if (!/^\d+$/.test(version))
      throw unexpected(`strconv.ParseUint: parsing ${JSON.stringify(version)}: invalid syntax`);
    if (version !== old.resourceVersion) throw conflict(info, name, MODIFIED);
  } else if (!core.scheme.allowsUnconditionalUpdate(info)) {
    const faults = new Faults(core.minor);
    faults.invalid('metadata.resourceVersion', 0, 'must be specified for an update');
    // Upstream has the resource stand where the kind should.
    throw invalid({ group: info.group, kind: info.resource }, name, faults.list);
  }
  if (sent.uid && sent.uid !== old.uid && version === undefined) {
    throw conflict(info, name, uidPrecondition(core, ctx, info, sent, old.uid ?? ''));
  }
}

function uidPrecondition(core: Core, { route }: Context, info: ResourceInfo, sent: ObjectMeta, actual: string): string {
  const key = core.storage.key(info, route.namespace, route.name);
  return `StorageError: invalid object, Code: 4, Key: ${key}, ResourceVersion: 0, AdditionalErrorMsg: Precondition failed: UID in precondition: ${sent.uid}, UID in object meta: ${actual}`;
}

/** What an update cannot change is kept from the old object; the same object when nothing needs keeping. */
function updatedMetadata(sent: ObjectMeta, old: ObjectMeta): ObjectMeta {
  if (sent === old) return sent;
  if (
    sent.name === old.name &&
    sent.namespace === old.namespace &&
    sent.uid === old.uid &&
    sent.creationTimestamp === old.creationTimestamp &&
    sent.deletionTimestamp === old.deletionTimestamp &&
    sent.deletionGracePeriodSeconds === old.deletionGracePeriodSeconds &&
    sent.generation === old.generation &&
    sent.selfLink === undefined &&
    sent.managedFields === undefined
  ) {
    return sent;
  }
  const out: ObjectMeta = { ...sent };
  out.name = sent.name ?? old.name;
  keep(out, old, 'namespace');
  if (!out.uid) keep(out, old, 'uid');
  keep(out, old, 'creationTimestamp');
  keep(out, old, 'deletionTimestamp');
  keep(out, old, 'deletionGracePeriodSeconds');
  keep(out, old, 'generation');
  delete out.selfLink;
  delete out.managedFields;
  return out;
}

function keep<K extends keyof ObjectMeta>(out: ObjectMeta, old: ObjectMeta, key: K) {
  if (old[key] === undefined) delete out[key];
  else out[key] = old[key];
}
