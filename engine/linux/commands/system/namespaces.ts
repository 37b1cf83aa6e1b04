// nsenter and lsns: the namespaces that processes are in, and a command run in those of another process.

import { createHost, filesOf, waitFor } from '../../host.ts';
import { namespaceNumber, NAMESPACES } from '../../proc.ts';
import type { Process, Program } from '../../types.ts';
import type { Co } from '../../../sim/index.ts';
import { fail, parseOptions, put } from '../options.ts';
import { userName } from '../users.ts';

const all = ({ host }: Process): Process[] =>
  [...host.processes.values(), ...(host.others?.() ?? [])].sort((a, b) => a.pid - b.pid);

export const nsenter: Program = function* (process): Co<number> {
  const options = parseOptions(process, {
    short: 'at:m::u::i::n::p::C::U::T::r::w::FS:G:eZ',
    long: {
      all: 'a',
      target: 't',
      mount: 'm',
      uts: 'u',
      ipc: 'i',
      net: 'n',
      pid: 'p',
      cgroup: 'C',
      user: 'U',
      time: 'T',
      root: 'r',
      wd: 'w',
      'no-fork': 'F',
      setuid: 'S',
      setgid: 'G',
    },
    usage: '[options] [<program> [<argument>...]]',
    ordered: true,
  });
  for (const letter of 'UTrweZ') if (options.has(letter)) fail(process, `-${letter} is not modelled by this engine`);
  for (const letter of 'muinpC')
    if (options.value(letter))
      fail(process, `namespaces by file are not modelled by this engine; use -t PID -${letter}`);
  const text = options.value('t');
  if (text === undefined) {
    if (options.has('a')) fail(process, 'no target PID specified for --all');
    if (['m', 'u', 'i', 'n', 'p', 'C'].some((letter) => options.has(letter)))
      fail(process, 'neither filename nor target pid supplied for ns/net');
    fail(process, 'no namespace is entered: give -t PID and which of its namespaces');
  }
  if (!/^\d+$/.test(text)) fail(process, `failed to parse pid argument: '${text}'`);
  if (process.uid !== 0) fail(process, `cannot open /proc/${text}/ns/net: Permission denied`);
  const target = all(process).find(({ pid }) => pid === Number(text));
  if (!target) return fail(process, `cannot open /proc/${text}/ns/net: No such file or directory`);
  const enters = (letter: string) => options.has('a') || options.has(letter);
  const { host } = process;
  const there = target.host;
  const inside = createHost({
    sim: host.sim,
    hostname: enters('u') ? there.hostname : host.hostname,
    kernel: host.kernel,
    fs: enters('m') ? there.fs : host.fs,
    net: enters('n') ? there.net : host.net,
    pids: enters('p') ? there.pids : host.pids,
    userland: enters('m') ? there.userland : host.userland,
    env: host.env,
    confinement: enters('m') ? there.confinement : host.confinement,
  });
  inside.others = enters('p') ? there.others : host.others;
  inside.facts = host.facts;
  const argv = options.args.length ? options.args : [process.env.SHELL ?? '/bin/sh'];
  const program = inside.program(argv[0]);
  if (!program) fail(process, `failed to execute ${argv[0]}: No such file or directory`, 127);
  const { stdin, stdout, stderr, env, tty, terminal } = process;
  const ids = { uid: Number(options.value('S') ?? 0), gid: Number(options.value('G') ?? 0) };
  const cwd = enters('m') ? '/' : process.cwd;
  const child = inside.spawn({ program, argv, env, cwd, stdin, stdout, stderr, tty, terminal, ...ids });
  try {
    return yield* waitFor(child);
  } finally {
    if (child.status === undefined) child.signal('TERM');
  }
};

