// systemctl and service: starting, stopping and looking at a machine's units.

import { filesOf, type Process, type Program } from '../linux/index.ts';
import type { Co } from '../sim/index.ts';
import type { SoftwareOf } from './apt.ts';
import { columns, die, readFlags, type Flags } from './flags.ts';
import { journal, serviceName } from './journalctl.ts';
import { systemdOf, type KubeletOf, type Systemd, type Unit, type UnitState } from './units.ts';

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const DAYS = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat'];
const WANTS = '/etc/systemd/system/multi-user.target.wants';

/** `2min 5s ago`: the two largest units. */
function ago(ms: number): string {
  const parts: [string, number][] = [
    [Math.floor(ms / DAY) === 1 ? ' day' : ' days', Math.floor(ms / DAY)],
    ['h', Math.floor(ms / HOUR) % 24],
    ['min', Math.floor(ms / MINUTE) % 60],
    ['s', Math.floor(ms / SECOND) % 60],
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
  'reload',
  'try-restart',
  'reload-or-restart',
  'is-failed',
  'reset-failed',
  'show',
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
        failed: 'bool',
        state: 'string',
        property: 'string',
        value: 'bool',
        lines: 'string',
        plain: 'bool',
      },
      { q: 'quiet', t: 'type', a: 'all', l: 'full', p: 'property', P: 'property', n: 'lines' },
      (text) => die(process, `systemctl: ${text.replace('unknown flag:', 'unrecognized option')}`),
    );
    const [verb = 'list-units', ...words] = flags.args;
    yield 5;
    const systemd = systemdOf(kubeletOf(process), softwareOf(process));
    if (verb === 'poweroff' || verb === 'reboot') {
      if (words.length) die(process, `Excess arguments.`);
      const kubelet = kubeletOf(process);
      // It is systemd that goes down, and systemctl's shell with it.
      process.host.sim.after(1, () => kubelet.powerOff(verb === 'reboot'));
      return 0;
    }
    if (verb === 'daemon-reload') {
      systemd.reload();
      return 0;
    }
    if (verb === 'list-units') return listUnits(process, systemd, flags, words);
    if (verb === 'list-unit-files') return listUnitFiles(process, systemd, flags, words);
    if (verb === 'is-system-running') {
      const failed = systemd.names().some((name) => systemd.unit(name)?.state === 'failed');
      process.stdout.write(failed ? 'degraded\n' : 'running\n');
      return failed ? 1 : 0;
    }
    if (!WITH_UNITS.has(verb)) die(process, `Unknown command verb '${verb}', or one that this engine does not model.`);
    if (words.length === 0) die(process, 'Too few arguments.');
    let status = 0;
    const names = words.map(serviceName);
    for (const name of names) {
      const unit = systemd.unit(name);
      if (unit && systemd.isStale(name) && ['start', 'stop', 'restart', 'status'].includes(verb)) {
        process.stderr.write(
          `Warning: The unit file, source configuration file or drop-ins of ${name} changed on disk. Run 'systemctl daemon-reload' to reload units.\n`,
        );
      }
      const one = unit ? act(process, verb, name, unit, systemd, flags) : missing(process, verb, name);
      status = Math.max(status, one);
    }
    yield 2;
    // Of several units one that is active is enough.
    return verb === 'is-active' && names.some((name) => systemd.unit(name)?.state === 'active') ? 0 : status;
  };

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
  else if (verb === 'enable' || verb === 'disable')
    process.stderr.write(`Failed to ${verb} unit: Unit ${name} does not exist\n`);
  else process.stderr.write(`Failed to ${verb} ${name}: Unit ${name} not found.\n`);
  return verb === 'status' ? 4 : verb === 'cat' || verb.endsWith('able') ? 1 : 5;
}

