// What a redis server keeps, and the commands that work on it.

export type Reply = string | number | null | Reply[] | { error: string } | { status: string };
type Value = string | string[] | Map<string, string> | Set<string>;

const OK = { status: 'OK' };
const WRONG_TYPE = { error: 'WRONGTYPE Operation against a key holding the wrong kind of value' };

/** The data of one server: a database of keys with their times to live. */
export class Store {
  private readonly values = new Map<string, Value>();
  private readonly expires = new Map<string, number>();
  private readonly now: () => number;
  private readonly config: Record<string, string>;
  readonly info: () => string;

  constructor(now: () => number, config: Record<string, string>, info: () => string) {
    this.now = now;
    this.config = config;
    this.info = info;
  }

  private get(key: string): Value | undefined {
    const until = this.expires.get(key);
    if (until !== undefined && until <= this.now()) this.remove(key);
    return this.values.get(key);
  }

  private remove(key: string): boolean {
    this.expires.delete(key);
    return this.values.delete(key);
  }

  private keys(): string[] {
    return [...this.values.keys()].filter((key) => this.get(key) !== undefined);
  }

  private list(key: string): string[] | undefined {
    const value = this.get(key);
    if (value === undefined) return [];
    return Array.isArray(value) ? value : undefined;
  }

  run(words: readonly string[]): Reply {
    const name = words[0].toLowerCase();
    const args = words.slice(1);
    const command = COMMANDS[name];
    if (!command) {
      const shown = args.map((arg) => `'${arg}' `).join('');
      return { error: `ERR unknown command '${words[0]}', with args beginning with: ${shown}` };
    }
    if (args.length < command.min) return { error: `ERR wrong number of arguments for '${name}' command` };
    return command.run.call(this, args);
  }

  get commands() {
    return COMMANDS;
  }

