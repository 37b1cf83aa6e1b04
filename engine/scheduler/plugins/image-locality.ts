// ImageLocality: prefers nodes that have the (large) images already, damped by how widespread these are.

import { always, MAX_NODE_SCORE, type CycleState, type Handle, type Plugin } from '../framework.ts';
import type { PodSpec } from '../../api/types.ts';
import type { NodeInfo } from '../node-info.ts';

const MB = 1024 * 1024;
const MIN = 23 * MB;
const MAX_PER_CONTAINER = 1000 * MB;
const NAME = 'ImageLocality';
const IMAGES = `${NAME}/images`;

/** Adds the tag that is meant when none is written. */
function normalized(image: string): string {
  return image.lastIndexOf(':') <= image.lastIndexOf('/') ? `${image}:latest` : image;
}

function spread(handle: Handle, state: CycleState, image: string): number {
  let known = state.get(NAME) as Map<string, number> | undefined;
  if (!known) state.set(NAME, (known = new Map()));
  let share = known.get(image);
  if (share === undefined) {
    const { nodes } = handle;
    let having = 0;
    for (let i = 0; i < nodes.length; i++) if (nodes[i].images.has(image)) having++;
    known.set(image, (share = having / nodes.length));
  }
  return share;
}

/** Names of the Pod's images, as nodes list them. */
function imagesOf({ initContainers, containers }: PodSpec): string[] {
  const names: string[] = [];
  for (const list of [initContainers, containers]) {
    if (!list) continue;
    for (let i = 0; i < list.length; i++) names.push(normalized(list[i].image ?? ''));
  }
  return names;
}

export const imageLocality = (handle: Handle): Plugin => ({
  name: NAME,
  local: always,
  preScore({ spec }, _nodes, state) {
    state.set(IMAGES, imagesOf(spec));
    return undefined;
  },
  score(_pod, node: NodeInfo, state) {
    const images = state.get(IMAGES) as string[];
    let sum = 0;
    for (let i = 0; i < images.length; i++) {
      const size = node.images.get(images[i]);
      if (size !== undefined) sum += Math.floor(size * spread(handle, state, images[i]));
    }
    const max = MAX_PER_CONTAINER * images.length;
    return Math.floor((MAX_NODE_SCORE * (Math.min(Math.max(sum, MIN), max) - MIN)) / (max - MIN));
  },
});