function act(process: Process, verb: string, name: string, unit: Unit, systemd: Systemd, flags: Flags): number {
  const quiet = flags.bool('quiet');
  const now = flags.bool('now');
  const { state } = unit;
  const { software } = systemd;
  switch (verb) {
    case 'is-active':
      if (!quiet) process.stdout.write(`${state}\n`);
      return state === 'active' ? 0 : 3;
    case 'is-failed':
      if (!quiet) process.stdout.write(`${state}\n`);
      return state === 'failed' ? 0 : 1;
    case 'reset-failed':
      return 0;
    case 'show':
      process.stdout.write(properties(name, unit, systemd, flags));
      return 0;
    case 'reload':
      return die(process, `Failed to reload ${name}: Job type reload is not applicable for unit ${name}.`);
    case 'try-restart':
    case 'reload-or-restart':
      if (verb === 'try-restart' && state !== 'active') return 0;
      return act(process, 'restart', name, unit, systemd, flags);
    case 'is-enabled':
      process.stdout.write(software.enabled.has(name) ? 'enabled\n' : 'disabled\n');
      return software.enabled.has(name) ? 0 : 1;
    case 'status':
      process.stdout.write(statusText(name, unit, systemd, Number(flags.string('lines') ?? LINES)));
      return state === 'active' ? 0 : 3;
    case 'cat':
      process.stdout.write(unitText(process, name, systemd));
      return 0;
    case 'enable':
      enable(process, name, systemd);
      break;
    case 'disable':
      return die(process, `Failed to disable unit: what starts with the machine is not modelled by this engine`);
  }
  // systemd does it: what the unit opens is not systemctl's.
  process.host.sim.after(1, () => {
    if (verb === 'stop' || verb === 'restart') systemd.stop(name);
    // A program that has been asked to end takes a moment.
    if (verb === 'restart') process.host.sim.after(1, () => systemd.start(name));
    if (verb === 'start' || (verb === 'enable' && now)) systemd.start(name);
  });
  return 0;
}

/** The unit starts with the machine from now on. */
function enable(process: Process, name: string, systemd: Systemd) {
  const path = systemd.file(name)?.path;
  if (path === undefined || systemd.software.enabled.has(name)) return;
  systemd.software.enabled.add(name);
  const { fs } = process.host;
  fs.mkdir(WANTS, { recursive: true });
  if (!fs.find(`${WANTS}/${name}`, false)) fs.symlink(path, `${WANTS}/${name}`);
  process.stderr.write(`Created symlink '${WANTS}/${name}' → '${path}'.\n`);
}

function unitText(process: Process, name: string, systemd: Systemd): string {
  const { path = '', dropIns = [] } = systemd.file(name) ?? {};
  return [path, ...dropIns].map((one) => `# ${one}\n${filesOf(process).readFile(one)}`).join('\n');
}

/** systemctl status: so many lines of the journal. */
const LINES = 10;

