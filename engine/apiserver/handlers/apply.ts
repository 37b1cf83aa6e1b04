// Server-side apply: a configuration is merged into the object, its manager owns what it names and gives up what it
// no longer names; what somebody else owns with another value is a conflict unless the request forces it.

import { DecodeError, type KubeObject, type ManagedFieldsEntry } from '../../api/types.ts';
import { parseText } from '../body.ts';
import { fieldManager, param, type Context } from '../context.ts';
import { difference, intersection, named, paths, type FieldSet } from '../managed-fields/field-set.ts';
import { entryFor, resetFields, sorted, type Writer } from '../managed-fields/ledger.ts';
import { TypedError } from '../managed-fields/schema-walk.ts';
import { equal } from '../equal.ts';
import { isTrue } from '../route.ts';
import { badRequest, conflict, invalid, notFound, StatusError, unexpected } from '../status.ts';
import { createObject } from './create.ts';
import { updateObject, type Updated } from './update.ts';
import type { Core } from './types.ts';

const MAX_MANAGER_BYTES = 128;
const OPTIONS = { group: 'meta.k8s.io', kind: 'PatchOptions' };

export function apply(core: Core, ctx: Context): Updated {
  checkOptions(core, ctx);
  const { info, route } = ctx;
  const config = readConfiguration(core, ctx);
  const writer: Writer = { manager: fieldManager(ctx.request), subresource: route.subresource, time: ctx.time };
  const typed = core.ledger.typedOf(info);
  let applied: FieldSet | undefined;
  try {
    applied = difference(typed.applied(config), resetFields(info, route.subresource), true);
  } catch (error) {
    if (!(error instanceof TypedError)) throw error;
    throw untyped(ctx, config, error.message);
  }
  const live = core.storage.get(info, info.namespaced ? route.namespace : '', route.name);
  if (!live) return createByApply(core, ctx, config, applied, writer);

  const version = config.metadata.resourceVersion;
  const present = core.ledger.entries(live);
  const base = present.length ? present : beforeFirstApply(core, ctx, live);
  const isOwn = (entry: ManagedFieldsEntry) =>
    entry.operation === 'Apply' && entry.manager === writer.manager && (entry.subresource ?? '') === writer.subresource;
  const own = base.find(isOwn);
  const others = base.filter((entry) => entry !== own);

  // What the manager gives up goes, unless somebody else holds it too.
  let abandoned = difference(named(own?.fieldsV1 as FieldSet | undefined), named(applied));
  for (const other of others) abandoned = difference(abandoned, named(other.fieldsV1 as FieldSet));
  const kept = (typed.remove(live, abandoned) ?? live) as KubeObject;
  let merged = finished(core, ctx, typed.merge(kept, withoutServerFields(config)));
  if (version) merged = { ...merged, metadata: { ...merged.metadata, resourceVersion: version } };

  const { changed, removed } = typed.compare(live, merged);
  const touched = intersection(changed, applied);
  const clashes = others
    .map((entry) => ({ entry, fields: intersection(entry.fieldsV1 as FieldSet, touched) }))
    .filter(({ fields }) => fields !== undefined) as { entry: ManagedFieldsEntry; fields: FieldSet }[];
  if (clashes.length && !isTrue(ctx.request.query?.force)) throw conflicts(clashes);

  const entries: ManagedFieldsEntry[] = [];
  for (const entry of others) {
    const clash = clashes.find((one) => one.entry === entry);
    const left = clash ? difference(entry.fieldsV1 as FieldSet, clash.fields) : (entry.fieldsV1 as FieldSet);
    if (left) entries.push(left === entry.fieldsV1 ? entry : { ...entry, fieldsV1: left });
  }
  if (applied) {
    // Who only joins in what is there already has not written: no time.
    const fresh = entryFor(
      changed || removed ? writer : { ...writer, time: undefined },
      'Apply',
      info.groupVersion,
      applied,
    );
    const same = own && equal(own.fieldsV1, applied) && !changed && !removed && own.apiVersion === info.groupVersion;
    entries.push(same ? own : fresh);
  }
  const managed = sorted(entries);
  return updateObject(core, ctx, info, route.namespace, route.name, route.subresource, () => merged, managed);
}

function checkOptions({ minor }: Core, ctx: Context) {
  const asked = param(ctx.request, 'fieldManager');
  if (asked === '') {
    throw invalid(OPTIONS, '', [
      { type: 'FieldValueRequired', field: 'fieldManager', message: 'Required value: is required for apply patch' },
    ]);
  }
  if (asked.length > MAX_MANAGER_BYTES) {
    throw invalid(OPTIONS, '', [
      {
        type: 'FieldValueTooLong',
        field: 'fieldManager',
        message: `Too long: ${minor < 32 ? 'must have at most' : 'may not be more than'} ${MAX_MANAGER_BYTES} bytes`,
      },
    ]);
  }
}

