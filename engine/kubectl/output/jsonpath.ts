// JSONPath templates as kubectl evaluates them: text with {expressions}, {range}…{end}, filters, slices, unions,
// recursive descent. Parsed once, then run over any number of objects.

import { CommandError } from '../errors.ts';

type Node =
  | { type: 'text'; text: string }
  | { type: 'field'; name: string }
  | { type: 'wildcard' }
  | { type: 'recursive' }
  | { type: 'slice'; from?: number; to?: number; step?: number }
  | { type: 'union'; branches: Node[][] }
  | { type: 'filter'; left: Node[]; operator: string; right: Node[] }
  | { type: 'literal'; value: string | number | boolean }
  | { type: 'identifier'; name: string }
  | { type: 'list'; nodes: Node[] }
  | { type: 'range'; over: Node[]; body: Node[] };

/** A failure to read or evaluate; the callers add what was evaluated. */
export class JsonPathError extends Error {}

export class JsonPath {
  private readonly nodes: Node[];
  private readonly allowMissing: boolean;

  constructor(template: string, allowMissing: boolean) {
    this.nodes = new Parser(template).template();
    this.allowMissing = allowMissing;
  }

  /** The text that the template gives for `value`. */
  print(value: unknown): string {
    let out = '';
    for (const results of this.results(value)) out += results.map(valueText).join(' ');
    return out;
  }

  /** The values of each expression in turn. */
  results(value: unknown): unknown[][] {
    return this.run(this.nodes, [value]);
  }

  private run(nodes: Node[], input: unknown[]): unknown[][] {
    const out: unknown[][] = [];
    for (const node of nodes) {
      if (node.type === 'range') {
        for (const item of this.walk(node.over, input)) out.push(...this.run(node.body, [item]));
      } else if (node.type === 'text') out.push([node.text]);
      else if (node.type === 'list') out.push(this.walk(node.nodes, input));
    }
    return out;
  }

  private walk(nodes: Node[], input: unknown[]): unknown[] {
    let values = input;
    for (const node of nodes) values = this.step(node, values);
    return values;
  }

  private step(node: Node, values: unknown[]): unknown[] {
    switch (node.type) {
      case 'field':
        return this.field(node.name, values);
      case 'slice':
        return values.flatMap((v) => this.slice(node, v));
      case 'wildcard':
        return values.flatMap(children);
      case 'recursive': {
        const out: unknown[] = [];
        for (const value of values) descend(value, out, 0);
        return out;
      }
      case 'union':
        return values.flatMap((v) => node.branches.flatMap((branch) => this.walk(branch, [v])));
      case 'filter':
        return values.flatMap((v) => this.filter(node, v));
      case 'literal':
        return [node.value];
      case 'text':
        return [node.text];
      case 'list':
        return this.walk(node.nodes, values);
      case 'identifier':
        throw new JsonPathError(`unrecognized identifier ${node.name}`);
      case 'range':
        return values;
    }
  }

  private field(name: string, values: unknown[]): unknown[] {
    const out: unknown[] = [];
    for (const value of values) {
      if (value === null || value === undefined) continue;
      if (typeof value === 'object' && !Array.isArray(value) && Object.hasOwn(value, name)) {
        const found = (value as Record<string, unknown>)[name];
        if (found !== undefined) out.push(found);
      }
    }
    if (out.length === 0 && !this.allowMissing) throw new JsonPathError(`${name} is not found`);
    return out;
  }

  private slice(node: Node & { type: 'slice' }, value: unknown): unknown[] {
    if (value === null || value === undefined) return [];
    if (!Array.isArray(value)) throw new JsonPathError(`${goType(value)} is not array or slice`);
    const length = value.length;
    let from = node.from ?? 0;
    if (from < 0) from += length;
    let to = node.to ?? length;
    if (node.to !== undefined && (to < 0 || (to === 0 && node.from !== undefined && node.from < 0))) to += length;
    if (node.from !== undefined && node.to === node.from + 1 && node.step === undefined && (from >= length || from < 0)) {
      throw new JsonPathError(`array index out of bounds: index ${from}, length ${length}`);
    }
    if (to > length) to = length;
    if (from > length) from = length;
    if (from > to) throw new JsonPathError(`starting index ${from} is greater than ending index ${to}`);
    const step = node.step ?? 1;
    if (step <= 0) throw new JsonPathError('step must be > 0');
    const out: unknown[] = [];
    for (let i = Math.max(from, 0); i < to; i += step) out.push(value[i]);
    return out;
  }

