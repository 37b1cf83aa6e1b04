// The expressions by which ss picks sockets: `dport = :80`, `( sport = :http or sport = :https ) and dst 10.244.0.0/16`.

import { portOfService } from '../capture/services.ts';
import { inCidr, ipNumber, parseCidr } from '../net/index.ts';
import type { Process } from '../types.ts';
import { fail } from './options.ts';
import type { SocketRow } from './socket-table.ts';

type Test = (row: SocketRow) => boolean;

const COMPARE: Record<string, (a: number, b: number) => boolean> = {
  '=': (a, b) => a === b,
  '==': (a, b) => a === b,
  eq: (a, b) => a === b,
  '!=': (a, b) => a !== b,
  neq: (a, b) => a !== b,
  ne: (a, b) => a !== b,
  '>': (a, b) => a > b,
  gt: (a, b) => a > b,
  '<': (a, b) => a < b,
  lt: (a, b) => a < b,
  '>=': (a, b) => a >= b,
  geq: (a, b) => a >= b,
  ge: (a, b) => a >= b,
  '<=': (a, b) => a <= b,
  leq: (a, b) => a <= b,
  le: (a, b) => a <= b,
};

export function socketFilter(process: Process, given: readonly string[]): Test {
  const words = given
    .join(' ')
    .replace(/([()])/g, ' $1 ')
    .split(/\s+/)
    .filter(Boolean);
  let at = 0;
  const wrong = (): never => fail(process, `bison bellows (while parsing filter): "syntax error!" Sorry.`, 255);
  const take = (...wanted: string[]) => wanted.includes(words[at]) && ++at > 0;

  const expression = (): Test => {
    let left = term();
    while (take('or', '|', '||')) {
      const [before, right] = [left, term()];
      left = (row) => before(row) || right(row);
    }
    return left;
  };
  const term = (): Test => {
    let left = factor();
    while (at < words.length && !['or', '|', '||', ')'].includes(words[at])) {
      take('and', '&', '&&');
      const [before, right] = [left, factor()];
      left = (row) => before(row) && right(row);
    }
    return left;
  };
  const factor = (): Test => {
    if (take('not', '!')) {
      const test = factor();
      return (row) => !test(row);
    }
    if (take('(')) {
      const test = expression();
      return take(')') ? test : wrong();
    }
    const what = words[at++];
    if (what === 'dst' || what === 'src') {
      take('=', '==', 'eq');
      return address(words[at++], what === 'src');
    }
    if (what !== 'sport' && what !== 'dport') return wrong();
    const word = words[at] ?? '';
    const named = word in COMPARE;
    const compare = COMPARE[named ? word : '='];
    if (named) at++;
    const port = portNumber(words[at++]);
    return (row) => {
      const number = what === 'sport' ? row.local.port : row.remote?.port;
      return number !== undefined && compare(number, port);
    };
  };
  const portNumber = (text = ''): number => {
    const name = text.replace(/^.*:/, '');
    const port = /^\d+$/.test(name) ? Number(name) : portOfService(name);
    return (
      port ??
      fail(process, `Error: an inet prefix is expected rather than "${text}".\nCannot parse dst/src address.`, 255)
    );
  };
  const address = (text: string | undefined, own: boolean): Test => {
    if (text === undefined) return wrong();
    const [, host, port] =
      /^\[?([^\]]*?)\]?(?::([\w-]+))?$/.exec(text.includes('::') && !text.startsWith('[') ? `[${text}]` : text) ?? [];
    const range = host && host !== '*' ? parseCidr(host) : undefined;
    if (host && host !== '*' && !range)
      fail(process, `Error: an inet prefix is expected rather than "${text}".\nCannot parse dst/src address.`, 255);
    const number = port === undefined ? undefined : portNumber(port);
    return (row) => {
      const end = own ? row.local : row.remote;
      if (!end || (range && !inCidr(range, ipNumber(end.ip)))) return false;
      return number === undefined || end.port === number;
    };
  };

  if (!words.length) return () => true;
  const test = expression();
  return at < words.length ? wrong() : test;
}
