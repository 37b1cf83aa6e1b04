// The objects that a rollout command is about.

import type { Co } from '../../../sim/index.ts';
import { CommandError, throwAll } from '../../errors.ts';
import type { Args } from '../../flags.ts';
import type { Kubectl } from '../../kubectl.ts';
import { type Info, find, hasFiles, selectionOf } from '../../resource/builder.ts';

/** Rollout commands take objects that exist; without any they say so themselves. */
export function* findRollout(kubectl: Kubectl, args: Args): Co<Info[]> {
  const selection = selectionOf(args, { latest: true, bareTypes: true });
  if (args.args.length === 0 && !hasFiles(selection)) throw new CommandError('required resource not specified');
  const found = yield* find(kubectl, selection);
  throwAll(found.errors);
  return found.infos;
}
