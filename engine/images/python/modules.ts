// The modules that Python programs import: os, sys, time, random, math, json, socket, datetime, platform.

import { FsError, type Process } from '../../linux/index.ts';
import { formatDate } from '../../linux/commands/date.ts';
import { runShell } from '../run-shell.ts';
import { func } from './methods.ts';
import {
  Dict,
  Func,
  isNumber,
  iterate,
  KINDS,
  List,
  Module,
  raise,
  Raised,
  repr,
  str,
  truth,
  Tuple,
  Unmodelled,
  type Value,
} from './values.ts';

const ERRORS: Record<string, [string, bigint]> = {
  ENOENT: ['FileNotFoundError', 2n],
  EACCES: ['PermissionError', 13n],
  EISDIR: ['IsADirectoryError', 21n],
};

/** Runs what touches files; their errors become Python's. */
function onFiles<T>(path: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (!(error instanceof FsError)) throw error;
    const [kind, number] = ERRORS[error.code] ?? ['OSError', 5n];
    throw new Raised(KINDS[kind], [number, `${error.message}: ${repr(path)}`]);
  }
}

/** open(): a file's text, read at once, or written as it comes. */
export function open(process: Process, path: string, mode: string): Value {
  const { fs } = process.host;
  const at = path.startsWith('/') ? path : `${process.cwd}/${path}`;
  if (mode.includes('r') && !mode.includes('+')) {
    let rest = onFiles(path, () => fs.readFile(at));
    const line = () => {
      const end = rest.indexOf('\n');
      const taken = end < 0 ? rest : rest.slice(0, end + 1);
      rest = rest.slice(taken.length);
      return taken;
    };
    const lines = () => new List(rest.match(/[^\n]*\n|[^\n]+$/g) ?? []);
    return new Module(
      'file',
      {
        read: func('read', () => {
          const all = rest;
          rest = '';
          return all;
        }),
        readline: func('readline', line),
        readlines: func('readlines', lines),
        close: func('close', () => null),
      },
      `<_io.TextIOWrapper name=${repr(path)}>`,
      lines().items,
    );
  }
  onFiles(path, () => fs.writeFile(at, '', { append: mode.includes('a') }));
  return new Module(
    'file',
    {
      write: func('write', ([given]) => {
        onFiles(path, () => fs.writeFile(at, str(given), { append: true }));
        return BigInt(str(given).length);
      }),
      flush: func('flush', () => null),
      close: func('close', () => null),
    },
    `<_io.TextIOWrapper name=${repr(path)}>`,
  );
}

const stream = (name: string, write: (text: string) => void) =>
  new Module(
    name,
    {
      write: func('write', ([given]) => {
        write(str(given));
        return BigInt(str(given).length);
      }),
      flush: func('flush', () => null),
    },
    `<${name}>`,
  );

function os(process: Process): Record<string, Value> {
  const { host, env } = process;
  const { fs } = host;
  const path = new Module('posixpath', {
    exists: func('exists', ([name]) => fs.exists(str(name))),
    isfile: func('isfile', ([name]) => fs.find(str(name))?.kind === 'file'),
    isdir: func('isdir', ([name]) => fs.find(str(name))?.kind === 'dir'),
    join: func('join', (parts) =>
      parts.map(str).reduce((all, part) => (part.startsWith('/') ? part : `${all.replace(/\/$/, '')}/${part}`)),
    ),
    basename: func('basename', ([name]) => str(name).split('/').pop() ?? ''),
    dirname: func('dirname', ([name]) => str(name).split('/').slice(0, -1).join('/')),
  });
  return {
    environ: new Dict(Object.keys(env).map((name) => [name, env[name]] as const)),
    getenv: func('getenv', ([name, fallback = null]) => env[str(name)] ?? fallback),
    getpid: func('getpid', () => BigInt(process.pid)),
    getuid: func('getuid', () => BigInt(process.uid)),
    getcwd: func('getcwd', () => process.cwd),
    listdir: func(
      'listdir',
      ([name = '.']) => new List(onFiles(str(name), () => fs.readdir(str(name) === '.' ? process.cwd : str(name)))),
    ),
    makedirs: func('makedirs', ([name]) => {
      onFiles(str(name), () => fs.mkdir(str(name), { recursive: true }));
      return null;
    }),
    uname: func('uname', () => new Tuple(['Linux', host.hostname])),
    system: new Func('system', function* ([command]) {
      const { output, status } = yield* runShell(process, str(command));
      process.stdout.write(output);
      return BigInt(status << 8);
    }),
    _exit: func('_exit', ([status = 0n]) => {
      throw new Raised(KINDS.SystemExit, [status]);
    }),
    linesep: '\n',
    path,
  };
}

