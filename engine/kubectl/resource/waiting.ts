// Waiting for an object to reach a state: a list, then a watch, until it holds or the time is up.

import type { KubeObject } from '../../api/types.ts';
import type { WatchStream } from '../../apiserver/types.ts';
import type { Co } from '../../sim/index.ts';
import type { Mapping } from '../discovery.ts';
import { CommandError } from '../errors.ts';
import type { Kubectl } from '../kubectl.ts';
import { listItems, listObjects, watchObjects } from './rest.ts';

/** What kubectl takes "for ever" to be. */
export const A_WEEK = 168 * 3_600_000;

/**
 * Calls `check` with the object (undefined: it is not there) at once and at every change, until it returns a value.
 * Undefined after `timeout` ms.
 */
export function* waitFor<T>(
  kubectl: Kubectl,
  mapping: Mapping,
  namespace: string,
  name: string,
  timeout: number,
  check: (object: KubeObject | undefined) => T | undefined,
): Co<T | undefined> {
  const end = kubectl.now + timeout;
  const fieldSelector = `metadata.name=${name}`;
  for (;;) {
    const list = yield* listObjects(kubectl, mapping, namespace, { fieldSelector });
    const met = check(listItems(list)[0]);
    if (met !== undefined) return met;
    if (kubectl.now >= end) return undefined;
    const resourceVersion = (list.metadata as { resourceVersion?: string }).resourceVersion;
    const stream = yield* watchObjects(kubectl, mapping, namespace, { fieldSelector, resourceVersion });
    const result = yield* follow(kubectl, stream, end, check);
    if (result !== 'ended') return result;
  }
}

function* follow<T>(
  kubectl: Kubectl,
  stream: WatchStream,
  end: number,
  check: (object: KubeObject | undefined) => T | undefined,
): Co<T | undefined | 'ended'> {
  try {
    for (;;) {
      for (let event = stream.next(); event; event = stream.next()) {
        if (event.type === 'ERROR') return 'ended';
        if (event.type === 'BOOKMARK') continue;
        const met = check(event.type === 'DELETED' ? undefined : event.object);
        if (met !== undefined) return met;
      }
      if (stream.ended) return 'ended';
      if (kubectl.now >= end) return undefined;
      yield { signals: [stream.changed], timeout: end - kubectl.now };
    }
  } finally {
    stream.stop();
  }
}

/** Until the object with this uid is gone; a timeout is an error. */
export function* waitForDeletion(
  kubectl: Kubectl,
  mapping: Mapping,
  namespace: string,
  name: string,
  uid: string | undefined,
  timeout: number,
): Co {
  const gone = (object: KubeObject | undefined) =>
    !object || (uid !== undefined && object.metadata.uid !== uid) ? true : undefined;
  const met = yield* waitFor(kubectl, mapping, namespace, name, timeout, gone);
  if (!met) throw new CommandError(`timed out waiting for the condition on ${mapping.resource}/${name}`);
}
