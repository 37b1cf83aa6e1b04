// expr: one expression made of arguments.

import { breToRegExp } from '../regex.ts';
import type { Process, Program } from '../types.ts';
import { fail, put, usageError } from './options.ts';

const LEVELS = [['|'], ['&'], ['<', '<=', '=', '==', '!=', '>=', '>'], ['+', '-'], ['*', '/', '%'], [':']];

export const expr: Program = function* (process) {
  let args = process.argv.slice(1);
  if (args[0] === '--') args = args.slice(1);
  if (!args.length) usageError(process, 'missing operand', 2);
  const value = new Evaluator(process, args).whole();
  put(process, `${value}\n`);
  return value === '' || /^-?0+$/.test(value) ? 1 : 0;
};

class Evaluator {
  private i = 0;
  private depth = 0;
  private readonly process: Process;
  private readonly args: string[];
  constructor(process: Process, args: string[]) {
    this.process = process;
    this.args = args;
  }

  whole(): string {
    const value = this.level(0);
    if (this.i < this.args.length) this.fail(`syntax error: unexpected argument ‘${this.args[this.i]}’`);
    return value;
  }

  private fail(message: string): never {
    return fail(this.process, message, 2);
  }

  private level(n: number): string {
    if (n === LEVELS.length) return this.primary();
    let left = this.level(n + 1);
    while (LEVELS[n].includes(this.args[this.i])) {
      const op = this.args[this.i++];
      left = this.apply(op, left, this.level(n + 1));
    }
    return left;
  }

  private primary(): string {
    const { args } = this;
    const word = args[this.i++];
    if (word === undefined) this.fail(`syntax error: missing argument after ‘${args[args.length - 1]}’`);
    switch (word) {
      case '(': {
        if (++this.depth > 40) this.fail('an expression nested this deeply is not modelled');
        const value = this.level(0);
        this.depth--;
        if (args[this.i++] !== ')') this.fail("syntax error: expecting ')' after ‘" + (args[this.i - 2] ?? '') + '’');
        return value;
      }
      case 'length':
        return String([...this.primary()].length);
      case 'match': {
        const text = this.primary();
        return this.match(text, this.primary());
      }
      case 'substr': {
        const text = this.primary();
        const from = Number(this.primary());
        const length = Number(this.primary());
        return from >= 1 && length > 0 ? text.slice(from - 1, from - 1 + length) : '';
      }
      case 'index': {
        const text = this.primary();
        const chars = this.primary();
        for (let i = 0; i < text.length; i++) if (chars.includes(text[i])) return String(i + 1);
        return '0';
      }
      case '+':
        return args[this.i++] ?? this.fail('syntax error: missing argument after ‘+’');
    }
    return word;
  }

  private match(text: string, pattern: string): string {
    const regexp = breToRegExp(pattern.startsWith('^') ? pattern : '^' + pattern, '');
    if (typeof regexp === 'string') this.fail(regexp);
    const match = regexp.exec(text);
    const grouped = /\\\(/.test(pattern);
    return match ? (grouped ? (match[1] ?? '') : String(match[0].length)) : grouped ? '' : '0';
  }

  private apply(op: string, a: string, b: string): string {
    const empty = (text: string) => text === '' || /^-?0+$/.test(text);
    switch (op) {
      case '|':
        return empty(a) ? (empty(b) && b === '' ? '0' : b) : a;
      case '&':
        return empty(a) || empty(b) ? '0' : a;
      case ':':
        return this.match(a, b);
    }
    const numeric = /^-?\d+$/.test(a) && /^-?\d+$/.test(b);
    if (LEVELS[2].includes(op)) {
      const order = numeric
        ? Number(BigInt(a) > BigInt(b)) - Number(BigInt(a) < BigInt(b))
        : Number(a > b) - Number(a < b);
      const holds = {
        '<': order < 0,
        '<=': order <= 0,
        '=': order === 0,
        '==': order === 0,
        '!=': order !== 0,
        '>=': order >= 0,
        '>': order > 0,
      }[op];
      return holds ? '1' : '0';
    }
    if (!numeric) this.fail('non-integer argument');
    const x = BigInt(a);
    const y = BigInt(b);
    if ((op === '/' || op === '%') && y === 0n) this.fail('division by zero');
    return String(op === '+' ? x + y : op === '-' ? x - y : op === '*' ? x * y : op === '/' ? x / y : x % y);
  }
}
