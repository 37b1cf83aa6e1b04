// Brace expansion: `{a,b}`, `{1..5}`, `{a..e..2}`, before anything else happens to a word.

import type { Part, Word } from './ast.ts';

/** Stands for a part that is not plain text; its number follows in the list. */
const OPAQUE = 0xe000;

/** The words that a word's braces make; the word itself when there are none. */
export function expandBraces(word: Word): Word[] {
  const opaque: Part[] = [];
  let text = '';
  for (const part of word.parts) {
    if (part.kind === 'text') text += part.text;
    else {
      text += String.fromCharCode(OPAQUE + opaque.length);
      opaque.push(part);
    }
  }
  const out = expand(text, 0);
  if (out.length === 1 && out[0] === text) return [word];
  return out.map((variant) => ({ parts: toParts(variant, opaque), raw: variant }));
}

function toParts(text: string, opaque: Part[]): Part[] {
  const parts: Part[] = [];
  let from = 0;
  for (let i = 0; i <= text.length; i++) {
    const part = opaque[text.charCodeAt(i) - OPAQUE];
    if (i < text.length && !part) continue;
    if (i > from) parts.push({ kind: 'text', text: text.slice(from, i) });
    if (part) parts.push(part);
    from = i + 1;
  }
  // A word made of nothing, as in {a,}, is still a word.
  return parts.length ? parts : [{ kind: 'quoted', text: '' }];
}

function expand(text: string, depth: number): string[] {
  const open = depth > 20 ? undefined : findBraces(text);
  if (!open) return [text];
  const [start, end, commas] = open;
  const before = text.slice(0, start);
  const tails = expand(text.slice(end + 1), depth + 1);
  let middles: string[] = [];
  if (commas.length) {
    let from = start + 1;
    for (const comma of [...commas, end]) {
      for (const piece of expand(text.slice(from, comma), depth + 1)) middles.push(piece);
      from = comma + 1;
    }
  } else middles = range(text.slice(start + 1, end)) ?? [];
  const out: string[] = [];
  for (const middle of middles) for (const tail of tails) out.push(before + middle + tail);
  return out;
}

/** The first pair of braces that makes a list or a range: start, end, positions of its own commas. */
function findBraces(text: string): [number, number, number[]] | undefined {
  for (let start = text.indexOf('{'); start >= 0; start = text.indexOf('{', start + 1)) {
    let depth = 0;
    const commas: number[] = [];
    for (let i = start; i < text.length; i++) {
      const c = text[i];
      if (c === '{') depth++;
      else if (c === ',' && depth === 1) commas.push(i);
      else if (c === '}' && --depth === 0) {
        if (commas.length || range(text.slice(start + 1, i))) return [start, i, commas];
        break;
      }
    }
  }
  return undefined;
}

function range(body: string): string[] | undefined {
  const numbers = /^(-?\d+)\.\.(-?\d+)(?:\.\.(-?\d+))?$/.exec(body);
  if (numbers) {
    const from = Number(numbers[1]);
    const to = Number(numbers[2]);
    const step = Math.abs(Number(numbers[3] ?? 1)) || 1;
    const width =
      /^-?0\d/.test(numbers[1]) || /^-?0\d/.test(numbers[2]) ? Math.max(numbers[1].length, numbers[2].length) : 0;
    const out: string[] = [];
    const count = Math.floor(Math.abs(to - from) / step);
    for (let i = 0; i <= count && i < 100_000; i++) {
      const n = from + (to >= from ? i : -i) * step;
      out.push(n < 0 ? '-' + String(-n).padStart(width - 1, '0') : String(n).padStart(width, '0'));
    }
    return out;
  }
  const letters = /^([A-Za-z])\.\.([A-Za-z])(?:\.\.(-?\d+))?$/.exec(body);
  if (!letters) return undefined;
  const from = letters[1].charCodeAt(0);
  const to = letters[2].charCodeAt(0);
  const step = Math.abs(Number(letters[3] ?? 1)) || 1;
  const out: string[] = [];
  for (let n = from; from <= to ? n <= to : n >= to; n += from <= to ? step : -step) out.push(String.fromCharCode(n));
  return out;
}