  static table = {
    ping: at(0, (_, args) => args[0] ?? { status: 'PONG' }),
    echo: at(1, (_, args) => args[0]),
    select: at(1, () => OK),
    auth: at(1, () => OK),
    hello: at(0, () => ['server', 'redis', 'proto', 2]),
    command: at(0, () => []),
    client: at(0, () => OK),
    dbsize: at(0, (store) => store.keys().length),
    flushall: at(0, (store) => {
      store.values.clear();
      return OK;
    }),
    flushdb: at(0, (store) => {
      store.values.clear();
      return OK;
    }),
    info: at(0, (store) => store.info()),
    config: at(2, (store, [verb, pattern]) => {
      if (verb.toLowerCase() !== 'get') return { error: 'ERR only CONFIG GET is modelled by this engine' };
      const test = glob(pattern);
      return Object.entries(store.config)
        .filter(([key]) => test(key))
        .flat();
    }),
    get: at(1, (store, [key]) => {
      const value = store.get(key);
      return value === undefined ? null : typeof value === 'string' ? value : WRONG_TYPE;
    }),
    set: at(2, (store, [key, value, ...options]) => {
      const flags = options.map((option) => option.toUpperCase());
      const exists = store.get(key) !== undefined;
      if ((flags.includes('NX') && exists) || (flags.includes('XX') && !exists)) return null;
      store.remove(key);
      store.values.set(key, value);
      const ex = flags.indexOf('EX');
      const px = flags.indexOf('PX');
      if (ex >= 0) store.expires.set(key, store.now() + Number(options[ex + 1]) * 1000);
      if (px >= 0) store.expires.set(key, store.now() + Number(options[px + 1]));
      return OK;
    }),
    append: at(2, (store, [key, value]) => {
      const text = String(store.get(key) ?? '') + value;
      store.values.set(key, text);
      return text.length;
    }),
    del: at(1, (store, keys) => keys.filter((key) => store.remove(key)).length),
    exists: at(1, (store, keys) => keys.filter((key) => store.get(key) !== undefined).length),
    keys: at(1, (store, [pattern]) => store.keys().filter(glob(pattern))),
    type: at(1, (store, [key]) => {
      const value = store.get(key);
      const type =
        value === undefined
          ? 'none'
          : typeof value === 'string'
            ? 'string'
            : Array.isArray(value)
              ? 'list'
              : value instanceof Map
                ? 'hash'
                : 'set';
      return { status: type };
    }),
    expire: at(2, (store, [key, seconds]) => {
      if (store.get(key) === undefined) return 0;
      store.expires.set(key, store.now() + Number(seconds) * 1000);
      return 1;
    }),
    ttl: at(1, (store, [key]) => {
      if (store.get(key) === undefined) return -2;
      const until = store.expires.get(key);
      return until === undefined ? -1 : Math.round((until - store.now()) / 1000);
    }),
    incr: at(1, (store, [key]) => store.add(key, 1)),
    decr: at(1, (store, [key]) => store.add(key, -1)),
    incrby: at(2, (store, [key, by]) => store.add(key, Number(by))),
    decrby: at(2, (store, [key, by]) => store.add(key, -Number(by))),
    mget: at(1, (store, keys) =>
      keys.map((key) => (typeof store.get(key) === 'string' ? (store.get(key) as string) : null)),
    ),
    mset: at(2, (store, args) => {
      for (let i = 0; i + 1 < args.length; i += 2) store.values.set(args[i], args[i + 1]);
      return OK;
    }),
    lpush: at(2, (store, [key, ...items]) => store.push(key, items, true)),
    rpush: at(2, (store, [key, ...items]) => store.push(key, items, false)),
    lpop: at(1, (store, [key]) => store.list(key)?.shift() ?? null),
    rpop: at(1, (store, [key]) => store.list(key)?.pop() ?? null),
    llen: at(1, (store, [key]) => store.list(key)?.length ?? WRONG_TYPE),
    lrange: at(3, (store, [key, from, to]) => {
      const list = store.list(key);
      if (!list) return WRONG_TYPE;
      const end = Number(to) < 0 ? list.length + Number(to) + 1 : Number(to) + 1;
      return list.slice(Number(from), end);
    }),
    hset: at(3, (store, [key, ...pairs]) => {
      const value = store.get(key) ?? new Map<string, string>();
      if (!(value instanceof Map)) return WRONG_TYPE;
      store.values.set(key, value);
      const before = value.size;
      for (let i = 0; i + 1 < pairs.length; i += 2) value.set(pairs[i], pairs[i + 1]);
      return value.size - before;
    }),
    hget: at(2, (store, [key, field]) => {
      const value = store.get(key);
      return value instanceof Map ? (value.get(field) ?? null) : value === undefined ? null : WRONG_TYPE;
    }),
    hgetall: at(1, (store, [key]) => {
      const value = store.get(key);
      return value instanceof Map ? [...value].flat() : value === undefined ? [] : WRONG_TYPE;
    }),
    sadd: at(2, (store, [key, ...members]) => {
      const value = store.get(key) ?? new Set<string>();
      if (!(value instanceof Set)) return WRONG_TYPE;
      store.values.set(key, value);
      const before = value.size;
      for (const member of members) value.add(member);
      return value.size - before;
    }),
    smembers: at(1, (store, [key]) => {
      const value = store.get(key);
      return value instanceof Set ? [...value] : value === undefined ? [] : WRONG_TYPE;
    }),
  };

  private add(key: string, by: number): Reply {
    const value = Number(store(this.get(key)));
    if (!Number.isInteger(value)) return { error: 'ERR value is not an integer or out of range' };
    this.values.set(key, String(value + by));
    return value + by;
  }

  private push(key: string, items: string[], front: boolean): Reply {
    const list = this.list(key);
    if (!list) return WRONG_TYPE;
    for (const item of items) {
      if (front) list.unshift(item);
      else list.push(item);
    }
    this.values.set(key, list);
    return list.length;
  }
}

function store(value: Value | undefined): string {
  return value === undefined ? '0' : typeof value === 'string' ? value : 'x';
}

interface Command {
  min: number;
  run: (this: Store, args: string[]) => Reply;
}

function at(min: number, run: (store: Store, args: string[]) => Reply): Command {
  return {
    min,
    run(args) {
      return run(this, args);
    },
  };
}

const COMMANDS: Record<string, Command | undefined> = Store.table;

function glob(pattern: string): (text: string) => boolean {
  const regexp = new RegExp(
    `^${pattern
      .replace(/[.+^$(){}|\\]/g, '\\$&')
      .replaceAll('*', '.*')
      .replaceAll('?', '.')}$`,
  );
  return (text) => regexp.test(text);
}
