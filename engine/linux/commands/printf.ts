// printf and echo: formats, escapes.

import type { Program } from '../types.ts';
import { nameOf, put } from './options.ts';
import { backslashed } from '../quote.ts';

const SIMPLE: Record<string, string> = {
  n: '\n',
  t: '\t',
  r: '\r',
  a: '\x07',
  b: '\b',
  e: '\x1b',
  E: '\x1b',
  f: '\f',
  v: '\v',
  '\\': '\\',
};

function byte(code: number): string {
  return String.fromCharCode(code < 0x80 ? code : 0xdc00 + code);
}

/** Interprets backslash escapes; `stop` when `\c` ended the output. */
export function unescape(text: string, octalZero: boolean): { text: string; stop: boolean } {
  if (!text.includes('\\')) return { text, stop: false };
  let out = '';
  for (let i = 0; i < text.length; i++) {
    if (text[i] !== '\\' || i === text.length - 1) {
      out += text[i];
      continue;
    }
    const c = text[++i];
    if (c === 'c') return { text: out, stop: true };
    const rest = text.slice(i, i + 9);
    const hex = /^x([0-9a-fA-F]{1,2})/.exec(rest);
    const unicode = /^(?:u([0-9a-fA-F]{1,4})|U([0-9a-fA-F]{1,8}))/.exec(rest);
    const octal = octalZero ? /^0([0-7]{0,3})/.exec(rest) : /^([0-7]{1,3})/.exec(rest);
    if (SIMPLE[c] !== undefined) out += SIMPLE[c];
    else if (hex) {
      out += byte(parseInt(hex[1], 16));
      i += hex[1].length;
    } else if (unicode) {
      const digits = unicode[1] ?? unicode[2];
      out += String.fromCodePoint(Math.min(parseInt(digits, 16), 0x10ffff));
      i += digits.length;
    } else if (octal) {
      out += byte(parseInt(octal[1] || '0', 8) & 255);
      i += octal[0].length - 1;
    } else if (c === '"' && !octalZero) out += c;
    else out += '\\' + c;
  }
  return { text: out, stop: false };
}

/** What `echo` prints. POSIX shells (dash) interpret escapes without `-e`. */
export function echoText(args: string[], escapesAlways = false): string {
  let newline = true;
  let escapes = escapesAlways;
  let i = 0;
  const letters = escapesAlways ? /^-n$/ : /^-[neE]+$/;
  for (; i < args.length && letters.test(args[i]); i++) {
    for (const letter of args[i].slice(1)) {
      if (letter === 'n') newline = false;
      else escapes = letter === 'e';
    }
  }
  const text = args.slice(i).join(' ');
  if (!escapes) return newline ? text + '\n' : text;
  const done = unescape(text, true);
  return done.text + (newline && !done.stop ? '\n' : '');
}

export interface Printed {
  text: string;
  errors: string[];
}