  private filter(node: Node & { type: 'filter' }, value: unknown): unknown[] {
    if (value === null || value === undefined) return [];
    if (!Array.isArray(value)) {
      if (typeof value === 'object') return this.matches(node, value) ? [value] : [];
      throw new JsonPathError(`${goType(value)} is not array or slice and cannot be filtered`);
    }
    return value.filter((item) => this.matches(node, item));
  }

  private matches(node: Node & { type: 'filter' }, item: unknown): boolean {
    let left: unknown[];
    let right: unknown[];
    if (node.operator === 'exists') return this.present(node.left, item).length > 0;
    try {
      left = this.present(node.left, item);
      right = this.present(node.right, item);
    } catch (error) {
      if (error instanceof JsonPathError) return false;
      throw error;
    }
    if (left.length === 0 || right.length === 0) return false;
    if (left.length > 1 || right.length > 1) throw new JsonPathError('can only compare one element at a time');
    return compare(left[0], node.operator, right[0]);
  }

  /** In a filter what is missing is no error. */
  private present(nodes: Node[], item: unknown): unknown[] {
    try {
      return this.walk(nodes, [item]);
    } catch (error) {
      if (error instanceof JsonPathError) return [];
      throw error;
    }
  }
}

function compare(left: unknown, operator: string, right: unknown): boolean {
  if (typeof left !== typeof right) throw new JsonPathError('incompatible types for comparison');
  switch (operator) {
    case '==':
      return left === right;
    case '!=':
      return left !== right;
    case '<':
      return (left as number) < (right as number);
    case '>':
      return (left as number) > (right as number);
    case '<=':
      return (left as number) <= (right as number);
    case '>=':
      return (left as number) >= (right as number);
  }
  throw new JsonPathError(`unrecognized filter operator ${operator}`);
}

function children(value: unknown): unknown[] {
  if (Array.isArray(value)) return value;
  if (value !== null && typeof value === 'object') {
    const map = value as Record<string, unknown>;
    return Object.keys(map)
      .sort()
      .map((k) => map[k]);
  }
  return [];
}

function descend(value: unknown, out: unknown[], depth: number) {
  if (value === null || typeof value !== 'object' || depth > 80) return;
  out.push(value);
  for (const child of children(value)) descend(child, out, depth + 1);
}

function goType(value: unknown): string {
  if (typeof value === 'string') return 'string';
  if (typeof value === 'boolean') return 'bool';
  return typeof value === 'number' ? (Number.isInteger(value) ? 'int64' : 'float64') : 'map[string]interface {}';
}

/** A value as a template prints it: strings bare, the rest as JSON. */
export function valueText(value: unknown): string {
  if (typeof value === 'string') return value;
  if (value === null || value === undefined) return 'null';
  return typeof value === 'object' ? compactJson(value) : String(value);
}

/** JSON on one line with sorted keys, as Go's encoder writes it. */
export function compactJson(value: unknown): string {
  return escapeHtml(JSON.stringify(sorted(value)));
}

export function sorted(value: unknown, depth = 0): unknown {
  if (value === null || typeof value !== 'object' || depth > 100) return value;
  if (Array.isArray(value)) return value.map((v) => sorted(v, depth + 1));
  const out: Record<string, unknown> = {};
  const map = value as Record<string, unknown>;
  for (const key of Object.keys(map).sort()) out[key] = sorted(map[key], depth + 1);
  return out;
}

const HTML: Record<string, string> = { '<': '\\u003c', '>': '\\u003e', '&': '\\u0026', '\u2028': '\\u2028', '\u2029': '\\u2029' };
/** Go's JSON encoder escapes what would be markup. */
export function escapeHtml(json: string): string {
  return /[<>&\u2028\u2029]/.test(json) ? json.replace(/[<>&\u2028\u2029]/g, (c) => HTML[c]) : json;
}

const INDEX = /^(-?\d*)(?::(-?\d*))?(?::(-?\d*))?$/;
const QUOTED = /^'([^']*)'$|^"([^"]*)"$/;
const FILTER = /^\?\((.*)\)$/s;

class Parser {
  private readonly text: string;
  private pos = 0;
  /** The innermost range has met its {end}. */
  private ended = false;

  constructor(text: string) {
    this.text = text;
  }

  template(): Node[] {
    return this.sequence(false);
  }

