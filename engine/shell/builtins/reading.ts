// read, mapfile, getopts: input into variables.

import type { Co } from '../../sim/index.ts';
import type { Reader } from '../../linux/types.ts';
import { arithmetic } from '../expand.ts';
import type { Shell } from '../shell.ts';
import { type Builtin, type Call, complain, flags } from './call.ts';

interface Line {
  text: string;
  /** False at the end of the input. */
  complete: boolean;
  timedOut?: boolean;
}

/** One line (or up to `limit` characters), leaving the rest to whoever reads next. */
function* readLine(
  call: Call,
  reader: Reader,
  delimiter: string,
  limit: number,
  raw: boolean,
  timeout: number | undefined,
): Co<Line> {
  const { sim } = call.shell.process.host;
  let text = '';
  let quoted = false;
  const end = timeout === undefined ? undefined : sim.now + timeout;
  for (;;) {
    const chunk = end === undefined ? yield* reader.read() : yield* readUntil(call, reader, end);
    if (chunk === undefined) return { text, complete: false, timedOut: end !== undefined && sim.now >= end };
    for (let i = 0; i < chunk.length; i++) {
      const c = chunk[i];
      if (quoted) {
        quoted = false;
        if (c !== '\n') text += '\\' + c;
        continue;
      }
      if (c === '\\' && !raw) {
        quoted = true;
        continue;
      }
      if (c === delimiter) {
        reader.unread(chunk.slice(i + 1));
        return { text, complete: true };
      }
      text += c;
      if (text.length >= limit) {
        reader.unread(chunk.slice(i + 1));
        return { text, complete: true };
      }
    }
  }
}

/** Reads with a deadline: a helper task reads, and is given up when it takes too long. */
function* readUntil(call: Call, reader: Reader, end: number): Co<string | undefined> {
  const { sim } = call.shell.process.host;
  const task = sim.spawn('read', reader.read());
  while (!task.done && sim.now < end) yield { signals: [task.exited], timeout: end - sim.now };
  if (task.done) return task.result;
  task.kill();
  return undefined;
}

/** Splits a line for `count` variables: the last gets the rest. A backslash has made the next character literal. */
function fields(text: string, ifs: string, count: number): string[] {
  const blanks = [...ifs].filter((c) => ' \t\n'.includes(c)).join('');
  const out: string[] = [];
  let i = 0;
  const skipBlanks = () => {
    while (i < text.length && blanks.includes(text[i])) i++;
  };
  skipBlanks();
  while (i < text.length && (out.length < count - 1 || count === Infinity)) {
    let field = '';
    while (i < text.length && !ifs.includes(text[i])) {
      if (text[i] === '\\' && i + 1 < text.length) i++;
      field += text[i++];
    }
    out.push(field);
    skipBlanks();
    if (i < text.length && ifs.includes(text[i]) && !blanks.includes(text[i])) {
      i++;
      skipBlanks();
    }
  }
  if (i < text.length && count !== Infinity) {
    let end = text.length;
    while (end > i && blanks.includes(text[end - 1]) && text[end - 2] !== '\\') end--;
    let rest = text.slice(i, end);
    // One trailing separator that is no blank, with nothing else of its kind before it, is dropped.
    const last = rest[rest.length - 1];
    if (last && ifs.includes(last) && !blanks.includes(last) && ![...rest.slice(0, -1)].some((c) => ifs.includes(c)))
      rest = rest.slice(0, -1);
    out.push(rest.replace(/\\([\s\S])/g, '$1'));
  }
  return out;
}

export const read: Builtin = function* (call) {
  const { shell, fds } = call;
  const bash = shell.flavour.kind === 'bash';
  const parsed = flags(
    call,
    bash ? 'rsep:a:d:n:N:t:u:i:' : 'rsp:d:n:t:u:',
    'read [-ers] [-a array] [-d delim] [-i text] [-n nchars] [-N nchars] [-p prompt] [-t timeout] [-u fd] [name ...]',
  );
  if (!parsed) return 2;
  const { on, args } = parsed;
  for (const name of args) {
    if (!/^[A-Za-z_]\w*(?:\[.*\])?$/.test(name)) {
      complain(call, bash ? `\`${name}': not a valid identifier` : `bad variable name: ${name}`);
      return bash ? 1 : 2;
    }
  }
  const fd = Number(on.get('u') ?? 0);
  const reader = fds[fd]?.reader;
  if (!reader) {
    complain(call, bash ? `${fd}: invalid file descriptor: Bad file descriptor` : 'bad fd');
    return 1;
  }
  const prompt = on.get('p');
  if (prompt !== undefined && fds[fd]?.tty) fds[2]?.writer?.write(prompt);
  const exact = on.get('N');
  const limit = Number(exact ?? on.get('n') ?? Infinity);
  const delimiter = exact !== undefined ? '' : on.has('d') ? on.get('d') || '\0' : '\n';
  const timeout = on.has('t') ? Number(on.get('t')) * 1000 : undefined;
  const raw = on.has('r');
  const line = yield* readLine(call, reader, delimiter, limit, raw, timeout);
  const ifs = exact !== undefined ? '' : (shell.get('IFS') ?? '');
  store(call, raw ? line.text.replaceAll('\\', '\\\\') : line.text, ifs, args, on.get('a'));
  return line.timedOut ? 142 : line.complete ? 0 : 1;
};