export const lsns: Program = function* (process) {
  const options = parseOptions(process, {
    short: 't:p:nrlu',
    long: { type: 't', task: 'p', noheadings: 'n', raw: 'r', list: 'l', notruncate: 'u' },
    usage: '[options] [<namespace>]',
  });
  if (options.args.length) fail(process, 'single namespaces are not modelled by this engine; use -p PID');
  const type = options.value('t');
  if (type !== undefined && !NAMESPACES.includes(type)) fail(process, `unknown namespace type: ${type}`);
  const pid = options.value('p');
  const spaces = new Map<string, { id: number; kind: string; members: Process[] }>();
  for (const one of all(process)) {
    for (const kind of NAMESPACES) {
      if (type !== undefined && kind !== type) continue;
      const id = namespaceNumber(one.host, kind);
      const key = `${kind}/${id}`;
      const known = spaces.get(key);
      if (known) known.members.push(one);
      else spaces.set(key, { id, kind, members: [one] });
    }
  }
  const rows = [...spaces.values()]
    .filter(({ members }) => pid === undefined || members.some((one) => String(one.pid) === pid))
    .sort((a, b) => a.id - b.id)
    .map(({ id, kind, members }) => {
      const [first] = members;
      const user = userName(process, first.uid) ?? String(first.uid);
      return [String(id), kind, String(members.length), String(first.pid), user, first.argv.join(' ')];
    });
  if (pid !== undefined && !rows.length) return 1;
  const titles = ['NS', 'TYPE', 'NPROCS', 'PID', 'USER', 'COMMAND'];
  const shown = options.has('n') ? rows : [titles, ...rows];
  const widths = titles.map((title, i) => Math.max(title.length, ...rows.map((row) => row[i].length)));
  for (const row of shown) {
    const cells = row.map((cell, i) =>
      i === 5 ? cell : i === 1 || i === 4 ? cell.padEnd(widths[i]) : cell.padStart(widths[i]),
    );
    put(process, `${cells.join(' ')}\n`);
  }
  return 0;
};

export const cgls: Program = function* (process) {
  const options = parseOptions(process, {
    short: 'alk',
    long: { all: 'a', full: 'l', 'no-pager': 'no-pager', unit: 'unit:' },
    usage: '[OPTIONS...] [CGROUP...]',
  });
  const fs = filesOf(process);
  const root = '/sys/fs/cgroup';
  const unit = options.value('unit');
  const [asked] = unit ? [`/system.slice/${unit.includes('.') ? unit : `${unit}.service`}`] : options.args;
  const path = asked === undefined ? '' : `/${asked.replace(/^\/sys\/fs\/cgroup/, '').replace(/^\/|\/$/g, '')}`;
  if (!fs.isDirectory(root + path)) fail(process, `Failed to list cgroup tree: No such file or directory`);
  const byPid = new Map(all(process).map((one) => [String(one.pid), one]));
  put(process, asked === undefined ? 'CGroup /:\n-.slice\n' : `CGroup ${path}:\n`);
  const show = (at: string, indent: string) => {
    const children = fs.readdir(at).filter((name) => fs.isDirectory(`${at}/${name}`));
    const pids = fs.exists(`${at}/cgroup.procs`)
      ? fs
          .readFile(`${at}/cgroup.procs`)
          .split('\n')
          .filter((pid) => byPid.has(pid))
      : [];
    const width = Math.max(0, ...pids.map((pid) => pid.length));
    const kept = children.filter((name) => options.has('a') || isPopulated(`${at}/${name}`));
    pids.forEach((pid, i) => {
      const last = i === pids.length - 1 && kept.length === 0;
      put(process, `${indent}${last ? '└─' : '├─'}${pid.padStart(width)} ${byPid.get(pid)?.argv.join(' ')}\n`);
    });
    kept.forEach((name, i) => {
      const last = i === kept.length - 1;
      put(process, `${indent}${last ? '└─' : '├─'}${name}\n`);
      show(`${at}/${name}`, `${indent}${last ? '  ' : '│ '}`);
    });
  };
  const isPopulated = (at: string): boolean => {
    if (fs.exists(`${at}/cgroup.procs`) && fs.readFile(`${at}/cgroup.procs`).trim()) return true;
    return fs.readdir(at).some((name) => fs.isDirectory(`${at}/${name}`) && isPopulated(`${at}/${name}`));
  };
  show(root + path, '');
  return 0;
};
