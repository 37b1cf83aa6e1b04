// tcpdump: shows the packets that pass an interface, or keeps them in a file.

import { type Co, Signal } from '../../sim/index.ts';
import { concat, decode, encode } from '../bytes.ts';
import { capable } from '../capabilities.ts';
import { type LinkType, dissect, type Packet } from '../capture/dissect.ts';
import { u16, u32 } from '../capture/encode.ts';
import { compile, FilterError, namesIn, type Test } from '../capture/filter.ts';
import { type Frame, Hub } from '../capture/hub.ts';
import { DESCRIPTIONS, Printer, type PrintOptions } from '../capture/print.ts';
import { fileHeader, fileRecord, readFile } from '../capture/pcap.ts';
import { filesOf } from '../host.ts';
import { Exit } from '../io.ts';
import { type Link, lookup, nameOfAddress, readResolverConfig, reverseName } from '../net/index.ts';
import type { Process, Program } from '../types.ts';
import { fail, openFile, type Options, parseOptions, put } from './options.ts';

const SNAPSHOT = 262_144;
const VERSION = 'tcpdump version 4.99.5\nlibpcap version 1.10.5 (with TPACKET_V3)\nOpenSSL 3.5.1 1 Jul 2025\n';
/** Options that have no effect on what is seen here: output is never held back, and no packet is lost. */
const WITHOUT_EFFECT = 'lUBOu';
const REFUSED = 'abCdEfGHIJjKkLMmPTVWyYZz';

interface Settings {
  options: Options;
  wanted: Test;
  most: number;
  snapshot: number;
}

export const tcpdump: Program = function* (process) {
  const options = parseOptions(process, {
    short: 'AB:C:DE:F:G:HIJKLM:NOP:Q:ST:UVW:XYZ:abc:defhi:j:k:lm:npqr:s:tuvw:xy:z:#',
    long: {
      interface: 'i',
      'list-interfaces': 'D',
      number: '#',
      'snapshot-length': 's',
      direction: 'Q',
      'absolute-tcp-sequence-numbers': 'S',
      'no-promiscuous-mode': 'p',
      'packet-buffered': 'U',
      'no-optimize': 'O',
      'buffer-size': 'B',
      version: 'version',
      print: 'print',
      count: 'count',
    },
    usage:
      '[-AbdDefhHIJKlLnNOpqStuUvxX#] [ -c count ] [ -i interface ] [ -Q in|out|inout ] [ -r file ] [ -s snaplen ] [ -w file ] [ expression ]',
  });
  if (options.has('version') || options.has('h')) {
    put(process, VERSION);
    return 0;
  }
  const refused = options.given.find(([key]) => REFUSED.includes(key) && !WITHOUT_EFFECT.includes(key));
  if (refused) fail(process, `-${refused[0]} is not modelled by this engine`);
  if (options.has('D')) {
    put(process, interfaces(process));
    return 0;
  }
  const settings: Settings = {
    options,
    wanted: yield* filterOf(process, options),
    most: countOf(process, options.value('c')),
    snapshot: Number(options.value('s') ?? 0) || SNAPSHOT,
  };
  const file = options.value('r');
  return file === undefined ? yield* capture(process, settings) : yield* replay(process, settings, file);
};

function countOf(process: Process, text: string | undefined): number {
  if (text === undefined) return Infinity;
  const count = Number(text);
  if (!Number.isInteger(count) || count <= 0) fail(process, `invalid packet count ${text}`);
  return count;
}

