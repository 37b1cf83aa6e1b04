// JSON values to YAML, byte for byte as sigs.k8s.io/yaml prints them: keys sorted, two blanks of indentation, lists at
// the column of their key, strings quoted only where they would be read as something else, long ones folded at 80.

import { resolve } from './parse.ts';
import { timeInFull } from './timestamp.ts';

/** One document, with the final newline. */
export function toYaml(value: unknown): string {
  const lines: string[] = [];
  emit(lines, value, '', -2);
  return lines.join('\n') + '\n';
}

const INDENTS: string[] = [];
for (let i = 0; i < 64; i++) INDENTS.push(' '.repeat(i));
const pad = (width: number) => INDENTS[width] ?? ' '.repeat(width);

/** Adds the lines of `value`. `lead` stands before it on its first line; `column` is where its parent's keys or dashes are. */
function emit(lines: string[], value: unknown, lead: string, column: number) {
  if (typeof value === 'string') emitString(lines, value, lead, column);
  else if (value === null || typeof value !== 'object') lines.push(lead + plainValue(value));
  else if (Array.isArray(value)) {
    if (value.length === 0) lines.push(lead + '[]');
    else emitItems(lines, value, lead, column + 2);
  } else {
    const map = value as Record<string, unknown>;
    const keys = sortedKeys(map);
    if (keys.length === 0) lines.push(lead + '{}');
    else emitPairs(lines, map, keys, lead, column + 2);
  }
}

function emitItems(lines: string[], items: unknown[], lead: string, column: number) {
  for (let i = 0; i < items.length; i++) emit(lines, items[i], (i === 0 ? lead : pad(column)) + '- ', column);
}

function emitPairs(lines: string[], map: Record<string, unknown>, keys: string[], lead: string, column: number) {
  const indent = pad(column);
  for (let i = 0; i < keys.length; i++) {
    const key = keys[i];
    const value = map[key];
    const start = i === 0 ? lead : indent;
    if (key.length > 128 || key.includes('\n')) {
      emitString(lines, key, start + '? ', column);
      emit(lines, value, indent + ': ', column);
      continue;
    }
    const head = start + keyText(key) + ':';
    if (value !== null && typeof value === 'object' && !isEmpty(value)) {
      lines.push(head);
      if (Array.isArray(value)) emitItems(lines, value, indent, column);
      else
        emitPairs(
          lines,
          value as Record<string, unknown>,
          sortedKeys(value as Record<string, unknown>),
          pad(column + 2),
          column + 2,
        );
    } else emit(lines, value, head + ' ', column);
  }
}

function isEmpty(value: object): boolean {
  if (Array.isArray(value)) return value.length === 0;
  for (const key in value) if ((value as Record<string, unknown>)[key] !== undefined) return false;
  return true;
}

/** Keys in the order of their bytes; absent values left out. */
export function sortedKeys(map: Record<string, unknown>): string[] {
  const keys: string[] = [];
  for (const key in map) if (map[key] !== undefined) keys.push(key);
  return keys.sort();
}

function plainValue(value: unknown): string {
  if (typeof value === 'number') return numberText(value);
  return value === undefined ? 'null' : String(value);
}

/** A number as Go prints it in JSON. */
export function numberText(value: number): string {
  return String(value);
}

// Strings that are what they seem and shorter than a line: nearly all of them.
const SIMPLE = /^[A-Za-z_/][A-Za-z0-9_/.-]{0,63}$/;

function keyText(key: string): string {
  if (SIMPLE.test(key) && !isSpecialWord(key)) return key;
  const { plain, single } = analyze(key);
  if (plain && canBePlain(key)) return key;
  if (!canBePlain(key) || !single) return doubleQuoted(key, '', -Infinity);
  return singleQuoted(key, '', -Infinity);
}

const isSpecialWord = (text: string) => text.length < 6 && typeof resolve(text) !== 'string';

function emitString(lines: string[], text: string, lead: string, column: number) {
  if (SIMPLE.test(text) && !isSpecialWord(text)) {
    lines.push(lead + text);
    return;
  }
  const { plain, single, block } = analyze(text);
  const indent = column + 2 > 0 ? column + 2 : 2;
  if (text.includes('\n')) {
    if (block) literal(lines, text, lead, indent);
    else lines.push(lead + doubleQuoted(text, pad(indent), lead.length));
  } else if (!canBePlain(text)) lines.push(lead + doubleQuoted(text, pad(indent), lead.length));
  else if (plain) lines.push(lead + fold(text, pad(indent), lead.length));
  else if (single) lines.push(lead + singleQuoted(text, pad(indent), lead.length));
  else lines.push(lead + doubleQuoted(text, pad(indent), lead.length));
}

