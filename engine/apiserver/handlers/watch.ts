// GET with watch=true: what is there (or what happened since a revision), then every change.

import type { KubeObject } from '../../api/types.ts';
import { ErrCompacted } from '../../etcd/index.ts';
import { part } from '../../parts/index.ts';
import { param, type Context } from '../context.ts';
import { isTrue } from '../route.ts';
import { failure } from '../status.ts';
import { replay } from '../storage/resource-cache.ts';
import { Watch } from '../storage/watch.ts';
import { parseRevision, selectionOf } from './list.ts';
import type { Core } from './types.ts';

/** Bookmarks come about once a minute to those who allow them. */
const BOOKMARK_MS = 60_000;
/** From this release on a watch from the beginning tells where its beginning ends, asked or not. */
const WATCH_LIST_SINCE = 34;

/** `view`: what the client wants to see of each object (a Table, metadata only). */
export function watch(core: Core, ctx: Context, view: ((object: KubeObject) => KubeObject) | undefined): Watch {
  const { request, info } = ctx;
  const { storage, sim } = core;
  const selected = selectionOf(core, ctx);
  const version = param(request, 'resourceVersion');
  const bookmarks = isTrue(request.query?.allowWatchBookmarks);
  const sendInitial = checkInitialEvents(ctx);
  const conversion = storage.conversion(info);
  const cache = storage.cache(info);
  const timers: { cancel(): void }[] = [];
  const convert = conversion && ((object: KubeObject) => conversion.fromStored(object));
  const stream = new Watch(
    selected,
    convert && view ? (object) => view(convert(object)) : (convert ?? view),
    (stopped) => {
      cache.removeWatch(stopped);
      for (const timer of timers) timer.cancel();
    },
  );
  stream.gate = conversion?.gate?.((message) => {
    stream.sendRaw('ERROR', failure(500, 'InternalError', message) as unknown as KubeObject);
    stream.stop();
  });
  const revision = version ? parseRevision(version) : 0;
  const fromStart = revision === 0;
  if (sendInitial ?? fromStart) {
    for (const object of cache.list(selected)) if (storage.canRead(info, object)) stream.send('ADDED', object);
    if (bookmarks && (sendInitial || core.minor >= WATCH_LIST_SINCE)) {
      stream.send('BOOKMARK', bookmark(core, ctx, { 'k8s.io/initial-events-end': 'true' }));
    }
  } else if (fromStart) {
    // The beginning is not wanted: changes from now on.
  } else if (revision > storage.etcd.revision) {
    // The future is waited for: nothing until the store gets there.
    stream.skipUntil = revision;
  } else {
    try {
      replay(storage.etcd.eventsAfter(cache.prefix, revision), stream, cache.prefix);
    } catch (error) {
      if (!(error instanceof ErrCompacted)) throw error;
      const message = `too old resource version: ${revision} (${storage.etcd.compacted})`;
      stream.sendRaw('ERROR', failure(410, 'Expired', message) as unknown as KubeObject);
      stream.stop();
      return stream;
    }
  }
  cache.addWatch(stream);
  const timeout = Number(param(request, 'timeoutSeconds') || 0);
  if (timeout) timers.push(sim.after(timeout * 1000, () => stream.stop()));
  if (bookmarks) timers.push(sim.every(BOOKMARK_MS, () => stream.send('BOOKMARK', bookmark(core, ctx))));
  return stream;
}

function bookmark(core: Core, { info }: Context, annotations?: Record<string, string>): KubeObject {
  const resourceVersion = String(core.storage.etcd.revision);
  return {
    kind: info.kind,
    apiVersion: info.groupVersion,
    metadata: annotations ? { resourceVersion, annotations } : { resourceVersion },
  };
}

/** Undefined when sendInitialEvents is not given. */
function checkInitialEvents({ request }: Context): boolean | undefined {
  const { sendInitialEvents, resourceVersionMatch } = request.query ?? {};
  if (!sendInitialEvents && !resourceVersionMatch) return undefined;
  part('requests').checkListOptions(request, true);
  return isTrue(sendInitialEvents);
}
