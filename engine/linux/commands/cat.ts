// cat: files one after the other; with -n numbers, and ends and tabs made visible.

import { LineReader } from '../io.ts';
import type { Program } from '../types.ts';
import { eachInput, emit, parseOptions } from './options.ts';

const SPEC = {
  short: 'nbsEetTvAu',
  long: {
    number: 'n',
    'number-nonblank': 'b',
    'squeeze-blank': 's',
    'show-ends': 'E',
    'show-tabs': 'T',
    'show-nonprinting': 'v',
    'show-all': 'A',
  },
  usage: '[OPTION]... [FILE]...',
};

export const cat: Program = function* (process) {
  const options = parseOptions(process, SPEC);
  const has = (letters: string) => [...letters].some((letter) => options.has(letter));
  const numberAll = options.has('n') && !options.has('b');
  const plain = !options.given.some(([key]) => key !== 'u');
  let number = 0;
  let blanks = 0;
  const line = (text: string) => {
    let out = text;
    if (has('Avet')) out = visible(out);
    if (has('ATt')) out = out.replaceAll('\t', '^I');
    if (has('AEe')) out += '$';
    if (numberAll || (options.has('b') && text !== '')) out = `${String(++number).padStart(6)}\t${out}`;
    return out;
  };
  return yield* eachInput(process, options.args, function* (reader) {
    if (plain) {
      for (let text = yield* reader.read(); text !== undefined; text = yield* reader.read()) yield* emit(process, text);
      return;
    }
    const input = new LineReader(reader);
    for (let lines = yield* input.lines(); lines; lines = yield* input.lines()) {
      const out: string[] = [];
      for (const text of lines) {
        blanks = text === '' ? blanks + 1 : 0;
        if (options.has('s') && blanks > 1) continue;
        out.push(line(text));
      }
      if (out.length) yield* emit(process, out.join('\n') + (input.terminated ? '\n' : ''));
    }
  });
};

/** Control characters as `^X`, bytes above 127 as `M-`. */
function visible(text: string): string {
  return text.replace(/[\x00-\x08\x0b-\x1f\x7f]/g, (c) => '^' + String.fromCharCode(c.charCodeAt(0) ^ 64));
}
