// nginx's configuration: read from the container's files, checked in nginx's words, made into servers.

import type { DirNode, FileSystem } from '../linux/index.ts';

/** Thrown for a configuration that nginx refuses: the text after `[emerg] 1#1: `. */
export class ConfigFailure extends Error {}

interface Directive {
  name: string;
  args: string[];
  block: Directive[] | undefined;
  file: string;
  line: number;
}

export interface Location {
  modifier: '' | '=' | '~' | '~*' | '^~';
  path: string;
  pattern: RegExp | undefined;
  root: string | undefined;
  alias: string | undefined;
  index: string[] | undefined;
  tryFiles: string[] | undefined;
  returns: { code: number; text: string } | undefined;
  proxyPass: string | undefined;
  proxyHeaders: [string, string][];
  addHeaders: [string, string][];
  defaultType: string | undefined;
  autoindex: boolean;
  stubStatus: boolean;
}

export interface Server {
  ports: number[];
  /** Those of them that speak TLS. */
  tlsPorts: number[];
  /** Files; empty without TLS. */
  certificate: string;
  key: string;
  names: string[];
  isDefault: boolean;
  base: Location;
  locations: Location[];
}

export interface NginxConfig {
  servers: Server[];
  /** Upstream name to its servers (`host:port`). */
  upstreams: Record<string, string[]>;
}

/** Directives that steer speed, limits or logs and change nothing that can be seen here. */
const QUIET = new Set(
  `user worker_processes worker_connections worker_rlimit_nofile pid error_log access_log log_format sendfile
  tcp_nopush tcp_nodelay keepalive_timeout keepalive_requests keepalive types types_hash_max_size server_tokens
  client_max_body_size client_body_timeout client_header_timeout client_body_buffer_size send_timeout charset
  multi_accept use gzip gzip_types gzip_vary gzip_proxied gzip_comp_level gzip_min_length large_client_header_buffers
  server_names_hash_bucket_size proxy_http_version proxy_read_timeout proxy_connect_timeout proxy_send_timeout
  proxy_buffering proxy_buffers proxy_buffer_size proxy_redirect proxy_cache_bypass expires etag internal resolver
  resolver_timeout error_page log_not_found open_file_cache real_ip_header set_real_ip_from zone least_conn ip_hash
  ssl_certificate ssl_certificate_key ssl_protocols ssl_ciphers ssl_prefer_server_ciphers ssl_session_cache
  ssl_session_timeout ssl_session_tickets ssl_ecdh_curve ssl_dhparam http2`
    .split(/\s+/)
    .filter(Boolean),
);

const cache = new Map<string, NginxConfig>();
const CONFIG_DIR = '/etc/nginx';
/** Configurations of images whose containers have changed nothing of them. */
const ofImage = new WeakMap<DirNode, NginxConfig>();

/** Reads /etc/nginx/nginx.conf and what it includes. */
export function readConfig(fs: FileSystem): NginxConfig {
  const own = fs.pristine(CONFIG_DIR);
  let config = own && ofImage.get(own);
  if (!config) {
    config = readFiles(fs, `${CONFIG_DIR}/nginx.conf`);
    if (own) ofImage.set(own, config);
  }
  return config;
}

function readFiles(fs: FileSystem, path: string): NginxConfig {
  const texts: string[] = [];
  const load = (file: string): string => {
    const text = fs.readFile(file);
    texts.push(file, text);
    return text;
  };
  const root = parse(load(path), path);
  include(fs, root, load);
  const key = texts.join('\0');
  let config = cache.get(key);
  if (!config) {
    config = build(root);
    if (cache.size > 50) cache.clear();
    cache.set(key, config);
  }
  return config;
}

