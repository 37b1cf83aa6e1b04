// apt-get, apt-cache, apt-mark and dpkg-query over the package database of a machine.

import { DEBIAN, REPOSITORY_KEY, SOURCES } from '../kubeadm/repositories.ts';
import type { Software } from './software.ts';
import { dirname, FileNode, programFile, STATUS_TEXT, type Process, type Program } from '../linux/index.ts';
import type { Co } from '../sim/index.ts';
import { fetchUrl } from './fetch.ts';
import { die, readFlags, type Flags } from './flags.ts';
import { CONTENTS } from './packages.ts';
import { systemdOf, type KubeletOf } from './units.ts';

export type SoftwareOf = (process: Process) => Software;

/** Those that packages bring, by name. */
type Programs = Readonly<Record<string, Program>>;

const BROKEN = 100;
const FINGERPRINT = REPOSITORY_KEY.slice(-40);
const INSECURE = [
  "N: Updating from such a repository can't be done securely, and is therefore disabled by default.",
  'N: See apt-secure(8) manpage for repository creation and user configuration details.',
];
/** Downloads and unpacks one package, ms. */
const INSTALL_MS = 3000;

export const aptGet = (softwareOf: SoftwareOf, kubeletOf: KubeletOf, programs: Programs): Program =>
  function* (process): Co<number> {
    const flags = readFlags(
      process.argv.slice(1),
      { yes: 'bool', quiet: 'bool', 'assume-yes': 'bool', 'allow-downgrades': 'bool' },
      { y: 'yes', q: 'quiet' },
      (text) => die(process, `E: Command line option is not understood or not modelled (${text})`, BROKEN),
    );
    const software = softwareOf(process);
    const [verb = '', ...names] = flags.args;
    const say = (text: string) => void (flags.bool('quiet') || process.stdout.write(text));
    yield 200;
    switch (verb) {
      case 'update':
        return yield* update(process, software, say);
      case 'install':
      case 'upgrade':
        return yield* install(process, { software, verb, names, flags, say, kubeletOf, programs });
      default:
        return die(process, `E: Invalid operation ${verb}, or one that this engine does not model`, BROKEN);
    }
  };

/** Fetches what each repository of the sources offers; what cannot be had, or checked, is left out. */
function* update(process: Process, software: Software, say: (text: string) => void): Co<number> {
  const { fs } = process.host;
  const lists = fs.isDirectory(SOURCES) ? fs.readdir(SOURCES).filter((name) => name.endsWith('.list')) : [];
  const lines = lists.flatMap((name) => fs.readFile(`${SOURCES}/${name}`).split('\n'));
  const usable: string[] = [];
  const complaints: string[] = [];
  let failed = false;
  let count = 0;
  for (const line of [DEBIAN, ...lines]) {
    const match = /^deb\s+(?:\[([^\]]*)\]\s+)?(\S+)\s+(\S+)/.exec(line);
    if (!match) continue;
    const [, options = '', base, suite] = match;
    count++;
    const flat = suite === '/';
    const where = flat ? base.replace(/\/?$/, '/') : `${base.replace(/\/$/, '')}/dists/${suite}/`;
    const shown = flat ? `${base.replace(/\/$/, '')} ` : `${base} ${suite}`;
    const fetched = yield* fetchUrl(process, `${where}InRelease`, 'Debian APT-HTTP/1.3 (3.0.3)');
    if (typeof fetched === 'string' || fetched.status >= 400) {
      const why = typeof fetched === 'string' ? fetched : `${fetched.status}  ${STATUS_TEXT[fetched.status] ?? ''}`;
      if (typeof fetched === 'string') {
        // Without the network the lists of last time stay in use.
        say(`Err:${count} ${shown} InRelease\n  ${why}\n`);
        complaints.push(`W: Failed to fetch ${where}InRelease  ${why}`);
        if (software.sources.has(line)) usable.push(line);
        continue;
      }
      say(`Ign:${count} ${shown} InRelease\nErr:${++count} ${shown} Release\n  ${why} [IP: ${fetched.ip} 443]\n`);
      complaints.push(`E: The repository '${shown} Release' does not have a Release file.`, ...INSECURE);
      failed = true;
      continue;
    }
    const key = /signed-by=([^\s\]]+)/.exec(options)?.[1];
    if (line !== DEBIAN && !options.includes('trusted=yes') && !(key && isKey(process, key))) {
      const [, final] = [base, fetched.url.replace(/\/+InRelease$/, ' ')];
      const why = `Sub-process /usr/bin/sqv returned an error code (1), error message is: Missing key ${FINGERPRINT}, which is needed to verify signature.`;
      say(`Err:${count} ${final} InRelease\n  ${why}\n`);
      complaints.push(
        `W: OpenPGP signature verification failed: ${final} InRelease: ${why}`,
        `E: The repository '${shown} InRelease' is not signed.`,
        ...INSECURE,
      );
      failed = true;
      continue;
    }
    const final = flat ? fetched.url.replace(/\/+InRelease$/, ' ') : shown;
    const known = software.sources.has(line);
    say(`${known ? 'Hit' : 'Get'}:${count} ${final} InRelease${known ? '' : ` [${fetched.body.length} B]`}\n`);
    usable.push(line);
  }
  software.index(usable);
  yield 1500;
  say('Reading package lists... Done\n');
  for (const line of complaints) process.stderr.write(`${line}\n`);
  return failed ? BROKEN : 0;
}

