// telnet: a connection from the keyboard, as people try whether a port is open.

import { type Co, Signal } from '../../sim/index.ts';
import { portOfService } from '../capture/services.ts';
import type { Program, Reader } from '../types.ts';
import { emit, isBusybox, operands, parseOptions, put } from './options.ts';

const REASONS = {
  ECONNREFUSED: 'Connection refused',
  ETIMEDOUT: 'Connection timed out',
  EHOSTUNREACH: 'No route to host',
};
const TELNET = 23;

export const telnet: Program = function* (process) {
  const options = parseOptions(process, { short: '46', usage: '[HOST] [PORT]' });
  operands(process, options.args, 1, 2);
  const busybox = isBusybox(process);
  const [host, portText] = options.args;
  const port = portText === undefined ? TELNET : /^\d+$/.test(portText) ? Number(portText) : portOfService(portText);
  if (port === undefined) {
    process.stderr.write(
      busybox
        ? `telnet: bad port '${portText}'\n`
        : `telnet: could not resolve ${host}/${portText}: Servname not supported for ai_socktype\n`,
    );
    return 1;
  }
  const addresses = yield* process.host.resolve(host);
  if (!addresses?.length) {
    process.stderr.write(
      busybox
        ? `telnet: bad address '${host}'\n`
        : `telnet: could not resolve ${host}/${portText ?? 'telnet'}: Name or service not known\n`,
    );
    return 1;
  }
  const [ip] = addresses;
  if (!busybox) put(process, `Trying ${ip}...\n`);
  const socket = yield* process.host.net.connect(ip, port);
  if (typeof socket === 'string') {
    process.stderr.write(
      busybox
        ? `telnet: can't connect to remote host (${ip}): ${REASONS[socket]}\n`
        : `telnet: Unable to connect to remote host: ${REASONS[socket]}\n`,
    );
    return 1;
  }
  put(process, busybox ? `Connected to ${host}\n` : `Connected to ${host}.\nEscape character is '^]'.\n`);
  const opened = socket;
  const closed = new Signal();
  const { sim } = process.host;
  const seen = { end: false, endOfInput: false };
  const reading = sim.spawn(
    'telnet',
    copy(opened.reader, (text) => emit(process, text), 'end'),
  );
  const keyboard = sim.spawn('telnet keyboard', copy(process.stdin, typed, 'endOfInput'));
  // eslint-disable-next-line require-yield
  function* typed(text: string): Co {
    opened.writer.write(text.replace(/\n/g, '\r\n'));
  }
  function* copy(from: Reader, to: (text: string) => Co, at: keyof typeof seen): Co {
    for (let text = yield* from.read(); text !== undefined; text = yield* from.read()) yield* to(text);
    seen[at] = true;
    closed.fire();
  }
  try {
    while (!seen.end && !seen.endOfInput) yield closed;
  } finally {
    reading.kill();
    keyboard.kill();
    opened.close();
  }
  process.stderr.write(busybox ? 'Connection closed by foreign host\n' : 'Connection closed by foreign host.\n');
  return seen.end ? 1 : 0;
};
