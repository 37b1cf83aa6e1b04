// What curl sends: method, headers and body, as the options say.

import type { Co } from '../../sim/index.ts';
import { byteLength, encode, toBase64 } from '../bytes.ts';
import { FsError } from '../fs.ts';
import { filesOf } from '../host.ts';
import type { Headers } from '../http.ts';
import { readAll } from '../io.ts';
import type { Process } from '../types.ts';
import { hostHeader, parseUrl, type Url } from '../url.ts';
import type { Options } from './options.ts';

export const VERSION = '8.14.1';

/** How a transfer failed: curl's exit status and its words. */
export class Failure {
  readonly status: number;
  readonly message: string;
  constructor(status: number, message: string) {
    this.status = status;
    this.message = message;
  }
}

export interface Transfer {
  url: Url;
  text: string;
  method: string;
  headers: Headers;
  body?: string;
}

/** What is sent for a URL. */
export function* requestFor(process: Process, options: Options, text: string): Co<Transfer> {
  const url = parseUrl(text);
  if (!url)
    throw new Failure(
      3,
      text === '' ? 'URL rejected: Malformed input to a URL function' : 'URL rejected: No host part in the URL',
    );
  if (url.scheme !== 'http' && url.scheme !== 'https') {
    throw new Failure(1, `Protocol "${url.scheme}" not supported`);
  }
  let body = yield* data(process, options);
  if (body !== undefined && options.has('G')) {
    url.path += (url.path.includes('?') ? '&' : '?') + body;
    body = undefined;
  }
  const method = options.value('X') ?? (options.has('I') ? 'HEAD' : body !== undefined ? 'POST' : 'GET');
  return { url, text, method, headers: headersOf(options, url, body), body };
}

function* data(process: Process, options: Options): Co<string | undefined> {
  const pieces: string[] = [];
  for (const [key, value] of options.given) {
    if (key === 'data-raw' || key === 'json')
      pieces.push(key === 'json' && value.startsWith('@') ? yield* file(process, value.slice(1)) : value);
    else if (key === 'd')
      pieces.push(value.startsWith('@') ? (yield* file(process, value.slice(1))).replace(/[\r\n]/g, '') : value);
    else if (key === 'data-binary') pieces.push(value.startsWith('@') ? yield* file(process, value.slice(1)) : value);
    else if (key === 'data-urlencode') {
      const equals = value.indexOf('=');
      const name = equals > 0 ? value.slice(0, equals + 1) : '';
      pieces.push(name + percentEncode(equals >= 0 ? value.slice(equals + 1) : value));
    }
  }
  return pieces.length ? pieces.join('&') : undefined;
}

function* file(process: Process, path: string): Co<string> {
  if (path === '-') return yield* readAll(process.stdin);
  try {
    return filesOf(process).readFile(path);
  } catch (error) {
    if (error instanceof FsError) throw new Failure(26, `Failed to open ${path}`);
    throw error;
  }
}

function headersOf(options: Options, url: Url, body: string | undefined): Headers {
  const out: Headers = [
    ['Host', hostHeader(url)],
    ['User-Agent', options.value('A') ?? `curl/${VERSION}`],
    ['Accept', '*/*'],
  ];
  const user = options.value('u') ?? url.user;
  if (user !== undefined)
    out.splice(1, 0, ['Authorization', `Basic ${toBase64(encode(user.includes(':') ? user : user + ':'))}`]);
  if (options.has('oauth2-bearer')) out.splice(1, 0, ['Authorization', `Bearer ${options.value('oauth2-bearer')}`]);
  if (options.has('b')) out.push(['Cookie', options.value('b') as string]);
  if (options.has('e')) out.push(['Referer', options.value('e') as string]);
  if (body !== undefined) {
    const json = options.has('json');
    out.push(
      ['Content-Length', String(byteLength(body))],
      ['Content-Type', json ? 'application/json' : 'application/x-www-form-urlencoded'],
    );
    if (json) out[out.findIndex(([name]) => name === 'Accept')][1] = 'application/json';
  }
  for (const text of options.values('H')) {
    const colon = text.indexOf(':');
    const name = colon < 0 ? text.replace(/;$/, '') : text.slice(0, colon);
    const value = colon < 0 ? '' : text.slice(colon + 1).trim();
    const at = out.findIndex(([known]) => known.toLowerCase() === name.toLowerCase());
    if (at >= 0) out.splice(at, 1);
    if (value !== '' || text.endsWith(';')) out.splice(at >= 0 ? at : out.length, 0, [name, value]);
  }
  return out;
}

function percentEncode(text: string): string {
  let out = '';
  for (const byte of encode(text)) {
    const c = String.fromCharCode(byte);
    out += /[\w.~-]/.test(c) ? c : '%' + byte.toString(16).toUpperCase().padStart(2, '0');
  }
  return out;
}
