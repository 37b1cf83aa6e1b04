// Names that the server makes from metadata.generateName.

import type { ResourceInfo } from '../../api/types.ts';
import { alreadyExists, generatedNameTaken } from '../status.ts';
import type { Core } from './types.ts';

/** metadata.generateName is cut so that the suffix of five fits a DNS label (names.SimpleNameGenerator). */
const MAX_GENERATED_BASE = 58;
const SUFFIX = 5;
const NAME_RETRIES = 8;

export function generateName(core: Core, info: ResourceInfo, base: string): string {
  return base.slice(0, MAX_GENERATED_BASE) + core.sim.random(`name/${info.resource}`).suffix(SUFFIX);
}

/** `name`, or where it is taken another one from what it was generated from. */
export function freeName(
  core: Core,
  info: ResourceInfo,
  namespace: string,
  name: string,
  base: string | undefined,
): string {
  let free = name;
  for (let tries = 0; ; tries++) {
    const other = core.storage.get(info, namespace, free);
    if (!other) return free;
    if (!base) throw alreadyExists(info, free, other.metadata.deletionTimestamp !== undefined);
    if (tries === NAME_RETRIES) throw generatedNameTaken(info, free);
    free = generateName(core, info, base);
  }
}