  private sequence(inRange: boolean): Node[] {
    const nodes: Node[] = [];
    while (this.pos < this.text.length) {
      const open = this.text.indexOf('{', this.pos);
      if (open < 0) {
        nodes.push({ type: 'text', text: this.text.slice(this.pos) });
        this.pos = this.text.length;
        break;
      }
      if (open > this.pos) nodes.push({ type: 'text', text: this.text.slice(this.pos, open) });
      this.pos = open + 1;
      const word = /\s*(range|end)\b/y;
      word.lastIndex = this.pos;
      const match = word.exec(this.text);
      if (match?.[1] === 'end') {
        this.pos = word.lastIndex;
        this.closeAction();
        if (!inRange) throw new JsonPathError('not in range, nothing to end');
        this.ended = true;
        return nodes;
      }
      if (match) {
        this.pos = word.lastIndex;
        const over = this.path('}');
        this.closeAction();
        const body = this.sequence(true);
        nodes.push({ type: 'range', over, body });
        // Without its {end}, what was to be repeated also runs once by itself.
        if (!this.ended) nodes.push(...body);
        this.ended = false;
        continue;
      }
      nodes.push({ type: 'list', nodes: this.path('}') });
      this.closeAction();
    }
    return nodes;
  }

  private blanks() {
    while (/\s/.test(this.text[this.pos] ?? '')) this.pos++;
  }

  private closeAction() {
    this.blanks();
    if (this.text[this.pos] !== '}') {
      throw new JsonPathError(this.pos >= this.text.length ? 'unclosed action' : `unrecognized character in action: ${rune(this.text[this.pos])}`);
    }
    this.pos++;
  }

  /** One expression, up to a blank or `end`. */
  private path(end: string): Node[] {
    const nodes: Node[] = [];
    this.blanks();
    let start = this.pos;
    for (;;) {
      const c = this.text[this.pos];
      if (c === undefined) {
        if (end) throw new JsonPathError('unclosed action');
        return nodes;
      }
      if (c === end) return nodes;
      if (/\s/.test(c)) {
        this.pos++;
        start = this.pos;
        continue;
      }
      if (c === '$' || c === '@') this.pos++;
      else if (c === '.') {
        this.pos++;
        if (this.text[this.pos] === '.') {
          this.pos++;
          nodes.push({ type: 'recursive' });
          if (this.text[this.pos] === '[') continue;
        }
        this.dotField(nodes);
      } else if (c === '[') this.bracket(nodes);
      else if (c === '"' || c === "'") {
        nodes.push({ type: 'literal', value: this.quotedText(c) });
      } else if (this.pos === start || c === '*') {
        const number = /[+-]?\d+(\.\d+)?/y;
        number.lastIndex = this.pos;
        const match = number.exec(this.text);
        if (match) {
          this.pos = number.lastIndex;
          nodes.push({ type: 'literal', value: Number(match[0]) });
          continue;
        }
        if (c === '*') {
          this.pos++;
          nodes.push({ type: 'wildcard' });
          continue;
        }
        const name = this.name();
        if (name === 'true' || name === 'false') {
          nodes.push({ type: 'literal', value: name === 'true' });
          continue;
        }
        if (!name) throw new JsonPathError(`unrecognized character in action: ${rune(c)}`);
        nodes.push({ type: 'identifier', name });
      } else throw new JsonPathError(`unrecognized character in action: ${rune(c)}`);
    }
  }

