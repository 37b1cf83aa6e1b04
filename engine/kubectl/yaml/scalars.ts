// The three kinds of YAML scalars, read from where the cursor stands: blocks (| and >), quoted and plain ones.

import { type Cursor, SPACE, TAB, isBlank, isBlankz, isBreak, isBreakz } from './cursor.ts';

/** `|` or `>` and what belongs to it; `parent` is the indentation that it stands in. */
export function blockScalar(cursor: Cursor, literal: boolean, parent: number): string {
  const { line } = cursor;
  cursor.skip();
  let chomp = '';
  let increment = 0;
  for (let i = 0; i < 2; i++) {
    const c = cursor.at();
    if (c === 43 || c === 45) {
      if (chomp) break;
      chomp = c === 43 ? '+' : '-';
    } else if (c >= 48 && c <= 57) {
      if (increment) break;
      if (c === 48) throw cursor.error(line, 'found an indentation indicator equal to 0');
      increment = c - 48;
    } else break;
    cursor.skip();
  }
  while (isBlank(cursor.at())) cursor.skip();
  if (cursor.at() === 35) while (!isBreakz(cursor.at())) cursor.skip();
  if (!isBreakz(cursor.at())) throw cursor.error(line, 'did not find expected comment or line break');
  if (isBreak(cursor.at())) cursor.newline();
  let indent = increment ? (parent >= 0 ? parent + increment : increment) : 0;
  let breaks = '';
  [indent, breaks] = blockBreaks(cursor, indent, parent, line);
  let text = '';
  let lead = '';
  let wasBlank = false;
  while (cursor.column === indent && cursor.at() === cursor.at()) {
    const blank = isBlank(cursor.at());
    if (!literal && lead === '\n' && !wasBlank && !blank) {
      if (breaks === '') text += ' ';
    } else text += lead;
    text += breaks;
    wasBlank = blank;
    const start = cursor.pos;
    while (!isBreakz(cursor.at())) cursor.pos++;
    text += cursor.text.slice(start, cursor.pos);
    cursor.column += cursor.pos - start;
    lead = '';
    if (isBreak(cursor.at())) {
      cursor.newline();
      lead = '\n';
    }
    breaks = blockBreaks(cursor, indent, parent, line)[1];
  }
  if (chomp !== '-') text += lead;
  if (chomp === '+') text += breaks;
  return text;
}

/** Eats indentation and empty lines; finds the indentation where it is not known (0). */
function blockBreaks(cursor: Cursor, indent: number, parent: number, startLine: number): [number, string] {
  let breaks = '';
  let widest = 0;
  const limit = indent || Infinity;
  for (;;) {
    while (cursor.column < limit && cursor.at() === SPACE) cursor.skip();
    if (cursor.column > widest) widest = cursor.column;
    if (cursor.column < limit && cursor.at() === TAB) {
      throw cursor.error(startLine, 'found a tab character where an indentation space is expected');
    }
    if (!isBreak(cursor.at())) break;
    cursor.newline();
    breaks += '\n';
  }
  if (!indent) indent = Math.max(widest, parent + 1, 1);
  return [indent, breaks];
}

/** A scalar in quotes; `quote` is the character that opens and ends it. */
export function quotedScalar(cursor: Cursor, quote: number): string {
  const { line } = cursor;
  const double = quote === 34;
  cursor.skip();
  let text = '';
  for (;;) {
    if (cursor.column === 0 && (cursor.isDocumentMark('---') || cursor.isDocumentMark('...'))) {
      throw cursor.error(line, 'found unexpected document indicator');
    }
    let c = cursor.at();
    if (c !== c) {
      // libyaml counts the end of the text as a line of its own.
      throw cursor.error(line, 'found unexpected end of stream');
    }
    let folded = false;
    while (!isBlankz(c)) {
      if (!double && c === 39 && cursor.at(1) === 39) {
        text += "'";
        cursor.skip(2);
      } else if (c === quote) break;
      else if (double && c === 92 && isBreak(cursor.at(1))) {
        cursor.skip();
        cursor.newline();
        folded = true;
        break;
      } else if (double && c === 92) text += escape(cursor, line);
      else {
        text += cursor.text[cursor.pos];
        cursor.skip();
      }
      c = cursor.at();
    }
    if (cursor.at() === quote) break;
    let blanks = '';
    let first = '';
    let breaks = '';
    for (c = cursor.at(); isBlank(c) || isBreak(c); c = cursor.at()) {
      if (isBlank(c)) {
        if (!folded) blanks += cursor.text[cursor.pos];
        cursor.skip();
      } else {
        if (!folded) {
          blanks = '';
          first = '\n';
          folded = true;
        } else breaks += '\n';
        cursor.newline();
      }
    }
    if (!folded) text += blanks;
    else if (first === '') text += breaks;
    else text += breaks || ' ';
  }
  cursor.skip();
  return text;
}

