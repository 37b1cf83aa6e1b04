// systemctl, service and journalctl: the two units that make a machine a node, and what stands in their journal.

import type { Kubelet } from '../kubelet/index.ts';
import { filesOf, type Process, type Program } from '../linux/index.ts';
import type { Co } from '../sim/index.ts';
import { UNIT_PATH } from '../kubeadm/node-programs.ts';
import type { SoftwareOf } from './apt.ts';
import { die, readFlags } from './flags.ts';

/** The kubelet (and with it the runtime) of the machine that a process runs on. */
export type KubeletOf = (process: Process) => Kubelet;

interface Unit {
  description: string;
  docs: string;
  dropIn?: string;
  pid: number;
  command: string;
  runs: (kubelet: Kubelet) => boolean;
  /** When it was started or stopped last, ms. */
  since: (kubelet: Kubelet) => number;
  start: (kubelet: Kubelet) => void;
  stop: (kubelet: Kubelet) => void;
}

const KUBELET_ARGS =
  '/usr/bin/kubelet --bootstrap-kubeconfig=/etc/kubernetes/bootstrap-kubelet.conf --kubeconfig=/etc/kubernetes/kubelet.conf --config=/var/lib/kubelet/config.yaml';

const UNITS: Readonly<Record<string, Unit>> = {
  'containerd.service': {
    description: 'containerd container runtime',
    docs: 'https://containerd.io',
    pid: 640,
    command: '/usr/bin/containerd',
    runs: (kubelet) => kubelet.runtimeRuns,
    since: (kubelet) => kubelet.runtimeSince,
    start: (kubelet) => kubelet.startRuntime(),
    stop: (kubelet) => kubelet.stopRuntime(),
  },
  'kubelet.service': {
    description: 'kubelet: The Kubernetes Node Agent',
    docs: 'https://kubernetes.io/docs/',
    dropIn: '10-kubeadm.conf',
    pid: 812,
    command: KUBELET_ARGS,
    runs: (kubelet) => kubelet.running,
    since: (kubelet) => (kubelet.running ? kubelet.startedAt : kubelet.stoppedAt),
    start: (kubelet) => kubelet.start(),
    stop: (kubelet) => kubelet.stop(),
  },
};

const MS = { second: 1000, minute: 60_000, hour: 3_600_000, day: 86_400_000 };
const DAYS = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat'];
const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

/** `2min 5s ago`: the two largest units. */
function ago(ms: number): string {
  const parts: [string, number][] = [
    [Math.floor(ms / MS.day) === 1 ? ' day' : ' days', Math.floor(ms / MS.day)],
    ['h', Math.floor(ms / MS.hour) % 24],
    ['min', Math.floor(ms / MS.minute) % 60],
    ['s', Math.floor(ms / MS.second) % 60],
  ];
  const from = parts.findIndex(([, count]) => count > 0);
  if (from < 0) return `${Math.max(1, Math.floor(ms))}ms ago`;
  const shown = parts.slice(from, from + 2).filter(([, count]) => count > 0);
  return `${shown.map(([unit, count]) => `${count}${unit}`).join(' ')} ago`;
}

const stamp = (ms: number) => {
  const date = new Date(ms);
  const iso = date.toISOString();
  return `${DAYS[date.getUTCDay()]} ${iso.slice(0, 10)} ${iso.slice(11, 19)} UTC`;
};

const WITH_UNITS = new Set([
  'start',
  'stop',
  'restart',
  'status',
  'is-active',
  'is-enabled',
  'cat',
  'enable',
  'disable',
]);

export const systemctl = (kubeletOf: KubeletOf, softwareOf: SoftwareOf): Program =>
  function* (process): Co<number> {
    const flags = readFlags(
      process.argv.slice(1),
      {
        'no-pager': 'bool',
        quiet: 'bool',
        now: 'bool',
        type: 'string',
        all: 'bool',
        'no-legend': 'bool',
        full: 'bool',
      },
      { q: 'quiet', t: 'type', a: 'all', l: 'full' },
      (text) => die(process, `systemctl: ${text.replace('unknown flag:', 'unrecognized option')}`),
    );
    const [verb = 'list-units', ...words] = flags.args;
    yield 5;
    const software = softwareOf(process);
    if (verb === 'daemon-reload') {
      software.unitChanged = false;
      return 0;
    }
    if (verb === 'list-units') return listUnits(process, kubeletOf(process), flags.string('type'), words);
    if (!WITH_UNITS.has(verb)) die(process, `Unknown command verb '${verb}', or one that this engine does not model.`);
    if (words.length === 0) die(process, 'Too few arguments.');
    let status = 0;
    for (const word of words) {
      const name = unitName(word);
      const unit = UNITS[name];
      if (name === 'kubelet.service' && software.unitChanged && ['start', 'stop', 'restart', 'status'].includes(verb)) {
        process.stderr.write(
          "Warning: The unit file, source configuration file or drop-ins of kubelet.service changed on disk. Run 'systemctl daemon-reload' to reload units.\n",
        );
      }
      // The package's program is what starts.
      if (name === 'kubelet.service' && (verb === 'start' || verb === 'restart')) {
        const { node } = kubeletOf(process);
        node.kubeletVersion = software.release('kubelet');
        node.containerRuntimeVersion = `containerd://${(software.packages.get('containerd.io')?.installed ?? '').replace(/-.*/, '')}`;
      }
      status = Math.max(
        status,
        unit ? act(process, verb, name, unit, kubeletOf(process), flags.bool('quiet')) : missing(process, verb, name),
      );
    }
    yield 2;
    // Of several units one that is active is enough.
    return verb === 'is-active' && words.some((word) => UNITS[unitName(word)]?.runs(kubeletOf(process))) ? 0 : status;
  };

