import { expect, test } from 'vitest';
import { Random, Sim, type Timer } from '../../engine/sim/index.ts';

test('events run by time, at equal times as they were scheduled, however far away they were', () => {
  const sim = new Sim({ seed: 1, start: Date.UTC(2026, 0, 5, 9) });
  const random = new Random(7);
  const scheduled: { at: number; number: number }[] = [];
  const ran: number[] = [];
  const timers: Timer[] = [];
  const cancelled = new Set<number>();
  const schedule = () => {
    const number = scheduled.length;
    const delay = random.pick([0, 0, 1, 1, 2.5, 40.25, 300, 1022, 1023, 1024, 1025, 2047, 5000, 100_000]);
    const at = sim.now + delay;
    scheduled.push({ at, number });
    timers.push(
      sim.at(at, () => {
        ran.push(number);
        expect(sim.now).toBe(at);
        for (let i = random.int(4); i > 0 && scheduled.length < 3000; i--) schedule();
        const other = random.int(timers.length);
        if (random.int(20) > 0 || ran.includes(other)) return;
        timers[other].cancel();
        cancelled.add(other);
      }),
    );
  };
  for (let i = 0; i < 50; i++) schedule();
  while (sim.step());
  const expected = scheduled.filter(({ number }) => !cancelled.has(number));
  expected.sort((a, b) => a.at - b.at || a.number - b.number);
  expect(scheduled.length).toBe(3000);
  expect(ran).toEqual(expected.map(({ number }) => number));
});