const BASE60 = /^[-+]?[0-9][0-9_]*(?::[0-5]?[0-9])+(?:\.[0-9_]*)?$/;

/** Read without quotes it would be this string again. */
function canBePlain(text: string): boolean {
  const c = text.charCodeAt(0);
  if (c >= 48 && c <= 57 && (timeInFull(text) !== undefined || BASE60.test(text))) return false;
  if ((c === 43 || c === 45) && BASE60.test(text)) return false;
  return typeof resolve(text) === 'string';
}

// Characters that no style but double quotes can hold.
// eslint-disable-next-line no-control-regex
const SPECIAL = /[\x00-\x09\x0b-\x1f\x7f-\x84\x86-\x9f\ufeff\ufffe\uffff\ud800-\udfff]/;
const FIRST_INDICATOR = /^(?:[#,[\]{}&*!|>'"%@`]|[?:-](?:\s|$)|---|\.\.\.)/;
const INNER_INDICATOR = /:(?:\s|$)|\s#/;
const BREAK = /[\n\x85\u2028\u2029]/;

function analyze(text: string): { plain: boolean; single: boolean; block: boolean } {
  if (text === '') return { plain: false, single: true, block: false };
  const special = SPECIAL.test(text) || / [\n\x85\u2028\u2029]/.test(text);
  if (special) return { plain: false, single: false, block: false };
  const breaks = BREAK.test(text);
  const first = text[0];
  const last = text[text.length - 1];
  return {
    plain: !breaks && first !== ' ' && last !== ' ' && !FIRST_INDICATOR.test(text) && !INNER_INDICATOR.test(text),
    single: !(breaks && /[\n\x85\u2028\u2029] /.test(text)),
    block: last !== ' ',
  };
}

const WIDTH = 80;

/** Breaks at a single blank once the line is longer than 80. */
function fold(text: string, indent: string, column: number): string {
  if (column + text.length <= WIDTH) return text;
  let out = '';
  let from = 0;
  for (let at = text.indexOf(' '); at >= 0; at = text.indexOf(' ', at + 1)) {
    const inner = at > 0 && at < text.length - 1;
    if (!inner || text[at - 1] === ' ' || text[at + 1] === ' ' || column + at - from <= WIDTH) continue;
    out += text.slice(from, at) + '\n' + indent;
    from = at + 1;
    column = indent.length;
  }
  return out + text.slice(from);
}

function singleQuoted(text: string, indent: string, column: number): string {
  return "'" + fold(text.replaceAll("'", "''"), indent, column + 1) + "'";
}

const ESCAPES: Record<string, string> = {
  ...{ '"': '\\"', '\\': '\\\\', '\0': '\\0', '\x07': '\\a', '\b': '\\b', '\t': '\\t', '\n': '\\n', '\v': '\\v' },
  ...{ '\f': '\\f', '\r': '\\r', '\x1b': '\\e', '\x85': '\\N', '\xa0': '\xa0', '\u2028': '\\L', '\u2029': '\\P' },
};

function doubleQuoted(text: string, indent: string, column: number): string {
  let out = '"';
  column++;
  let spaces = false;
  const chars = Array.from(text);
  for (let i = 0; i < chars.length; i++) {
    const c = chars[i];
    if (c === ' ' && !spaces && column > WIDTH && i > 0 && i < chars.length - 1) {
      out += '\n' + indent + (chars[i + 1] === ' ' ? '\\' : '');
      column = indent.length + (chars[i + 1] === ' ' ? 1 : 0);
      spaces = true;
      continue;
    }
    spaces = c === ' ';
    let shown = ESCAPES[c];
    if (shown === undefined) {
      const code = c.codePointAt(0) as number;
      if (code < 0x20 || (code >= 0x7f && code < 0xa0)) shown = '\\x' + hex(code, 2);
      else if (code > 0xffff) shown = '\\U' + hex(code, 8);
      else if (code === 0xfeff || code >= 0xfffe || (code >= 0xd800 && code < 0xe000)) shown = '\\u' + hex(code, 4);
      else shown = c;
    }
    out += shown;
    column += shown.length;
  }
  return out + '"';
}

const hex = (code: number, width: number) => code.toString(16).toUpperCase().padStart(width, '0');

function literal(lines: string[], text: string, lead: string, indent: number) {
  const hint = text[0] === ' ' || text[0] === '\n' ? '2' : '';
  const chomp = !text.endsWith('\n') ? '-' : text.length === 1 || text[text.length - 2] === '\n' ? '+' : '';
  lines.push(`${lead}|${hint}${chomp}`);
  const rows = (text.endsWith('\n') ? text.slice(0, -1) : text).split('\n');
  for (let i = 0; i < rows.length; i++) lines.push(rows[i] === '' ? '' : pad(indent) + rows[i]);
}
