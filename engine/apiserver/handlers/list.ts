// GET of a collection: selectors through indexes, pages, resource versions. And deletecollection, which is a list and deletes.

import type { KubeObject, ResourceInfo } from '../../api/types.ts';
import { ErrCompacted } from '../../etcd/index.ts';
import { part } from '../../parts/index.ts';
import { param, type Context } from '../context.ts';
import { badRequest, expired, StatusError, unexpected } from '../status.ts';
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
  if (!route.name) return selected;
  if (fields && selected.name !== route.name) {
    throw badRequest("fieldSelector metadata.name doesn't match requested name");
  }
  return selection(core.scheme, info, namespace, labels, `metadata.name=${route.name}`);
}

export function list(core: Core, ctx: Context): Listed {
  const { request, info } = ctx;
  const { storage } = core;
  const selected = selectionOf(core, ctx);
  const token = param(request, 'continue');
  // What the cache has at any version is not told in pages.
  const paged = token !== '' || param(request, 'resourceVersion') !== '0';
  const limit = paged ? Number(param(request, 'limit') || 0) : 0;
  const { revision: asked, exact } = listRevision(core, ctx, token);
  storage.checkReadable(info, ctx.route.namespace);
  if (!token && limit <= 0 && !exact) {
    return {
      items: fromStored(core, info, storage.cache(info).list(selected)),
      metadata: { resourceVersion: String(storage.etcd.revision) },
    };
  }

  const from = token ? part('requests').readToken(token) : undefined;
  const present = storage.etcd.revision;
  const revision = from ? (from.revision > 0 ? from.revision : present) : exact ? asked : present;
  const namespace = info.namespaced ? ctx.route.namespace : '';
  let page;
  try {
    page = storage.page(info, namespace, { from: from && info.storagePrefix + from.start, revision });
  } catch (error) {
    if (!(error instanceof ErrCompacted)) throw error;
    throw part('requests').expiredPage(from?.start ?? '');
  }
  const items: KubeObject[] = [];
  const metadata: Listed['metadata'] = { resourceVersion: String(revision) };
  const { kvs } = page;
  for (let i = 0; i < kvs.length; i++) {
    const object = kvs[i].value as KubeObject;
    if (!selected.everything && !selected.matches(object)) continue;
    if (limit > 0 && items.length === limit) {
      // There is at least one more.
      metadata.continue = part('requests').writeToken(revision, kvs[i].key.slice(info.storagePrefix.length));
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
  if (match || ctx.request.query?.sendInitialEvents) part('requests').checkListOptions(ctx.request, false);
  if (!text) return { revision: 0, exact: false };
  if (token && text !== '0') {
    part('requests').readToken(token);
    throw badRequest('specifying resource version is not allowed when using continue');
  }
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

export function parseRevision(text: string): number {
  if (!/^\d+$/.test(text)) {
    const shown = JSON.stringify(text);
    throw unexpected(`resourceVersion: Invalid value: ${shown}: strconv.ParseUint: parsing ${shown}: invalid syntax`);
  }
  return Number(text);
}

/** Nothing is as new as a revision that is yet to come. */
export function checkRevision({ storage }: Core, text: string) {
  const revision = parseRevision(text);
  if (revision > storage.etcd.revision) throw tooLarge(revision, storage.etcd.revision);
}

export const tooLarge = (revision: number, current: number) =>
  new StatusError(504, 'Timeout', `Timeout: Too large resource version: ${revision}, current: ${current}`, {
    causes: [{ reason: 'ResourceVersionTooLarge', message: 'Too large resource version' }],
    retryAfterSeconds: 1,
  });

export function deleteCollection(core: Core, ctx: Context): Listed {
  const options = deleteOptions(ctx);
  warnAboutOrphans(core, ctx, options);
  const listed = list(core, ctx);
  for (const { metadata } of listed.items) {
    deleteObject(core, ctx, ctx.info, metadata.namespace ?? '', metadata.name as string, options);
  }
  return { items: listed.items, metadata: { resourceVersion: String(core.storage.etcd.revision) } };
}
