// `kubebook cells --on kubectl`: a page's examples on a real cluster, with the reader's own kubectl and kubeconfig, in a
// namespace of their own. Outputs are compared by shape; what needs the simulator is skipped and named.

import { execFile, spawn, type ChildProcessWithoutNullStreams } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { jqCommand } from '../cells/jq-command.ts';
import { parsePage, type Cell } from '../cells/parse.ts';
import { shape } from '../cells/shape.ts';

export interface OnKubectl {
  /** Absent: the current one. */
  context?: string;
  /** Absent: KUBECONFIG, or the one in the home directory. */
  kubeconfig?: string;
  /** The program; default: kubectl in PATH. */
  kubectl?: string;
}

export interface CommandOnKubectl {
  command: string;
  recorded: string;
  actual: string;
}

export interface CellOnKubectl {
  cell: Cell;
  /** Why it did not run. */
  skipped?: string;
  commands: CommandOnKubectl[];
  problems: string[];
}

const run = promisify(execFile);
/** The engine's nodes, as pages name them. */
const ENGINE_NODES = ['cp-1', 'cp-2', 'cp-3', 'worker-1', 'worker-2', 'worker-3', 'worker-4'];
/** A command that has not ended by then has failed, ms: pages wait for minutes of virtual time, real clusters for minutes. */
const PATIENCE = 600_000;

export async function cellsOnKubectl(source: string, name: string, options: OnKubectl): Promise<CellOnKubectl[]> {
  const page = parsePage(source);
  const { version } = (page.frontMatter.cluster ?? {}) as { version?: string };
  const old = version !== undefined && !/^v?1\.35\b/.test(String(version));
  const results: CellOnKubectl[] = [];
  let place: Place | undefined;
  let stopped = false;
  // Ctrl-C ends the command that runs; what was made is removed all the same.
  const stop = () => {
    stopped = true;
    place?.stop();
  };
  process.once('SIGINT', stop);
  try {
    for (const cell of page.cells) {
      if (stopped) throw new Error('stopped');
      const skipped = old ? `needs a cluster of ${version}` : whyNot(cell);
      if (skipped) {
        results.push({ cell, skipped, commands: [], problems: [] });
        continue;
      }
      if (!place || cell.meta.fresh) {
        await place?.leave();
        place = await Place.enter(name, options);
      }
      results.push(await runCell(cell, place));
    }
  } finally {
    process.off('SIGINT', stop);
    await place?.leave();
  }
  return results;
}

