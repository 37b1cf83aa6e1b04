// Server-side apply: a configuration is merged into the object, its manager owns what it names and gives up what it
// no longer names; what somebody else owns with another value is a conflict unless the request forces it.

import { DecodeError, type KubeObject, type ManagedFieldsEntry, type ResourceInfo } from '../../api/types.ts';
import { parseText, reportStrict } from '../body.ts';
import { fieldManager, type Context } from '../context.ts';
import { difference, intersection, named, paths, type FieldSet } from '../managed-fields/field-set.ts';
import { entryFor, resetFields, sorted, type Writer } from '../managed-fields/ledger.ts';
import { TypedError } from '../managed-fields/schema-walk.ts';
import { typeFaults } from '../managed-fields/typed-check.ts';
import { equal } from '../equal.ts';
import { isTrue } from '../route.ts';
import { badRequest, conflict, notFound, StatusError, unexpected } from '../status.ts';
import { checkMayCreate, createObject } from './create.ts';
import { updateObject, type Updated } from './update.ts';
import type { Core } from './types.ts';

export function apply(core: Core, ctx: Context): Updated {
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

/** Of a Scale: what it says becomes a configuration of the object that is scaled. */
export function applyScale(
  core: Core,
  ctx: Context,
  scale: ResourceInfo,
  write: (object: KubeObject, replicas: number) => KubeObject,
): Updated {
  const { metadata, spec } = readConfiguration(core, { ...ctx, info: scale });
  const { groupVersion: apiVersion, kind } = ctx.info;
  const scaled: KubeObject = { apiVersion, kind, metadata };
  const replicas: number | undefined = spec?.replicas;
  const body = replicas === undefined ? scaled : write(scaled, replicas);
  return apply(core, { ...ctx, request: { ...ctx.request, body } });
}

/** The document as a map; what is said twice in it is added to `repeated`. */
function parsed(ctx: Context, repeated: string[]): Partial<KubeObject> {
  const { body } = ctx.request;
  if (body !== null && typeof body === 'object') return body as Partial<KubeObject>;
  const strict: string[] = [];
  let sent: unknown;
  try {
    sent = parseText(body ?? '', 'application/yaml', strict);
  } catch (error) {
    throw error instanceof StatusError ? badRequest(`error decoding YAML: ${error.message}`) : error;
  }
  if (sent === null || sent === undefined) return {};
  if (typeof sent !== 'object' || Array.isArray(sent)) {
    const what = Array.isArray(sent) ? 'array' : typeof sent === 'boolean' ? 'bool' : typeof sent;
    throw badRequest(
      `error decoding YAML: error unmarshaling JSON: while decoding JSON: json: cannot unmarshal ${what} into Go value of type map[string]interface {}`,
    );
  }
  repeated.push(...strict);
  return sent;
}

/** What a document says twice is told, as the request's field validation wants; in all else it fits. */
function reportRepeated(ctx: Context, repeated: readonly string[]) {
  if (repeated.length && ctx.fieldValidation === 'Strict') {
    throw badRequest(`error strict decoding YAML: error converting YAML to JSON: ${repeated.join('')}`);
  }
  reportStrict(ctx, ctx.info, repeated);
}

/** `/v1, Kind=Pod`, as Go prints a kind of some group and version. */
function shownKind({ apiVersion, kind }: { apiVersion?: unknown; kind?: unknown }): string {
  const version = typeof apiVersion === 'string' && apiVersion.split('/').length < 3 ? apiVersion : '';
  const name = typeof kind === 'string' && (version || !apiVersion) ? kind : '';
  return `${version.includes('/') ? version : `/${version}`}, Kind=${name}`;
}

function readConfiguration(core: Core, ctx: Context): KubeObject {
  const { info, route } = ctx;
  const repeated: string[] = [];
  const sent = parsed(ctx, repeated);
  if (sent.apiVersion !== info.groupVersion || sent.kind !== info.kind) {
    throw badRequest(`invalid object type: ${shownKind(sent)}`);
  }
  const config = (sent.metadata ? sent : { ...sent, metadata: {} }) as KubeObject;
  if (config.metadata.managedFields?.length) throw badRequest('metadata.managedFields must be nil');
  const type = info.custom ? undefined : core.scheme.structOf(info);
  const faults = type ? typeFaults(type, config) : [];
  if (faults.length) {
    throw untyped(
      ctx,
      config,
      faults.length === 1 ? faults[0] : `errors:\n${faults.map((one) => `  ${one}`).join('\n')}`,
    );
  }
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
    reportRepeated(ctx, repeated);
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
  checkMayCreate(core, ctx);
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
