// Virtual time: clock, events, coroutines, seeded randomness.
export { Sim, Signal, Task, until, type Co, type Wait, type Timer, type SimOptions } from './sim.ts';
export { Random, streamSeed } from './random.ts';
