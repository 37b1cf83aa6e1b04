// A cluster that is served over HTTPS for real clients, which run as programs of their own with a home of their own.

import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { kubeconfig } from '../../src/cli/api.ts';
import { hostCall, nodeEngine } from '../../src/cli/host.ts';
import { serveApi, type ApiAddress } from '../../src/cli/http/server.ts';
import { Runner } from '../../src/sandbox/runner.ts';
import { program } from './programs.ts';

export interface Outcome {
  stdout: string;
  stderr: string;
  exitCode: number | null;
}

export class Served {
  readonly address: ApiAddress;
  readonly runner: Runner;
  readonly home = mkdtempSync(join(tmpdir(), 'kubebook-clients-'));
  readonly kubeconfig = join(this.home, 'config');
  private readonly children = new Set<ChildProcess>();

  constructor(runner: Runner, address: ApiAddress) {
    this.runner = runner;
    this.address = address;
    writeFileSync(this.kubeconfig, stringify(kubeconfig(address.url, address.token, address.ca)));
  }

  /** A file in the clients' working directory. */
  file(name: string, text: string): string {
    const path = join(this.home, name);
    writeFileSync(path, text);
    return path;
  }

  /** Starts a client and leaves it running. */
  async start(
    name: 'kubectl' | 'helm',
    args: readonly string[],
    env: Record<string, string> = {},
  ): Promise<ChildProcess> {
    const path = await program(name);
    const child = spawn(path, args, {
      cwd: this.home,
      env: { HOME: this.home, KUBECONFIG: this.kubeconfig, TZ: 'UTC', PATH: process.env.PATH, ...env },
    });
    this.children.add(child);
    child.on('close', () => this.children.delete(child));
    return child;
  }

  async run(
    name: 'kubectl' | 'helm',
    args: readonly string[],
    options: { input?: string; env?: Record<string, string> } = {},
  ): Promise<Outcome> {
    const child = await this.start(name, args, options.env);
    let stdout = '';
    let stderr = '';
    child.stdout?.setEncoding('utf8').on('data', (text: string) => (stdout += text));
    child.stderr?.setEncoding('utf8').on('data', (text: string) => (stderr += text));
    child.stdin?.end(options.input ?? '');
    const exitCode = await new Promise<number | null>((resolve) => child.on('close', resolve));
    return { stdout, stderr, exitCode };
  }

  /** A command line without quotes; its output, or what it complained of. */
  async kubectl(line: string, input?: string): Promise<string> {
    const { stdout, stderr, exitCode } = await this.run('kubectl', line.split(' '), { input });
    if (exitCode !== 0) throw new Error(stderr || stdout);
    return stdout;
  }

  async helm(line: string): Promise<string> {
    const { stdout, stderr, exitCode } = await this.run('helm', line.split(' '));
    if (exitCode !== 0) throw new Error(stderr || stdout);
    return stdout;
  }

  async close() {
    for (const child of this.children) child.kill('SIGKILL');
    await this.address.close();
    rmSync(this.home, { recursive: true, force: true });
  }
}

/** `speed`: virtual seconds a second; clients that wait are not kept waiting. */
export async function serve(options: { speed?: number; plain?: boolean; birth?: string } = {}): Promise<Served> {
  const runner = new Runner(await nodeEngine(), hostCall);
  runner.boot({ birth: options.birth ?? `${new Date().toISOString().slice(0, 19)}Z` });
  return new Served(runner, await serveApi(runner, { port: 0, speed: options.speed ?? 10, plain: options.plain }));
}

/** Waits for something that clients bring about; fails after ten seconds. */
export async function eventually(what: string, holds: () => boolean | Promise<boolean>) {
  for (let i = 0; i < 400; i++) {
    if (await holds()) return;
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
  throw new Error(`never happened: ${what}`);
}
