// awk while it runs: variables, fields, records, files and commands that it reads and writes.

import { Random, type Co } from '../../sim/index.ts';
import { FsError } from '../fs.ts';
import { filesOf, waitFor } from '../host.ts';
import { fileReader, fileWriter, LineReader, nullReader, pipeReader, pipeWriter } from '../io.ts';
import { Pipe } from '../pipe.ts';
import { ereToRegExp } from '../regex.ts';
import type { Process, Writer } from '../types.ts';
import { fromInput, toNumber, toText, type Value } from './awk-values.ts';
import { complain, isBusybox, openInput, put } from './options.ts';
import { start } from './spawn.ts';
import { unescapeString } from './awk-lexer.ts';

/** An error while the program runs. */
export class AwkError {
  readonly message: string;
  constructor(message: string) {
    this.message = message;
  }
}

/** `next`, `exit`, `break` and the like, thrown up to what they end. */
export class Jump {
  readonly kind: 'next' | 'nextfile' | 'break' | 'continue' | 'exit' | 'return';
  readonly value: Value;
  constructor(kind: Jump['kind'], value: Value) {
    this.kind = kind;
    this.value = value;
  }
}

type AwkArray = Map<string, Value>;
/** What a name stands for: a value, an array, or a name of the caller's that has yet to become one. */
type Slot = Value | AwkArray | Reference;

/** An argument that was a bare variable: it may turn out to be an array. */
class Reference {
  readonly name: string;
  readonly level: number;
  readonly value: Value;
  constructor(name: string, level: number, value: Value) {
    this.name = name;
    this.level = level;
    this.value = value;
  }
}

interface Output {
  writer: Writer;
  process?: Process;
}

/** Loop turns between two waits. */
const TURNS = 2000;
/** Characters of output collected before they are written. */
const BUFFER = 8192;

export class AwkRuntime {
  status = 0;
  private readonly globals = new Map<string, Slot>();
  private readonly frames: Map<string, Slot>[] = [];
  private record = '';
  private fields: Value[] | undefined;
  private stale = false;
  private readonly outputs = new Map<string, Output>();
  private readonly inputs = new Map<string, { lines: LineReader; process?: Process }>();
  private readonly operands: string[];
  private main: LineReader | undefined;
  private usedFile = false;
  private buffer = '';
  private turns = 0;
  private generator: Random;
  private seeded = 0;
  private readonly process: Process;

  constructor(process: Process, operands: string[]) {
    this.process = process;
    this.operands = operands;
    this.generator = new Random(0);
    const defaults: Record<string, Value> = {
      FS: ' ',
      OFS: ' ',
      RS: '\n',
      ORS: '\n',
      NR: 0,
      FNR: 0,
      NF: 0,
      SUBSEP: '\x1c',
      CONVFMT: '%.6g',
      OFMT: '%.6g',
      RSTART: 0,
      RLENGTH: -1,
      FILENAME: '',
      ARGC: operands.length + 1,
    };
    for (const name in defaults) this.globals.set(name, defaults[name]);
    const environment: AwkArray = new Map();
    for (const name in process.env) environment.set(name, fromInput(process.env[name]));
    this.globals.set('ENVIRON', environment);
    const args: AwkArray = new Map([['0', 'awk' as Value]]);
    operands.forEach((operand, i) => args.set(String(i + 1), fromInput(operand)));
    this.globals.set('ARGV', args);
  }

  get now(): number {
    return this.process.host.sim.now;
  }

  get convert(): string {
    return this.globals.get('CONVFMT') as string;
  }

  // ---- variables -----------------------------------------------------------------------------------------

  private scope(name: string): Map<string, Slot> {
    const frame = this.frames[this.frames.length - 1];
    return frame?.has(name) ? frame : this.globals;
  }

  get(name: string): Value {
    if (name === 'NF') this.split();
    const slot = this.scope(name).get(name);
    if (slot instanceof Map) throw new AwkError(`attempt to use array \`${name}' in a scalar context`);
    return slot instanceof Reference ? slot.value : slot;
  }

  set(name: string, value: Value) {
    const scope = this.scope(name);
    if (scope.get(name) instanceof Map) throw new AwkError(`attempt to use array \`${name}' in a scalar context`);
    scope.set(name, value);
    if (name === 'NF' && scope === this.globals) this.resize(toNumber(value));
  }

  text(name: string): string {
    const value = this.globals.get(name) as Value;
    return typeof value === 'string' ? value : toText(value);
  }

  array(name: string): AwkArray {
    return this.arrayAt(name, this.frames.length - 1);
  }

  private arrayAt(name: string, level: number): AwkArray {
    const frame = level >= 0 ? this.frames[level] : undefined;
    const scope = frame?.has(name) ? frame : this.globals;
    const slot = scope.get(name);
    if (slot instanceof Map) return slot;
    let array: AwkArray;
    if (slot instanceof Reference) array = this.arrayAt(slot.name, slot.level);
    else if (slot === undefined) array = new Map();
    else throw new AwkError(`attempt to use scalar \`${name}' as an array`);
    scope.set(name, array);
    return array;
  }

