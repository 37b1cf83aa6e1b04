// nmap: which ports of which hosts take connections.

import type { Co } from '../../sim/index.ts';
import { serviceName } from '../capture/services.ts';
import { ipNumber, ipText, lookup, parseCidr, readResolverConfig, reverseName } from '../net/index.ts';
import type { Process, Program } from '../types.ts';
import { formatDate } from './date.ts';
import { fail, put } from './options.ts';

const VERSION = '7.95';
/** A silent port is tried once more, each time for so long, ms. */
const PROBE_TIMEOUT = 1000;
/** Ranges of addresses are searched up to this size. */
const MOST_HOSTS = 4096;

type PortState = 'open' | 'closed' | 'filtered';

export const nmap: Program = function* (process) {
  const args = process.argv.slice(1);
  const targets: string[] = [];
  let ports: number[] | undefined;
  let scanPorts = true;
  let ping = true;
  let onlyOpen = false;
  for (let i = 0; i < args.length; i++) {
    const word = args[i];
    if (word === '-p' || /^-p\d/.test(word) || word === '-p-')
      ports = portList(process, word === '-p' ? (args[++i] ?? '') : word.slice(2));
    else if (word === '-sn' || word === '-sP') scanPorts = false;
    else if (word === '-Pn' || word === '-P0') ping = false;
    else if (word === '--open') onlyOpen = true;
    else if (word === '-V' || word === '--version') {
      put(process, `Nmap version ${VERSION} ( https://nmap.org )\n`);
      return 0;
    } else if (word.startsWith('-') && !['-sT', '-n', '-T3', '-T4', '-T5'].includes(word)) {
      fail(process, `${word} is not modelled by this engine`);
    } else if (!word.startsWith('-')) targets.push(word);
  }
  if (!targets.length) fail(process, 'WARNING: No targets were specified, so 0 hosts scanned.', 0);
  if (scanPorts && !ports)
    fail(process, 'the list of the most common ports is not modelled by this engine: name ports with -p');
  const { sim } = process.host;
  const started = sim.now;
  put(process, `Starting Nmap ${VERSION} ( https://nmap.org ) at ${formatDate('%Y-%m-%d %H:%M UTC', started)}\n`);
  let hosts = 0;
  let up = 0;
  for (const target of targets) {
    const addresses = yield* addressesOf(process, target);
    if (!addresses) {
      process.stderr.write(`Failed to resolve "${target}".\n`);
      continue;
    }
    for (const ip of addresses) {
      hosts++;
      if (
        yield* scan(process, target, ip, {
          ports: scanPorts ? ports : undefined,
          ping,
          onlyOpen,
          range: addresses.length > 1,
        })
      )
        up++;
    }
  }
  if (up === 0 && hosts === 1 && ping)
    put(process, 'Note: Host seems down. If it is really up, but blocking our ping probes, try -Pn\n');
  const seconds = ((sim.now - started) / 1000).toFixed(2);
  const addresses = `${hosts} IP address${hosts === 1 ? '' : 'es'} (${up} host${up === 1 ? '' : 's'} up)`;
  put(process, `Nmap done: ${addresses} scanned in ${seconds} seconds\n`);
  return 0;
};

function portList(process: Process, text: string): number[] {
  const out: number[] = [];
  for (const part of text === '-' ? ['1-65535'] : text.split(',')) {
    const found = /^(\d+)(?:-(\d+))?$/.exec(part);
    if (!found)
      fail(
        process,
        `Error #485: Your port specifications are illegal.  Example of proper form: "-100,200-1024,T:3000-4000,U:60000-"\nQUITTING!`,
      );
    for (let port = Number(found[1]); port <= Math.min(65_535, Number(found[2] ?? found[1])); port++) out.push(port);
  }
  return out;
}