function parse(text: string, file: string): Directive[] {
  const known = parsed.get(text);
  if (known?.file === file) return known.directives;
  let at = 0;
  let line = 1;
  const fail = (why: string): never => {
    throw new ConfigFailure(`${why} in ${file}:${line}`);
  };
  /** A word, `{`, `}` or `;`; undefined at the end. */
  const token = (): string | undefined => {
    for (;;) {
      const char = text[at];
      if (char === undefined) return undefined;
      if (char === '\n') line++;
      if (char === '#') while (at < text.length && text[at] !== '\n') at++;
      else if (/\s/.test(char)) at++;
      else break;
    }
    const char = text[at];
    if (char === '{' || char === '}' || char === ';') {
      at++;
      return char;
    }
    if (char === '"' || char === "'") {
      let word = '';
      for (at++; text[at] !== char; at++) {
        if (text[at] === undefined) fail(`unexpected end of file, expecting "${char}"`);
        if (text[at] === '\n') line++;
        const escaped = text[at] === '\\' ? ESCAPES[text[at + 1]] : undefined;
        if (escaped !== undefined) at++;
        word += escaped ?? text[at];
      }
      at++;
      return `"${word}`;
    }
    const from = at;
    while (at < text.length && !/[\s;]/.test(text[at])) {
      if (text[at] === '{' && text[at - 1] !== '$') break;
      if (text[at] === '$' && text[at + 1] === '{') while (text[at] !== '}' && at < text.length) at++;
      at++;
    }
    return text.slice(from, at);
  };
  const blockOf = (depth: number): Directive[] => {
    const list: Directive[] = [];
    for (;;) {
      const first = token();
      if (first === undefined) {
        if (depth > 0) fail('unexpected end of file, expecting "}"');
        return list;
      }
      if (first === '}') {
        if (depth === 0) fail('unexpected "}"');
        return list;
      }
      if (first === '{' || first === ';') fail(`unexpected "${first}"`);
      const directive: Directive = { name: first, args: [], block: undefined, file, line };
      for (;;) {
        const word = token();
        if (word === undefined) fail('unexpected end of file, expecting ";" or "}"');
        if (word === ';') break;
        if (word === '}') fail('unexpected "}"');
        if (word === '{') {
          if (depth > 10) fail('too many nested blocks');
          directive.block = blockOf(depth + 1);
          break;
        }
        directive.args.push((word as string).startsWith('"') ? (word as string).slice(1) : (word as string));
      }
      list.push(directive);
    }
  };
  const directives = blockOf(0);
  if (parsed.size > 50) parsed.clear();
  parsed.set(text, { file, directives });
  return directives;
}

/** What a backslash and a character mean in quotes; any other pair stands as it is. */
const ESCAPES: Record<string, string | undefined> = { n: '\n', t: '\t', r: '\r', '"': '"', "'": "'", '\\': '\\' };

const parsed = new Map<string, { file: string; directives: Directive[] }>();
/** Directives of included files, by the directive that includes them and their names. */
function include(fs: FileSystem, list: Directive[], load: (file: string) => string, depth = 0) {
  for (const directive of list) {
    if (directive.name === 'include' && depth < 10) {
      directive.block = [];
      for (const file of expandGlob(fs, directive.args[0], directive)) {
        const inner = parse(load(file), file);
        include(fs, inner, load, depth + 1);
        directive.block.push(...inner);
      }
    } else if (directive.block) include(fs, directive.block, load, depth + 1);
  }
}

function expandGlob(fs: FileSystem, pattern: string, directive: Directive): string[] {
  const full = pattern.startsWith('/') ? pattern : `/etc/nginx/${pattern}`;
  if (full.endsWith('mime.types')) return [];
  const slash = full.lastIndexOf('/');
  const [dir, name] = [full.slice(0, slash), full.slice(slash + 1)];
  if (!name.includes('*')) {
    if (fs.exists(full)) return [full];
    throw new ConfigFailure(
      `open() "${full}" failed (2: No such file or directory) in ${directive.file}:${directive.line}`,
    );
  }
  const regexp = new RegExp(`^${name.replace(/[.+^$(){}|[\]\\]/g, '\\$&').replaceAll('*', '[^/]*')}$`);
  if (!fs.isDirectory(dir)) return [];
  return fs
    .readdir(dir)
    .filter((entry) => regexp.test(entry) && !entry.startsWith('.'))
    .map((entry) => `${dir}/${entry}`);
}

function flat(list: readonly Directive[]): Directive[] {
  return list.flatMap((directive) => (directive.name === 'include' ? flat(directive.block ?? []) : [directive]));
}

function unknown(directive: Directive): never {
  throw new ConfigFailure(`unknown directive "${directive.name}" in ${directive.file}:${directive.line}`);
}

function build(root: Directive[]): NginxConfig {
  const config: NginxConfig = { servers: [], upstreams: {} };
  for (const directive of flat(root)) {
    if (directive.name === 'http') http(flat(directive.block ?? []), config);
    else if (directive.name !== 'events' && !QUIET.has(directive.name)) unknown(directive);
  }
  return config;
}