  arrayIfAny(name: string): AwkArray | undefined {
    const slot = this.scope(name).get(name);
    if (slot instanceof Reference) return this.arrayIfAny(slot.name);
    return slot instanceof Map ? slot : undefined;
  }

  /** An element, which comes into being when it is looked at. */
  element(name: string, key: string): Value {
    const array = this.array(name);
    const value = array.get(key);
    if (value === undefined && !array.has(key)) array.set(key, undefined);
    return value;
  }

  /** A variable as an argument. */
  reference(name: string): Value | AwkArray {
    const slot = this.scope(name).get(name);
    if (slot instanceof Map) return slot;
    if (slot === undefined || slot instanceof Reference) {
      return new Reference(name, this.frames.length - 1, undefined) as unknown as Value;
    }
    return slot;
  }

  enter(frame: Map<string, Value | AwkArray>) {
    this.frames.push(frame as Map<string, Slot>);
  }

  leave() {
    this.frames.pop();
  }

  // ---- fields --------------------------------------------------------------------------------------------

  field(at: number): Value {
    if (at === 0) {
      if (this.stale) this.rebuild();
      return fromInput(this.record);
    }
    if (at < 0) throw new AwkError(`attempt to access field ${at}`);
    return this.split()[Math.trunc(at) - 1];
  }

  /** The whole record as text. */
  line(): string {
    if (this.stale) this.rebuild();
    return this.record;
  }

  setField(at: number, value: Value) {
    if (at < 0) throw new AwkError(`attempt to access field ${at}`);
    if (at === 0) {
      this.record = toText(value);
      this.fields = undefined;
      this.stale = false;
      return;
    }
    const fields = this.split();
    const index = Math.trunc(at) - 1;
    while (fields.length < index) fields.push('');
    fields[index] = value;
    this.globals.set('NF', fields.length);
    this.stale = true;
  }

  private split(): Value[] {
    if (!this.fields) {
      this.fields = this.splitText(this.record, this.text('FS')).map(fromInput);
      this.globals.set('NF', this.fields.length);
    }
    return this.fields;
  }

