// ImageLocality: prefers nodes that have the (large) images already, damped by how widespread these are.

import { MAX_NODE_SCORE, type CycleState, type Handle, type Plugin } from '../framework.ts';
import type { NodeInfo } from '../node-info.ts';

const MB = 1024 * 1024;
const MIN = 23 * MB;
const MAX_PER_CONTAINER = 1000 * MB;
const NAME = 'ImageLocality';

/** Adds the tag that is meant when none is written. */
function normalized(image: string): string {
  return image.lastIndexOf(':') <= image.lastIndexOf('/') ? `${image}:latest` : image;
}

function spread(handle: Handle, state: CycleState, image: string): number {
  let known = state.get(NAME) as Map<string, number> | undefined;
  if (!known) state.set(NAME, (known = new Map()));
  let share = known.get(image);
  if (share === undefined) {
    let having = 0;
    for (let i = 0; i < handle.nodes.length; i++) if (handle.nodes[i].images.has(image)) having++;
    known.set(image, (share = having / handle.nodes.length));
  }
  return share;
}

export const imageLocality = (handle: Handle): Plugin => ({
  name: NAME,
  score({ spec }, node: NodeInfo, state) {
    let sum = 0;
    let containers = 0;
    for (const list of [spec.initContainers, spec.containers]) {
      if (!list) continue;
      for (let i = 0; i < list.length; i++) {
        containers++;
        const { image } = list[i];
        if (!image) continue;
        const name = normalized(image);
        const size = node.images.get(name);
        if (size !== undefined) sum += Math.floor(size * spread(handle, state, name));
      }
    }
    const max = MAX_PER_CONTAINER * containers;
    return Math.floor((MAX_NODE_SCORE * (Math.min(Math.max(sum, MIN), max) - MIN)) / (max - MIN));
  },
});
