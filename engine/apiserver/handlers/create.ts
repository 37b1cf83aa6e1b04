// POST: a new object, from the body through admission, strategy and validation into the store.

import type { KubeObject, ResourceInfo } from '../../api/types.ts';
import { readObject } from '../body.ts';
import type { Attributes } from '../admission/index.ts';
import type { Context } from '../context.ts';
import { warn, writerOf } from '../context.ts';
import type { Entries } from '../managed-fields/ledger.ts';
import { badRequest, forbidden, invalid, unexpected } from '../status.ts';
import { createAgain, findingsOf, remember } from './create-again.ts';
import { freeName, generateName } from './names.ts';
import { withUniqueOwners } from './owners.ts';
import type { Core } from './types.ts';

const SERVER_FIELDS = [
  'resourceVersion',
  'deletionTimestamp',
  'deletionGracePeriodSeconds',
  'selfLink',
  'managedFields',
] as const;

export function create(core: Core, ctx: Context): KubeObject {
  return createAgain(core, ctx) ?? createObject(core, ctx, ctx.info, readObject(core.scheme, ctx, ctx.info));
}

/** Who may change an object may not yet create it by an update or an apply. */
export function checkMayCreate({ authorizer }: Core, { route, user, info }: Context) {
  const { allowed, reason } = authorizer.authorize(user, { ...route, verb: 'create' });
  if (!allowed) throw forbidden(info, route.name, reason);
}

/** `entries`: managedFields, when they are known already (server-side apply). */
export function createObject(
  core: Core,
  ctx: Context,
  info: ResourceInfo,
  sent: KubeObject,
  entries?: Entries,
): KubeObject {
  const { scheme, storage, admission } = core;
  const namespace = info.namespaced ? namespaceFor(ctx, sent) : '';
  let object = withUniqueOwners(ctx, withSystemFields(core, ctx, info, sent, namespace));
  const wrote = object;
  let attributes: (Attributes & { object: KubeObject }) | undefined;
  if (!admission.idle('CREATE', info, '')) {
    attributes = {
      operation: 'CREATE',
      info,
      subresource: '',
      namespace,
      name: object.metadata.name ?? '',
      object,
      user: ctx.user,
      dryRun: ctx.dryRun,
      warn: (text: string) => warn(ctx, text),
    };
    object = withUniqueOwners(ctx, admission.mutate(attributes), true);
  }
  object = scheme.prepareForCreate(info, object);
  const strategy = core.strategies.of(info);
  if (strategy?.beforeCreate) {
    const { beforeCreate } = strategy;
    const begun = object;
    object = once(core, 'before', () => beforeCreate(core, ctx, begun));
  }
  const errors = scheme.validate(info, object, core.minor);
  if (errors.length) throw invalid(info, object.metadata.name ?? '', errors);
  for (const text of scheme.warnings(info, object)) warn(ctx, text);
  if (attributes) {
    attributes.object = object;
    admission.validate(attributes);
  }

  const generated = sent.metadata.name ? undefined : sent.metadata.generateName;
  const name = freeName(core, info, namespace, object.metadata.name as string, generated);
  if (name !== object.metadata.name) object = { ...object, metadata: { ...object.metadata, name } };
  const sentVersion = sent.metadata.resourceVersion;
  if (sentVersion && !ctx.dryRun && /^0*[1-9]\d*$/.test(sentVersion)) {
    throw unexpected('resourceVersion should not be set on objects to be created');
  }
  const record = (result: KubeObject) => {
    if (entries) core.ledger.set(result, entries);
    else core.ledger.note(info, result, undefined, writerOf(ctx, ''), wrote === object ? undefined : wrote);
  };
  if (ctx.dryRun) {
    record(object);
    return object;
  }
  const findings = strategy?.repeats && generated && !entries ? findingsOf(core, ctx, sent) : undefined;
  const stored = storage.put(info, object, record);
  strategy?.afterCreate?.(core, ctx, stored);
  if (findings) remember(core, ctx, { findings, sent, wrote, stored });
  return stored;
}

function namespaceFor(ctx: Context, object: KubeObject): string {
  const sent = object.metadata.namespace;
  if (sent && sent !== ctx.route.namespace) {
    throw badRequest('the namespace of the provided object does not match the namespace sent on the request');
  }
  return ctx.route.namespace;
}

/** Name, namespace, uid and time of birth; what only the server may say is dropped from what was sent. */
function withSystemFields(
  core: Core,
  ctx: Context,
  info: ResourceInfo,
  object: KubeObject,
  namespace: string,
): KubeObject {
  const metadata = { ...object.metadata };
  for (let i = 0; i < SERVER_FIELDS.length; i++) {
    if (metadata[SERVER_FIELDS[i]] !== undefined) delete metadata[SERVER_FIELDS[i]];
  }
  if (namespace) metadata.namespace = namespace;
  else if (metadata.namespace !== undefined) delete metadata.namespace;
  const base = metadata.generateName;
  if (!metadata.name && base) metadata.name = once(core, 'name', () => generateName(core, info, base));
  metadata.uid = once(core, 'uid', () => core.sim.random('uid').uuid());
  metadata.creationTimestamp = ctx.time;
  return { ...object, metadata };
}

const once = <T>(core: Core, key: string, make: () => T): T => (core.replay ? core.replay.once(key, make) : make());
