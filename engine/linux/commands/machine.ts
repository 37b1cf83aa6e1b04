// id, whoami, hostname, uname, uptime, free, nproc, arch, tty, true, false, clear, sync: about the machine and its user.

import { capable } from '../capabilities.ts';
import { filesOf } from '../host.ts';
import { canonicalName } from '../net/resolver.ts';
import type { Process, Program } from '../types.ts';
import { fail, isBusybox, operands, parseOptions, put } from './options.ts';
import { formatDate } from './date.ts';
import { groupId, groupName, userId, userName } from './users.ts';

export const yesStatus: Program = function* () {
  return 0;
};

export const noStatus: Program = function* () {
  return 1;
};

export const whoami: Program = function* (process) {
  operands(process, parseOptions(process, { short: '' }).args, 0, 0);
  const name = userName(process, process.uid);
  if (name === undefined) {
    if (isBusybox(process)) fail(process, `unknown uid ${process.uid}`);
    fail(process, `cannot find name for user ID ${process.uid}`);
  }
  put(process, `${name}\n`);
  return 0;
};

export const id: Program = function* (process) {
  const options = parseOptions(process, {
    short: 'ugGnrz',
    long: { user: 'u', group: 'g', groups: 'G', name: 'n', real: 'r', zero: 'z' },
    usage: '[OPTION]... [USER]...',
  });
  let { uid, gid } = process;
  let groups = process.groups ?? [];
  const who = options.args[0];
  if (who !== undefined) {
    const found = /^\d+$/.test(who) ? Number(who) : userId(process, who);
    if (found === undefined) fail(process, isBusybox(process) ? `unknown user ${who}` : `‘${who}’: no such user`);
    uid = found;
    gid = groupId(process, who) ?? found;
    groups = [];
  }
  const everyGroup = [gid, ...groups.filter((group) => group !== gid)];
  const named = (number: number, name: string | undefined) => `${number}${name === undefined ? '' : `(${name})`}`;
  const chosen = options.last('ugG');
  if (chosen) {
    const numbers = chosen === 'u' ? [uid] : chosen === 'g' ? [gid] : everyGroup;
    const look = chosen === 'u' ? userName : groupName;
    put(
      process,
      numbers
        .map((number) => (options.has('n') ? (look(process, number) ?? String(number)) : String(number)))
        .join(' ') + '\n',
    );
    return 0;
  }
  // The kernel's list as it is; GNU's puts the group of a user that it knows first.
  const known = !isBusybox(process) && userName(process, uid) !== undefined;
  const shownGroups = known || !groups.length ? everyGroup : groups;
  const list = shownGroups.map((group) => named(group, groupName(process, group))).join(',');
  const shown = ` groups=${list}`;
  put(process, `uid=${named(uid, userName(process, uid))} gid=${named(gid, groupName(process, gid))}${shown}\n`);
  return 0;
};

export const groups: Program = function* (process) {
  const all = [process.gid, ...(process.groups ?? []).filter((group) => group !== process.gid)];
  put(process, all.map((group) => groupName(process, group) ?? String(group)).join(' ') + '\n');
  return 0;
};

export const hostname: Program = function* (process) {
  const options = parseOptions(process, {
    short: 'sfiId',
    long: { short: 's', fqdn: 'f', long: 'f', 'ip-address': 'i', 'all-ip-addresses': 'I', domain: 'd' },
    usage: '[-b] {hostname|-F file}',
  });
  const { host } = process;
  if (options.args.length) {
    if (!capable(process, 'SYS_ADMIN')) fail(process, 'you must be root to change the host name');
    host.hostname = options.args[0];
    return 0;
  }
  const last = options.last('sfiId');
  const short = host.hostname.split('.')[0];
  const full = canonicalName(host.fs, host.hostname);
  if (last === 'I') put(process, host.net.addresses.map((ip) => `${ip} `).join('') + '\n');
  else if (last === 'i') put(process, `${host.net.addresses[0] ?? '127.0.0.1'}\n`);
  else if (last === 'd') put(process, `${full.split('.').slice(1).join('.')}\n`);
  else put(process, `${last === 's' ? short : last === 'f' ? full : host.hostname}\n`);
  return 0;
};

