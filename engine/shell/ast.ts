// What the parser makes of a script and the interpreter runs.

/** A word before expansion. */
export interface Word {
  parts: Part[];
  /** As written. */
  raw: string;
  /** Set when a declaration (`local a=(1 2)`) carries an assignment as its argument. */
  assign?: Assignment;
  /** What the word expands to when nothing in it is active; null: something is. Kept by the expansion. */
  plain?: string | null;
}

export type Part =
  /** Unquoted text: globs, braces and tilde are active in it. */
  | { kind: 'text'; text: string }
  /** Text whose characters stand for themselves. */
  | { kind: 'quoted'; text: string }
  | { kind: 'double'; parts: Part[] }
  | Parameter
  | { kind: 'command'; body: List }
  | { kind: 'arithmetic'; expression: Word }
  | { kind: 'process'; direction: '<' | '>'; body: List };

/** `${name[index]op arg}`; plain `$name` has no operation. */
export interface Parameter {
  kind: 'parameter';
  name: string;
  index?: Word;
  /** `${#name}` */
  length?: boolean;
  /** `${!name}` */
  indirect?: boolean;
  /** `:-`, `#`, `//`, `:` (substring), `^^`, `@Q`, `names` (`${!prefix*}`), `keys` (`${!a[@]}`)… */
  op?: string;
  argument?: Word;
  /** Replacement of `/`, length of `:`. */
  second?: Word;
}

export interface Assignment {
  name: string;
  index?: Word;
  append: boolean;
  value?: Word;
  array?: { index?: Word; value: Word }[];
}

export interface Redirect {
  /** File descriptor; `&` for `&>`. */
  fd: number | '&';
  op: '<' | '>' | '>>' | '>|' | '<>' | '<&' | '>&' | '<<' | '<<<';
  target: Word;
}

export interface List {
  items: { command: Command; background: boolean; text: string }[];
}

interface Redirected {
  redirects: Redirect[];
  line: number;
}

export interface Simple extends Redirected {
  kind: 'simple';
  assignments: Assignment[];
  words: Word[];
}

export interface ForLoop extends Redirected {
  kind: 'for';
  name: string;
  /** Absent: the positional parameters. */
  words?: Word[];
  body: List;
}

export interface Case extends Redirected {
  kind: 'case';
  word: Word;
  items: { patterns: Word[]; body: List; end: ';;' | ';&' | ';;&' }[];
}

export type Compound =
  | ({ kind: 'group' | 'subshell'; body: List } & Redirected)
  | ({ kind: 'if'; branches: { condition: List; body: List }[]; otherwise?: List } & Redirected)
  | ({ kind: 'while' | 'until'; condition: List; body: List } & Redirected)
  | ForLoop
  | ({ kind: 'c-for'; init: Word; condition: Word; step: Word; body: List } & Redirected)
  | ({ kind: 'select'; name: string; words?: Word[]; body: List } & Redirected)
  | Case
  | ({ kind: 'arithmetic'; expression: Word } & Redirected)
  | ({ kind: 'condition'; test: Condition } & Redirected);

/** Inside `[[ ]]`. */
export type Condition =
  | { kind: 'and' | 'or'; left: Condition; right: Condition }
  | { kind: 'not'; operand: Condition }
  | { kind: 'unary'; op: string; operand: Word }
  | { kind: 'binary'; op: string; left: Word; right: Word };

export type Command =
  | Simple
  | Compound
  | { kind: 'function'; name: string; body: Command; source: string; line: number }
  | { kind: 'pipeline'; commands: Command[]; negate: boolean; timed: boolean; line: number }
  | { kind: 'and-or'; first: Command; rest: { op: '&&' | '||'; command: Command }[]; line: number };
