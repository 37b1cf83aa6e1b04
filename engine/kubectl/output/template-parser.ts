// Go templates to trees.

import { FUNCTIONS, TemplateError } from './template-functions.ts';

export type Expr =
  | { type: 'dot' }
  | { type: 'literal'; value: unknown }
  | { type: 'variable'; name: string; fields: string[]; at: number }
  | { type: 'field'; base?: Expr; fields: string[]; at: number }
  | { type: 'call'; name: string; args: Expr[]; at: number };

export type Node =
  | { type: 'text'; text: string }
  | { type: 'action'; pipe: Expr; declare?: string[]; assign?: boolean }
  | { type: 'if' | 'with'; pipe: Expr; declare?: string[]; body: Node[]; otherwise: Node[] }
  | { type: 'range'; pipe: Expr; declare?: string[]; body: Node[]; otherwise: Node[] }
  | { type: 'break' | 'continue' };

/** Reads a template; throws TemplateError. */
export const parseTemplate = (source: string): Node[] => new Parser(source).parse();

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
    const body = this.block(word);
    let otherwise: Node[] = [];
    if (body.end === 'else') {
      const chained = /^(if|with)\b([\s\S]*)$/.exec(body.rest ?? '');
      if (chained) otherwise = [this.control(chained[1] as 'if' | 'with', chained[2], body.at ?? at)];
      else otherwise = this.block(word).nodes;
    }
    return { type: word, pipe: head.pipe, declare: head.declare, body: body.nodes, otherwise };
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

const TOKEN =
  /\s*(?:("(?:\\.|[^"\\])*")|(`[^`]*`)|('(?:\\.|[^'\\])')|(-?\d+(?:\.\d+)?)|(\$\w*)|((?:\.\w+)+|\.)|(\w+)|(\|)|([()])|(:=|=)|(,))/y;

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
    if (!match)
      throw new TemplateError(`template: output:1: unexpected ${JSON.stringify(text.slice(pos).trim()[0])} in operand`);
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
    declare = tokens
      .slice(0, mark)
      .filter((t) => t.kind === 'variable')
      .map((t) => t.text);
    assign = tokens[mark].kind === '=';
    tokens.splice(0, mark + 1);
  }
  const reader = { tokens, at: 0 };
  if (tokens.length === 0) throw new TemplateError('template: output:1: missing value for command');
  const pipe = pipeline(reader);
  if (reader.at < tokens.length)
    throw new TemplateError(`template: output:1: unexpected ${JSON.stringify(tokens[reader.at].text)} in command`);
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
    if (!Object.hasOwn(FUNCTIONS, first.text))
      throw new TemplateError(`template: output:1: function ${JSON.stringify(first.text)} not defined`);
    const args: Expr[] = [];
    while (
      reader.at < reader.tokens.length &&
      reader.tokens[reader.at].kind !== '|' &&
      reader.tokens[reader.at].kind !== ')'
    )
      args.push(operand(reader));
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
  if (!Object.hasOwn(FUNCTIONS, name))
    throw new TemplateError(`template: output:1: function ${JSON.stringify(name)} not defined`);
  return name;
}
