// Two equal clusters: on the first our kubectl runs, on the second, over HTTP, the real one. Both start from the same seed
// and replay the same lines, and time passes alike on both, so names, uids, versions and timestamps agree by themselves.

import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { stringify } from 'yaml';
import { serveApi, type ApiAddress } from '../../src/cli/http/server.ts';
import { hostCall, nodeEngine } from '../../src/cli/host.ts';
import { Runner } from '../../src/sandbox/runner.ts';

export interface Outcome {
  stdout: string;
  stderr: string;
  exitCode: number;
}

/** What our kubectl takes of virtual time: to start, and for a request. The real one is made to take as long. */
const START_MS = 60;
const ROUND_TRIP_MS = 4;
/** While the real kubectl waits at an open stream, virtual time goes on by so much each time that it is looked at. */
const IDLE_MS = 100;
const POLL_MS = 5;
/** The set-up lies so far back that ages, which the real kubectl reckons by the wall clock, read `30m` throughout. */
const AGE_MS = 30 * 60_000 + 20_000;
/** A line of the real kubectl may take so long, ms. */
const LIMIT_MS = 20_000;

/** Discovery, which our kubectl keeps from line to line and the real one reads from its cache or anew. */
const DISCOVERY = /^\/(api|apis|openapi|version)(\/[^/]+){0,2}$/;

/** Its requests take as long as our kubectl's. */
class Paced extends Runner {
  override call<T>(method: string, argument: unknown = null): T {
    if (method === 'request' && !DISCOVERY.test((argument as { path: string }).path))
      super.call('advance', this.now() + ROUND_TRIP_MS);
    return super.call(method, argument);
  }
}

export class Twins {
  private readonly kubectl: string;
  private readonly directory = mkdtempSync(join(tmpdir(), 'kubebook-twins-'));
  private readonly home = join(this.directory, 'home');
  private readonly work = join(this.directory, 'work');
  private ours!: Runner;
  private real!: Runner;
  private address!: ApiAddress;

  /** `kubectl`: the real program. */
  constructor(kubectl: string) {
    this.kubectl = kubectl;
    for (const dir of [join(this.home, '.kube'), this.work]) mkdirSync(dir, { recursive: true });
  }

  /** Boots both, puts `files` into the working directories and runs the script `setup` with our kubectl. */
  async start(files: Record<string, string>, setup: string) {
    const now = Math.floor(Date.now() / 1000) * 1000;
    this.ours = new Runner(await nodeEngine(), hostCall);
    this.real = new Paced(await nodeEngine(), hostCall);
    for (const runner of [this.ours, this.real]) {
      runner.boot({ birth: `${new Date(now - AGE_MS).toISOString().slice(0, 19)}Z` });
      for (const [name, text] of Object.entries(files)) runner.writeFile(name, text);
      await runAll(runner, `kubectl api-resources >/dev/null\n${setup}`);
    }
    for (const [name, text] of Object.entries(files)) {
      mkdirSync(dirname(join(this.work, name)), { recursive: true });
      writeFileSync(join(this.work, name), text);
    }
    this.address = await serveApi(this.real, { port: 0, speed: 0, plain: true });
    writeFileSync(join(this.home, '.kube/config'), stringify(kubeconfig(this.address.url)));
    this.advance(Math.max(0, now - this.ours.now()));
  }

  /** Time passes, and both clocks show the same then: the wall clock's time, unless they are ahead of it. */
  advance(ms = 0) {
    const time = Math.ceil((Math.max(this.ours.now() + ms, this.real.now() + ms, Date.now()) + 1) / 100) * 100;
    this.ours.call('advance', time);
    this.address.live.jump(time - this.real.now());
  }

  async runOurs(line: string): Promise<Outcome> {
    const out = { stdout: '', stderr: '' };
    const { exitCode } = await this.ours.run(line, { onOutput: (stream, text) => (out[stream] += text) });
    return this.plain({ ...out, exitCode }, '/home/user', '/home/user', 'https://10.0.0.10:6443');
  }

  runReal(line: string): Promise<Outcome> {
    const { live } = this.address;
    live.jump(START_MS);
    // Folders that are there: kubectl complains of others when it looks for plug-ins.
    const PATH = [
      dirname(this.kubectl),
      ...(process.env.PATH ?? '').split(delimiter).filter((dir) => existsSync(dir)),
    ].join(delimiter);
    const env = { PATH, HOME: this.home, TZ: 'UTC', TERM: 'dumb' };
    const timer = setInterval(() => live.open > 0 && live.jump(IDLE_MS), POLL_MS);
    return new Promise((resolve, reject) => {
      const child = spawn('bash', ['-c', line], { cwd: this.work, env, stdio: ['ignore', 'pipe', 'pipe'] });
      const out = { stdout: '', stderr: '' };
      child.stdout.setEncoding('utf8').on('data', (text: string) => (out.stdout += text));
      child.stderr.setEncoding('utf8').on('data', (text: string) => (out.stderr += text));
      const limit = setTimeout(() => child.kill('SIGKILL'), LIMIT_MS);
      child.on('error', reject);
      child.on('close', (code) => {
        clearInterval(timer);
        clearTimeout(limit);
        resolve(this.plain({ ...out, exitCode: code ?? 137 }, this.work, this.home, this.address.url));
      });
    });
  }

  /** Without what differs by clock, chance, folder or address, or by what components wrote in between. */
  private plain({ stdout, stderr, exitCode }: Outcome, work: string, home: string, url: string): Outcome {
    const text = (t: string) =>
      t
        .replaceAll(work, '/work')
        .replaceAll(`${home}/.kube`, '/home/.kube')
        .replaceAll('/work/.kube', '/home/.kube')
        .replaceAll(url, 'https://SERVER')
        .replaceAll(url.replace(/^.*\/\//, ''), 'SERVER')
        .replaceAll('10.0.0.10:6443', 'SERVER')
        .replace(/(resourceVersion"?: )"\d+"/g, '$1"N"')
        .replace(/kubectl-edit-\d+/g, 'kubectl-edit-N')
        .replace(/milliseconds=\d+/g, 'milliseconds=N')
        .replace(/^([IWEF])\d{4} \d\d:\d\d:\d\d\.\d+ +\d+ /gm, '$1 ');
    return { stdout: text(stdout), stderr: text(stderr), exitCode };
  }

  async stop() {
    await this.address?.close();
    rmSync(this.directory, { recursive: true, force: true });
  }
}

async function runAll(runner: Runner, script: string) {
  let text = '';
  const { exitCode } = await runner.run(`set -e\n${script}\nset +e`, { onOutput: (_, part) => (text += part) });
  if (exitCode) throw new Error(`the set-up failed: ${text}`);
}

function kubeconfig(server: string) {
  return {
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name: 'kubernetes', cluster: { server } }],
    users: [{ name: 'kubernetes-admin', user: {} }],
    contexts: [{ name: 'kubernetes-admin@kubernetes', context: { cluster: 'kubernetes', user: 'kubernetes-admin' } }],
    'current-context': 'kubernetes-admin@kubernetes',
  };
}
