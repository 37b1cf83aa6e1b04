// JSONPath templates to trees: text, {expressions}, {range}…{end}.

/** A failure to read or evaluate; the callers add what was evaluated. */
export class JsonPathError extends Error {}

export type Node =
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

/** Reads a template; throws JsonPathError. */
export const parseTemplate = (text: string): Node[] => new Parser(text).template();

const INDEX = /^(-?\d*)(?::(-?\d*))?(?::(-?\d*))?$/;
const QUOTED = /^'([^']*)'$/;
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
        if (inRange) {
          this.ended = true;
          return nodes;
        }
        nodes.push({ type: 'list', nodes: [{ type: 'identifier', name: 'end' }] });
        continue;
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
      throw new JsonPathError(
        this.pos >= this.text.length
          ? 'unclosed action'
          : `unrecognized character in action: ${rune(this.text[this.pos])}`,
      );
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
        if (!/^[\p{L}\p{Nd}_]/u.test(name)) throw new JsonPathError(`unrecognized character in action: ${rune(c)}`);
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
    else nodes.push(...bracketNodes(inner));
  }
}

function bracketNodes(inner: string): Node[] {
  if (inner === '*') return [{ type: 'slice' }];
  // What is quoted is a path: ['metadata.name'] goes two fields down.
  const quoted = QUOTED.exec(inner);
  if (quoted) return parsePath('.' + quoted[1]);
  const parts = splitTop(inner, ',');
  if (parts.length > 1) return [{ type: 'union', branches: parts.map((p) => bracketNodes(p.trim())) }];
  const index = INDEX.exec(inner);
  if (!index) throw new JsonPathError(`invalid array index ${inner}`);
  const number = (text: string | undefined) => (text === undefined || text === '' ? undefined : Number(text));
  if (index[2] === undefined) return [{ type: 'slice', from: Number(index[1]), to: Number(index[1]) + 1 }];
  return [{ type: 'slice', from: number(index[1]), to: number(index[2]), step: number(index[3]) }];
}

function parseFilter(text: string): Node {
  const match = /^([^!<>=]+)([!<>=]+)(.+)$/s.exec(text);
  if (!match) return { type: 'filter', left: parsePath(text.trim()), operator: 'exists', right: [] };
  return { type: 'filter', left: parsePath(match[1].trim()), operator: match[2], right: parsePath(match[3].trim()) };
}

function parsePath(text: string): Node[] {
  const nodes = new Parser(`{${text}}`).template();
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