  splitText(text: string, separator: string): string[] {
    if (text === '') return [];
    if (separator === ' ') {
      const trimmed = text.trim();
      return trimmed === '' ? [] : trimmed.split(/\s+/);
    }
    if (separator === '') return [...text];
    if (separator.length === 1 && separator !== '\\') return text.split(separator);
    const found = ereToRegExp(separator, '');
    if (typeof found === 'string') throw new AwkError(found);
    return text.split(new RegExp(found.source.replace(/\((?!\?)/g, '(?:')));
  }

  private resize(count: number) {
    const fields = this.fields ?? this.splitText(this.record, this.text('FS')).map(fromInput);
    while (fields.length < count) fields.push('');
    fields.length = Math.max(0, count);
    this.fields = fields;
    this.stale = true;
  }

  private rebuild() {
    const separator = this.text('OFS');
    this.record = (this.fields ?? []).map((value) => toText(value, this.convert)).join(separator);
    this.stale = false;
  }

  // ---- records -------------------------------------------------------------------------------------------

  /** The next record of the input, without making it current; null: the file cannot be read. */
  *nextRecord(): Co<string | undefined | null> {
    for (;;) {
      if (!this.main && !(yield* this.openNext())) return undefined;
      const line = yield* this.readRecord(this.main as LineReader);
      if (line !== undefined) {
        this.globals.set('NR', toNumber(this.globals.get('NR') as Value) + 1);
        this.globals.set('FNR', toNumber(this.globals.get('FNR') as Value) + 1);
        return line;
      }
      this.main = undefined;
    }
  }

  count() {
    this.globals.set('NR', toNumber(this.globals.get('NR') as Value) + 1);
  }

  /** Makes the next record current; false at the end. */
  *advance(): Co<boolean> {
    const line = yield* this.nextRecord();
    if (line === undefined || line === null) return false;
    this.record = line;
    this.fields = undefined;
    this.stale = false;
    return true;
  }

  skipFile() {
    this.main = undefined;
  }

  private *readRecord(reader: LineReader): Co<string | undefined> {
    if (this.text('RS') !== '') {
      yield* this.flushWhenIdle();
      return yield* reader.line();
    }
    // An empty RS: records are separated by blank lines, a newline separates fields too.
    const lines: string[] = [];
    for (;;) {
      const line = yield* reader.line();
      if (line === undefined) return lines.length ? lines.join('\n') : undefined;
      if (line !== '') lines.push(line);
      else if (lines.length) return lines.join('\n');
    }
  }

  private *openNext(): Co<boolean> {
    for (;;) {
      const operand = this.operands.shift();
      if (operand === undefined) {
        if (this.usedFile) return false;
        this.usedFile = true;
        this.main = new LineReader(this.process.stdin, this.separator);
        return true;
      }
      const assignment = /^([A-Za-z_]\w*)=([\s\S]*)$/.exec(operand);
      if (assignment) {
        this.set(assignment[1], fromInput(unescapeString(assignment[2])));
        continue;
      }
      this.usedFile = true;
      yield* this.flush();
      let reader;
      try {
        reader =
          operand === '-' ? this.process.stdin : fileReader(filesOf(this.process).openRead(operand), this.process);
      } catch (error) {
        if (!(error instanceof FsError)) throw error;
        complain(
          this.process,
          isBusybox(this.process) ? `${operand}: ${error.message}` : `cannot open "${operand}" (${error.message})`,
        );
        this.status = 2;
        continue;
      }
      this.globals.set('FILENAME', operand);
      this.globals.set('FNR', 0);
      this.main = new LineReader(reader, this.separator);
      return true;
    }
  }

  private get separator(): string {
    const separator = this.text('RS');
    return separator === '' ? '\n' : separator[0];
  }

  *readFile(path: string): Co<string | undefined | null> {
    let input = this.inputs.get(path);
    if (!input) {
      if (path !== '-' && !filesOf(this.process).exists(path)) return null;
      const reader = openInput(this.process, path);
      if (!reader) return null;
      input = { lines: new LineReader(reader, this.separator) };
      this.inputs.set(path, input);
    }
    return yield* input.lines.line();
  }

  *readCommand(command: string): Co<string | undefined> {
    let input = this.inputs.get(command);
    if (!input) {
      yield* this.flush();
      const pipe = new Pipe();
      const child = start(this.process, ['sh', '-c', command], { stdout: pipeWriter(pipe), stdin: nullReader });
      this.endPipeWith(child, pipe);
      input = { lines: new LineReader(pipeReader(pipe)), process: child };
      this.inputs.set(command, input);
    }
    return yield* input.lines.line();
  }

  private endPipeWith(child: Process | undefined, pipe: Pipe) {
    if (!child) pipe.end();
    else {
      this.process.host.sim.spawn(
        'awk pipe',
        (function* () {
          yield* waitFor(child);
          pipe.end();
        })(),
      );
    }
  }

  // ---- output --------------------------------------------------------------------------------------------

  *print(text: string): Co {
    this.buffer += text;
    if (this.buffer.length > BUFFER) yield* this.flush();
  }

  *flush(): Co<number> {
    const text = this.buffer;
    this.buffer = '';
    if (text) {
      put(this.process, text);
      yield* this.process.stdout.drain();
    }
    return 0;
  }

  /** Before awk waits for more input, what it has printed is seen. */
  private *flushWhenIdle(): Co {
    if (this.buffer && !this.main?.ready) yield* this.flush();
  }

  *printTo(op: '>' | '>>' | '|', target: string, text: string): Co {
    let output = this.outputs.get(target);
    if (!output) {
      if (target === '/dev/stdout' || target === '-') return yield* this.print(text);
      if (target === '/dev/stderr') {
        this.process.stderr.write(text);
        return;
      }
      yield* this.flush();
      output = op === '|' ? this.pipeTo(target) : this.openOutput(target, op === '>>');
      this.outputs.set(target, output);
    }
    output.writer.write(text);
    yield* output.writer.drain();
  }

  private pipeTo(command: string): Output {
    const pipe = new Pipe();
    const child = start(this.process, ['sh', '-c', command], { stdin: pipeReader(pipe) });
    return { writer: pipeWriter(pipe), process: child };
  }

  private openOutput(path: string, append: boolean): Output {
    try {
      const file = filesOf(this.process).openWrite(path, { append });
      return { writer: fileWriter(file, () => this.now, this.process) };
    } catch (error) {
      if (error instanceof FsError) throw new AwkError(`cannot redirect to "${path}" (${error.message})`);
      throw error;
    }
  }

  *close(name: string): Co<number> {
    const input = this.inputs.get(name);
    this.inputs.delete(name);
    if (input?.process) return yield* waitFor(input.process);
    const output = this.outputs.get(name);
    if (!output) return input ? 0 : -1;
    this.outputs.delete(name);
    yield* this.flush();
    output.writer.close();
    return output.process ? yield* waitFor(output.process) : 0;
  }

  *closeAll(): Co {
    yield* this.flush();
    for (const name of [...this.outputs.keys()]) yield* this.close(name);
  }

  *system(command: string): Co<number> {
    yield* this.flush();
    yield 1;
    const child = start(this.process, ['sh', '-c', command]);
    return child ? yield* waitFor(child) : 127;
  }

  // ---- time and chance -----------------------------------------------------------------------------------

  /** In loops that may be endless: lets time pass now and then. */
  *breathe(): Co {
    if (++this.turns % TURNS === 0) yield 0.1;
  }

  random(): number {
    return this.generator.float();
  }

  seed(seed: number | undefined): number {
    const before = this.seeded;
    this.seeded = seed ?? Math.floor(this.now / 1000);
    this.generator = new Random(this.seeded);
    return before;
  }
}
