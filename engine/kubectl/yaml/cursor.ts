// A place in a YAML text: where the scanner is, and what it says when it cannot go on.

export class YamlError extends Error {}

export const TAB = 9;
const LF = 10;
const CR = 13;
export const SPACE = 32;

export const isBreak = (c: number) => c === LF || c === CR || c === 0x85 || c === 0x2028 || c === 0x2029;
export const isBlank = (c: number) => c === SPACE || c === TAB;
export const isBlankz = (c: number) => isBlank(c) || isBreak(c) || c !== c;
export const isBreakz = (c: number) => isBreak(c) || c !== c;
export const isWord = (c: number) =>
  (c >= 48 && c <= 57) || (c >= 65 && c <= 90) || (c >= 97 && c <= 122) || c === 45 || c === 95;

/** Lines from 0: of the context and of the problem, which counts first. go-yaml leaves the line out when it is the first. */
export function yamlError(contextLine: number, line: number, problem: string, scanner: boolean): YamlError {
  const at = line || contextLine;
  return new YamlError(`yaml: ${at ? `line ${at + (scanner ? 1 : 0)}: ` : ''}${problem}`);
}

export class Cursor {
  readonly text: string;
  pos = 0;
  /** Both from 0. */
  line = 0;
  column = 0;

  constructor(text: string) {
    this.text = text.charCodeAt(0) === 0xfeff ? text.slice(1) : text;
    // eslint-disable-next-line no-control-regex
    if (/[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]/.test(text)) throw new YamlError('yaml: control characters are not allowed');
  }

  /** The character there, as a number; NaN at the end. */
  at(offset = 0): number {
    return this.text.charCodeAt(this.pos + offset);
  }

  skip(count = 1) {
    this.pos += count;
    this.column += count;
  }

  newline() {
    if (this.at() === CR && this.at(1) === LF) this.pos++;
    this.pos++;
    this.line++;
    this.column = 0;
  }

  /** `---` or `...` in a line of its own. */
  isDocumentMark(mark: string): boolean {
    return this.text.startsWith(mark, this.pos) && isBlankz(this.at(3));
  }

  error(contextLine: number, problem: string): YamlError {
    return yamlError(contextLine, this.line, problem, true);
  }
}
