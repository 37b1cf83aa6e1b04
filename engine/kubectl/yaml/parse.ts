// YAML to JSON values, as go-yaml and sigs.k8s.io/yaml read it: YAML 1.1 scalars (yes, 0o17, 1_000), merge keys,
// keys as strings. Errors carry the words and lines that kubectl prints.

import { base64Text } from '../../api/base64.ts';
import { INEXACT } from '../../api/exact-numbers.ts';
import { YamlError, yamlError } from './cursor.ts';
import { type Token, Scanner } from './scan.ts';

export { YamlError };

export type YamlValue = null | boolean | number | string | YamlValue[] | { [key: string]: YamlValue };

/**
 * The documents of a stream are read one by one: this is the first. `core`: yes, no, on and off are texts, as in YAML 1.2;
 * as a function it says what a plain scalar stands for that is neither this nor that.
 */
export function parseYaml(text: string, core: boolean | ((plain: string) => string) = false): YamlValue {
  return new Composer(text, core).document();
}

/** Documents as kubectl divides a file: at lines that begin with `---`. */
export function splitDocuments(text: string): string[] {
  const documents: string[] = [];
  let start = text.startsWith('---') ? afterLine(text, 0) : 0;
  while (start <= text.length) {
    let at = text.startsWith('---', start) ? start : text.indexOf('\n---', start);
    if (at < 0) break;
    if (at > start || text[at] === '\n') at++;
    documents.push(text.slice(start, at));
    start = afterLine(text, at);
  }
  // The last line counts as one even without its end.
  if (start < text.length) documents.push(text.endsWith('\n') ? text.slice(start) : text.slice(start) + '\n');
  return documents;
}

function afterLine(text: string, from: number): number {
  const end = text.indexOf('\n', from);
  return end < 0 ? text.length : end + 1;
}

/** Deeper documents are refused: the stack of a browser's sandbox is small. */
const MAX_DEPTH = 100;

class Composer {
  private readonly scanner: Scanner;
  private readonly core: boolean | ((plain: string) => string);
  private readonly anchors = new Map<string, YamlValue>();
  private depth = 0;
  /** What is wrong with values, not with the syntax: told only when all of the text could be read. */
  private problem: YamlError | undefined;

  constructor(text: string, core: boolean | ((plain: string) => string)) {
    this.core = core;
    this.scanner = new Scanner(text);
  }

  private coreScalar(token: Token): YamlValue {
    if (YAML_1_1_WORD.test(token.text)) return token.text;
    const value = scalar(token, '');
    return typeof value === 'string' && typeof this.core === 'function' ? this.core(value) : value;
  }

  document(): YamlValue {
    let token = this.scanner.peek();
    while (token.type === 'document end') {
      this.scanner.next();
      token = this.scanner.peek();
    }
    if (token.type === 'stream end') return null;
    let explicit = false;
    while (token.type === 'directive') {
      this.scanner.next();
      token = this.scanner.peek();
      explicit = true;
    }
    if (token.type === 'document start') {
      this.scanner.next();
      token = this.scanner.peek();
    } else if (explicit) {
      throw yamlError(0, token.line, 'did not find expected <document start>', false);
    }
    const value = EMPTY_DOCUMENT[token.type] ? null : this.node();
    this.scanner.peek();
    if (this.problem) throw this.problem;
    return value;
  }

  /** `sequence`: an indentless sequence may stand here (after a key). */
  private node(indentless = false): YamlValue {
    const start = this.scanner.peek();
    if (start.type === 'alias') {
      this.scanner.next();
      if (!this.anchors.has(start.text)) throw new YamlError(`yaml: unknown anchor '${start.text}' referenced`);
      return this.anchors.get(start.text) as YamlValue;
    }
    let anchor: string | undefined;
    let tag = '';
    let token = start;
    while ((token.type === 'anchor' && anchor === undefined) || (token.type === 'tag' && !tag)) {
      this.scanner.next();
      if (token.type === 'anchor') anchor = token.text;
      else tag = token.text;
      token = this.scanner.peek();
    }
    if (++this.depth > MAX_DEPTH) throw new YamlError(`yaml: exceeded max depth of ${MAX_DEPTH}`);
    const value = this.content(token, start, tag, anchor !== undefined || tag !== '', indentless);
    this.depth--;
    if (anchor !== undefined) this.anchors.set(anchor, value);
    return value;
  }