const isKey = (process: Process, path: string): boolean => {
  const file = process.host.fs.find(path);
  return file?.kind === 'file' && file.text === REPOSITORY_KEY;
};

interface Installation {
  software: Software;
  verb: 'install' | 'upgrade';
  names: string[];
  flags: Flags;
  say: (text: string) => void;
  kubeletOf: KubeletOf;
  programs: Programs;
}

function* install(process: Process, all: Installation): Co<number> {
  const { software, verb, names, flags, say } = all;
  say('Reading package lists... Done\nBuilding dependency tree... Done\nReading state information... Done\n');
  const wanted = new Map<string, string>();
  for (const word of names) {
    const [name, pattern] = word.split('=');
    const versions = software.available.get(name);
    if (!versions) return die(process, `E: Unable to locate package ${name}`, BROKEN);
    const fits = new RegExp(`^${(pattern ?? '*').replace(/[.+~]/g, '\\$&').replaceAll('*', '.*')}$`);
    const found = versions.find(({ version }) => fits.test(version));
    if (!found) return die(process, `E: Version '${pattern}' for '${name}' was not found`, BROKEN);
    wanted.set(name, found.version);
  }
  const additional: string[] = [];
  for (const name of [...wanted.keys()]) {
    for (const other of CONTENTS[name]?.depends ?? []) {
      const version = software.available.get(other)?.[0]?.version;
      if (software.packages.has(other) || wanted.has(other) || !version) continue;
      wanted.set(other, version);
      additional.push(other);
    }
  }
  if (verb === 'upgrade') {
    // Whatever else is installed goes to its newest version, unless it is held.
    software.packages.forEach(({ held }, name) => {
      const newest = software.available.get(name)?.[0]?.version;
      if (!held && newest && !wanted.has(name)) wanted.set(name, newest);
    });
  }
  const chosen = [...wanted].filter(([name, version]) => software.packages.get(name)?.installed !== version);
  for (const [name, version] of wanted) {
    if (verb === 'install' && software.packages.get(name)?.installed === version)
      say(`${name} is already the newest version (${version}).\n`);
  }
  chosen.sort(([a], [b]) => (a < b ? -1 : 1));
  const held = chosen.filter(([name]) => software.packages.get(name)?.held).map(([name]) => name);
  if (held.length) {
    say(`The following held packages will be changed:\n  ${held.join(' ')}\n`);
    return die(process, 'E: Held packages were changed and -y was used without --allow-change-held-packages.', BROKEN);
  }
  const list = (title: string, found: readonly string[]) => {
    if (found.length) say(`The following ${title}:\n  ${found.join(' ')}\n`);
  };
  const fresh = chosen.map(([name]) => name).filter((name) => !software.packages.has(name));
  const raised = chosen.map(([name]) => name).filter((name) => software.packages.has(name));
  list('additional packages will be installed', additional.sort());
  list('NEW packages will be installed', fresh);
  list('packages will be upgraded', raised);
  const left = [...software.packages].filter(([name, { installed, held: kept }]) => {
    const newest = software.available.get(name)?.[0]?.version;
    return newest && newest !== (wanted.get(name) ?? installed) && (kept || !wanted.has(name));
  });
  say(`${raised.length} upgraded, ${fresh.length} newly installed, 0 to remove and ${left.length} not upgraded.\n`);
  const back = chosen.filter(([name, version]) => older(version, software.packages.get(name)?.installed ?? ''));
  if (back.length && !flags.bool('allow-downgrades')) {
    return die(process, 'E: Packages were downgraded and -y was used without --allow-downgrades.', BROKEN);
  }
  if (chosen.length && !flags.bool('yes') && !flags.bool('assume-yes'))
    return die(process, 'E: questions are not modelled by this engine; use -y', BROKEN);
  for (const [name, version] of chosen) {
    const item = software.packages.get(name);
    yield INSTALL_MS;
    if (!item) process.stdout.write(`Selecting previously unselected package ${name}.\n`);
    process.stdout.write(
      `Preparing to unpack .../${name}_${version.replace(/^\d+:/, '')}_amd64.deb ...\nUnpacking ${name} (${version})${item ? ` over (${item.installed})` : ''} ...\nSetting up ${name} (${version}) ...\n`,
    );
    if (item) item.installed = version;
    else unpack(process, all, name, version);
    if (item && name === 'kubelet') software.unitChanged = true;
  }
  return 0;
}

