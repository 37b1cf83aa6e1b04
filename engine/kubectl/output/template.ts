// Go templates (text/template) as `-o go-template` runs them, with the two functions that kubectl adds.

import { decode, fromBase64 } from '../../linux/bytes.ts';
import { goMap } from './printers.ts';

export class TemplateError extends Error {}

type Expr =
  | { type: 'dot' }
  | { type: 'literal'; value: unknown }
  | { type: 'variable'; name: string; fields: string[]; at: number }
  | { type: 'field'; base?: Expr; fields: string[]; at: number }
  | { type: 'call'; name: string; args: Expr[]; at: number };

type Node =
  | { type: 'text'; text: string }
  | { type: 'action'; pipe: Expr; declare?: string[]; assign?: boolean }
  | { type: 'if' | 'with'; pipe: Expr; declare?: string[]; then: Node[]; otherwise: Node[] }
  | { type: 'range'; pipe: Expr; declare?: string[]; then: Node[]; otherwise: Node[] }
  | { type: 'break' | 'continue' };

const NO_VALUE = Symbol('no value');

export class GoTemplate {
  private readonly nodes: Node[];
  private readonly source: string;
  private readonly allowMissing: boolean;

  constructor(source: string, allowMissing: boolean) {
    this.source = source;
    this.allowMissing = allowMissing;
    this.nodes = new Parser(source).parse();
  }

  print(data: unknown): string {
    const out: string[] = [];
    this.run(this.nodes, data, [new Map([['$', data]])], out);
    return out.join('');
  }

  private run(nodes: Node[], dot: unknown, scopes: Map<string, unknown>[], out: string[]): 'break' | 'continue' | undefined {
    const scope = new Map<string, unknown>();
    const inner = [...scopes, scope];
    for (const node of nodes) {
      switch (node.type) {
        case 'text':
          out.push(node.text);
          break;
        case 'break':
        case 'continue':
          return node.type;
        case 'action': {
          const value = this.value(node.pipe, dot, inner);
          if (!node.declare) out.push(show(value));
          else if (node.assign) (inner.findLast((s) => s.has((node.declare as string[])[0])) ?? scope).set(node.declare[0], value);
          else scope.set(node.declare[0], value);
          break;
        }
        case 'if':
        case 'with': {
          const value = this.value(node.pipe, dot, inner);
          const own = node.declare ? [...inner, new Map([[node.declare[0], value]])] : inner;
          const flow = truth(value)
            ? this.run(node.then, node.type === 'with' ? value : dot, own, out)
            : this.run(node.otherwise, dot, own, out);
          if (flow) return flow;
          break;
        }
        case 'range':
          this.range(node, dot, inner, out);
      }
    }
    return undefined;
  }

  private range(node: Node & { type: 'range' }, dot: unknown, scopes: Map<string, unknown>[], out: string[]) {
    const value = this.value(node.pipe, dot, scopes);
    const pairs: [unknown, unknown][] = [];
    if (Array.isArray(value)) value.forEach((v, i) => pairs.push([i, v]));
    else if (typeof value === 'number') for (let i = 0; i < value; i++) pairs.push([i, i]);
    else if (value !== null && typeof value === 'object') {
      const map = value as Record<string, unknown>;
      for (const key of Object.keys(map).sort()) pairs.push([key, map[key]]);
    } else if (value !== null && value !== undefined && value !== NO_VALUE) {
      throw this.fail(node.pipe, `range can't iterate over ${show(value)}`);
    }
    if (pairs.length === 0) {
      this.run(node.otherwise, dot, scopes, out);
      return;
    }
    for (const [key, item] of pairs) {
      const scope = new Map<string, unknown>();
      if (node.declare?.length === 1) scope.set(node.declare[0], item);
      if (node.declare?.length === 2) {
        scope.set(node.declare[0], key);
        scope.set(node.declare[1], item);
      }
      if (this.run(node.then, item, [...scopes, scope], out) === 'break') break;
    }
  }

  private fail(expr: Expr, message: string): TemplateError {
    const at = 'at' in expr ? expr.at : 0;
    const before = this.source.slice(0, at);
    const line = before.split('\n').length;
    const column = at - (before.lastIndexOf('\n') + 1);
    return new TemplateError(`template: output:${line}:${column}: executing "output" at <${sourceOf(expr)}>: ${message}`);
  }

