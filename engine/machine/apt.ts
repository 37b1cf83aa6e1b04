// apt-get, apt-cache, apt-mark and dpkg-query over the package database of a machine.

import { SOURCE_LIST, type Software } from '../kubeadm/software.ts';
import { filesOf, type Process, type Program } from '../linux/index.ts';
import type { Co } from '../sim/index.ts';
import { die, readFlags, type Flags } from './flags.ts';

export type SoftwareOf = (process: Process) => Software;

const BROKEN = 100;
/** Downloads and unpacks one package, ms. */
const INSTALL_MS = 3000;

export const aptGet = (softwareOf: SoftwareOf): Program =>
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
      case 'update': {
        const { fs } = process.host;
        software.index(fs.exists(SOURCE_LIST) ? filesOf(process).readFile(SOURCE_LIST) : '');
        yield 2000;
        say('Reading package lists... Done\n');
        return 0;
      }
      case 'install':
      case 'upgrade':
        return yield* install(process, software, verb, names, flags, say);
      default:
        return die(process, `E: Invalid operation ${verb}, or one that this engine does not model`, BROKEN);
    }
  };

function* install(
  process: Process,
  software: Software,
  verb: 'install' | 'upgrade',
  names: string[],
  flags: Flags,
  say: (text: string) => void,
): Co<number> {
  say('Reading package lists... Done\nBuilding dependency tree... Done\nReading state information... Done\n');
  const wanted = new Map<string, string>();
  for (const word of names) {
    const [name, pattern] = word.split('=');
    const versions = software.available.get(name);
    if (!versions || !software.packages.has(name)) return die(process, `E: Unable to locate package ${name}`, BROKEN);
    const fits = new RegExp(`^${(pattern ?? '*').replace(/[.+~]/g, '\\$&').replaceAll('*', '.*')}$`);
    const found = versions.find(({ version }) => fits.test(version));
    if (!found) return die(process, `E: Version '${pattern}' for '${name}' was not found`, BROKEN);
    wanted.set(name, found.version);
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
  if (chosen.length) say(`The following packages will be upgraded:\n  ${chosen.map(([name]) => name).join(' ')}\n`);
  const left = [...software.packages].filter(([name, { installed, held: kept }]) => {
    const newest = software.available.get(name)?.[0]?.version;
    return newest && newest !== (wanted.get(name) ?? installed) && (kept || !wanted.has(name));
  });
  say(`${chosen.length} upgraded, 0 newly installed, 0 to remove and ${left.length} not upgraded.\n`);
  const back = chosen.filter(([name, version]) => older(version, software.packages.get(name)?.installed ?? ''));
  if (back.length && !flags.bool('allow-downgrades')) {
    return die(process, 'E: Packages were downgraded and -y was used without --allow-downgrades.', BROKEN);
  }
  if (chosen.length && !flags.bool('yes') && !flags.bool('assume-yes'))
    return die(process, 'E: questions are not modelled by this engine; use -y', BROKEN);
  for (const [name, version] of chosen) {
    const item = software.packages.get(name);
    if (!item) continue;
    yield INSTALL_MS;
    process.stdout.write(
      `Preparing to unpack .../${name}_${version.replace(/^\d+:/, '')}_amd64.deb ...\nUnpacking ${name} (${version}) over (${item.installed}) ...\nSetting up ${name} (${version}) ...\n`,
    );
    item.installed = version;
    if (name === 'kubelet') software.unitChanged = true;
  }
  return 0;
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
