// kubelet.service: what stands between `systemctl start kubelet` and a kubelet that works. Without its files it ends and is
// started again; with a token alone it first has a certificate signed for itself.

import { base64Text, utf8Base64 } from '../api/base64.ts';
import type { CertificateSigningRequest } from '../api/types.ts';
import { ApiError } from '../client/index.ts';
import { prepareNode } from '../cni/node.ts';
import { CURRENT, KUBELET_CONF, kubeletCertificates, kubeletConf } from '../kubeadm/kubelet-certificates.ts';
import { numbersOf } from '../kubeadm/releases.ts';
import { kubeletFlagProblem } from './kubelet-flags.ts';
import type { Software } from './software.ts';
import { CONFIG_FILE, unreachable, type Kubelet } from '../kubelet/index.ts';
import { FileNode, serveHttp } from '../linux/index.ts';
import { part } from '../parts/index.ts';
import type { Co, Task } from '../sim/index.ts';
import { programRelease } from './program-release.ts';
import type { Entry, Systemd, Unit, UnitState } from './units.ts';

export const BOOTSTRAP_CONF = '/etc/kubernetes/bootstrap-kubelet.conf';
const LOG = '/var/log/kubelet.log';
const NAME = 'kubelet.service';
/** RestartSec of the unit. */
const RESTART_MS = 10_000;
/** Between looking whether the request has been signed. */
const POLL_MS = 1000;
const HEALTHZ_PORT = 10248;

export const KUBELET_PID = 812;

export class KubeletService implements Unit {
  readonly pid = KUBELET_PID;
  private readonly kubelet: Kubelet;
  private readonly software: Software;
  private readonly systemd: Systemd;
  /** The process as long as the kubelet is not up. */
  private task: Task<void> | undefined;
  private waiting = false;
  private changedAt = 0;

  constructor(kubelet: Kubelet, software: Software, systemd: Systemd) {
    this.kubelet = kubelet;
    this.software = software;
    this.systemd = systemd;
  }

  get state(): UnitState {
    if (this.kubelet.running) return 'active';
    if (!this.task) return 'inactive';
    return this.waiting ? 'activating' : 'active';
  }

  get result(): string | undefined {
    return this.waiting ? 'exit-code' : undefined;
  }

  get since(): number {
    const { running, startedAt, stoppedAt } = this.kubelet;
    if (running) return startedAt;
    return this.task ? this.changedAt : Math.max(stoppedAt, this.changedAt);
  }

  get command(): string {
    return this.systemd.file(NAME)?.command.join(' ') ?? '';
  }

  start() {
    if (this.task || this.kubelet.running) return;
    this.task = this.kubelet.sim.spawn(NAME, this.run());
    // What needs no waiting has been done when systemctl looks.
  }

  stop() {
    this.task?.kill();
    this.task = undefined;
    this.changedAt = this.kubelet.sim.now;
    this.kubelet.stop();
  }

  private enter(waiting: boolean) {
    this.waiting = waiting;
    this.changedAt = this.kubelet.sim.now;
  }

  private *run(): Co {
    const { kubelet, systemd } = this;
    for (;;) {
      this.enter(false);
      const problem = yield* this.attempt();
      if (problem === undefined) break;
      kubelet.log('E', 'run.go:72', `"command failed" err=${JSON.stringify(problem)}`);
      systemd.note(NAME, `${NAME}: Main process exited, code=exited, status=1/FAILURE`);
      systemd.note(NAME, `${NAME}: Failed with result 'exit-code'.`);
      this.enter(true);
      yield RESTART_MS;
      systemd.note(NAME, `${NAME}: Scheduled restart job.`);
      systemd.note(NAME, `Started ${NAME} - ${systemd.file(NAME)?.description}.`);
    }
    this.task = undefined;
    kubelet.start();
  }

  /** Why the process ends; undefined: the kubelet may start. */
  private *attempt(): Co<string | undefined> {
    const { kubelet, software } = this;
    const { fs } = kubelet.machine;
    if (!fs.exists(CONFIG_FILE)) {
      yield 100;
      return `failed to load kubelet config file, path: ${CONFIG_FILE}, error: failed to load Kubelet config file ${CONFIG_FILE}, error failed to read kubelet config file "${CONFIG_FILE}", error: open ${CONFIG_FILE}: no such file or directory`;
    }
    const problem = kubeletFlagProblem(
      this.systemd.file(NAME)?.command ?? [],
      kubelet,
      numbersOf(kubelet.node.kubeletVersion ?? '').minor,
    );
    if (problem !== undefined) {
      yield 100;
      return problem;
    }
    const settings = kubelet.settings();
    if (typeof settings === 'string') {
      yield 100;
      return settings;
    }
    // The package's program is what starts.
    const program = kubelet.machine.program(this.systemd.file(NAME)?.command[0] ?? '');
    kubelet.node.kubeletVersion = (program && programRelease.get(program)) ?? software.release('kubelet');
    if (kubelet.runtime.name === 'containerd') kubelet.node.containerRuntimeVersion = software.runtimeVersion;
    if (!fs.exists(KUBELET_CONF)) {
      if (!fs.exists(BOOTSTRAP_CONF)) {
        yield 100;
        return `failed to run Kubelet: unable to load bootstrap kubeconfig: stat ${BOOTSTRAP_CONF}: no such file or directory`;
      }
      yield* this.bootstrap(fs.readFile(BOOTSTRAP_CONF));
    }
    if (!kubelet.runtimeRuns) {
      yield 100;
      return `failed to run Kubelet: validate service connection: validate CRI v1 runtime API for endpoint "unix://${kubelet.runtime.socket}": ${unreachable(kubelet.runtime)}`;
    }
    this.serving();
    return undefined;
  }

