// A whole cluster with the reader's terminal in front of it, run straight on Node.

import '../../engine/parts/all.ts';
import { createCluster, type ClusterOptions } from '../../engine/cluster.ts';
import { HostCalls } from '../../engine/host-calls.ts';
import { Terminal } from '../../engine/terminal.ts';

export interface TestTerminal {
  /** Output of a command line, both streams; its exit status in `status`. */
  run(command: string, on?: string): string;
  status: number;
}

export function startTerminal(options: ClusterOptions = {}): TestTerminal {
  const host = new HostCalls();
  const cluster = createCluster({ ...(options.controlPlanes !== 0 && { workers: 2 }), ...options }, host);
  const terminal = new Terminal(cluster, host);
  const self: TestTerminal = {
    status: 0,
    run(command, on) {
      terminal.start(command, on);
      let text = '';
      for (;;) {
        const { output, done, exitCode } = terminal.step(100_000);
        for (const [, part] of output) text += part;
        if (!done) continue;
        self.status = exitCode;
        return text;
      }
    },
  };
  return self;
}