  private value(expr: Expr, dot: unknown, scopes: Map<string, unknown>[]): unknown {
    switch (expr.type) {
      case 'dot':
        return dot;
      case 'literal':
        return expr.value;
      case 'variable': {
        const scope = scopes.findLast((s) => s.has(expr.name));
        if (!scope) throw new TemplateError(`template: output:1: undefined variable "${expr.name}"`);
        return this.fields(expr, scope.get(expr.name), expr.fields);
      }
      case 'field':
        return this.fields(expr, expr.base ? this.value(expr.base, dot, scopes) : dot, expr.fields);
      case 'call': {
        if (expr.name === 'and' || expr.name === 'or') {
          let value: unknown;
          for (const arg of expr.args) {
            value = this.value(arg, dot, scopes);
            if (truth(value) === (expr.name === 'or')) return value;
          }
          return value;
        }
        const args = expr.args.map((a) => this.value(a, dot, scopes));
        try {
          return FUNCTIONS[expr.name](...args);
        } catch (error) {
          if (error instanceof TemplateError) throw this.fail(expr, `error calling ${expr.name}: ${error.message}`);
          throw error;
        }
      }
    }
  }

  private fields(expr: Expr, value: unknown, fields: string[]): unknown {
    for (const name of fields) {
      if (value === NO_VALUE) return NO_VALUE;
      if (value === null || value === undefined) {
        if (this.allowMissing) return NO_VALUE;
        throw this.fail(expr, `nil data; no entry for key "${name}"`);
      }
      if (typeof value !== 'object' || Array.isArray(value)) throw this.fail(expr, `can't evaluate field ${name} in type interface {}`);
      if (Object.hasOwn(value, name)) value = (value as Record<string, unknown>)[name];
      else if (this.allowMissing) value = NO_VALUE;
      else throw this.fail(expr, `map has no entry for key "${name}"`);
    }
    return value;
  }
}

function sourceOf(expr: Expr): string {
  if (expr.type === 'field') return (expr.base ? sourceOf(expr.base) : '') + expr.fields.map((f) => '.' + f).join('');
  if (expr.type === 'variable') return expr.name + expr.fields.map((f) => '.' + f).join('');
  if (expr.type === 'literal') return JSON.stringify(expr.value);
  if (expr.type === 'call') return [expr.name, ...expr.args.map(sourceOf)].join(' ');
  return '.';
}

function show(value: unknown): string {
  return value === NO_VALUE || value === null || value === undefined ? '<no value>' : goMap(value);
}

function truth(value: unknown): boolean {
  if (value === NO_VALUE || value === null || value === undefined) return false;
  if (Array.isArray(value)) return value.length > 0;
  if (typeof value === 'object') return Object.keys(value).length > 0;
  return Boolean(value);
}

function order(a: unknown, b: unknown): number {
  if (typeof a !== typeof b) throw new TemplateError('incompatible types for comparison');
  if (typeof a !== 'number' && typeof a !== 'string') throw new TemplateError('invalid type for comparison');
  return a < (b as typeof a) ? -1 : a > (b as typeof a) ? 1 : 0;
}

function equal(a: unknown, b: unknown): boolean {
  if (a === NO_VALUE || b === NO_VALUE) return a === b;
  if (a !== null && b !== null && typeof a !== typeof b) throw new TemplateError('incompatible types for comparison');
  if (typeof a === 'object' && a !== null) throw new TemplateError('non-comparable type');
  return a === b;
}

function at(value: unknown, index: unknown): unknown {
  if (value === null || value === undefined || value === NO_VALUE) throw new TemplateError('index of untyped nil');
  if (Array.isArray(value) || typeof value === 'string') {
    if (typeof index !== 'number') throw new TemplateError(`cannot index slice/array with type ${typeof index}`);
    if (index < 0 || index >= value.length) throw new TemplateError(`index out of range: ${index}`);
    return typeof value === 'string' ? value.charCodeAt(index) : value[index];
  }
  const map = value as Record<string, unknown>;
  return typeof index === 'string' && Object.hasOwn(map, index) ? map[index] : NO_VALUE;
}

function print(args: unknown[]): string {
  let out = '';
  args.forEach((arg, i) => {
    if (i > 0 && typeof arg !== 'string' && typeof args[i - 1] !== 'string') out += ' ';
    out += show(arg);
  });
  return out;
}