  /** Its own serving certificate, if it has none yet, and the chains that it keeps on its machine. */
  private serving() {
    const { machine, node, sim } = this.kubelet;
    const files = kubeletCertificates(machine.hostname, node.ip, sim.now, sim.now);
    for (const path in files) {
      const file = files[path];
      if (!path.includes('/kubelet.') || machine.fs.exists(path)) continue;
      machine.fs.put(path, typeof file === 'function' ? new FileNode(file, { mtime: sim.now }) : (file as FileNode));
    }
    if (!machine.net.netfilter?.tables.filter) prepareNode(machine.net);
  }

  /** Asks for a client certificate with the token, and waits until it has one. */
  private *bootstrap(conf: string): Co {
    const { kubelet } = this;
    const { machine, sim, node } = kubelet;
    const { keyFrom, pem, privateKeyDer, signRequest } = part('pki');
    const health = serveHttp(
      sim,
      machine.net,
      HEALTHZ_PORT,
      // eslint-disable-next-line require-yield
      function* () {
        return { status: 200, body: 'ok' };
      },
      { address: '127.0.0.1', service: 'kubelet' },
    );
    try {
      const token = /^ *token: (\S+)/m.exec(conf)?.[1] ?? '';
      const server = /^ *server: (\S+)/m.exec(conf)?.[1] ?? '';
      const ca = base64Text(/^ *certificate-authority-data: (\S+)/m.exec(conf)?.[1] ?? '');
      const key = keyFrom(`kubebook/${machine.hostname}/kubelet-client/${sim.random('kubelet-key').hex(16)}`);
      const subject = { commonName: `system:node:${node.name}`, organizations: ['system:nodes'] };
      const requests = kubelet.client
        .withToken(token)
        .of<CertificateSigningRequest>('certificates.k8s.io/v1', 'certificatesigningrequests', false);
      let name: string | undefined;
      let certificate: string | undefined;
      while (certificate === undefined) {
        try {
          if (name === undefined) {
            const made = requests.create('', {
              apiVersion: 'certificates.k8s.io/v1',
              kind: 'CertificateSigningRequest',
              metadata: { generateName: 'csr-' },
              spec: {
                request: utf8Base64(pem('CERTIFICATE REQUEST', signRequest(subject, {}, key))),
                signerName: 'kubernetes.io/kube-apiserver-client-kubelet',
                usages: ['digital signature', 'client auth'],
              },
            });
            name = made.metadata.name as string;
          }
          certificate = requests.get('', name).status?.certificate;
        } catch (error) {
          if (!(error instanceof ApiError)) throw error;
          kubelet.log(
            'E',
            'certificate_manager.go:562',
            `"Failed while requesting a signed certificate from the control plane" err=${JSON.stringify(error.message)}`,
          );
        }
        if (certificate === undefined) yield POLL_MS;
      }
      const { fs } = machine;
      fs.mkdir('/var/lib/kubelet/pki', { recursive: true });
      const stamp = new Date(sim.now).toISOString().slice(0, 19).replace('T', '-').replace(/:/g, '-');
      const path = CURRENT.replace('current', stamp);
      const text = base64Text(certificate) + pem('EC PRIVATE KEY', privateKeyDer(key));
      fs.put(path, new FileNode(text, { mode: 0o600, mtime: sim.now }));
      if (fs.find(CURRENT, false)) fs.unlink(CURRENT);
      fs.symlink(path, CURRENT);
      fs.put(KUBELET_CONF, new FileNode(kubeletConf(server, ca, node.name), { mode: 0o600, mtime: sim.now }));
    } finally {
      health?.close();
    }
  }

  /** What the kubelet has logged. */
  entries(): Entry[] {
    const { fs } = this.kubelet.machine;
    if (!fs.exists(LOG)) return [];
    const year = new Date(this.kubelet.sim.now).getUTCFullYear();
    const list: Entry[] = [];
    for (const text of fs.readFile(LOG).split('\n')) {
      const match = /^[IWEF](\d\d)(\d\d) (\d\d:\d\d:\d\d)\.(\d{3})/.exec(text);
      if (!match) continue;
      const [, month, day, clock, ms] = match;
      const time = Date.parse(`${year}-${month}-${day}T${clock}.${ms}Z`);
      list.push({ time, text, program: 'kubelet', pid: this.pid });
    }
    return list;
  }
}
