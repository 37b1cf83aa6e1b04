// The process whose program takes a step right now: what it opens belongs to it.

import type { Process } from './types.ts';

export const current: { process: Process | undefined } = { process: undefined };