/** fmt.Sprintf for the verbs that make sense on JSON values. */
export function sprintf(format: string, args: unknown[]): string {
  let next = 0;
  const out = format.replace(/%([-+ 0#]*)(\d+)?(?:\.(\d+))?([a-zA-Z%])/g, (_, flags: string, width = '', precision: string | undefined, verb: string) => {
    if (verb === '%') return '%';
    if (next >= args.length) return `%!${verb}(MISSING)`;
    const arg = args[next++];
    let text: string;
    if (verb === 'd' || verb === 'x' || verb === 'X' || verb === 'o' || verb === 'b') {
      const base = { d: 10, x: 16, X: 16, o: 8, b: 2 }[verb] as number;
      if (typeof arg === 'string' && (verb === 'x' || verb === 'X')) text = Array.from(arg, (c) => c.charCodeAt(0).toString(16).padStart(2, '0')).join('');
      else if (typeof arg !== 'number') return `%!${verb}(${typeof arg === 'string' ? 'string' : typeof arg}=${show(arg)})`;
      else text = Math.trunc(arg).toString(base);
      if (verb === 'X') text = text.toUpperCase();
    } else if (verb === 'f' || verb === 'e' || verb === 'g') {
      if (typeof arg !== 'number') return `%!${verb}(${typeof arg}=${show(arg)})`;
      text = verb === 'f' ? arg.toFixed(precision === undefined ? 6 : Number(precision)) : String(arg);
    } else if (verb === 'q') text = JSON.stringify(show(arg));
    else if (verb === 't' && typeof arg !== 'boolean') return `%!t(${typeof arg}=${show(arg)})`;
    else if (verb === 'c' && typeof arg === 'number') text = String.fromCodePoint(arg);
    else if (verb === 'T') text = typeof arg;
    else if (verb === 's' && typeof arg === 'number') return `%!s(int64=${arg})`;
    else if (verb === 's' && typeof arg === 'boolean') return `%!s(bool=${arg})`;
    else text = show(arg);
    if (verb === 's' && precision !== undefined) text = text.slice(0, Number(precision));
    if (flags.includes('+') && typeof arg === 'number' && arg >= 0) text = '+' + text;
    if (flags.includes('-')) return text.padEnd(Number(width));
    return text.padStart(Number(width), flags.includes('0') ? '0' : ' ');
  });
  const extra = args.slice(next);
  return extra.length ? `${out}%!(EXTRA ${extra.map((a) => `${typeof a === 'number' ? 'int64' : typeof a}=${show(a)}`).join(', ')})` : out;
}

const HTML: Record<string, string> = { '<': '&lt;', '>': '&gt;', '&': '&amp;', '"': '&#34;', "'": '&#39;' };

const FUNCTIONS: Record<string, (...args: any[]) => unknown> = {
  and: () => undefined,
  or: () => undefined,
  not: (a) => !truth(a),
  eq: (a, ...rest) => rest.some((b) => equal(a, b)),
  ne: (a, b) => !equal(a, b),
  lt: (a, b) => order(a, b) < 0,
  le: (a, b) => order(a, b) <= 0,
  gt: (a, b) => order(a, b) > 0,
  ge: (a, b) => order(a, b) >= 0,
  len(value) {
    if (typeof value === 'string' || Array.isArray(value)) return value.length;
    if (value !== null && typeof value === 'object') return Object.keys(value).length;
    throw new TemplateError(value === NO_VALUE || value === null ? 'len of nil pointer' : `len of type ${typeof value}`);
  },
  index: (value, ...indexes) => indexes.reduce(at, value),
  slice: (value, from = 0, to = value.length) => value.slice(from, to),
  print: (...args) => print(args),
  println: (...args) => args.map(show).join(' ') + '\n',
  printf: (format, ...args) => sprintf(format, args),
  html: (...args) => print(args).replace(/[<>&"']/g, (c) => HTML[c]),
  js: (...args) => JSON.stringify(print(args)).slice(1, -1).replaceAll("'", "\\'"),
  urlquery: (...args) => encodeURIComponent(print(args)),
  exists: (value, ...path) => {
    for (const key of path) {
      if (value === null || typeof value !== 'object' || !Object.hasOwn(value, key)) return false;
      value = value[key];
    }
    return true;
  },
  base64decode(text) {
    const { bytes, ok } = fromBase64(String(text));
    if (!ok) throw new TemplateError(`base64 decode: illegal base64 data at input byte ${Math.floor((bytes.length * 4) / 3)}`);
    return decode(bytes);
  },
};

type Piece = { text: string } | { action: string; at: number };

class Parser {
  private readonly pieces: Piece[] = [];
  private at = 0;

  constructor(source: string) {
    let pos = 0;
    let trimNext = false;
    for (;;) {
      const open = source.indexOf('{{', pos);
      let text = open < 0 ? source.slice(pos) : source.slice(pos, open);
      if (trimNext) text = text.trimStart();
      trimNext = false;
      if (open < 0) {
        this.pieces.push({ text });
        return;
      }
      let start = open + 2;
      if (source[start] === '-' && /\s/.test(source[start + 1] ?? '')) {
        text = text.trimEnd();
        start += 2;
      }
      if (text) this.pieces.push({ text });
      const comment = /\s*\/\*[\s\S]*?\*\/\s*-?\}\}/y;
      comment.lastIndex = start;
      const match = comment.exec(source);
      if (match) {
        trimNext = match[0].endsWith('-}}');
        pos = comment.lastIndex;
        continue;
      }
      const close = closing(source, start);
      if (close < 0) throw parseError(source, start, 'unclosed action');
      let action = source.slice(start, close);
      if (/\s-$/.test(action)) {
        action = action.slice(0, -2);
        trimNext = true;
      }
      this.pieces.push({ action, at: start });
      pos = close + 2;
    }
  }

  parse(): Node[] {
    const { nodes, end } = this.block(undefined);
    if (end) throw new TemplateError(`template: output:1: unexpected {{${end}}}`);
    return nodes;
  }

  private block(owner: string | undefined): { nodes: Node[]; end?: string; rest?: string; at?: number } {
    const nodes: Node[] = [];
    while (this.at < this.pieces.length) {
      const piece = this.pieces[this.at++];
      if ('text' in piece) {
        if (piece.text) nodes.push({ type: 'text', text: piece.text });
        continue;
      }
      const match = /^\s*(\w+)?([\s\S]*)$/.exec(piece.action) as RegExpExecArray;
      const word = match[1];
      const after = piece.at + piece.action.length - match[2].length;
      if (word === 'end' || word === 'else') return { nodes, end: word, rest: match[2].trim(), at: after };
      if (word === 'break' || word === 'continue') nodes.push({ type: word });
      else if (word === 'if' || word === 'with' || word === 'range') nodes.push(this.control(word, match[2], after));
      else if (word === 'define' || word === 'template' || word === 'block') {
        throw new TemplateError(`template: output:1: {{${word}}} is not supported here`);
      } else nodes.push({ type: 'action', ...parsePipeline(piece.action, piece.at) });
    }
    if (owner) throw new TemplateError('template: output:1: unexpected EOF');
    return { nodes };
  }

  private control(word: 'if' | 'with' | 'range', text: string, at: number): Node {
    const head = parsePipeline(text, at);
    const then = this.block(word);
    let otherwise: Node[] = [];
    if (then.end === 'else') {
      const chained = /^(if|with)\b([\s\S]*)$/.exec(then.rest ?? '');
      if (chained) otherwise = [this.control(chained[1] as 'if' | 'with', chained[2], then.at ?? at)];
      else otherwise = this.block(word).nodes;
    }
    return { type: word, pipe: head.pipe, declare: head.declare, then: then.nodes, otherwise };
  }
}

/** Where the action that begins at `from` ends; quoted braces do not count. */
function closing(source: string, from: number): number {
  let mark = '';
  for (let i = from; i < source.length; i++) {
    const c = source[i];
    if (mark) {
      if (c === '\\' && mark === '"') i++;
      else if (c === mark) mark = '';
    } else if (c === '"' || c === '`') mark = c;
    else if (c === '}' && source[i + 1] === '}') return i;
  }
  return -1;
}

function parseError(source: string, at: number, message: string): TemplateError {
  return new TemplateError(`template: output:${source.slice(0, at).split('\n').length}: ${message}`);
}

const TOKEN = /\s*(?:("(?:\\.|[^"\\])*")|(`[^`]*`)|('(?:\\.|[^'\\])')|(-?\d+(?:\.\d+)?)|(\$\w*)|((?:\.\w+)+|\.)|(\w+)|(\|)|([()])|(:=|=)|(,))/y;

interface Lexeme {
  kind: 'string' | 'number' | 'variable' | 'field' | 'word' | '|' | '(' | ')' | ':=' | '=' | ',';
  text: string;
  at: number;
  /** Follows the one before without a blank: `(index . 0).name`, `$x.name`. */
  joined: boolean;
}

function lex(text: string, base: number): Lexeme[] {
  const out: Lexeme[] = [];
  TOKEN.lastIndex = 0;
  let pos = 0;
  while (text.slice(pos).trim() !== '') {
    TOKEN.lastIndex = pos;
    const match = TOKEN.exec(text);
    if (!match) throw new TemplateError(`template: output:1: unexpected ${JSON.stringify(text.slice(pos).trim()[0])} in operand`);
    const joined = !/^\s/.test(match[0]);
    pos = TOKEN.lastIndex;
    const at = base + pos - match[0].trimStart().length;
    const add = (kind: Lexeme['kind'], value: string) => out.push({ kind, text: value, at, joined });
    if (match[1] !== undefined) add('string', JSON.parse(match[1].replace(/\\'/g, "'")));
    else if (match[2] !== undefined) add('string', match[2].slice(1, -1));
    else if (match[3] !== undefined) add('number', String(match[3].codePointAt(1)));
    else if (match[4] !== undefined) add('number', match[4]);
    else if (match[5] !== undefined) add('variable', match[5]);
    else if (match[6] !== undefined) add('field', match[6]);
    else if (match[7] !== undefined) add('word', match[7]);
    else add((match[8] ?? match[9] ?? match[10] ?? match[11]) as Lexeme['kind'], match[0].trim());
  }
  return out;
}

function parsePipeline(text: string, at: number): { pipe: Expr; declare?: string[]; assign?: boolean } {
  const tokens = lex(text, at);
  let declare: string[] | undefined;
  let assign = false;
  const mark = tokens.findIndex((t) => t.kind === ':=' || t.kind === '=');
  if (mark > 0) {
    declare = tokens.slice(0, mark).filter((t) => t.kind === 'variable').map((t) => t.text);
    assign = tokens[mark].kind === '=';
    tokens.splice(0, mark + 1);
  }
  const reader = { tokens, at: 0 };
  if (tokens.length === 0) throw new TemplateError('template: output:1: missing value for command');
  const pipe = pipeline(reader);
  if (reader.at < tokens.length) throw new TemplateError(`template: output:1: unexpected ${JSON.stringify(tokens[reader.at].text)} in command`);
  return { pipe, declare, assign };
}

interface LexReader {
  tokens: Lexeme[];
  at: number;
}

function pipeline(reader: LexReader): Expr {
  let value = command(reader, undefined);
  while (reader.tokens[reader.at]?.kind === '|') {
    reader.at++;
    value = command(reader, value);
  }
  return value;
}

function command(reader: LexReader, piped: Expr | undefined): Expr {
  const first = reader.tokens[reader.at];
  if (!first) throw new TemplateError('template: output:1: missing value for command');
  if (first.kind === 'word' && !CONSTANTS.has(first.text)) {
    reader.at++;
    if (!Object.hasOwn(FUNCTIONS, first.text)) throw new TemplateError(`template: output:1: function ${JSON.stringify(first.text)} not defined`);
    const args: Expr[] = [];
    while (reader.at < reader.tokens.length && reader.tokens[reader.at].kind !== '|' && reader.tokens[reader.at].kind !== ')') args.push(operand(reader));
    if (piped) args.push(piped);
    return { type: 'call', name: first.text, args, at: first.at };
  }
  const value = operand(reader);
  if (piped) throw new TemplateError(`template: output:1: non executable command in pipeline stage 2`);
  return value;
}

const CONSTANTS = new Map<string, unknown>([
  ['true', true],
  ['false', false],
  ['nil', null],
]);

function operand(reader: LexReader): Expr {
  const token = reader.tokens[reader.at++];
  switch (token.kind) {
    case 'string':
      return { type: 'literal', value: token.text };
    case 'number':
      return { type: 'literal', value: Number(token.text) };
    case 'field':
      return token.text === '.' ? { type: 'dot' } : fieldAt(token);
    case 'variable': {
      const next = reader.tokens[reader.at];
      const fields = next?.kind === 'field' && next.joined && next.text !== '.' ? next.text.slice(1).split('.') : [];
      if (fields.length) reader.at++;
      return { type: 'variable', name: token.text, fields, at: fields.length ? next.at : token.at };
    }
    case 'word':
      if (CONSTANTS.has(token.text)) return { type: 'literal', value: CONSTANTS.get(token.text) };
      return { type: 'call', name: checked(token.text), args: [], at: token.at };
    case '(': {
      const inner = pipeline(reader);
      if (reader.tokens[reader.at++]?.kind !== ')') throw new TemplateError('template: output:1: unclosed left paren');
      const next = reader.tokens[reader.at];
      if (next?.kind === 'field' && next.joined && next.text !== '.') {
        reader.at++;
        return { type: 'field', base: inner, fields: next.text.slice(1).split('.'), at: next.at };
      }
      return inner;
    }
  }
  throw new TemplateError(`template: output:1: unexpected ${JSON.stringify(token.text)} in operand`);
}

/** Errors point at the second name of a chain, as Go's do. */
function fieldAt(token: Lexeme): Expr {
  const fields = token.text.slice(1).split('.');
  return { type: 'field', fields, at: fields.length > 1 ? token.at + 1 + fields[0].length : token.at };
}

function checked(name: string): string {
  if (!Object.hasOwn(FUNCTIONS, name)) throw new TemplateError(`template: output:1: function ${JSON.stringify(name)} not defined`);
  return name;
}