function sys(process: Process, argv: string[], version: string): Record<string, Value> {
  const numbers = version.split('.').map((part) => BigInt(parseInt(part, 10)));
  return {
    argv: new List(argv),
    exit: func('exit', (args) => {
      throw new Raised(KINDS.SystemExit, args);
    }),
    stdout: stream('stdout', (text) => void process.stdout.write(text)),
    stderr: stream('stderr', (text) => void process.stderr.write(text)),
    stdin: new Module(
      'stdin',
      {
        read: new Func('read', function* () {
          let all = '';
          for (let part = yield* process.stdin.read(); part !== undefined; part = yield* process.stdin.read())
            all += part;
          return all;
        }),
      },
      '<stdin>',
    ),
    version: `${version} (main) [GCC 14.2.0]`,
    version_info: new Tuple(numbers),
    platform: 'linux',
    path: new List(['']),
  };
}

function time(process: Process): Record<string, Value> {
  const { sim } = process.host;
  const began = sim.now;
  return {
    sleep: new Func('sleep', function* ([seconds]) {
      if (!isNumber(seconds)) return raise('TypeError', 'an integer or a float is required');
      if (Number(seconds) < 0) return raise('ValueError', 'sleep length must be non-negative');
      yield Math.max(1, Number(seconds) * 1000);
      return null;
    }),
    time: func('time', () => sim.now / 1000),
    monotonic: func('monotonic', () => (sim.now - began) / 1000),
    perf_counter: func('perf_counter', () => (sim.now - began) / 1000),
    strftime: func('strftime', ([format]) => formatDate(str(format), sim.now)),
    ctime: func('ctime', () => formatDate('%a %b %e %T %Y', sim.now)),
  };
}

function random(process: Process): Record<string, Value> {
  const stream = process.host.sim.random('python');
  const between = (from: Value, to: Value) => BigInt(Number(from) + stream.int(Number(to) - Number(from) + 1));
  const MANY = 2 ** 30;
  return {
    random: func('random', () => stream.int(MANY) / MANY),
    uniform: func('uniform', ([from, to]) => Number(from) + (stream.int(MANY) / MANY) * (Number(to) - Number(from))),
    randint: func('randint', ([from, to]) => between(from, to)),
    randrange: func('randrange', ([from, to]) =>
      to === undefined ? between(0n, (from as bigint) - 1n) : between(from, (to as bigint) - 1n),
    ),
    choice: func('choice', ([values]) => iterate(values)[stream.int(iterate(values).length)]),
  };
}

const math = (): Record<string, Value> => ({
  pi: Math.PI,
  e: Math.E,
  sqrt: func('sqrt', ([value]) =>
    Number(value) < 0 ? raise('ValueError', 'expected a nonnegative input') : Math.sqrt(Number(value)),
  ),
  floor: func('floor', ([value]) => BigInt(Math.floor(Number(value)))),
  ceil: func('ceil', ([value]) => BigInt(Math.ceil(Number(value)))),
  pow: func('pow', ([base, by]) => Number(base) ** Number(by)),
  log: func('log', ([value]) => Math.log(Number(value))),
  sin: func('sin', ([value]) => Math.sin(Number(value))),
  cos: func('cos', ([value]) => Math.cos(Number(value))),
  factorial: func('factorial', ([value]) => {
    let product = 1n;
    for (let i = 2n; i <= (value as bigint) && i <= 2000n; i++) product *= i;
    return product;
  }),
});

/** A value as JSON; Python puts blanks after its marks. */
function dumped(value: Value, indent: number, depth: number): string {
  const [open, between, close] = indent
    ? [
        `\n${' '.repeat(indent * (depth + 1))}`,
        `,\n${' '.repeat(indent * (depth + 1))}`,
        `\n${' '.repeat(indent * depth)}`,
      ]
    : ['', ', ', ''];
  if (value instanceof List || value instanceof Tuple) {
    const items = value.items.map((item) => dumped(item, indent, depth + 1));
    return items.length ? `[${open}${items.join(between)}${close}]` : '[]';
  }
  if (value instanceof Dict) {
    const items = value
      .keys()
      .map((key) => `${JSON.stringify(str(key))}: ${dumped(value.get(key) as Value, indent, depth + 1)}`);
    return items.length ? `{${open}${items.join(between)}${close}}` : '{}';
  }
  if (typeof value === 'string') return JSON.stringify(value);
  if (value === null) return 'null';
  if (typeof value === 'boolean') return String(value);
  return isNumber(value) ? str(value) : raise('TypeError', 'Object is not JSON serializable');
}

