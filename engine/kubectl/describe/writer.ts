// Text as `kubectl describe` lays it out: lines at a level, cells divided by tabs. A column is as wide as its widest
// cell over the neighbouring lines that have it (elastic tab stops); the last cell of a line belongs to none.

import { textWidth } from '../output/table.ts';

const PADDING = 2;
const INDENT = '  ';

export class DescribeWriter {
  private text = '';

  /** Writes a line at `level` (two blanks each); cells are divided by tabs. */
  line(level: number, text: string) {
    this.text += INDENT.repeat(level) + text + '\n';
  }

  /** `Key:` and its value in the next column. */
  field(level: number, key: string, value: string | number | boolean | undefined) {
    this.line(level, `${key}:\t${value ?? ''}`);
  }

  /** Text as it is, without a level or an end of line. */
  raw(text: string) {
    this.text += text;
  }

  toString(): string {
    return align(this.text);
  }

  /** The tabs as they are (kubectl rollout history prints a template so). */
  get unaligned(): string {
    return this.text;
  }
}

function align(text: string): string {
  const lines = text.split('\n').map((line) => line.split('\t'));
  const widths: number[][] = lines.map(() => []);
  let columns = 0;
  for (const cells of lines) columns = Math.max(columns, cells.length - 1);
  for (let column = 0; column < columns; column++) {
    for (let i = 0; i < lines.length;) {
      if (lines[i].length - 1 <= column) {
        i++;
        continue;
      }
      let end = i;
      let width = 0;
      while (end < lines.length && lines[end].length - 1 > column) {
        width = Math.max(width, textWidth(lines[end][column]) + PADDING);
        end++;
      }
      for (; i < end; i++) widths[i][column] = width;
    }
  }
  let out = '';
  for (let i = 0; i < lines.length; i++) {
    const cells = lines[i];
    const last = cells.length - 1;
    for (let column = 0; column < last; column++) {
      out += cells[column] + ' '.repeat(widths[i][column] - textWidth(cells[column]));
    }
    out += cells[last] + (i < lines.length - 1 ? '\n' : '');
  }
  return out;
}
