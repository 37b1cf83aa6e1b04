// The objects that a rollout command is about.

import type { Co } from '../../../sim/index.ts';
import { CommandError, throwAll } from '../../errors.ts';
import type { Args } from '../../flags.ts';
import type { Kubectl } from '../../kubectl.ts';
import { type Info, find, hasFiles, selectionOf } from '../../resource/builder.ts';

/** Rollout commands take objects that exist; without any they say so themselves. `errors` gathers what went wrong. */
export function* findRollout(kubectl: Kubectl, args: Args, errors?: Error[]): Co<Info[]> {
  const selection = selectionOf(args, { latest: true, bareTypes: true });
  if (args.args.length === 0 && !hasFiles(selection)) throw new CommandError('required resource not specified');
  const found = yield* find(kubectl, selection);
  if (errors) errors.push(...found.errors);
  else throwAll(found.errors);
  return found.infos;
}