const unitName = (word: string) => (word.includes('.') ? word : `${word}.service`);

function missing(process: Process, verb: string, name: string): number {
  if (verb === 'is-active') {
    process.stdout.write('inactive\n');
    return 4;
  }
  if (verb === 'is-enabled') {
    process.stderr.write(`Failed to get unit file state for ${name}: No such file or directory\n`);
    return 1;
  }
  if (verb === 'status') process.stderr.write(`Unit ${name} could not be found.\n`);
  else if (verb === 'cat') process.stderr.write(`No files found for ${name}.\n`);
  else process.stderr.write(`Failed to ${verb} ${name}: Unit ${name} not found.\n`);
  return verb === 'status' ? 4 : verb === 'cat' ? 1 : 5;
}

function act(process: Process, verb: string, name: string, unit: Unit, kubelet: Kubelet, quiet: boolean): number {
  const running = unit.runs(kubelet);
  switch (verb) {
    case 'is-active':
      if (!quiet) process.stdout.write(running ? 'active\n' : 'inactive\n');
      return running ? 0 : 3;
    case 'is-enabled':
      process.stdout.write('enabled\n');
      return 0;
    case 'status':
      process.stdout.write(statusText(process, name, unit, kubelet));
      return running ? 0 : 3;
    case 'cat':
      process.stdout.write(unitText(process, name));
      return 0;
    case 'enable':
      return 0;
    case 'disable':
      return die(process, `Failed to disable unit: what starts with the machine is not modelled by this engine`);
  }
  // systemd does it: what the unit opens is not systemctl's.
  process.host.sim.after(1, () => {
    if (verb !== 'start' && running) unit.stop(kubelet);
    if (verb !== 'stop') unit.start(kubelet);
  });
  return 0;
}

function unitText(process: Process, name: string): string {
  const { fs } = process.host;
  const paths = [`${UNIT_PATH}${name}`, `${UNIT_PATH}${name}.d/10-kubeadm.conf`].filter((path) => fs.exists(path));
  return paths.map((path) => `# ${path}\n${filesOf(process).readFile(path)}`).join('\n');
}

