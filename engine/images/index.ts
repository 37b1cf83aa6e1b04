// The registries as the cluster's nodes reach them. The images of the cluster's own components are here; those of the
// world (catalogue.ts) load when the first of them is pulled.

import { commands } from '../linux/commands/names.ts';
import type { Program } from '../linux/index.ts';
import { part, shell } from '../parts/index.ts';
import { createRegistry as createRegistryOf } from './registry.ts';
import type { Registry, Repository } from './types.ts';

export interface RegistryOptions {
  /** Commands that are made elsewhere, for the images that carry them. */
  kubectl?: Program;
  jq?: Program;
  /** More images, e.g. a reader's own. */
  repositories?: readonly Repository[];
}

/** The registries of the world as far as the catalogue goes. */
export function createRegistry(options: RegistryOptions = {}): Registry {
  const sh = shell('sh');
  const bash = shell('bash');
  const programs: Record<string, Program> = { ...commands, sh, ash: sh, zsh: bash, bash };
  if (options.kubectl) programs.kubectl = options.kubectl;
  if (options.jq) programs.jq = options.jq;
  return createRegistryOf({
    repositories: options.repositories ?? [],
    more: () => part('images'),
    programs,
  });
}

export { parseReference, formatReference, ImageNameError, type Reference } from './reference.ts';
export { PullError, type Image, type ImageConfig, type Registry, type Repository } from './types.ts';
export { allocate } from '../linux/index.ts';
