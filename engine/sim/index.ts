// Virtual time: clock, events, coroutines, seeded randomness.
export { Sim, Signal, Task, until, type Co, type Wait, type SimOptions } from './sim.ts';
export type { Timer } from './queue.ts';
export { Random, streamSeed } from './random.ts';
