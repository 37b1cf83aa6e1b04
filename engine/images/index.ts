// The catalogue of images. To add one: a file beside this with its Repository entries, and a line here.

import { commands } from '../linux/commands/index.ts';
import type { Program } from '../linux/index.ts';
import { createShell } from '../shell/index.ts';
import { agnhostRepositories } from './agnhost.ts';
import { databaseRepositories } from './databases.ts';
import { webRepositories } from './httpd.ts';
import { nginxRepositories } from './nginx.ts';
import { perlRepositories } from './perl.ts';
import { redisRepositories } from './redis.ts';
import { createRegistry as createRegistryOf } from './registry.ts';
import { smallRepositories } from './small.ts';
import { toolRepositories } from './tools.ts';
import type { Registry, Repository } from './types.ts';

export const catalogue: readonly Repository[] = [
  ...nginxRepositories,
  ...webRepositories,
  ...toolRepositories,
  ...smallRepositories,
  ...agnhostRepositories,
  ...redisRepositories,
  ...databaseRepositories,
  ...perlRepositories,
];

export interface RegistryOptions {
  /** Commands that are made elsewhere, for the images that carry them. */
  kubectl?: Program;
  jq?: Program;
  /** More images, e.g. a reader's own. */
  repositories?: readonly Repository[];
}

/** The registries of the world as far as the catalogue goes. */
export function createRegistry(options: RegistryOptions = {}): Registry {
  const sh = createShell({ name: 'sh' });
  const bash = createShell({ name: 'bash' });
  const programs: Record<string, Program> = { ...commands, sh, ash: sh, zsh: bash, bash };
  if (options.kubectl) programs.kubectl = options.kubectl;
  if (options.jq) programs.jq = options.jq;
  return createRegistryOf({ repositories: [...catalogue, ...(options.repositories ?? [])], programs });
}

export { parseReference, formatReference, ImageNameError, type Reference } from './reference.ts';
export { PullError, type Image, type ImageConfig, type Registry, type Repository } from './types.ts';
export { allocate } from './memory.ts';
