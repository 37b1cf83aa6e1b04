// The services of a machine as systemd has them: what their unit files say, which of them run, and what stands in the
// journal of each. The runtime and the kubelet run without a process of their own here; every other unit is a program.

import { UNIT_PATH } from '../kubeadm/node-programs.ts';
import type { Software } from './software.ts';
import type { Kubelet } from '../kubelet/index.ts';
import { waitFor, type FileSystem, type Host, type Process, type Writer } from '../linux/index.ts';
import type { Co } from '../sim/index.ts';
import { SSHD_ARGV, SSHD_PID, SSH_UNIT, sshdOf, type Sshd } from '../ssh/daemon.ts';
import { KubeletService } from './kubelet-service.ts';

/** The kubelet (and with it the runtime) of the machine that a process runs on. */
export type KubeletOf = (process: Process) => Kubelet;

/** A line of the journal; `pid` and `program`: who has written it, systemd itself where they are absent. */
export interface Entry {
  time: number;
  text: string;
  program?: string;
  pid?: number;
}

export type UnitState = 'active' | 'inactive' | 'failed' | 'activating';

export interface Unit {
  readonly state: UnitState;
  /** When it came into that state, ms. */
  readonly since: number;
  /** Why it failed last: `exit-code` with the status, or `signal`. */
  readonly result?: string;
  readonly pid: number;
  /** The command line of its process. */
  readonly command: string;
  /** `log`: for systemd's own lines. */
  start(): void;
  stop(): void;
  entries(): Entry[];
}

/** What a unit file says, with its drop-ins. */
export interface UnitFile {
  path: string;
  dropIns: string[];
  description: string;
  docs: string;
  /** The command, with variables expanded. */
  command: string[];
  restart: string;
  restartMs: number;
  text: string;
}

const ADMIN_PATH = '/etc/systemd/system/';
/** systemd: DefaultStartLimitIntervalSec and DefaultStartLimitBurst. */
const LIMIT_MS = 10_000;
const LIMIT = 5;
/** systemd: DefaultRestartSec. */
const RESTART_MS = 100;

/** The systemd of one machine. */
export class Systemd {
  readonly host: Host;
  readonly software: Software;
  private readonly kubelet: Kubelet;
  private readonly units = new Map<string, Unit>();
  /** Unit files as they were read last. */
  private readonly loaded = new Map<string, string>();
  readonly lines = new Map<string, Entry[]>();

  constructor(host: Host, kubelet: Kubelet, software: Software) {
    this.host = host;
    this.kubelet = kubelet;
    this.software = software;
  }

  /** Names of all that have a unit file. */
  names(): string[] {
    const { fs } = this.host;
    const found = new Set<string>();
    for (const dir of [ADMIN_PATH, UNIT_PATH]) {
      if (!fs.isDirectory(dir)) continue;
      for (const name of fs.readdir(dir)) if (name.endsWith('.service')) found.add(name);
    }
    return [...found].sort();
  }

  unit(name: string): Unit | undefined {
    const file = this.file(name);
    if (!file) return undefined;
    if (!this.loaded.has(name)) this.loaded.set(name, file.text);
    let unit = this.units.get(name);
    if (!unit) this.units.set(name, (unit = this.create(name)));
    return unit;
  }

  private create(name: string): Unit {
    if (name === 'kubelet.service') return new KubeletService(this.kubelet, this.software, this);
    const { runtime } = this.kubelet;
    if (name === `${runtime.unit}.service`) return new RuntimeService(this.kubelet, this.software, runtime.program);
    // Docker has its containers run by containerd.
    if (name === 'containerd.service' && runtime.name === 'docker')
      return new RuntimeService(this.kubelet, this.software, '/usr/bin/containerd');
    const sshd = name === SSH_UNIT ? sshdOf(this.host) : undefined;
    return sshd ? new SshService(sshd) : new ProcessService(name, this);
  }

  /** Files have changed since they were read. */
  isStale(name: string): boolean {
    return this.loaded.get(name) !== this.file(name)?.text || (name === 'kubelet.service' && this.software.unitChanged);
  }

  reload() {
    this.software.unitChanged = false;
    for (const name of this.loaded.keys()) this.loaded.set(name, this.file(name)?.text ?? '');
  }

  note(name: string, text: string) {
    let list = this.lines.get(name);
    if (!list) this.lines.set(name, (list = []));
    list.push({ time: this.host.sim.now, text });
  }

  start(name: string) {
    const unit = this.unit(name);
    if (!unit || unit.state === 'active' || unit.state === 'activating') return;
    unit.start();
    if (runs(unit)) this.note(name, `Started ${name} - ${this.file(name)?.description}.`);
  }

