// A command line run by a container's own shell, for servers that offer that.

import { Collector, type Process } from '../linux/index.ts';
import type { Co } from '../sim/index.ts';

export function* runShell(parent: Process, command: string): Co<{ output: string; status: number }> {
  const program = parent.host.program('sh');
  if (!program) return { output: '', status: 127 };
  const out = new Collector();
  const process = parent.host.spawn({ program, argv: ['sh', '-c', command], parent, stdout: out, stderr: out });
  while (process.task && !process.task.done) yield process.task.exited;
  return { output: out.text, status: process.status ?? 0 };
}
