// A small machine for the tests of files, commands and shells.

import {
  createHost,
  devices,
  FileSystem,
  type Host,
  Network,
  tree,
  type Userland,
  type Writer,
} from '../../engine/linux/index.ts';
import { commands } from '../../engine/linux/commands/index.ts';
import { createShell, type ShellName, ShellSession } from '../../engine/shell/index.ts';
import '../../engine/parts/network-tools.ts';
import { Sim } from '../../engine/sim/index.ts';

export interface Ran {
  stdout: string;
  stderr: string;
  status: number;
}

export class TestMachine {
  readonly sim = new Sim({ seed: 1, start: Date.UTC(2026, 0, 5, 9) });
  readonly network = new Network(this.sim);
  readonly host: Host;
  private session: ShellSession | undefined;

  constructor(userland: Userland = 'gnu', address = '10.0.0.1') {
    const passwd = 'root:x:0:0:root:/root:/bin/bash\nnobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin\n';
    const base = tree({ '/etc/passwd': passwd, '/etc/group': 'root:x:0:\n', '/root/': '', '/tmp/': '', ...devices() });
    this.host = createHost({
      sim: this.sim,
      hostname: 'box',
      fs: new FileSystem({ now: () => this.sim.now, base }),
      net: this.network.namespace([address]),
      userland,
      programs: {
        ...commands,
        bash: createShell({ name: 'bash' }),
        sh: createShell({ name: userland === 'busybox' ? 'sh' : 'dash' }),
      },
      env: { PATH: '/usr/bin', HOME: '/root' },
      firstPid: 100,
    });
  }

  /** Runs `shell -c script` to its end. */
  run(script: string, shell: ShellName = 'bash', args: string[] = []): Ran {
    const out = collector();
    const err = collector();
    const program = createShell({ name: shell });
    const process = this.host.spawn({
      program,
      argv: [shell, '-c', script, ...args],
      cwd: '/root',
      stdout: out,
      stderr: err,
    });
    while (process.status === undefined && this.sim.step());
    return { stdout: out.text, stderr: err.text, status: process.status ?? -1 };
  }

  /** Runs a line in a terminal that is kept between calls. */
  type(line: string): Ran {
    this.session ??= new ShellSession({ host: this.host, cwd: '/root' });
    const out = collector();
    const err = collector();
    const task = this.sim.spawn('terminal', this.session.run(line, { stdout: out, stderr: err }));
    while (!task.done && this.sim.step());
    return { stdout: out.text, stderr: err.text, status: task.result ?? -1 };
  }
}

function collector(): Writer & { text: string } {
  return {
    text: '',
    write(text) {
      this.text += text;
      return true;
    },
    *drain() {},
    close() {},
  };
}

/** Standard output of a script; a failure of the script fails the test. */
export function output(script: string, shell: ShellName = 'bash'): string {
  const { stdout, stderr, status } = new TestMachine(shell === 'sh' ? 'busybox' : 'gnu').run(script, shell);
  if (status !== 0 || stderr) throw new Error(`status ${status}: ${stderr}`);
  return stdout;
}