function statusText(name: string, unit: Unit, systemd: Systemd, count: number): string {
  const { now } = systemd.host.sim;
  const { state, since, result } = unit;
  const { path = '', dropIns = [], description = '', docs = '' } = systemd.file(name) ?? {};
  const mark = state === 'active' || state === 'activating' ? '●' : state === 'failed' ? '×' : '○';
  const enabled = systemd.software.enabled.has(name) ? 'enabled' : 'disabled';
  const lines = [`${mark} ${name} - ${description}`, `     Loaded: loaded (${path}; ${enabled}; preset: enabled)`];
  if (dropIns.length) {
    lines.push(`    Drop-In: ${dropIns[0].replace(/\/[^/]*$/, '')}`);
    lines.push(`             └─${dropIns.map((one) => one.replace(/.*\//, '')).join(', ')}`);
  }
  const words = {
    active: 'active (running)',
    inactive: 'inactive (dead)',
    failed: `failed (Result: ${result})`,
    activating: `activating (auto-restart) (Result: ${result})`,
  };
  // A unit that has never run is in no state since any time.
  const when = since ? ` since ${stamp(since)}; ${ago(now - since)}` : '';
  lines.push(`     Active: ${words[state]}${when}`);
  if (docs) lines.push(`       Docs: ${docs}`);
  if (state === 'active') {
    const program = unit.command.split(' ')[0].replace(/.*\//, '').replace(/:$/, '');
    lines.push(
      `   Main PID: ${unit.pid} (${program})`,
      `     CGroup: /system.slice/${name}`,
      `             └─${unit.pid} ${unit.command}`,
    );
  }
  const log = count > 0 ? journal(systemd, [name]).slice(-count) : [];
  return `${lines.join('\n')}\n${log.length ? `\n${log.map(({ line }) => line).join('\n')}\n` : ''}`;
}

/** SUB by ACTIVE, as services have it. */
const SUB: Readonly<Record<UnitState, string>> = {
  active: 'running',
  inactive: 'dead',
  failed: 'failed',
  activating: 'auto-restart',
};

/** Whether a name fits one of the shell's patterns, or there are none. */
function fits(name: string, patterns: readonly string[]): boolean {
  const like = (pattern: string) =>
    new RegExp(
      `^${pattern
        .replace(/[.+^${}()|\\]/g, '\\$&')
        .replace(/\*/g, '.*')
        .replace(/\?/g, '.')}$`,
    ).test(name);
  return patterns.length === 0 || patterns.some((pattern) => like(pattern) || like(serviceName(pattern)));
}

function listUnits(process: Process, systemd: Systemd, flags: Flags, patterns: string[]): number {
  const type = flags.string('type') ?? 'service';
  const wanted = flags.bool('failed') ? ['failed'] : flags.string('state')?.split(',');
  const names = type === 'service' ? systemd.names() : [];
  const rows = names
    .filter((name) => fits(name, patterns))
    .map((name) => [name, systemd.unit(name)?.state ?? 'inactive'] as const)
    .filter(([, state]) =>
      wanted ? wanted.includes(state) || wanted.includes(SUB[state]) : state !== 'inactive' || flags.bool('all'),
    );
  const width = Math.max(4, ...rows.map(([name]) => name.length));
  const lines = rows.map(
    ([name, state]) =>
      `${state === 'failed' ? '●' : ' '} ${name.padEnd(width)} loaded ${state} ${SUB[state]} ${systemd.file(name)?.description}\n`,
  );
  const text = lines.join('');
  process.stdout.write(
    flags.bool('no-legend')
      ? text
      : `  ${'UNIT'.padEnd(width)} LOAD   ACTIVE SUB     DESCRIPTION\n${text}\n${rows.length} loaded units listed.\n`,
  );
  return 0;
}

function listUnitFiles(process: Process, systemd: Systemd, flags: Flags, patterns: string[]): number {
  const type = flags.string('type') ?? 'service';
  const wanted = flags.string('state')?.split(',');
  const rows = (type === 'service' ? systemd.names() : [])
    .filter((name) => fits(name, patterns))
    .map((name) => [name, systemd.software.enabled.has(name) ? 'enabled' : 'disabled', 'enabled'])
    .filter(([, state]) => !wanted || wanted.includes(state));
  const table = columns([['UNIT FILE', 'STATE', 'PRESET'], ...rows], 1);
  const text = flags.bool('no-legend')
    ? table.slice(table.indexOf('\n') + 1)
    : `${table}\n${rows.length} unit files listed.\n`;
  process.stdout.write(text);
  return 0;
}

/** systemctl show: what systemd knows of a unit. */
function properties(name: string, unit: Unit, systemd: Systemd, flags: Flags): string {
  const { state, since, pid, result } = unit;
  const {
    path = '',
    dropIns = [],
    description = '',
    docs = '',
    restart = 'no',
    restartMs = 100,
    command = [],
  } = systemd.file(name) ?? {};
  const ended = state === 'failed' || state === 'activating';
  const when = since ? stamp(since) : '';
  const all: Record<string, string> = {
    Type: 'simple',
    Restart: restart,
    RestartUSec: restartMs % 1000 ? `${restartMs}ms` : `${restartMs / 1000}s`,
    MainPID: state === 'active' ? String(pid) : '0',
    Result: ended ? (result ?? 'success') : 'success',
    ExecStart: `{ path=${command[0] ?? ''} ; argv[]=${command.join(' ')} ; ignore_errors=no ; pid=${state === 'active' ? pid : 0} }`,
    ControlGroup: state === 'active' ? `/system.slice/${name}` : '',
    Id: name,
    Names: name === 'ssh.service' ? 'sshd.service ssh.service' : name,
    Documentation: docs,
    Description: description,
    LoadState: 'loaded',
    ActiveState: state,
    SubState: SUB[state],
    FragmentPath: path,
    DropInPaths: dropIns.join(' '),
    UnitFileState: systemd.software.enabled.has(name) ? 'enabled' : 'disabled',
    UnitFilePreset: 'enabled',
    StateChangeTimestamp: when,
    ActiveEnterTimestamp: state === 'active' ? when : '',
    NeedDaemonReload: systemd.isStale(name) ? 'yes' : 'no',
  };
  const asked = flags.string('property')?.split(',') ?? Object.keys(all);
  return asked
    .filter((key) => key in all)
    .map((key) => `${flags.bool('value') ? '' : `${key}=`}${all[key]}\n`)
    .join('');
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