function statusText(process: Process, name: string, unit: Unit, kubelet: Kubelet): string {
  const { sim } = process.host;
  const running = unit.runs(kubelet);
  const since = unit.since(kubelet);
  const lines = [
    `${running ? '●' : '○'} ${name} - ${unit.description}`,
    `     Loaded: loaded (${UNIT_PATH}${name}; enabled; preset: enabled)`,
  ];
  if (unit.dropIn) lines.push(`    Drop-In: ${UNIT_PATH}${name}.d`, `             └─${unit.dropIn}`);
  lines.push(
    `     Active: ${running ? 'active (running)' : 'inactive (dead)'} since ${stamp(since)}; ${ago(sim.now - since)}`,
    `       Docs: ${unit.docs}`,
  );
  const program = unit.command.split(' ')[0].replace(/.*\//, '');
  if (running) {
    lines.push(
      `   Main PID: ${unit.pid} (${program})`,
      `     CGroup: /system.slice/${name}`,
      `             └─${unit.pid} ${unit.command}`,
    );
  }
  const log = journal(process, name, unit, kubelet).slice(-10);
  return `${lines.join('\n')}\n${log.length ? `\n${log.map(({ text }) => text).join('\n')}\n` : ''}`;
}

function listUnits(process: Process, kubelet: Kubelet, type: string | undefined, patterns: string[]): number {
  if (patterns.length) die(process, 'patterns of units are not modelled by this engine; use grep');
  const names = type && type !== 'service' ? [] : Object.keys(UNITS).filter((name) => UNITS[name].runs(kubelet));
  const width = Math.max(4, ...names.map((name) => name.length));
  const rows = names.map((name) => `  ${name.padEnd(width)} loaded active running ${UNITS[name].description}\n`);
  process.stdout.write(
    `  ${'UNIT'.padEnd(width)} LOAD   ACTIVE SUB     DESCRIPTION\n${rows.join('')}\n${names.length} loaded units listed.\n`,
  );
  return 0;
}

/** `service kubelet status`: systemctl with its words turned round. */
export const service = (kubeletOf: KubeletOf, softwareOf: SoftwareOf): Program => {
  const run = systemctl(kubeletOf, softwareOf);
  return function* (process): Co<number> {
    const [, name, verb] = process.argv;
    if (!name || !verb)
      die(process, 'Usage: service < option > | --status-all | [ service_name [ command | --full-restart ] ]');
    process.argv = ['systemctl', verb, name];
    return yield* run(process);
  };
};

interface Entry {
  time: number;
  text: string;
  error: boolean;
}

/** systemd's own lines on a unit, and what its program has logged. */
function journal(process: Process, name: string, unit: Unit, kubelet: Kubelet): Entry[] {
  const { hostname, fs } = process.host;
  const short = (ms: number) => {
    const date = new Date(ms);
    return `${MONTHS[date.getUTCMonth()]} ${String(date.getUTCDate()).padStart(2, '0')} ${date.toISOString().slice(11, 19)}`;
  };
  const entries: Entry[] = [];
  const since = unit.since(kubelet);
  const word = unit.runs(kubelet) ? 'Started' : 'Stopped';
  entries.push({
    time: since,
    text: `${short(since)} ${hostname} systemd[1]: ${word} ${name} - ${unit.description}.`,
    error: false,
  });
  const log = '/var/log/kubelet.log';
  if (name === 'kubelet.service' && fs.exists(log)) {
    const year = new Date(process.host.sim.now).getUTCFullYear();
    for (const line of fs.readFile(log).split('\n')) {
      const match = /^([IWEF])(\d\d)(\d\d) (\d\d:\d\d:\d\d)\.(\d{3})/.exec(line);
      if (!match) continue;
      const [, level, month, day, clock, ms] = match;
      const time = Date.parse(`${year}-${month}-${day}T${clock}.${ms}Z`);
      entries.push({
        time,
        text: `${short(time)} ${hostname} kubelet[${unit.pid}]: ${line}`,
        error: level === 'E' || level === 'F',
      });
    }
  }
  return entries.sort((a, b) => a.time - b.time);
}

export const journalctl = (kubeletOf: KubeletOf): Program =>
  function* (process): Co<number> {
    const flags = readFlags(
      process.argv.slice(1),
      {
        unit: 'string',
        'no-pager': 'bool',
        lines: 'string',
        output: 'string',
        boot: 'bool',
        priority: 'string',
        since: 'string',
        reverse: 'bool',
      },
      { u: 'unit', n: 'lines', o: 'output', b: 'boot', p: 'priority', S: 'since', r: 'reverse' },
      (text) => die(process, `journalctl: ${text}; not modelled by this engine`),
    );
    yield 5;
    const names = flags.has('unit')
      ? [(flags.string('unit') as string).replace(/^([^.]+)$/, '$1.service')]
      : Object.keys(UNITS);
    const kubelet = kubeletOf(process);
    let entries = names
      .flatMap((name) => (UNITS[name] ? journal(process, name, UNITS[name], kubelet) : []))
      .sort((a, b) => a.time - b.time);
    const priority = flags.string('priority');
    if (priority !== undefined) {
      if (!/^(err|error|3)$/.test(priority)) die(process, 'only the priority err is modelled by this engine');
      // The kubelet writes all to stderr, which systemd takes for information.
      entries = [];
    }
    const from = flags.string('since');
    if (from !== undefined) {
      const match = /^-(\d+)\s*(s|sec|m|min|h|d)$/.exec(from);
      if (!match) die(process, `times such as ${from} are not modelled by this engine; use -5m`);
      const unit = { s: MS.second, sec: MS.second, m: MS.minute, min: MS.minute, h: MS.hour, d: MS.day }[match[2]] ?? 0;
      const begin = process.host.sim.now - Number(match[1]) * unit;
      entries = entries.filter(({ time }) => time >= begin);
    }
    if (flags.has('lines')) entries = entries.slice(-Number(flags.string('lines')));
    if (flags.bool('reverse')) entries.reverse();
    if (entries.length === 0) process.stdout.write('-- No entries --\n');
    const cat = flags.string('output') === 'cat';
    for (const { text } of entries) process.stdout.write(`${cat ? text.replace(/^.*?\]: /, '') : text}\n`);
    return 0;
  };
