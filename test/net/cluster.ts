// A whole cluster for tests of its network: commands at the reader's terminal and on nodes.

import { createCluster, type Cluster, type ClusterOptions } from '../../engine/cluster.ts';
import { HostCalls } from '../../engine/host-calls.ts';
import '../../engine/parts/all.ts';
import { Terminal } from '../../engine/terminal.ts';

export class TestCluster {
  readonly cluster: Cluster;
  private readonly terminal: Terminal;

  constructor(options: ClusterOptions = {}) {
    const host = new HostCalls();
    this.cluster = createCluster(options, host);
    this.terminal = new Terminal(this.cluster, host);
  }

  /** Output and errors of a command line, `on` a node or at the terminal. */
  run(command: string, on?: string): string {
    let out = '';
    this.terminal.start(command, on);
    for (;;) {
      const slice = this.terminal.step(10_000);
      for (const [, text] of slice.output) out += text;
      if (slice.done) return out;
    }
  }

  /** Creates objects and waits until nothing is new to come. */
  apply(manifest: string) {
    this.run(`cat <<'EOF' | kubectl apply -f -\n${manifest}\nEOF\n`);
  }
}