  private content(token: Token, start: Token, tag: string, decorated: boolean, indentless: boolean): YamlValue {
    switch (token.type) {
      case 'scalar':
        this.scanner.next();
        return this.core && token.plain && !tag ? this.coreScalar(token) : scalar(token, tag);
      case '[':
        return this.flowSequence();
      case '{':
        return this.flowMapping();
      case 'block sequence':
        return this.blockSequence();
      case 'block mapping':
        return this.blockMapping();
      case '-':
        if (indentless) return this.indentlessSequence();
        break;
    }
    if (decorated) return tag === '!!str' || tag === '!' ? '' : null;
    throw yamlError(start.line, token.line, 'did not find expected node content', false);
  }

  private blockSequence(): YamlValue[] {
    const start = this.scanner.next();
    const items: YamlValue[] = [];
    for (;;) {
      const token = this.scanner.next();
      if (token.type === 'block end') return items;
      if (token.type !== '-') throw yamlError(start.line, token.line, "did not find expected '-' indicator", false);
      const next = this.scanner.peek().type;
      items.push(next === '-' || next === 'block end' ? null : this.node());
    }
  }

  private indentlessSequence(): YamlValue[] {
    const items: YamlValue[] = [];
    while (this.scanner.peek().type === '-') {
      this.scanner.next();
      const next = this.scanner.peek().type;
      items.push(next === '-' || next === 'key' || next === 'value' || next === 'block end' ? null : this.node());
    }
    return items;
  }

  private blockMapping(): YamlValue {
    const start = this.scanner.next();
    const map = new MapBuilder((message) => (this.problem ??= new YamlError(message)));
    for (;;) {
      const token = this.scanner.next();
      if (token.type === 'block end') return map.finish();
      if (token.type !== 'key') throw yamlError(start.line, token.line, 'did not find expected key', false);
      const at = this.scanner.peek();
      const key = NO_NODE[at.type] ? null : this.node(true);
      let value: YamlValue = null;
      if (this.scanner.peek().type === 'value') {
        this.scanner.next();
        if (!NO_NODE[this.scanner.peek().type]) value = this.node(true);
      }
      map.add(key, value, at.plain);
    }
  }

  private flowSequence(): YamlValue[] {
    const start = this.scanner.next();
    const items: YamlValue[] = [];
    for (let first = true; ; first = false) {
      let token = this.scanner.peek();
      if (token.type !== ']' && !first) {
        if (token.type !== ',') throw yamlError(start.line, token.line, "did not find expected ',' or ']'", false);
        this.scanner.next();
        token = this.scanner.peek();
      }
      if (token.type === ']') {
        this.scanner.next();
        return items;
      }
      if (token.type !== 'key') {
        items.push(this.node());
        continue;
      }
      // A pair that stands alone is a mapping of one: [a: b].
      this.scanner.next();
      const map = new MapBuilder((message) => (this.problem ??= new YamlError(message)));
      const type = this.scanner.peek().type;
      const key = type === 'value' || type === ',' || type === ']' ? null : this.node();
      map.add(key, this.flowValue(']'), false);
      items.push(map.finish());
    }
  }

  private flowMapping(): YamlValue {
    const start = this.scanner.next();
    const map = new MapBuilder((message) => (this.problem ??= new YamlError(message)));
    for (let first = true; ; first = false) {
      let token = this.scanner.peek();
      if (token.type !== '}' && !first) {
        if (token.type !== ',') throw yamlError(start.line, token.line, "did not find expected ',' or '}'", false);
        this.scanner.next();
        token = this.scanner.peek();
      }
      if (token.type === '}') {
        this.scanner.next();
        return map.finish();
      }
      if (token.type === 'key') {
        this.scanner.next();
        const at = this.scanner.peek();
        const key = at.type === 'value' || at.type === ',' || at.type === '}' ? null : this.node();
        map.add(key, this.flowValue('}'), at.plain);
      } else {
        map.add(this.node(), null, token.plain);
      }
    }
  }

  private flowValue(end: string): YamlValue {
    if (this.scanner.peek().type !== 'value') return null;
    this.scanner.next();
    const type = this.scanner.peek().type;
    return type === ',' || type === end ? null : this.node();
  }
}

/** In a block mapping nothing stands before these. */
const NO_NODE: Partial<Record<Token['type'], boolean>> = { key: true, value: true, 'block end': true };
const EMPTY_DOCUMENT: Partial<Record<Token['type'], boolean>> = {
  directive: true,
  'document start': true,
  'document end': true,
  'stream end': true,
};

/** Collects pairs; `<<` merges what it refers to, own keys win. */
class MapBuilder {
  private map: Record<string, YamlValue> = {};
  private merged: YamlValue[] = [];
  private readonly fail: (message: string) => void;

  constructor(fail: (message: string) => void) {
    this.fail = fail;
  }