  private name(): string {
    let name = '';
    for (;;) {
      const c = this.text[this.pos];
      if (c === '\\' && this.pos + 1 < this.text.length) {
        name += this.text[this.pos + 1];
        this.pos += 2;
      } else if (c !== undefined && /[^\s.,[\]()<>=!$@{}|&'"*?]/.test(c)) {
        name += c;
        this.pos++;
      } else return name;
    }
  }

  private dotField(nodes: Node[]) {
    if (this.text[this.pos] === '*') {
      this.pos++;
      nodes.push({ type: 'wildcard' });
      return;
    }
    const name = this.name();
    if (name) nodes.push({ type: 'field', name });
  }

  private quotedText(quoteMark: string): string {
    let out = '';
    this.pos++;
    for (;;) {
      const c = this.text[this.pos];
      if (c === undefined || c === '\n') throw new JsonPathError('unterminated quoted string');
      this.pos++;
      if (c === quoteMark) return out;
      if (c === '\\') {
        const next = this.text[this.pos++];
        out += { n: '\n', t: '\t', r: '\r' }[next] ?? next;
      } else out += c;
    }
  }

  private bracket(nodes: Node[]) {
    const start = this.pos;
    let depth = 0;
    let quoteMark = '';
    let at = start;
    for (; at < this.text.length; at++) {
      const c = this.text[at];
      if (quoteMark) {
        if (c === '\\') at++;
        else if (c === quoteMark) quoteMark = '';
      } else if (c === '"' || c === "'") quoteMark = c;
      else if (c === '[') depth++;
      else if (c === ']' && --depth === 0) break;
    }
    if (at >= this.text.length) throw new JsonPathError('unterminated array');
    const inner = this.text.slice(start + 1, at).trim();
    this.pos = at + 1;
    const filter = FILTER.exec(inner);
    if (filter) nodes.push(parseFilter(filter[1]));
    else nodes.push(bracketNode(inner));
  }
}

function bracketNode(inner: string): Node {
  if (inner === '*') return { type: 'slice' };
  const quoted = QUOTED.exec(inner);
  if (quoted) return { type: 'field', name: (quoted[1] ?? quoted[2]).replace(/\\(.)/g, '$1') };
  const parts = splitTop(inner, ',');
  if (parts.length > 1) return { type: 'union', branches: parts.map((p) => [bracketNode(p.trim())]) };
  const index = INDEX.exec(inner);
  if (!index || inner === '') {
    if (/^[\w$@.-]/.test(inner) && !/^\d/.test(inner)) return { type: 'list', nodes: parsePath(inner) };
    throw new JsonPathError(`invalid array index ${inner}`);
  }
  const number = (text: string | undefined) => (text === undefined || text === '' ? undefined : Number(text));
  if (index[2] === undefined) return { type: 'slice', from: Number(index[1]), to: Number(index[1]) + 1 };
  return { type: 'slice', from: number(index[1]), to: number(index[2]), step: number(index[3]) };
}

function parseFilter(text: string): Node {
  const match = /^(.*?)\s*(==|!=|<=|>=|<|>)\s*(.*)$/s.exec(outsideQuotes(text) ? text : '');
  if (!match) return { type: 'filter', left: parsePath(text.trim()), operator: 'exists', right: [] };
  return { type: 'filter', left: parsePath(match[1].trim()), operator: match[2], right: parsePath(match[3].trim()) };
}

/** An operator occurs, and not only inside quotes. */
const outsideQuotes = (text: string) => /==|!=|<=|>=|<|>/.test(text.replace(/"[^"]*"|'[^']*'/g, ''));

function parsePath(text: string): Node[] {
  const wrapped = new Parser(`{${text.startsWith('.') || /^[@$"'\d+-]/.test(text) || text === 'true' || text === 'false' ? text : '.' + text}}`);
  const nodes = wrapped.template();
  return nodes.length === 1 && nodes[0].type === 'list' ? nodes[0].nodes : nodes;
}

function splitTop(text: string, separator: string): string[] {
  const parts: string[] = [];
  let quoteMark = '';
  let start = 0;
  for (let i = 0; i < text.length; i++) {
    const c = text[i];
    if (quoteMark) {
      if (c === quoteMark) quoteMark = '';
    } else if (c === '"' || c === "'") quoteMark = c;
    else if (c === separator) {
      parts.push(text.slice(start, i));
      start = i + 1;
    }
  }
  parts.push(text.slice(start));
  return parts;
}

const rune = (c: string) => `U+${(c.codePointAt(0) as number).toString(16).toUpperCase().padStart(4, '0')} '${c}'`;

/** `.metadata.name`, `metadata.name`, `{.metadata.name}`: what --sort-by and custom-columns accept, as a template. */
export function relaxedExpression(text: string): string {
  if (text === '') return '';
  const match = /^\{\.?([^{}]+)\}$|^\.?([^{}]+)$/.exec(text);
  if (!match) {
    throw new CommandError(
      `unexpected path string, expected a 'name1.name2' or '.name1.name2' or '{name1.name2}' or '{.name1.name2}'`,
    );
  }
  return `{.${match[1] ?? match[2]}}`;
}

/** Reads a template that a user gave; `what` names it in the error. */
export function parseJsonPath(template: string, allowMissing: boolean): JsonPath {
  try {
    return new JsonPath(template, allowMissing);
  } catch (error) {
    if (error instanceof JsonPathError) throw new CommandError(`error parsing jsonpath ${template}, ${error.message}`);
    throw error;
  }
}