function* addressesOf(process: Process, target: string): Co<string[] | undefined> {
  if (!target.includes('/')) return (yield* process.host.resolve(target))?.slice(0, 1);
  const range = parseCidr(target);
  if (!range || range.upper) return undefined;
  const size = 2 ** (32 - range.bits);
  if (size > MOST_HOSTS) fail(process, `ranges of more than ${MOST_HOSTS} addresses are not modelled by this engine`);
  return Array.from({ length: size }, (_none, i) => ipText(range.base + i));
}

/** Who does not answer pings may still take a connection, or refuse one. */
function* answers({ host }: Process, ip: string, range: boolean): Co<boolean> {
  for (const port of range ? [] : [443, 80]) {
    const socket = yield* host.net.connect(ip, port, { timeout: PROBE_TIMEOUT });
    if (typeof socket !== 'string') socket.reset();
    if (typeof socket !== 'string' || socket === 'ECONNREFUSED') return true;
  }
  return false;
}

interface Scan {
  ports: readonly number[] | undefined;
  ping: boolean;
  onlyOpen: boolean;
  /** One of many: who is silent is not worth a word. */
  range: boolean;
}

function* scan(process: Process, target: string, ip: string, { ports, ping, onlyOpen, range }: Scan): Co<boolean> {
  const { net, fs, sim } = process.host;
  let latency = 0.00002;
  if (ping) {
    const echo = net.echo(ip);
    if ('ttl' in echo) {
      latency = echo.time / 1000;
      yield echo.time;
    } else {
      const before = sim.now;
      if (!(yield* answers(process, ip, range))) return false;
      latency = (sim.now - before) / 1000;
    }
  }
  const states: [number, PortState][] = [];
  for (const port of ports ?? []) {
    let socket = yield* net.connect(ip, port, { timeout: PROBE_TIMEOUT });
    if (socket === 'ETIMEDOUT') socket = yield* net.connect(ip, port, { timeout: PROBE_TIMEOUT });
    if (typeof socket === 'string') states.push([port, socket === 'ECONNREFUSED' ? 'closed' : 'filtered']);
    else {
      states.push([port, 'open']);
      socket.reset();
    }
  }
  let name = ipNumber(target) < 0 && !target.includes('/') ? target : undefined;
  if (name === undefined) {
    const config = { ...readResolverConfig(fs), search: [], attempts: 1 };
    const found = yield* lookup(net, config, reverseName(ip), 'PTR');
    name = found.answer?.answers[0]?.data.replace(/\.$/, '');
  }
  const shown = onlyOpen ? states.filter(([, state]) => state === 'open') : states;
  if (onlyOpen && !shown.length) return true;
  let out = `Nmap scan report for ${name === undefined ? ip : `${name} (${ip})`}\nHost is up${ping ? ` (${latency < 0.0001 ? latency.toFixed(6) : latency.toFixed(5)}s latency)` : ''}.\n`;
  if (ports) {
    // More than a few ports of one state are summed up.
    const many = (['closed', 'filtered'] as const).filter(
      (state) => states.filter((one) => one[1] === state).length > 25,
    );
    for (const state of many) {
      const count = states.filter((one) => one[1] === state).length;
      const why = state === 'closed' ? 'conn-refused' : 'no-response';
      out += `Not shown: ${count} ${state} tcp ports (${why})\n`;
    }
    const rows = shown.filter(([, state]) => !many.some((one) => one === state));
    const width = Math.max(4, ...rows.map(([port]) => `${port}/tcp`.length));
    const stateWidth = Math.max(5, ...rows.map(([, state]) => state.length));
    if (rows.length) out += `\n${'PORT'.padEnd(width)} ${'STATE'.padEnd(stateWidth)} SERVICE\n`;
    for (const [port, state] of rows)
      out += `${`${port}/tcp`.padEnd(width)} ${state.padEnd(stateWidth)} ${serviceName(port) ?? 'unknown'}\n`;
    out += '\n';
  }
  put(process, out);
  return true;
}