  stop(name: string) {
    const unit = this.unit(name);
    if (!unit || (unit.state !== 'active' && unit.state !== 'activating')) return;
    const about = `${name} - ${this.file(name)?.description}`;
    this.note(name, `Stopping ${about}...`);
    unit.stop();
    if (!(unit instanceof ProcessService)) this.stopped(name);
  }

  stopped(name: string) {
    this.note(name, `${name}: Deactivated successfully.`);
    this.note(name, `Stopped ${name} - ${this.file(name)?.description}.`);
  }

  /** The machine has lost its power. */
  kill(names: readonly string[]) {
    for (const name of names) {
      const unit = this.units.get(name);
      if (unit instanceof ProcessService) unit.kill();
    }
  }

  file(name: string): UnitFile | undefined {
    return unitFile(this.host.fs, name);
  }
}

/** What a machine's files say of a unit. */
export function unitFile(fs: FileSystem, name: string): UnitFile | undefined {
  const path = [ADMIN_PATH, UNIT_PATH].map((dir) => dir + name).find((one) => fs.exists(one));
  if (path === undefined) return undefined;
  const dropIns = [UNIT_PATH, ADMIN_PATH]
    .map((dir) => `${dir}${name}.d`)
    .filter((dir) => fs.isDirectory(dir))
    .flatMap((dir) =>
      fs
        .readdir(dir)
        .filter((one) => one.endsWith('.conf'))
        .sort()
        .map((one) => `${dir}/${one}`),
    );
  const text = [path, ...dropIns].map((one) => fs.readFile(one)).join('\n');
  return { path, dropIns, text, ...read(text, (file) => (fs.exists(file) ? fs.readFile(file) : undefined)) };
}

/** Keys of a unit file; an empty value takes back what stood before. `fileText`: of EnvironmentFile. */
function read(
  text: string,
  fileText: (path: string) => string | undefined,
): Pick<UnitFile, 'description' | 'docs' | 'command' | 'restart' | 'restartMs'> {
  const values: Record<string, string> = {};
  const env: Record<string, string> = {};
  const assign = (line: string) => {
    const equals = line.indexOf('=');
    if (equals > 0) env[line.slice(0, equals)] = line.slice(equals + 1).replace(/^"(.*)"$/s, '$1');
  };
  for (const line of text.replace(/\\\n\s*/g, ' ').split('\n')) {
    const match = /^([A-Za-z]+)=(.*)$/.exec(line);
    if (!match) continue;
    const [, key, value] = match;
    values[key] = value;
    if (key === 'Environment') assign(value.replace(/^"(.*)"$/, '$1'));
    if (key === 'EnvironmentFile') for (const one of fileText(value.replace(/^-/, ''))?.split('\n') ?? []) assign(one);
  }
  const command = (values.ExecStart ?? '')
    .replace(/^[-@+!]*/, '')
    .split(/\s+/)
    .flatMap((word) => {
      // A variable that is a word by itself may become several, or none.
      const whole = /^\$([A-Za-z_]\w*)$/.exec(word);
      if (whole) return (env[whole[1]] ?? '').split(/\s+/);
      return [word.replace(/\$\{([A-Za-z_]\w*)\}/g, (_, name: string) => env[name] ?? '')];
    })
    .filter(Boolean);
  const seconds = /^(\d+(?:\.\d+)?)(ms|s|min)?$/.exec(values.RestartSec ?? '');
  const unit = { ms: 1, s: 1000, min: 60_000 }[seconds?.[2] ?? 's'] ?? 1000;
  return {
    description: values.Description ?? '',
    docs: values.Documentation ?? '',
    command,
    restart: values.Restart ?? 'no',
    restartMs: seconds ? Number(seconds[1]) * unit : RESTART_MS,
  };
}

export const RUNTIME_PID = 640;

class RuntimeService implements Unit {
  readonly pid = RUNTIME_PID;
  readonly command: string;
  private readonly kubelet: Kubelet;
  private readonly software: Software;

  constructor(kubelet: Kubelet, software: Software, command: string) {
    this.kubelet = kubelet;
    this.software = software;
    this.command = command;
  }

  get state(): UnitState {
    return this.kubelet.runtimeRuns ? 'active' : 'inactive';
  }
  get since(): number {
    return this.kubelet.runtimeSince;
  }
  start() {
    const { node, runtime } = this.kubelet;
    if (runtime.name === 'containerd') node.containerRuntimeVersion ??= this.software.runtimeVersion;
    this.kubelet.startRuntime();
  }
  stop() {
    this.kubelet.stopRuntime();
  }
  entries(): Entry[] {
    return [];
  }
}

/** sshd, which has no process of its own until somebody connects. */
class SshService implements Unit {
  readonly pid = SSHD_PID;
  readonly command = SSHD_ARGV.join(' ');
  readonly result = 'exit-code';
  private readonly sshd: Sshd;
  private failed = false;

  constructor(sshd: Sshd) {
    this.sshd = sshd;
  }

