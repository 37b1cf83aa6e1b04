// A command of kubeadm as phases: all in their order, without those that are to be skipped, or one by itself
// (`kubeadm init phase certs apiserver`).

import { ApiError } from '../../client/index.ts';
import type { Co } from '../../sim/index.ts';
import type { Flags } from '../flags.ts';
import type { Session } from './session.ts';

export interface Phase<S> {
  name: string;
  run?: (session: Session, settings: S) => Co;
  phases?: readonly Phase<S>[];
  /** One of these may be named `all`. */
  withAll?: boolean;
}

/** What is asked for: the words after `kubeadm init phase`, and what is to be left out. */
export interface Selection {
  /** `certs/apiserver`; undefined: all. */
  only?: string;
  skip: readonly string[];
}

/** Which phase a command line asks for; undefined: the whole command. */
export function selectPhase<S>(
  session: Session,
  command: string,
  phases: readonly Phase<S>[],
  words: readonly string[],
): string | undefined {
  if (words[0] !== 'phase') return undefined;
  let path = '';
  let usage = `kubeadm ${command} phase`;
  let among: readonly Phase<S>[] | undefined = phases;
  let within: Phase<S> | undefined;
  for (const word of words.slice(1)) {
    if (word === 'all' && within?.withAll && words.at(-1) === 'all') return path;
    const found: Phase<S> | undefined = among?.find(({ name }) => name === word);
    if (!found) {
      const what = within?.phases ? 'invalid subcommand: ' : 'unknown command ';
      return session.fail(`${what}${JSON.stringify(word)}${within?.phases ? '' : ` for ${JSON.stringify(usage)}`}`);
    }
    path = path ? `${path}/${word}` : word;
    usage += ` ${word}`;
    within = found;
    among = found.phases;
  }
  if (!within || among)
    return session.fail(
      `missing subcommand; ${JSON.stringify(within?.name ?? 'phase')} is not meant to be run on its own`,
    );
  return path;
}

export const skippedPhases = (flags: Flags, configured: unknown): string[] =>
  flags.string('skip-phases')?.split(',').filter(Boolean) ?? ((configured ?? []) as string[]);

export function* runPhases<S>(session: Session, phases: readonly Phase<S>[], settings: S, selection: Selection): Co {
  const { only, skip } = selection;
  const names = new Set(namesOf(phases, ''));
  for (const name of skip) if (!names.has(name)) session.fail(`invalid phase name: ${name}`);
  const within = (name: string, whole: string) => name === whole || name.startsWith(`${whole}/`);
  for (const [name, run] of flattened(phases, '')) {
    if (only !== undefined && !within(name, only)) continue;
    if (skip.some((one) => within(name, one)) || !run) continue;
    try {
      yield* run(session, settings);
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      session.fail(`error execution phase ${name}: ${error.message}`);
    }
  }
}

function flattened<S>(phases: readonly Phase<S>[], above: string): [name: string, run: Phase<S>['run']][] {
  return phases.flatMap((phase) => {
    const name = above + phase.name;
    return [[name, phase.run] as [string, Phase<S>['run']], ...flattened(phase.phases ?? [], `${name}/`)];
  });
}

const namesOf = <S>(phases: readonly Phase<S>[], above: string): string[] =>
  flattened(phases, above).map(([name]) => name);
