// A scheduler of one's own: the kube-scheduler program in an ordinary Pod. It works by its service account and by the
// configuration file that it is given; without either it is the cluster's own scheduler, which `standard` runs.

import type { Handle } from '../apiserver/types.ts';
import type { Repository } from '../images/types.ts';
import type { Program } from '../linux/index.ts';
import { part } from '../parts/index.ts';
import type { Co } from '../sim/index.ts';
import { inClusterClient } from './in-cluster.ts';

/** Repositories whose kube-scheduler also runs in ordinary Pods, and the name that the tutorials give an own build. */
export function withOwnSchedulers(repositories: readonly Repository[], handle: Handle): Repository[] {
  return repositories.flatMap((repository) => {
    if (!repository.names.some((name) => name.endsWith('/kube-scheduler'))) return [repository];
    const { programs = {}, versionedPrograms } = repository;
    return [
      {
        ...repository,
        programs: ownOrEach(handle, programs),
        ...(versionedPrograms && {
          versionedPrograms: (version: string) => ownOrEach(handle, versionedPrograms(version)),
        }),
      },
    ];
  });
}

function ownOrEach(handle: Handle, programs: Readonly<Record<string, Program>>): Record<string, Program> {
  const out: Record<string, Program> = {};
  for (const path in programs) out[path] = ownOr(handle, programs[path]);
  return out;
}

function ownOr(handle: Handle, standard: Program): Program {
  return function* (process): Co<number> {
    const client = inClusterClient(process, handle, 'kube-scheduler');
    return yield* client ? part('scheduling').schedule(process, client) : standard(process);
  };
}