function readConfiguration(core: Core, ctx: Context): KubeObject {
  const { info, route, request } = ctx;
  const sent = typeof request.body === 'object' ? request.body : parseText(request.body ?? '', 'application/yaml', []);
  if (typeof sent !== 'object' || sent === null || Array.isArray(sent)) {
    throw badRequest('error decoding YAML: json: cannot unmarshal into Go value of type map[string]interface {}');
  }
  const config = { metadata: {}, ...(sent as Partial<KubeObject>) } as KubeObject;
  if (config.apiVersion !== info.groupVersion || config.kind !== info.kind) {
    throw badRequest(`invalid object type: ${config.apiVersion}, Kind=${config.kind}`);
  }
  if (config.metadata.managedFields?.length) throw badRequest('metadata.managedFields must be nil');
  if (!config.metadata.name) {
    throw badRequest(`the name of the object (${route.name} based on URL) was undeterminable: name must be provided`);
  }
  if (config.metadata.name !== route.name) {
    throw badRequest(
      `the name of the object (${config.metadata.name}) does not match the name on the URL (${route.name})`,
    );
  }
  if (config.metadata.namespace && config.metadata.namespace !== route.namespace) {
    throw badRequest('the namespace of the provided object does not match the namespace sent on the request');
  }
  try {
    const { strict } = core.scheme.decode(info, config);
    const unknown = /^unknown field "(.*)"$/.exec(strict[0] ?? '');
    if (unknown) throw untyped(ctx, config, `.${unknown[1]}: field not declared in schema`);
    return config;
  } catch (error) {
    if (!(error instanceof DecodeError)) throw error;
    throw untyped(ctx, config, error.message);
  }
}

/** A merged object read as its kind and defaulted: nulls are gone, quantities are canonical. */
function finished({ scheme }: Core, { info }: Context, object: KubeObject): KubeObject {
  const decoded = scheme.decode(info, object).object;
  return scheme.applyDefaults(info, { ...decoded, kind: info.kind, apiVersion: info.groupVersion });
}

const untyped = ({ info, route }: Context, { metadata }: KubeObject, why: string) =>
  unexpected(
    `failed to create typed patch object (${metadata.namespace ?? ''}/${route.name}; ${info.group ? info.groupVersion : '/' + info.version}, Kind=${info.kind}): ${why}`,
  );

/** A configuration may name these to be safe; they are not merged. */
function withoutServerFields({ metadata, ...rest }: KubeObject): Partial<KubeObject> {
  const { resourceVersion: _version, managedFields: _managed, creationTimestamp: _time, ...own } = metadata;
  return { ...rest, metadata: own };
}

function createByApply(
  core: Core,
  ctx: Context,
  config: KubeObject,
  applied: FieldSet | undefined,
  writer: Writer,
): Updated {
  const { info, route } = ctx;
  const { uid, resourceVersion } = config.metadata;
  if (uid) {
    throw conflict(
      info,
      route.name,
      `uid mismatch: the provided object specified uid ${uid}, and no existing object was found`,
    );
  }
  if (resourceVersion || (route.subresource && !core.strategies.of(info)?.createByUpdate))
    throw notFound(info, route.name);
  const object = finished(core, ctx, config);
  const entries = applied ? [entryFor(writer, 'Apply', info.groupVersion, applied)] : [];
  return { object: createObject(core, ctx, info, object, entries), created: true };
}

/** Objects from before anybody was recorded: all they hold belongs to a manager of that name. */
function beforeFirstApply(core: Core, ctx: Context, live: KubeObject): ManagedFieldsEntry[] {
  const writer: Writer = { manager: 'before-first-apply', subresource: '', time: ctx.time };
  return [...core.ledger.updated(ctx.info, [], undefined, live, writer)];
}

function conflicts(clashes: readonly { entry: ManagedFieldsEntry; fields: FieldSet }[]): StatusError {
  const found = clashes.map(({ entry, fields }) => {
    let who = `"${entry.manager}"`;
    if (entry.subresource) who += ` with subresource "${entry.subresource}"`;
    if (entry.operation === 'Update') who += ` using ${entry.apiVersion}`;
    return { who, fields: paths(fields) };
  });
  const causes = found.flatMap(({ who, fields }) =>
    fields.map((field) => ({ reason: 'FieldManagerConflict', message: `conflict with ${who}`, field })),
  );
  const count = causes.length;
  const texts = found.map(({ who, fields }) =>
    fields.length === 1 && found.length === 1
      ? `conflict with ${who}: ${fields[0]}`
      : `conflict${fields.length === 1 ? '' : 's'} with ${who}:${fields.length === 1 ? ` ${fields[0]}` : `\n- ${fields.join('\n- ')}`}`,
  );
  const message = `Apply failed with ${count} conflict${count === 1 ? '' : 's'}: ${texts.join('\n')}`;
  return new StatusError(409, 'Conflict', message, { causes });
}
