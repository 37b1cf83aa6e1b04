// test and [: conditions about strings, numbers and files.

import type { FileSystem } from '../fs.ts';
import { filesOf } from '../host.ts';
import type { Process, Program } from '../types.ts';
import { nameOf } from './options.ts';

/** Thrown with what is wrong with the expression. */
export class TestError {
  readonly message: string;
  constructor(message: string) {
    this.message = message;
  }
}

export interface TestScope {
  fs: FileSystem;
  /** Whether that descriptor is a terminal. */
  terminal(fd: number): boolean;
  /** `-v name`; absent outside shells that know it. */
  isSet?(name: string): boolean;
  /** `-o option` */
  option?(name: string): boolean;
}

export function unaryTest(op: string, operand: string, scope: TestScope): boolean {
  const { fs } = scope;
  switch (op) {
    case '-n':
      return operand !== '';
    case '-z':
      return operand === '';
    case '-t':
      return scope.terminal(Number(operand));
    case '-v':
      return scope.isSet?.(operand) ?? false;
    case '-o':
      return scope.option?.(operand) ?? false;
    case '-h':
    case '-L':
      return fs.find(operand, false)?.kind === 'link';
    case '-r':
      return fs.access(operand, 4);
    case '-w':
      return fs.access(operand, 2);
    case '-x':
      return fs.access(operand, 1);
  }
  const node = operand === '' ? undefined : fs.find(operand);
  if (!node) return false;
  const file = node.kind === 'file' ? node : undefined;
  switch (op) {
    case '-a':
    case '-e':
      return true;
    case '-f':
      return file !== undefined && !file.device && !file.block && !file.fifo;
    case '-d':
      return node.kind === 'dir';
    case '-s':
      return node.size > 0;
    case '-b':
      return file?.block === true;
    case '-c':
      return file?.device !== undefined;
    case '-p':
      return file?.fifo !== undefined;
    case '-u':
      return (node.mode & 0o4000) !== 0;
    case '-g':
      return (node.mode & 0o2000) !== 0;
    case '-k':
      return (node.mode & 0o1000) !== 0;
    case '-O':
      return node.uid === fs.uid;
    case '-G':
      return node.gid === fs.gid;
  }
  return false;
}

const INTEGER = /^\s*[+-]?\d+\s*$/;
const NUMERIC: Record<string, (a: number, b: number) => boolean> = {
  '-eq': (a, b) => a === b,
  '-ne': (a, b) => a !== b,
  '-lt': (a, b) => a < b,
  '-le': (a, b) => a <= b,
  '-gt': (a, b) => a > b,
  '-ge': (a, b) => a >= b,
};
const UNARY = /^-[abcdefghknoprstuvwxzGLNORS]$/;

export function isBinary(op: string | undefined): boolean {
  return op !== undefined && (op in NUMERIC || /^(?:=|==|!=|<|>|-nt|-ot|-ef)$/.test(op));
}

export function binaryTest(left: string, op: string, right: string, scope: TestScope): boolean {
  if (op in NUMERIC) {
    for (const text of [left, right])
      if (!INTEGER.test(text)) throw new TestError(`${text}: integer expression expected`);
    return NUMERIC[op](Number(left), Number(right));
  }
  switch (op) {
    case '=':
    case '==':
      return left === right;
    case '!=':
      return left !== right;
    case '<':
      return left < right;
    case '>':
      return left > right;
  }
  const a = scope.fs.find(left);
  const b = scope.fs.find(right);
  if (op === '-ef') return a !== undefined && a === b;
  if (op === '-nt') return a !== undefined && (!b || a.mtime > b.mtime);
  return b !== undefined && (!a || a.mtime < b.mtime);
}

/** Evaluates the arguments of `test`. POSIX decides by their number before precedence comes in. */
export function testExpression(args: string[], scope: TestScope): boolean {
  switch (args.length) {
    case 0:
      return false;
    case 1:
      return args[0] !== '';
    case 2:
      if (args[0] === '!') return args[1] === '';
      if (UNARY.test(args[0])) return unaryTest(args[0], args[1], scope);
      throw new TestError(`${args[0]}: unary operator expected`);
    case 3:
      if (isBinary(args[1])) return binaryTest(args[0], args[1], args[2], scope);
      if (args[1] === '-a') return args[0] !== '' && args[2] !== '';
      if (args[1] === '-o') return args[0] !== '' || args[2] !== '';
      if (args[0] === '!') return !testExpression(args.slice(1), scope);
      if (args[0] === '(' && args[2] === ')') return args[1] !== '';
      throw new TestError(`${args[1]}: binary operator expected`);
    case 4:
      if (args[0] === '!') return !testExpression(args.slice(1), scope);
      if (args[0] === '(' && args[3] === ')') return testExpression(args.slice(1, 3), scope);
  }
  return new Expression(args, scope).whole();
}

class Expression {
  private i = 0;
  private readonly args: string[];
  private readonly scope: TestScope;
  constructor(args: string[], scope: TestScope) {
    this.args = args;
    this.scope = scope;
  }

  whole(): boolean {
    const value = this.or();
    if (this.i < this.args.length) throw new TestError('too many arguments');
    return value;
  }

  private or(): boolean {
    let value = this.and();
    while (this.args[this.i] === '-o') {
      this.i++;
      const right = this.and();
      value = value || right;
    }
    return value;
  }

  private and(): boolean {
    let value = this.term();
    while (this.args[this.i] === '-a') {
      this.i++;
      const right = this.term();
      value = value && right;
    }
    return value;
  }

  private term(): boolean {
    const { args } = this;
    const first = args[this.i];
    if (first === undefined) throw new TestError('argument expected');
    if (first === '!') {
      this.i++;
      return !this.term();
    }
    if (first === '(') {
      this.i++;
      const value = this.or();
      if (args[this.i++] !== ')') throw new TestError("`)' expected");
      return value;
    }
    if (isBinary(args[this.i + 1]) && this.i + 2 < args.length) {
      this.i += 3;
      return binaryTest(first, args[this.i - 2], args[this.i - 1], this.scope);
    }
    if (UNARY.test(first) && this.i + 1 < args.length) {
      this.i += 2;
      return unaryTest(first, args[this.i - 1], this.scope);
    }
    this.i++;
    return first !== '';
  }
}

/** Runs `test` or `[`: the status, after telling what is wrong. */
export function runTest(argv: string[], scope: TestScope, complain: (message: string) => void): number {
  let args = argv.slice(1);
  if (argv[0].endsWith('[')) {
    if (args[args.length - 1] !== ']') {
      complain("missing `]'");
      return 2;
    }
    args = args.slice(0, -1);
  }
  try {
    return testExpression(args, scope) ? 0 : 1;
  } catch (error) {
    if (!(error instanceof TestError)) throw error;
    complain(error.message);
    return 2;
  }
}

export const test: Program = function* (process: Process) {
  const scope: TestScope = { fs: filesOf(process), terminal: () => process.tty };
  return runTest(process.argv, scope, (message) => void process.stderr.write(`${nameOf(process)}: ${message}\n`));
};
