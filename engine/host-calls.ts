// What the engine cannot do itself (running the real jq) is handed to the host between two slices; the
// process that asked waits for the answer.

import { Signal, type Co } from './sim/index.ts';

export interface HostResult {
  stdout: string;
  stderr: string;
  exitCode: number;
}

export interface HostCall {
  id: number;
  name: 'jq';
  args: string[];
  input: string;
}

export class HostCalls {
  /** There are calls that the host has not seen yet. */
  pending = false;
  private nextId = 1;
  private waiting: HostCall[] = [];
  private readonly answers = new Map<number, HostResult>();
  private readonly answered = new Signal();

  /** Calls that the host has not seen yet. */
  take(): HostCall[] {
    const calls = this.waiting;
    this.waiting = [];
    this.pending = false;
    return calls;
  }

  resolve(id: number, result: HostResult) {
    this.answers.set(id, result);
    this.answered.fire();
  }

  *jq(args: string[], input: string): Co<HostResult> {
    const id = this.nextId++;
    this.waiting.push({ id, name: 'jq', args, input });
    this.pending = true;
    for (;;) {
      yield this.answered;
      const result = this.answers.get(id);
      if (!result) continue;
      this.answers.delete(id);
      return result;
    }
  }
}