function store(call: Call, text: string, ifs: string, names: string[], array: string | undefined) {
  const { shell } = call;
  if (array !== undefined) {
    shell.variables.put(array, { ...shell.variables.get(array), value: undefined, list: fields(text, ifs, Infinity) });
    return;
  }
  if (!names.length) {
    shell.set('REPLY', text.replace(/\\([\s\S])/g, '$1'));
    return;
  }
  const values = fields(text, ifs, names.length);
  for (let i = 0; i < names.length; i++) {
    const element = /^(\w+)\[(.*)\]$/.exec(names[i]);
    if (element) shell.set(element[1], values[i] ?? '', elementIndex(shell, element[1], element[2]));
    else shell.set(names[i], values[i] ?? '');
  }
}

function elementIndex(shell: Shell, name: string, text: string): string {
  return shell.variables.get(name)?.map ? text : String(arithmetic(shell, text));
}

export const mapfile: Builtin = function* (call) {
  const { shell, fds } = call;
  const parsed = flags(
    call,
    'td:n:s:O:u:',
    'mapfile [-d delim] [-n count] [-O origin] [-s count] [-t] [-u fd] [-C callback] [-c quantum] [array]',
  );
  if (!parsed) return 2;
  const { on, args } = parsed;
  const reader = fds[Number(on.get('u') ?? 0)]?.reader;
  if (!reader) return 1;
  const delimiter = on.has('d') ? on.get('d') || '\0' : '\n';
  const list: (string | undefined)[] = on.has('O') ? [...(shell.variables.get(args[0] ?? 'MAPFILE')?.list ?? [])] : [];
  let at = Number(on.get('O') ?? 0);
  let skip = Number(on.get('s') ?? 0);
  const most = Number(on.get('n') ?? 0) || Infinity;
  for (let count = 0; count < most;) {
    const line = yield* readLine(call, reader, delimiter, Infinity, true, undefined);
    if (!line.complete && !line.text) break;
    if (skip-- > 0) continue;
    list[at++] = on.has('t') || !line.complete ? line.text : line.text + delimiter;
    count++;
    if (!line.complete) break;
  }
  shell.variables.put(args[0] ?? 'MAPFILE', { list });
  return 0;
};

export const getopts: Builtin = function* (call) {
  const { shell, argv, fds } = call;
  if (argv.length < 3) {
    fds[2]?.writer?.write('getopts: usage: getopts optstring name [arg ...]\n');
    return 2;
  }
  const [, spec, name] = argv;
  const args = argv.length > 3 ? argv.slice(3) : shell.parameters;
  const silent = spec.startsWith(':');
  const index = Number(shell.get('OPTIND') ?? 1);
  if (index !== shell.optionIndex) {
    shell.optionIndex = index;
    shell.optionOffset = 1;
  }
  const arg = args[shell.optionIndex - 1];
  const finish = (letter: string, status: number) => {
    shell.set(name, letter);
    shell.set('OPTIND', String(shell.optionIndex));
    return status;
  };
  if (arg === undefined || !/^-./.test(arg)) return finish('?', 1);
  if (arg === '--') {
    shell.optionIndex++;
    return finish('?', 1);
  }
  const letter = arg[shell.optionOffset++];
  const last = shell.optionOffset >= arg.length;
  const next = () => {
    shell.optionIndex++;
    shell.optionOffset = 1;
  };
  const at = letter === ':' ? -1 : spec.indexOf(letter);
  shell.variables.unset('OPTARG');
  if (at < 0) {
    if (last) next();
    if (silent) shell.set('OPTARG', letter);
    else fds[2]?.writer?.write(`${shell.name}: illegal option -- ${letter}\n`);
    return finish('?', 0);
  }
  if (spec[at + 1] !== ':') {
    if (last) next();
    return finish(letter, 0);
  }
  if (!last) {
    shell.set('OPTARG', arg.slice(shell.optionOffset));
    next();
    return finish(letter, 0);
  }
  next();
  const value = args[shell.optionIndex - 1];
  if (value === undefined) {
    if (silent) shell.set('OPTARG', letter);
    else fds[2]?.writer?.write(`${shell.name}: option requires an argument -- ${letter}\n`);
    return finish(silent ? ':' : '?', 0);
  }
  shell.set('OPTARG', value);
  next();
  return finish(letter, 0);
};