/** What only the engine has. */
function whyNot(cell: Cell): string | undefined {
  if (cell.kind !== 'console') return undefined;
  for (const { command, on } of cell.commands) {
    if (on) return `needs a shell on the node ${on}`;
    if (/(?:^|[;&|(]|\bdo|\bthen)\s*sim\s/m.test(command)) return 'needs the simulator (sim)';
  }
  return undefined;
}

async function runCell(cell: Cell, place: Place): Promise<CellOnKubectl> {
  const result: CellOnKubectl = { cell, commands: [], problems: [] };
  if (cell.kind === 'file') {
    place.file(cell.file, cell.text);
    return result;
  }
  const commands = cell.kind === 'console' ? cell.commands : [{ ...cell, command: jqCommand(cell.input, cell.filter) }];
  let failed = false;
  for (const { command, output: recorded } of commands) {
    const { text, exitCode } = await place.run(command);
    const actual = text.replaceAll(place.namespace, 'default').replace(/\n$/, '');
    result.commands.push({ command, recorded, actual });
    if (shape(recorded, ENGINE_NODES) !== shape(actual, place.nodes)) {
      result.problems.push(`the output differs: ${command}`);
    }
    if (exitCode !== 0) {
      failed = true;
      if (!cell.meta.fails) result.problems.push(`exit status ${exitCode}: ${command}`);
    }
  }
  if (cell.meta.fails && !failed) result.problems.push('marked as failing, but every command succeeded');
  return result;
}

/** A namespace and a working directory of their own, and a shell that stays. */
class Place {
  readonly namespace: string;
  nodes: string[] = [];
  private readonly options: OnKubectl;
  private readonly directory = mkdtempSync(join(tmpdir(), 'kubebook-cells-'));
  private readonly config = join(this.directory, '.kube/config');
  private shell: ChildProcessWithoutNullStreams | undefined;
  /** Objects without a namespace that the page has made: they do not go with it. */
  private readonly made = new Set<string>();

  private constructor(namespace: string, options: OnKubectl) {
    this.namespace = namespace;
    this.options = options;
  }

  static async enter(page: string, options: OnKubectl): Promise<Place> {
    const slug = page.replace(/[^a-z0-9]+/g, '-').slice(0, 40);
    const place = new Place(`kubebook-${slug}-${Math.random().toString(36).slice(2, 7)}`, options);
    try {
      await place.open();
    } catch (error) {
      await place.leave();
      throw error;
    }
    return place;
  }

  private async open() {
    const { context, kubeconfig } = this.options;
    const view = ['config', 'view', '--raw', '--minify', '--flatten', ...(context ? [`--context=${context}`] : [])];
    const config = await this.kubectl([...view, ...(kubeconfig ? [`--kubeconfig=${kubeconfig}`] : [])]);
    mkdirSync(dirname(this.config));
    writeFileSync(this.config, config, { mode: 0o600 });
    const own = [`--kubeconfig=${this.config}`];
    await this.kubectl([...own, 'create', 'namespace', this.namespace]);
    await this.kubectl([...own, 'config', 'set-context', '--current', `--namespace=${this.namespace}`]);
    this.nodes = (await this.kubectl([...own, 'get', 'nodes', '-o', 'jsonpath={.items[*].metadata.name}'])).split(' ');
    const program = this.options.kubectl ? `${dirname(this.options.kubectl)}:` : '';
    this.shell = spawn('bash', ['--norc', '--noprofile', '-s'], {
      cwd: this.directory,
      env: { ...process.env, PATH: program + (process.env.PATH ?? ''), HOME: this.directory, KUBECONFIG: this.config },
    });
  }

  file(name: string, text: string) {
    const path = join(this.directory, name);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, text);
  }

  /** Runs a command line in the page's shell; both outputs are one text, as on a terminal. */
  run(command: string): Promise<{ text: string; exitCode: number }> {
    const { shell } = this;
    if (!shell) throw new Error('the shell has ended');
    writeFileSync(join(this.directory, '.command'), command + '\n');
    return new Promise((resolve) => {
      let text = '';
      const done = (exitCode: number, output: string) => {
        clearTimeout(timer);
        shell.stdout.off('data', heard);
        shell.off('close', ended);
        this.remember(output);
        resolve({ text: output, exitCode });
      };
      const heard = (part: string) => {
        text += part;
        const end = /\u0001(\d+)\u0001$/.exec(text);
        if (end) done(Number(end[1]), text.slice(0, end.index));
      };
      const ended = () => {
        this.shell = undefined;
        done(255, `${text}the shell has ended`);
      };
      const timer = setTimeout(() => shell.kill('SIGKILL'), PATIENCE);
      shell.stdout.setEncoding('utf8').on('data', heard);
      shell.on('close', ended);
      shell.stdin.write(`. ./.command </dev/null 2>&1; printf '\\001%d\\001' $?\n`);
    });
  }

  stop() {
    this.shell?.kill('SIGKILL');
  }

  private remember(output: string) {
    for (const [, object] of output.matchAll(/^([a-z0-9.-]+\/\S+) created$/gm)) this.made.add(object);
  }

  /** Everything that the page has made goes. */
  async leave() {
    this.shell?.removeAllListeners('close');
    this.shell?.kill('SIGKILL');
    const own = [`--kubeconfig=${this.config}`];
    const remove = ['delete', '--ignore-not-found', '--wait=false'];
    try {
      const rows = await this.kubectl([...own, 'api-resources', '--namespaced=false', '--no-headers']);
      const kinds = new Set(rows.trim().split('\n').map(kindOf));
      const left = [...this.made].filter((object) => kinds.has(object.slice(0, object.indexOf('/'))));
      if (left.length) await this.kubectl([...own, ...remove, ...left]);
      await this.kubectl([...own, ...remove, 'namespace', this.namespace]);
    } finally {
      rmSync(this.directory, { recursive: true, force: true });
    }
  }

  private async kubectl(args: string[]): Promise<string> {
    const { stdout } = await run(this.options.kubectl ?? 'kubectl', args, { maxBuffer: 64 * 1024 * 1024 });
    return stdout;
  }
}

/** A row of `kubectl api-resources` as objects are named: 'clusterrole.rbac.authorization.k8s.io'. */
function kindOf(row: string): string {
  const [apiVersion, , kind] = row.trim().split(/\s+/).slice(-3);
  const slash = apiVersion.indexOf('/');
  return kind.toLowerCase() + (slash < 0 ? '' : `.${apiVersion.slice(0, slash)}`);
}