function loaded(value: unknown): Value {
  if (Array.isArray(value)) return new List(value.map(loaded));
  if (value !== null && typeof value === 'object')
    return new Dict(Object.entries(value).map(([key, item]) => [key, loaded(item)] as const));
  return typeof value === 'number' && Number.isInteger(value) ? BigInt(value) : (value as Value);
}

const json = (): Record<string, Value> => ({
  dumps: func('dumps', ([value], named) => dumped(value, Number(named.get('indent') ?? 0), 0)),
  loads: func('loads', ([text]) => {
    try {
      return loaded(JSON.parse(str(text)));
    } catch {
      return raise('ValueError', 'Expecting value: line 1 column 1 (char 0)');
    }
  }),
});

function socket({ host }: Process): Record<string, Value> {
  return {
    gethostname: func('gethostname', () => host.hostname),
    gethostbyname: new Func('gethostbyname', function* ([name]) {
      const found = yield* host.resolve(str(name));
      if (!found?.length) throw new Raised(KINDS.OSError, [-2n, 'Name or service not known']);
      return found[0];
    }),
  };
}

function datetime({ host: { sim } }: Process): Record<string, Value> {
  const moment = (now: number): Value => {
    const iso = new Date(now).toISOString();
    const text = `${iso.slice(0, 10)} ${iso.slice(11, 23)}000`;
    return new Module(
      'datetime',
      {
        isoformat: func('isoformat', () => text.replace(' ', 'T')),
        strftime: func('strftime', ([format]) =>
          formatDate(str(format).replaceAll('%f', `${iso.slice(20, 23)}000`), now),
        ),
        timestamp: func('timestamp', () => now / 1000),
        year: BigInt(iso.slice(0, 4)),
        month: BigInt(iso.slice(5, 7)),
        day: BigInt(iso.slice(8, 10)),
        hour: BigInt(iso.slice(11, 13)),
        minute: BigInt(iso.slice(14, 16)),
        second: BigInt(iso.slice(17, 19)),
      },
      text,
    );
  };
  const now = func('now', () => moment(sim.now));
  return {
    datetime: new Module('datetime', { now, utcnow: now, today: now }),
    timezone: new Module('timezone', { utc: null }),
  };
}

const MODULES: Record<string, (process: Process, argv: string[], version: string) => Record<string, Value>> = {
  os,
  sys,
  time,
  random,
  math,
  json,
  socket,
  datetime,
  platform: ({ host }) => ({ node: func('node', () => host.hostname), system: func('system', () => 'Linux') }),
};

/** Of the standard library, beyond those above: there, but not here. */
const STANDARD =
  /^(argparse|asyncio|base64|collections|copy|csv|functools|glob|hashlib|hmac|http|io|itertools|logging|multiprocessing|operator|pathlib|pickle|queue|re|shutil|signal|socketserver|sqlite3|ssl|string|struct|subprocess|tempfile|threading|traceback|typing|unittest|urllib|uuid|xml|zlib)\b/;

/** What `import` looks modules up in: each is made when it is first asked for. */
export function modules(process: Process, argv: string[], version: string): (path: string) => Value {
  const known = new Map<string, Value>();
  return (path) => {
    const [name, part, ...rest] = path.split('.');
    let module = known.get(name);
    if (!module) {
      if (STANDARD.test(path)) throw new Unmodelled(`the module ${path}`);
      if (!Object.hasOwn(MODULES, name)) return raise('ModuleNotFoundError', `No module named '${name}'`);
      module = new Module(name, MODULES[name](process, argv, version));
      known.set(name, module);
    }
    const inner = part === undefined ? module : (module as Module).members[part];
    if (inner === undefined || rest.length) return raise('ModuleNotFoundError', `No module named '${path}'`);
    return inner;
  };
}

/** print(), with its `sep`, `end` and `file`. */
export const print = (process: Process): Func =>
  new Func('print', function* (args, named) {
    const text = args.map(str).join(str(named.get('sep') ?? ' ')) + str(named.get('end') ?? '\n');
    const file = named.get('file');
    if (file instanceof Module && file.members.write instanceof Func) yield* file.members.write.call([text], new Map());
    else process.stdout.write(text);
    if (truth(named.get('flush') ?? false)) yield* process.stdout.drain();
    return null;
  });
