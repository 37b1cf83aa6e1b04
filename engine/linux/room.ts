// File systems of a limited size (tmpfs): what is written takes room, and there is no space left when it is used up.

import { byteLength } from './bytes.ts';

export class Room {
  used = 0;
  private readonly size: () => number;
  private readonly charged: ((bytes: number) => void) | undefined;

  /** Bytes; `charged` is told what is taken and, below zero, given back. */
  constructor(size: () => number, charged?: (bytes: number) => void) {
    this.size = size;
    this.charged = charged;
  }

  /** Takes as many of these bytes as fit; how many those are. Below zero: gives them back. */
  take(bytes: number): number {
    const fit = Math.min(bytes, Math.max(0, this.size() - this.used));
    this.used += fit;
    if (fit !== 0) this.charged?.(fit);
    return fit;
  }
}

// Few nodes lie in one: the others carry nothing for it, and are not even asked before there is the first.
const rooms = new WeakMap<object, Room>();
let any = false;

export function setRoom(node: object, room: Room) {
  any = true;
  rooms.set(node, room);
}

export const roomOf = (node: object): Room | undefined => (any ? rooms.get(node) : undefined);

/** As much of a text as still fits where the node lies. */
export function fitting(node: object, text: string): string {
  const room = roomOf(node);
  if (!room || text === '') return text;
  const bytes = byteLength(text);
  const fit = room.take(bytes);
  return fit === bytes ? text : text.slice(0, fit);
}