function escape(cursor: Cursor, startLine: number): string {
  const c = cursor.text[cursor.pos + 1];
  const simple = ESCAPES[c];
  if (simple !== undefined) {
    cursor.skip(2);
    return simple;
  }
  const length = c === 'x' ? 2 : c === 'u' ? 4 : c === 'U' ? 8 : 0;
  if (!length) throw cursor.error(startLine, 'found unknown escape character');
  cursor.skip(2);
  const digits = cursor.text.slice(cursor.pos, cursor.pos + length);
  if (!/^[0-9a-fA-F]+$/.test(digits) || digits.length < length)
    throw cursor.error(startLine, 'did not find expected hexdecimal number');
  const code = parseInt(digits, 16);
  if ((code >= 0xd800 && code <= 0xdfff) || code > 0x10ffff)
    throw cursor.error(startLine, 'found invalid Unicode character escape code');
  cursor.skip(length);
  return String.fromCodePoint(code);
}

/** A scalar without quotes; `multiline` says that it ended after a line break. */
export function plainScalar(cursor: Cursor, indent: number, inFlow: boolean): { text: string; multiline: boolean } {
  const { line } = cursor;
  let text = '';
  let blanks = '';
  let first = '';
  let breaks = '';
  let leading = false;
  for (;;) {
    if (cursor.column === 0 && (cursor.isDocumentMark('---') || cursor.isDocumentMark('...'))) break;
    let c = cursor.at();
    if (c === 35) break;
    const start = cursor.pos;
    while (!isBlankz(c)) {
      if (c === 58 && isBlankz(cursor.at(1))) break;
      if (
        inFlow &&
        (c === 44 || c === 91 || c === 93 || c === 123 || c === 125 || (c === 63 && isBlankz(cursor.at(1))))
      )
        break;
      cursor.pos++;
      c = cursor.at();
    }
    if (cursor.pos > start) {
      if (leading) text += first === '\n' ? breaks || ' ' : first + breaks;
      else text += blanks;
      blanks = first = breaks = '';
      leading = false;
      text += cursor.text.slice(start, cursor.pos);
      cursor.column += cursor.pos - start;
    }
    if (!isBlank(c) && !isBreak(c)) break;
    for (; isBlank(c) || isBreak(c); c = cursor.at()) {
      if (isBlank(c)) {
        if (leading && cursor.column < indent && c === TAB)
          throw cursor.error(line, 'found a tab character that violates indentation');
        if (!leading) blanks += cursor.text[cursor.pos];
        cursor.skip();
      } else {
        if (!leading) {
          blanks = '';
          first = '\n';
          leading = true;
        } else breaks += '\n';
        cursor.newline();
      }
    }
    if (!inFlow && cursor.column < indent) break;
  }
  return { text, multiline: leading };
}

const ESCAPES: Record<string, string> = {
  ...{ '0': '\0', a: '\x07', b: '\b', t: '\t', '\t': '\t', n: '\n', v: '\v', f: '\f', r: '\r', e: '\x1b', ' ': ' ' },
  ...{ '"': '"', "'": "'", '\\': '\\', '/': '/', N: '\x85', _: '\xa0', L: '\u2028', P: '\u2029' },
};