/** Puts a package's programs and files where they belong. */
function unpack(process: Process, { software, kubeletOf, programs }: Installation, name: string, version: string) {
  software.packages.set(name, { installed: version, held: false });
  const { fs, sim } = process.host;
  const contents = CONTENTS[name];
  const put = (path: string, node: FileNode) => {
    fs.mkdir(dirname(path), { recursive: true });
    fs.put(path, node);
  };
  for (const program of contents?.programs ?? []) put(`/usr/bin/${program}`, programFile(programs[program]));
  const files = contents?.files?.() ?? {};
  for (const path in files) put(path, new FileNode(files[path], { mtime: sim.now }));
  const systemd = systemdOf(kubeletOf(process), software);
  systemd.reload();
  if (!contents?.starts) return;
  software.enabled.add(contents.starts);
  systemd.start(contents.starts);
}

/** Whether a version comes before another, number by number. */
function older(version: string, other: string): boolean {
  const numbers = (text: string) => text.split(/\D+/).map(Number);
  const [a, b] = [numbers(version), numbers(other)];
  const at = a.findIndex((number, i) => number !== b[i]);
  return at >= 0 && a[at] < (b[at] ?? 0);
}

export const aptCache = (softwareOf: SoftwareOf): Program =>
  function* (process): Co<number> {
    const [, verb, ...names] = process.argv;
    yield 50;
    if (verb !== 'madison') return die(process, `E: apt-cache ${verb ?? ''} is not modelled by this engine`, BROKEN);
    for (const name of names) {
      for (const { version, source } of softwareOf(process).available.get(name) ?? []) {
        process.stdout.write(`${name.padStart(10)} | ${version.padStart(10)} | ${source}  Packages\n`);
      }
    }
    return 0;
  };

export const aptMark = (softwareOf: SoftwareOf): Program =>
  function* (process): Co<number> {
    const [, verb = '', ...names] = process.argv;
    const software = softwareOf(process);
    yield 50;
    if (verb === 'showhold') {
      software.packages.forEach(({ held }, name) => void (held && process.stdout.write(`${name}\n`)));
      return 0;
    }
    if (verb !== 'hold' && verb !== 'unhold') {
      return die(process, `E: apt-mark ${verb} is not modelled by this engine`, BROKEN);
    }
    for (const name of names) {
      const item = software.packages.get(name);
      if (!item) return die(process, `E: Unable to locate package ${name}`, BROKEN);
      const hold = verb === 'hold';
      const done = hold ? `${name} set on hold.` : `Canceled hold on ${name}.`;
      process.stdout.write(
        `${item.held === hold ? `${name} was already ${hold ? 'set on hold' : 'not on hold'}.` : done}\n`,
      );
      item.held = hold;
    }
    return 0;
  };

export const dpkgQuery = (softwareOf: SoftwareOf): Program =>
  function* (process): Co<number> {
    const [, option, ...names] = process.argv;
    const { packages } = softwareOf(process);
    yield 20;
    if (option !== '-W' && option !== '--show') {
      return die(process, `dpkg-query: error: ${option ?? ''} is not modelled by this engine`, 2);
    }
    let status = 0;
    for (const name of names.length ? names : [...packages.keys()].sort()) {
      const item = packages.get(name);
      if (item) process.stdout.write(`${name}\t${item.installed}\n`);
      else process.stderr.write(`dpkg-query: no packages found matching ${name}\n`);
      if (!item) status = 1;
    }
    return status;
  };
