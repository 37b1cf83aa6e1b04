// What every command of kubeadm works with: the machine, the cluster behind it, and its way of speaking.

import { ApiError, type Client } from '../../client/index.ts';
import type { ControlPlane } from '../../kubeadm/control-plane.ts';
import type { Software } from '../software.ts';
import type { Kubelet } from '../../kubelet/index.ts';
import { clock } from '../../images/service.ts';
import { Exit, FileNode, type FileSystem, type Process } from '../../linux/index.ts';
import type { Co } from '../../sim/index.ts';
import { systemdOf, type Systemd } from '../units.ts';

export interface KubeadmTargets {
  /** With the rights of admin.conf. */
  client: Client;
  controlPlane: ControlPlane;
  softwareOf: (process: Process) => Software;
  kubeletOf: (process: Process) => Kubelet;
}

export const KUBERNETES = '/etc/kubernetes';
export const MANIFESTS = `${KUBERNETES}/manifests`;
export const PKI = `${KUBERNETES}/pki`;
export const ADMIN_CONF = `${KUBERNETES}/admin.conf`;
const USER_CONF = '/root/.kube/config';
const POLL_MS = 500;
/** kubeadm: KubeletHealthCheck and ControlPlaneComponentHealthCheck. */
export const HEALTH_MS = 240_000;
const HEALTHZ_PORT = 10248;

export class Session {
  readonly process: Process;
  readonly targets: KubeadmTargets;
  readonly kubelet: Kubelet;
  readonly software: Software;
  readonly systemd: Systemd;
  /** Of kubeadm itself: v1.35.0. */
  readonly version: string;

  constructor(process: Process, targets: KubeadmTargets) {
    this.process = process;
    this.targets = targets;
    this.kubelet = targets.kubeletOf(process);
    this.software = targets.softwareOf(process);
    this.systemd = systemdOf(this.kubelet, this.software);
    this.version = this.software.release('kubeadm');
  }

  get fs(): FileSystem {
    return this.process.host.fs;
  }

  get now(): number {
    return this.process.host.sim.now;
  }

  say(...lines: string[]) {
    for (const line of lines) this.process.stdout.write(`${line}\n`);
  }

  complain(text: string) {
    this.process.stderr.write(text);
  }

  /** A line of klog. */
  log(level: 'W' | 'I', where: string, text: string) {
    this.complain(
      `${level}${clock(this.process).klog.slice(1)} ${String(this.process.pid).padStart(7)} ${where}] ${text}\n`,
    );
  }

  fail(text: string): never {
    this.complain(`error: ${text}\nTo see the stack trace of this error execute with --v=5 or higher\n`);
    throw new Exit(1);
  }

  /** Ends the program when more words follow a command than it takes. */
  refuseWords(command: string, words: readonly string[]) {
    if (words[0] === 'phase') this.fail(`kubeadm ${command} ${words.join(' ')} is not modelled by this engine`);
    if (words.length) this.fail(`unknown command ${JSON.stringify(words[0])} for "kubeadm ${command}"`);
  }

  /** With the rights of the administrator, which a file gives. */
  get admin(): Client {
    if (!this.fs.exists(ADMIN_CONF) && !this.fs.exists(USER_CONF))
      this.fail(`failed to load admin kubeconfig: open ${USER_CONF}: no such file or directory`);
    return this.targets.client;
  }

  write(path: string, text: string, mode = 0o644) {
    this.fs.mkdir(path.slice(0, path.lastIndexOf('/')), { recursive: true });
    this.fs.put(path, new FileNode(text, { mode, mtime: this.now }));
  }

  /** Asks until there is an answer; undefined: not in time. */
  *poll<T>(ms: number, ask: () => T | undefined): Co<T | undefined> {
    const until = this.now + ms;
    for (;;) {
      let answer: T | undefined;
      try {
        answer = ask();
      } catch (error) {
        if (!(error instanceof ApiError)) throw error;
      }
      if (answer !== undefined) return answer;
      if (this.now >= until) return undefined;
      yield POLL_MS;
    }
  }

  /** Whether somebody listens on a port of the machine. */
  listens(port: number): boolean {
    const { net } = this.process.host;
    return ['127.0.0.1', ...net.addresses].some((address) => net.reach('tcp', address, port) === undefined);
  }

  /** A duration as Go prints it, with the digits below milliseconds that no two runs share. */
  since(start: number): string {
    const { sim } = this.process.host;
    const ns = Math.round(sim.now - start) * 1_000_000 + sim.random('kubeadm').int(999_999) + 1;
    if (ns < 1e9) return `${trim(ns / 1e6, 6)}ms`;
    if (ns < 60e9) return `${trim(ns / 1e9, 9)}s`;
    return `${Math.floor(ns / 60e9)}m${trim((ns % 60e9) / 1e9, 9)}s`;
  }

  /** Waits for the kubelet's own word that it works. */
  *kubeletHealthy(): Co {
    const url = `http://127.0.0.1:${HEALTHZ_PORT}/healthz`;
    this.say(`[kubelet-check] Waiting for a healthy kubelet at ${url}. This can take up to 4m0s`);
    const start = this.now;
    yield POLL_MS;
    const healthy = yield* this.poll(HEALTH_MS, () => this.listens(HEALTHZ_PORT) || undefined);
    if (healthy) return void this.say(`[kubelet-check] The kubelet is healthy after ${this.since(start)}`);
    const why = `failed while waiting for the kubelet to start: The HTTP call equal to 'curl -sSL ${url}' returned error: Get "${url}": dial tcp 127.0.0.1:${HEALTHZ_PORT}: connect: connection refused`;
    this.say(
      `[kubelet-check] The kubelet is not healthy after 4m0s`,
      '',
      'Unfortunately, an error has occurred, likely caused by:',
      '\t- The kubelet is not running',
      '\t- The kubelet is unhealthy due to a misconfiguration of the node in some way (required cgroups disabled)',
      '',
      'If you are on a systemd-powered system, you can try to troubleshoot the error with the following commands:',
      "\t- 'systemctl status kubelet'",
      "\t- 'journalctl -xeu kubelet'",
      '',
    );
    this.fail(`error execution phase kubelet-start: ${why}`);
  }
}

const trim = (value: number, digits: number): string => value.toFixed(digits).replace(/0+$/, '').replace(/\.$/, '');
