// The objects that `kubectl set` changes, and the containers inside them.

import type { JsonObject, KubeObject } from '../../../api/types.ts';
import { CommandError, throwAll } from '../../errors.ts';
import type { Args } from '../../flags.ts';
import type { Kubectl } from '../../kubectl.ts';
import { withPodSpec } from '../../pod-spec.ts';
import { type Info, find, hasFiles, selectionOf } from '../../resource/builder.ts';
import { typed } from '../../resource/typed.ts';

const LOCAL_NEEDS_FILES = `you must specify resources by --filename when --local is set.
Example resource specifications include:
   '-f rsrc.yaml'
   '--filename=rsrc.json'`;

export type Container = JsonObject & { name: string };

/** With --local the objects are kubectl's own types. What cannot be read ends the command, unless it goes on to the rest. */
export function* findForSet(kubectl: Kubectl, args: Args, resources: readonly string[], goOn = false) {
  if (args.bool('local') && (resources.length || !hasFiles(selectionOf(args))))
    throw new CommandError(LOCAL_NEEDS_FILES);
  const found = yield* find(kubectl, selectionOf(args, { args: resources, latest: !args.bool('local') }));
  if (args.bool('local'))
    found.infos = found.infos.map((info) => ({ ...info, object: typed(info.object, info.source) }));
  if (!goOn) throwAll(found.errors);
  return found;
}

/** Changes the containers (init containers too) that `matches`. */
export function withContainers(object: KubeObject, change: (container: Container) => Container): KubeObject {
  return withPodSpec(object, (spec) => {
    const out = { ...spec };
    for (const list of ['initContainers', 'containers'])
      if (spec[list]) out[list] = (spec[list] as Container[]).map(change);
    return out;
  });
}

/** `web` and `web-*` name containers. */
export function containerMatcher(pattern: string): (name: string) => boolean {
  const test = new RegExp(
    `^${pattern
      .replace(/[.+^${}()|[\]\\]/g, '\\$&')
      .replaceAll('*', '.*')
      .replaceAll('?', '.')}$`,
  );
  return (name) => test.test(name);
}

/** What names no containers: a ConfigMap among Deployments. */
export const noTemplate = (args: Args, { mapping, name }: Info) =>
  new CommandError(
    `${args.bool('local') ? mapping.kind.toLowerCase() : mapping.resource}/${name} the object is not a pod or does not have a pod template: *${mapping.version}.${mapping.kind}`,
  );