  add(key: YamlValue, value: YamlValue, plain: boolean) {
    if (plain && key === '<<') {
      for (const source of Array.isArray(value) ? value : [value]) {
        if (source === null || typeof source !== 'object' || Array.isArray(source)) {
          this.fail('yaml: map merge requires map or sequence of maps as the value');
        } else this.merged.push(source);
      }
    } else if (key === null) this.fail(`unsupported map key of type: %!s(<nil>), key: <nil>, value: ${goValue(value)}`);
    else if (typeof key === 'object') this.fail(`yaml: invalid map key: ${goValue(key)}`);
    else if (key === '__proto__')
      Object.defineProperty(this.map, key, { value, enumerable: true, configurable: true, writable: true });
    else this.map[String(key)] = value;
  }

  finish(): YamlValue {
    if (this.merged.length === 0) return this.map;
    const result: Record<string, YamlValue> = {};
    for (let i = this.merged.length - 1; i >= 0; i--) Object.assign(result, this.merged[i]);
    return Object.assign(result, this.map);
  }
}

function goValue(value: YamlValue): string {
  if (value === null) return 'interface {}(nil)';
  if (Array.isArray(value)) return `[]interface {}{${value.map(goValue).join(', ')}}`;
  if (typeof value === 'object')
    return `map[interface {}]interface {}{${Object.keys(value)
      .sort()
      .map((k) => `${JSON.stringify(k)}:${goValue(value[k])}`)
      .join(', ')}}`;
  return JSON.stringify(value);
}

function scalar(token: Token, tag: string): YamlValue {
  if (!tag) return token.plain ? exact(resolve(token.text)) : token.text;
  const short = tag.startsWith('!<tag:yaml.org,2002:') ? '!!' + tag.slice(20, -1) : tag;
  switch (short) {
    case '!!str':
    case '!':
      return token.text;
    case '!!binary':
      return base64Text(token.text.replace(/\s/g, ''));
    case '!!null':
      return null;
    case '!!int':
    case '!!float':
    case '!!bool': {
      const value = resolve(token.text);
      const want = short === '!!bool' ? 'boolean' : 'number';
      if (typeof value === want) return value;
      throw new YamlError(`yaml: cannot decode !!str \`${token.text}\` as a ${short}`);
    }
    default:
      return token.text;
  }
}

const YAML_1_1_WORD = /^([yn]|yes|no|on|off)$/i;
const WORDS: Record<string, null | boolean | number> = {
  '': null,
  '~': null,
  null: null,
  Null: null,
  NULL: null,
  '.inf': Infinity,
  '.Inf': Infinity,
  '.INF': Infinity,
  '+.inf': Infinity,
  '+.Inf': Infinity,
  '+.INF': Infinity,
  '-.inf': -Infinity,
  '-.Inf': -Infinity,
  '-.INF': -Infinity,
  '.nan': NaN,
  '.NaN': NaN,
  '.NAN': NaN,
};
for (const word of ['y', 'Y', 'yes', 'Yes', 'YES', 'true', 'True', 'TRUE', 'on', 'On', 'ON']) WORDS[word] = true;
for (const word of ['n', 'N', 'no', 'No', 'NO', 'false', 'False', 'FALSE', 'off', 'Off', 'OFF']) WORDS[word] = false;

const FLOAT = /^[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?$/;
const INT = /^[-+]?(0|[1-9][0-9]*|0[xX][0-9a-fA-F]+|0[oO]?[0-7]+|0[bB][01]+)$/;

/** The value of a plain scalar. */
export function resolve(text: string): null | boolean | number | string {
  const c = text.charCodeAt(0);
  // Most scalars begin with a letter that no special word begins with.
  if (c > 65 && !'YyNnTtFfOo~'.includes(text[0])) return text;
  if (text.length < 6 && Object.hasOwn(WORDS, text)) return WORDS[text];
  if (!((c >= 48 && c <= 57) || c === 43 || c === 45 || c === 46)) return text;
  const plain = text.includes('_') ? text.replaceAll('_', '') : text;
  if (INT.test(plain)) return integer(plain);
  if (FLOAT.test(plain)) return Number(plain);
  return text;
}

function exact<T>(value: T): T {
  if (Number.isInteger(value) && !Number.isSafeInteger(value)) throw new YamlError(INEXACT);
  return value;
}

function integer(text: string): number {
  const sign = text[0] === '-' ? -1 : 1;
  const digits = text[0] === '-' || text[0] === '+' ? text.slice(1) : text;
  if (digits.length > 1 && digits[0] === '0' && digits[1] >= '0' && digits[1] <= '9') return sign * parseInt(digits, 8);
  return sign * Number(digits);
}