  get state(): UnitState {
    return this.sshd.running ? 'active' : this.failed ? 'failed' : 'inactive';
  }
  get since(): number {
    return this.sshd.since;
  }
  start() {
    this.sshd.start();
    this.failed = !this.sshd.running;
  }
  stop() {
    this.sshd.stop();
  }
  entries(): Entry[] {
    return this.sshd.log;
  }
}

/** A unit whose program runs as a process of the machine. */
class ProcessService implements Unit {
  state: UnitState = 'inactive';
  since = 0;
  result: string | undefined = undefined;
  private readonly name: string;
  private readonly systemd: Systemd;
  private process: Process | undefined;
  /** Times of the last starts. */
  private starts: number[] = [];
  private stopping = false;
  private readonly log: Entry[] = [];

  constructor(name: string, systemd: Systemd) {
    this.name = name;
    this.systemd = systemd;
  }

  get pid(): number {
    return this.process?.pid ?? 0;
  }
  get command(): string {
    return this.process?.argv.join(' ') ?? '';
  }
  entries(): Entry[] {
    return this.log;
  }

  start() {
    const { host } = this.systemd;
    const file = this.systemd.file(this.name);
    const [path = '', ...args] = file?.command ?? [];
    const program = host.program(path);
    this.stopping = false;
    this.starts = [...this.starts.filter((time) => time > host.sim.now - LIMIT_MS), host.sim.now];
    if (!program) {
      this.systemd.note(this.name, `${this.name}: Unable to locate executable '${path}': No such file or directory`);
      this.ended(203, undefined);
      return;
    }
    const name = path.replace(/.*\//, '');
    const writer: Writer = {
      write: (text) => {
        for (const line of text.split('\n'))
          if (line) this.log.push({ time: host.sim.now, text: line, program: name, pid: this.pid });
        return true;
      },
      *drain() {},
      close() {},
    };
    this.process = host.spawn({ program, argv: [path, ...args], stdout: writer, stderr: writer });
    this.enter('active');
    host.sim.spawn(this.name, this.watch(this.process));
  }

  private *watch(process: Process): Co {
    const status = yield* waitFor(process);
    if (this.process === process) this.ended(status, process.endedBy);
  }

  stop() {
    const { process } = this;
    this.stopping = true;
    if (process) process.signal('TERM');
    else this.enter('inactive');
  }

  kill() {
    this.stopping = true;
    this.process?.signal('KILL');
    this.process = undefined;
    this.enter('inactive');
  }

  private enter(state: UnitState) {
    this.state = state;
    this.since = this.systemd.host.sim.now;
  }

  private ended(status: number, signal: string | undefined) {
    const { host } = this.systemd;
    const { name } = this;
    this.process = undefined;
    if (this.stopping || status === 0) {
      this.systemd.stopped(name);
      this.result = undefined;
      this.enter('inactive');
      if (this.stopping || this.systemd.file(name)?.restart !== 'always') return;
    } else {
      this.result = signal ? 'signal' : 'exit-code';
      const why = signal ? `code=killed, status=${signal}` : `code=exited, status=${status}`;
      this.systemd.note(name, `${name}: Main process exited, ${why}/${status === 1 ? 'FAILURE' : 'n/a'}`);
      this.systemd.note(name, `${name}: Failed with result '${this.result}'.`);
    }
    const { restart = 'no', restartMs = RESTART_MS, description = '' } = this.systemd.file(name) ?? {};
    if (restart === 'no') return this.enter(status === 0 ? 'inactive' : 'failed');
    this.enter('activating');
    host.sim.after(restartMs, () => {
      if (this.state !== 'activating') return;
      this.systemd.note(name, `${name}: Scheduled restart job.`);
      if (this.starts.filter((time) => time > host.sim.now - LIMIT_MS).length >= LIMIT) {
        this.systemd.note(name, `${name}: Start request repeated too quickly.`);
        this.enter('failed');
        return;
      }
      this.start();
      this.systemd.note(name, `Started ${name} - ${description}.`);
    });
  }
}

const runs = ({ state }: Unit): boolean => state === 'active';

const machines = new WeakMap<Host, Systemd>();

export function systemdOf(kubelet: Kubelet, software: Software): Systemd {
  const { machine } = kubelet;
  let systemd = machines.get(machine);
  if (!systemd) machines.set(machine, (systemd = new Systemd(machine, kubelet, software)));
  return systemd;
}

/** Starts services of a machine, and does so again whenever it gets its power back. */
export function runServices(kubelet: Kubelet, software: Software, names: readonly string[]) {
  const systemd = systemdOf(kubelet, software);
  const start = () => {
    for (const name of names) systemd.start(name);
  };
  for (const name of names) software.enabled.add(name);
  start();
  kubelet.powered = (on) => {
    if (on) start();
    else systemd.kill(names);
  };
}