const DIRECTIVE = /%([-+ #0']*)(\*|\d+)?(?:\.(\*|-?\d+)?)?(?:[hlLjzt]*)(.|\n|$)/g;

/** printf: the format is used again until the arguments are used up. `now` for `%(…)T`. */
export function formatPrintf(format: string, args: string[]): Printed {
  const errors: string[] = [];
  let out = '';
  let next = 0;
  let stopped = false;
  const pass = () => {
    let last = 0;
    DIRECTIVE.lastIndex = 0;
    for (let match = DIRECTIVE.exec(format); match && !stopped; match = DIRECTIVE.exec(format)) {
      literal(format.slice(last, match.index));
      last = DIRECTIVE.lastIndex;
      if (!stopped) directive(match);
    }
    if (!stopped) literal(format.slice(last));
  };
  const literal = (text: string) => {
    const done = unescape(text, false);
    out += done.text;
    if (done.stop) stopped = true;
  };
  const argument = () => args[next++] ?? '';
  const integer = (text: string): number => {
    if (/^['"]/.test(text)) return text.codePointAt(1) ?? 0;
    const trimmed = text.trim();
    if (trimmed === '') return 0;
    const match = /^([+-]?)(0[xX][0-9a-fA-F]+|\d+)/.exec(trimmed);
    if (!match || match[0].length < trimmed.length) errors.push(`${text}: invalid number`);
    if (!match) return 0;
    const value = /^0[0-7]+$/.test(match[2]) ? parseInt(match[2], 8) : Number(match[2]);
    return match[1] === '-' ? -value : value;
  };
  const directive = (match: RegExpExecArray) => {
    let flags = match[1];
    const kind = match[4];
    if (match[0].startsWith('%%') || (kind === '%' && match[0] === '%%')) {
      out += '%';
      return;
    }
    let width = match[2] === '*' ? integer(argument()) : Number(match[2] ?? 0);
    if (width < 0) {
      flags += '-';
      width = -width;
    }
    const dotted = /\.[^a-zA-Z]*[a-zA-Z%]?$/.test(match[0]);
    const precision =
      match[3] === '*' ? integer(argument()) : match[3] !== undefined ? Number(match[3]) : dotted ? 0 : undefined;
    let text: string;
    switch (kind) {
      case 's':
        text = argument();
        if (precision !== undefined) text = text.slice(0, precision);
        break;
      case 'b': {
        const done = unescape(argument(), true);
        text = done.text;
        stopped ||= done.stop;
        break;
      }
      case 'q':
        text = backslashed(argument());
        break;
      case 'c':
        text = argument().slice(0, 1);
        break;
      case 'd':
      case 'i':
      case 'u':
      case 'x':
      case 'X':
      case 'o':
        text = formatInteger(integer(argument()), kind, flags, precision);
        break;
      case 'f':
      case 'F':
      case 'e':
      case 'E':
      case 'g':
      case 'G': {
        const raw = argument();
        const value = raw.trim() === '' ? 0 : Number(raw);
        if (Number.isNaN(value)) errors.push(`${raw}: invalid number`);
        text = formatFloat(Number.isNaN(value) ? parseFloat(raw) || 0 : value, kind, flags, precision);
        break;
      }
      default:
        errors.push(kind ? `\`${kind}': invalid format character` : "`%': missing format character");
        stopped = true;
        return;
    }
    out += pad(text, width, flags, /[sbqc]/.test(kind) || (precision !== undefined && /[diouxX]/.test(kind)));
  };
  do pass();
  while (next < args.length && next > 0 && !stopped);
  return { text: out, errors };
}

/** Fills up to a width: on the right with `-`, with zeros after the sign with `0`. */
export function pad(text: string, width: number, flags: string, blanksOnly: boolean): string {
  if (text.length >= width) return text;
  if (flags.includes('-')) return text.padEnd(width);
  if (!flags.includes('0') || blanksOnly) return text.padStart(width);
  const sign = /^(?:[+ -]?0[xX]|[+ -])/.exec(text)?.[0] ?? '';
  return sign + text.slice(sign.length).padStart(width - sign.length, '0');
}

export function formatInteger(value: number, kind: string, flags: string, precision?: number): string {
  const whole = Math.trunc(value);
  const base = kind === 'o' ? 8 : kind === 'x' || kind === 'X' ? 16 : 10;
  const unsigned = base !== 10 || kind === 'u';
  let digits =
    unsigned && whole < 0 ? BigInt.asUintN(64, BigInt(whole)).toString(base) : integerText(Math.abs(whole), base);
  if (kind === 'X') digits = digits.toUpperCase();
  if (precision !== undefined) digits = digits.padStart(precision, '0');
  if (flags.includes('#') && whole !== 0) digits = (kind === 'o' ? '0' : base === 16 ? '0' + kind : '') + digits;
  if (unsigned) return digits;
  return (whole < 0 ? '-' : flags.includes('+') ? '+' : flags.includes(' ') ? ' ' : '') + digits;
}

function integerText(value: number, base: number): string {
  if (!Number.isFinite(value)) return String(value);
  return value < 1e21 ? value.toString(base) : BigInt(value).toString(base);
}

export function formatFloat(value: number, kind: string, flags: string, precision = 6): string {
  const sign = value < 0 || Object.is(value, -0) ? '-' : flags.includes('+') ? '+' : flags.includes(' ') ? ' ' : '';
  const size = Math.abs(value);
  if (!Number.isFinite(size)) return sign + (Number.isNaN(size) ? 'nan' : 'inf');
  const lower = kind.toLowerCase();
  let text: string;
  if (lower === 'f')
    text =
      size < 1e21
        ? size.toFixed(Math.min(precision, 100))
        : BigInt(Math.round(size)).toString() + (precision ? '.' + '0'.repeat(precision) : '');
  else if (lower === 'e') text = exponent(size.toExponential(Math.min(precision, 100)));
  else {
    const digits = precision || 1;
    const power = size === 0 ? 0 : Number(size.toExponential(digits - 1).split('e')[1]);
    if (power < -4 || power >= digits) text = exponent(size.toExponential(digits - 1));
    else text = size.toFixed(Math.max(0, digits - 1 - power));
    if (!flags.includes('#'))
      text = text.includes('e') ? text.replace(/\.?0*e/, 'e') : text.includes('.') ? text.replace(/\.?0+$/, '') : text;
  }
  return sign + (kind === lower ? text : text.toUpperCase());
}

function exponent(text: string): string {
  return text.replace(/e([+-])(\d)$/, 'e$10$2');
}

export const printf: Program = function* (process) {
  const args = process.argv.slice(1);
  if (args[0] === '--') args.shift();
  if (!args.length) {
    process.stderr.write(`${nameOf(process)}: missing operand\n`);
    return 1;
  }
  const { text, errors } = formatPrintf(args[0], args.slice(1));
  put(process, text);
  for (const error of errors) process.stderr.write(`${nameOf(process)}: ${error}\n`);
  return errors.length ? 1 : 0;
};

export const echo: Program = function* (process) {
  put(process, echoText(process.argv.slice(1)));
  return 0;
};