const SYSTEM = {
  s: 'Linux',
  m: 'x86_64',
  o: 'GNU/Linux',
};

export const uname: Program = function* (process) {
  const options = parseOptions(process, {
    short: 'asnrvmpio',
    long: {
      all: 'a',
      'kernel-name': 's',
      nodename: 'n',
      'kernel-release': 'r',
      'kernel-version': 'v',
      machine: 'm',
      processor: 'p',
      'operating-system': 'o',
    },
    usage: '[OPTION]...',
  });
  operands(process, options.args, 0, 0);
  const { hostname, kernel } = process.host;
  const values: Record<string, string> = {
    ...SYSTEM,
    n: hostname,
    r: kernel.release,
    v: kernel.version,
    p: 'unknown',
    i: 'unknown',
  };
  if (isBusybox(process)) values.o = 'Linux';
  const asked = options.has('a') ? [...'snrvmo'] : [...'snrvmpio'].filter((letter) => options.has(letter));
  put(process, (asked.length ? asked : ['s']).map((letter) => values[letter]).join(' ') + '\n');
  return 0;
};

export const arch: Program = function* (process) {
  put(process, `${SYSTEM.m}\n`);
  return 0;
};

export const nproc: Program = function* (process) {
  const node = filesOf(process).find('/proc/cpuinfo');
  const count = node?.kind === 'file' ? (node.text.match(/^processor/gm)?.length ?? 1) : 2;
  put(process, `${count}\n`);
  return 0;
};

export const uptime: Program = function* (process) {
  const options = parseOptions(process, { short: 'ps', long: { pretty: 'p', since: 's' }, usage: '[options]' });
  const { sim } = process.host;
  const up = sim.now - bootTime(process);
  if (options.has('s')) put(process, formatDate('%F %T', bootTime(process)) + '\n');
  else if (options.has('p')) {
    const minutes = Math.floor(up / 60_000);
    const parts: [number, string][] = [
      [Math.floor(minutes / 1440), 'day'],
      [Math.floor(minutes / 60) % 24, 'hour'],
      [minutes % 60, 'minute'],
    ];
    const shown = parts
      .filter(([count]) => count > 0)
      .map(([count, unit]) => `${count} ${unit}${count === 1 ? '' : 's'}`);
    put(process, `up ${shown.join(', ') || '0 minutes'}\n`);
  } else put(process, `${uptimeText(process)}\n`);
  return 0;
};

function bootTime({ host }: Process): number {
  const { sim, processes, facts } = host;
  return facts?.().bootedAt ?? Math.min(sim.now, ...[...processes.values()].map((one) => one.startedAt ?? sim.now));
}

/** `09:00:00 up 2 min,  1 user,  load average: 0.07, 0.07, 0.07`, as uptime and top have it. */
export function uptimeText(process: Process): string {
  const { sim, processes } = process.host;
  const minutes = Math.floor((sim.now - bootTime(process)) / 60_000);
  const days = Math.floor(minutes / 1440);
  const hours = Math.floor(minutes / 60) % 24;
  const time = hours ? `${String(hours).padStart(2)}:${String(minutes % 60).padStart(2, '0')}` : `${minutes % 60} min`;
  const up = `${days ? `${days} day${days === 1 ? '' : 's'}, ` : ''}${time}`;
  let users = 0;
  processes.forEach(({ argv }) => (users += /^sshd: .*@pts\//.test(argv[0]) ? 1 : 0));
  const file = filesOf(process).find('/proc/loadavg');
  const load = (file?.kind === 'file' ? file.text : '0.00 0.00 0.00').split(' ').slice(0, 3).join(', ');
  return ` ${formatDate('%T', sim.now)} up ${up},  ${users} user${users === 1 ? '' : 's'},  load average: ${load}`;
}

export const tty: Program = function* (process) {
  parseOptions(process, { short: 's', long: { silent: 's' } });
  put(process, process.tty ? '/dev/pts/0\n' : 'not a tty\n');
  return process.tty ? 0 : 1;
};

export const clear: Program = function* (process: Process) {
  put(process, '\x1b[H\x1b[2J\x1b[3J');
  return 0;
};

/** Files are in memory: there is nothing to write back. */
export const sync: Program = function* () {
  return 0;
};