function http(list: Directive[], config: NginxConfig) {
  const outer = emptyLocation('');
  for (const directive of list) {
    if (directive.name === 'server') continue;
    if (directive.name === 'upstream') {
      const servers = flat(directive.block ?? []).filter(({ name }) => name === 'server');
      config.upstreams[directive.args[0]] = servers.map(({ args }) =>
        args[0].includes(':') ? args[0] : `${args[0]}:80`,
      );
    } else if (!apply(outer, directive)) unknown(directive);
  }
  for (const directive of list) if (directive.name === 'server') config.servers.push(server(directive, outer, list));
}

function server(directive: Directive, outer: Location, around: readonly Directive[]): Server {
  const base: Location = { ...outer, addHeaders: [...outer.addHeaders] };
  const list = flat(directive.block ?? []);
  const file = (name: string) => [...list, ...around].find((one) => one.name === name)?.args[0] ?? '';
  const certificate = file('ssl_certificate');
  const key = file('ssl_certificate_key');
  const result: Server = {
    ports: [],
    tlsPorts: [],
    certificate,
    key,
    names: [],
    isDefault: false,
    base,
    locations: [],
  };
  for (const inner of list) {
    if (inner.name === 'listen') {
      const match = /^(?:.*:)?(\d+)$/.exec(inner.args[0]);
      if (!match)
        throw new ConfigFailure(
          `invalid port in "${inner.args[0]}" of the "listen" directive in ${inner.file}:${inner.line}`,
        );
      const port = Number(match[1]);
      if (!result.ports.includes(port)) result.ports.push(port);
      if (inner.args.includes('default_server')) result.isDefault = true;
      if (!inner.args.includes('ssl')) continue;
      if (!certificate || !key) {
        const missing = certificate ? 'ssl_certificate_key' : 'ssl_certificate';
        throw new ConfigFailure(
          `no "${missing}" is defined for the "listen ... ssl" directive in ${inner.file}:${inner.line}`,
        );
      }
      if (!result.tlsPorts.includes(port)) result.tlsPorts.push(port);
    } else if (inner.name === 'server_name') result.names.push(...inner.args);
    else if (inner.name !== 'location' && !apply(base, inner)) unknown(inner);
  }
  if (!result.ports.length) result.ports.push(80);
  for (const inner of list) if (inner.name === 'location') result.locations.push(location(inner, base));
  return result;
}

function location(directive: Directive, base: Location): Location {
  const [first, second] = directive.args;
  const modifier = (second === undefined ? '' : first) as Location['modifier'];
  const path = second ?? first;
  const pattern = modifier === '~' || modifier === '~*' ? new RegExp(path, modifier === '~*' ? 'i' : '') : undefined;
  const result: Location = {
    ...emptyLocation(path),
    root: base.root,
    index: base.index,
    defaultType: base.defaultType,
    autoindex: base.autoindex,
    proxyHeaders: [...base.proxyHeaders],
    modifier,
    pattern,
  };
  const own: Location = result;
  for (const inner of flat(directive.block ?? [])) if (!apply(own, inner)) unknown(inner);
  if (!result.addHeaders.length) result.addHeaders = base.addHeaders;
  return result;
}

function emptyLocation(path: string): Location {
  return {
    modifier: '',
    path,
    pattern: undefined,
    root: undefined,
    alias: undefined,
    index: undefined,
    tryFiles: undefined,
    returns: undefined,
    proxyPass: undefined,
    proxyHeaders: [],
    addHeaders: [],
    defaultType: undefined,
    autoindex: false,
    stubStatus: false,
  };
}

/** False when the directive is not known. */
function apply(at: Location, directive: Directive): boolean {
  const { name, args } = directive;
  switch (name) {
    case 'root':
      at.root = args[0];
      return true;
    case 'alias':
      at.alias = args[0];
      return true;
    case 'index':
      at.index = args;
      return true;
    case 'try_files':
      at.tryFiles = args;
      return true;
    case 'return': {
      const coded = /^\d{3}$/.test(args[0]);
      at.returns = coded ? { code: Number(args[0]), text: args[1] ?? '' } : { code: 302, text: args[0] };
      return true;
    }
    case 'proxy_pass':
      at.proxyPass = args[0];
      return true;
    case 'proxy_set_header':
      at.proxyHeaders.push([args[0], args[1] ?? '']);
      return true;
    case 'add_header':
      at.addHeaders.push([args[0], args[1] ?? '']);
      return true;
    case 'default_type':
      at.defaultType = args[0];
      return true;
    case 'autoindex':
      at.autoindex = args[0] === 'on';
      return true;
    case 'stub_status':
      at.stubStatus = true;
      return true;
  }
  return QUIET.has(name);
}