function* filterOf(process: Process, options: Options): Co<Test> {
  const file = options.value('F');
  const text = file === undefined ? options.args.join(' ') : openFile(process, file).text.replace(/#.*/g, '');
  try {
    const names = new Map<string, readonly string[]>();
    for (const name of namesIn(text)) {
      const addresses = yield* process.host.resolve(name);
      if (addresses) names.set(name, addresses);
    }
    return compile(text, names);
  } catch (error) {
    if (!(error instanceof FilterError)) throw error;
    return fail(process, error.message);
  }
}

// ---- interfaces --------------------------------------------------------------------------------------------

/** The one that is listened at when none is named comes first. */
function interfaces(process: Process): string {
  const { links } = process.host.net;
  const shown = links
    .filter(({ kind, up }) => up && kind !== 'loopback')
    .map(({ name }) => `${name} [Up, Running, Connected]`);
  shown.push('any (Pseudo-device that captures on all interfaces) [Up, Running]');
  for (const { name, kind } of links) if (kind === 'loopback') shown.push(`${name} [Up, Running, Loopback]`);
  for (const { name, up } of links) if (!up) shown.push(`${name} [Disconnected]`);
  return shown.map((text, i) => `${i + 1}.${text}\n`).join('');
}

/** undefined: all of them. */
function deviceOf(process: Process, options: Options): { name: string; link: Link | undefined } {
  const { net } = process.host;
  const asked = options.value('i');
  const lines = /^\d+$/.test(asked ?? '') ? interfaces(process).split('\n') : [];
  const numbered = lines[Number(asked) - 1]?.replace(/^\d+\.(\S+).*/, '$1');
  const name = numbered ?? asked;
  const link = name === undefined ? net.links.find(({ kind, up }) => up && kind !== 'loopback') : net.link(name);
  if (!link && name !== 'any') fail(process, `${name ?? ''}: No such device exists\n(SIOCGIFHWADDR: No such device)`);
  if (!capable(process, 'NET_RAW')) {
    fail(
      process,
      `${name}: You don't have permission to perform this capture on that device\n(socket: Operation not permitted)`,
    );
  }
  if (link && !link.up) fail(process, `${link.name}: That device is not up`);
  return { name: link?.name ?? 'any', link };
}

/** Linux's cooked header in the place of Ethernet's: each interface may have another one. */
function cooked({ bytes, link, out }: Frame): Uint8Array {
  const group = bytes[0] & 1 ? (bytes.subarray(0, 6).every((byte) => byte === 255) ? 1 : 2) : 0;
  const head = [bytes[12], bytes[13], 0, 0, ...u32(link.index), ...u16(link.kind === 'loopback' ? 772 : 1)];
  return concat(Uint8Array.from([...head, out ? 4 : group, 6, ...bytes.subarray(6, 12), 0, 0]), bytes.subarray(14));
}

// ---- live --------------------------------------------------------------------------------------------------

function* capture(process: Process, settings: Settings): Co<number> {
  const { options, wanted, most, snapshot } = settings;
  const { net } = process.host;
  const { name, link } = deviceOf(process, options);
  const linkType: LinkType = link ? 'ethernet' : 'cooked';
  const direction = options.value('Q') ?? 'inout';
  if (!['in', 'out', 'inout'].includes(direction)) fail(process, `unknown capture direction '${direction}'`);
  const waiting: { packet: Packet; time: number }[] = [];
  const arrived = new Signal();
  let captured = 0;
  let interrupted = false;
  const end = Hub.open(net.network, {
    namespace: net,
    link,
    promiscuous: link !== undefined && !options.has('p'),
    take(frame) {
      if (captured >= most || (direction !== 'inout' && frame.out !== (direction === 'out'))) return;
      const bytes = link ? frame.bytes : cooked(frame);
      const packet: Packet = { ...dissect(bytes, linkType), out: frame.out };
      if (!wanted(packet)) return;
      captured++;
      const kept = bytes.length > snapshot ? dissect(bytes.slice(0, snapshot), linkType, bytes.length) : packet;
      waiting.push({ packet: kept, time: frame.time });
      arrived.fire();
    },
  });
  for (const signal of ['INT', 'TERM', 'HUP']) {
    process.handlers.set(signal, () => {
      interrupted = true;
      arrived.fire();
    });
  }
  try {
    const output = outputOf(process, settings, linkType);
    if (!link) {
      process.stderr.write(
        `tcpdump: WARNING: any: That device doesn't support promiscuous mode\n(Promiscuous mode not supported on the "any" device)\n`,
      );
    }
    const suppressed = !options.has('v') && options.value('w') === undefined;
    process.stderr.write(
      suppressed ? 'tcpdump: verbose output suppressed, use -v[v]... for full protocol decode\n' : 'tcpdump: ',
    );
    process.stderr.write(
      `listening on ${name}, link-type ${DESCRIPTIONS[linkType]}, snapshot length ${snapshot} bytes\n`,
    );
    let shown = 0;
    while (!interrupted && shown < most) {
      const next = waiting.shift();
      if (!next) {
        yield arrived;
        continue;
      }
      shown++;
      yield* output(next.packet, next.time);
    }
    // A line may have been interrupted.
    if (interrupted) put(process, '\n');
    const many = (count: number, what: string) => `${count} packet${count === 1 ? '' : 's'} ${what}\n`;
    process.stderr.write(many(shown, 'captured') + many(captured, 'received by filter') + many(0, 'dropped by kernel'));
  } catch (error) {
    if (!(error instanceof Exit)) throw error;
    return error.status;
  } finally {
    end();
  }
  return 0;
}

// ---- from a file -------------------------------------------------------------------------------------------

function* replay(process: Process, settings: Settings, path: string): Co<number> {
  const { wanted, most, options } = settings;
  const text = path === '-' ? yield* readAll(process) : openFile(process, path).text;
  const file = readFile(encode(text));
  if (typeof file === 'string') return fail(process, file);
  process.stderr.write(
    `reading from file ${path}, link-type ${DESCRIPTIONS[file.linkType]}, snapshot length ${file.snapshot}\n`,
  );
  const output = outputOf(process, settings, file.linkType);
  let count = 0;
  for (const { time, bytes, length } of file.packets) {
    if (count >= most) break;
    const packet = dissect(bytes, file.linkType, length);
    if (!wanted(packet)) continue;
    count++;
    if (!options.has('count')) yield* output(packet, time);
  }
  if (options.has('count')) put(process, `${count} packet${count === 1 ? '' : 's'}\n`);
  return 0;
}

function* readAll(process: Process): Co<string> {
  let all = '';
  for (let text = yield* process.stdin.read(); text !== undefined; text = yield* process.stdin.read()) all += text;
  return all;
}

// ---- output ------------------------------------------------------------------------------------------------

type Output = (packet: Packet, time: number) => Co;

function outputOf(process: Process, { options, snapshot }: Settings, linkType: LinkType): Output {
  const path = options.value('w');
  const printed = path === undefined || options.has('print') ? printing(process, options) : undefined;
  if (path === undefined) return printed as Output;
  const header = decode(fileHeader(linkType, snapshot));
  let append = (text: string) => put(process, text);
  if (path === '-') put(process, header);
  else {
    const files = filesOf(process);
    files.writeFile(path, header);
    append = (text) => files.writeFile(path, text, { append: true });
  }
  return function* (packet, time) {
    append(decode(fileRecord(time, packet.bytes, packet.length)));
    if (printed) yield* printed(packet, time);
  };
}

function printing(process: Process, options: Options): Output {
  const count = (key: string) => options.given.filter((one) => one[0] === key).length;
  const names = new Map<string, string | undefined>();
  const hex = count('X') ? 'X'.repeat(Math.min(2, count('X'))) : 'x'.repeat(Math.min(2, count('x')));
  const settings: PrintOptions = {
    numeric: options.has('n'),
    link: options.has('e'),
    verbose: count('v'),
    quiet: options.has('q'),
    absolute: options.has('S'),
    time: Math.min(5, count('t')),
    data: options.has('A') ? 'A' : (hex as PrintOptions['data']),
    count: options.has('#'),
    name(address) {
      const name = names.get(address);
      return options.has('N') ? name?.split('.')[0] : name;
    },
  };
  const printer = new Printer(settings);
  const { net } = process.host;
  const interfaceName = (index: number) => net.links.find((one) => one.index === index)?.name;
  return function* (packet, time) {
    const ends = packet.ip ?? packet.arp;
    if (!settings.numeric && ends) {
      for (const address of [ends.source, ends.destination]) {
        if (!names.has(address)) names.set(address, yield* nameOf(process, address));
      }
    }
    put(process, printer.line(packet, time, interfaceName));
  };
}

/** What an address is called, by /etc/hosts or by a name server. */
function* nameOf(process: Process, address: string): Co<string | undefined> {
  const { fs, net } = process.host;
  const local = nameOfAddress(fs, address);
  if (local !== undefined) return local;
  const found = yield* lookup(net, { ...readResolverConfig(fs), search: [] }, reverseName(address), 'PTR');
  return found.answer?.answers[0]?.data.replace(/\.$/, '');
}
