// GET of a collection: selectors through indexes, pages, resource versions. And deletecollection, which is a list and deletes.

import type { KubeObject, ResourceInfo } from '../../api/types.ts';
import { base64Text, utf8Base64 } from '../../api/base64.ts';
import { ErrCompacted } from '../../etcd/index.ts';
import { part } from '../../parts/index.ts';
import { param, type Context } from '../context.ts';
import { badRequest, expired, invalid, StatusError, unexpected } from '../status.ts';
import { selection, type Selection } from '../storage/selection.ts';
import { deleteObject, deleteOptions, warnAboutOrphans } from './delete.ts';
import type { Core } from './types.ts';

export interface Listed {
  items: KubeObject[];
  metadata: { resourceVersion: string; continue?: string; remainingItemCount?: number };
}

export function selectionOf(core: Core, ctx: Context): Selection {
  const { request, info, route } = ctx;
  const labels = param(request, 'labelSelector');
  const fields = param(request, 'fieldSelector');
  const namespace = info.namespaced ? route.namespace : '';
  const selected = selection(core.scheme, info, namespace, labels, fields);
  // A watch of one object by its path (the deprecated form).
  if (route.name) return selection(core.scheme, info, namespace, labels, `metadata.name=${route.name}`);
  return selected;
}

export function list(core: Core, ctx: Context): Listed {
  const { request, info } = ctx;
  const { storage } = core;
  const selected = selectionOf(core, ctx);
  const token = param(request, 'continue');
  const limit = Number(param(request, 'limit') || 0);
  const { revision: asked, exact } = listRevision(core, ctx, token);
  storage.checkReadable(info, ctx.route.namespace);
  if (!token && !limit && !exact) {
    return {
      items: fromStored(core, info, storage.cache(info).list(selected)),
      metadata: { resourceVersion: String(storage.etcd.revision) },
    };
  }

  const from = token ? readToken(token) : undefined;
  const revision = from?.revision ?? (exact ? asked : storage.etcd.revision);
  const namespace = info.namespaced ? ctx.route.namespace : '';
  let page;
  try {
    page = storage.page(info, namespace, { from: from && info.storagePrefix + from.start, revision });
  } catch (error) {
    if (!(error instanceof ErrCompacted)) throw error;
    throw expired(
      'The provided continue parameter is too old to display a consistent list result. You can start a new list without the continue parameter.',
    );
  }
  const items: KubeObject[] = [];
  const metadata: Listed['metadata'] = { resourceVersion: String(revision) };
  const { kvs } = page;
  for (let i = 0; i < kvs.length; i++) {
    const object = kvs[i].value as KubeObject;
    if (!selected.everything && !selected.matches(object)) continue;
    if (limit && items.length === limit) {
      // There is at least one more.
      metadata.continue = writeToken(revision, kvs[i].key.slice(info.storagePrefix.length));
      if (selected.everything) metadata.remainingItemCount = kvs.length - i;
      break;
    }
    items.push(object);
  }
  return { items: fromStored(core, info, items), metadata };
}

export function fromStored(core: Core, info: ResourceInfo, objects: KubeObject[]): KubeObject[] {
  const conversion = core.storage.conversion(info);
  return conversion ? objects.map((object) => conversion.fromStored(object)) : objects;
}

/** Checks resourceVersion and resourceVersionMatch; `exact`: the list is wanted as of that revision. */
function listRevision(core: Core, ctx: Context, token: string): { revision: number; exact: boolean } {
  const text = param(ctx.request, 'resourceVersion');
  const match = param(ctx.request, 'resourceVersionMatch');
  const limit = param(ctx.request, 'limit');
  if (match) {
    const fault = matchFault(text, match, token);
    if (fault) throw invalid({ group: 'meta.k8s.io', kind: 'ListOptions' }, '', [fault]);
  }
  if (!text) return { revision: 0, exact: false };
  const revision = parseRevision(text);
  const current = core.storage.etcd.revision;
  if (revision > current) throw tooLarge(revision, current);
  // With a limit and no match, lists from a revision are exact ("legacy exact match").
  const exact = match === 'Exact' || (match === '' && limit !== '' && limit !== '0' && revision > 0);
  if (exact && revision < core.storage.etcd.compacted) {
    throw expired(`The resourceVersion for the provided list is too old.`);
  }
  return { revision, exact };
}

function matchFault(version: string, match: string, token: string) {
  const field = 'resourceVersionMatch';
  const forbidden = (why: string) => ({ type: 'FieldValueForbidden' as const, field, message: `Forbidden: ${why}` });
  if (token) return forbidden('resourceVersionMatch is forbidden when continue is provided');
  if (!version) return forbidden('resourceVersionMatch is forbidden unless resourceVersion is provided');
  if (match !== 'Exact' && match !== 'NotOlderThan') {
    return {
      type: 'FieldValueNotSupported' as const,
      field,
      message: `Unsupported value: ${JSON.stringify(match)}: supported values: "Exact", "NotOlderThan", ""`,
    };
  }
  if (match === 'Exact' && version === '0') {
    return forbidden('resourceVersionMatch "exact" is forbidden for resourceVersion "0"');
  }
  return undefined;
}

export function parseRevision(text: string): number {
  if (!/^\d+$/.test(text)) {
    const shown = JSON.stringify(text);
    throw unexpected(`resourceVersion: Invalid value: ${shown}: strconv.ParseUint: parsing ${shown}: invalid syntax`);
  }
  return Number(text);
}

export const tooLarge = (revision: number, current: number) =>
  new StatusError(504, 'Timeout', `Timeout: Too large resource version: ${revision}, current: ${current}`, {
    causes: [{ reason: 'ResourceVersionTooLarge', message: 'Too large resource version' }],
    retryAfterSeconds: 1,
  });

const TOKEN_VERSION = 'meta.k8s.io/v1';

function writeToken(revision: number, start: string): string {
  return utf8Base64(JSON.stringify({ v: TOKEN_VERSION, rv: revision, start: `${start}` }))
    .replaceAll('+', '-')
    .replaceAll('/', '_')
    .replace(/=+$/, '');
}

function readToken(token: string): { revision: number; start: string } {
  const text = base64Text(token.replaceAll('-', '+').replaceAll('_', '/'));
  let value: { v?: string; rv?: number; start?: string };
  try {
    value = JSON.parse(text) as typeof value;
  } catch {
    throw badRequest(`invalid continue token: continue key is not valid: ${part('requests').jsonError(text)}`);
  }
  if (value.v !== TOKEN_VERSION || !value.rv || value.start === undefined) {
    throw badRequest(
      'invalid continue token: continue key is not valid: incorrect encoded start resourceVersion (version meta.k8s.io/v1)',
    );
  }
  return { revision: value.rv, start: value.start };
}

export function deleteCollection(core: Core, ctx: Context): Listed {
  const options = deleteOptions(ctx);
  warnAboutOrphans(core, ctx, options);
  const listed = list(core, ctx);
  for (const { metadata } of listed.items) {
    deleteObject(core, ctx, ctx.info, metadata.namespace ?? '', metadata.name as string, options);
  }
  return { items: listed.items, metadata: { resourceVersion: String(core.storage.etcd.revision) } };
}
