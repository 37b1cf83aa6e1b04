// awk: patterns and actions over records and fields.

import { FsError } from '../fs.ts';
import { filesOf } from '../host.ts';
import type { Co } from '../../sim/index.ts';
import type { Program } from '../types.ts';
import { Compiler } from './awk-compile.ts';
import { type Action, type Code, run } from './awk-expressions.ts';
import { AwkSyntaxError, unescapeString } from './awk-lexer.ts';
import { parseAwk } from './awk-parser.ts';
import { AwkError, AwkRuntime, Jump } from './awk-runtime.ts';
import { fromInput, toNumber, truth } from './awk-values.ts';
import { complain, fail, nameOf, parseOptions } from './options.ts';

const SPEC = {
  short: 'F:v:f:',
  long: { 'field-separator': 'F', assign: 'v', file: 'f' },
  usage: '[-F fs][-v var=value][prog | -f progfile][file ...]',
  status: 2,
  ordered: true,
};

interface Rule {
  pattern?: Code;
  until?: Code;
  body?: Action;
  active: boolean;
}

export const awk: Program = function* (process) {
  const options = parseOptions(process, SPEC);
  const { args } = options;
  let source = '';
  for (const path of options.values('f')) {
    try {
      source += filesOf(process).readFile(path) + '\n';
    } catch (error) {
      if (error instanceof FsError) fail(process, `cannot open "${path}" (${error.message})`, 2);
      throw error;
    }
  }
  if (!options.has('f')) {
    if (!args.length) {
      process.stderr.write(`usage: ${nameOf(process)} ${SPEC.usage}\n`);
      return 2;
    }
    source = args.shift() as string;
  }
  const runtime = new AwkRuntime(process, args.slice());
  const separator = options.value('F');
  if (separator !== undefined) runtime.set('FS', separator === 't' ? '\t' : unescapeString(separator));
  for (const text of options.values('v')) {
    const equals = text.indexOf('=');
    if (equals < 1) fail(process, `invalid -v argument: ${text}`, 2);
    runtime.set(text.slice(0, equals), fromInput(unescapeString(text.slice(equals + 1))));
  }
  try {
    return yield* execute(source, runtime);
  } catch (error) {
    if (error instanceof AwkSyntaxError) {
      process.stderr.write(`${nameOf(process)}: line ${error.line}: ${error.message}\n`);
      return 2;
    }
    if (!(error instanceof AwkError)) throw error;
    yield* runtime.closeAll();
    complain(process, error.message);
    return 2;
  }
};

function* execute(source: string, runtime: AwkRuntime): Co<number> {
  const program = parseAwk(source);
  const compiler = new Compiler(runtime, program);
  const begin = program.begin.map((statement) => compiler.statement(statement));
  const end = program.end.map((statement) => compiler.statement(statement));
  const rules: Rule[] = program.rules.map((rule) => ({
    pattern: rule.pattern && compiler.expression(rule.pattern),
    until: rule.until && compiler.expression(rule.until),
    body: rule.body && compiler.statement(rule.body),
    active: false,
  }));
  let status: number | undefined;
  const exiting = function* (body: Co): Co<boolean> {
    try {
      yield* body;
      return false;
    } catch (error) {
      if (!(error instanceof Jump) || error.kind !== 'exit') throw error;
      status = error.value === undefined ? (status ?? 0) : toNumber(error.value) & 255;
      return true;
    }
  };
  let exited = yield* exiting(all(begin));
  if (!exited && (rules.length || end.length)) exited = yield* exiting(records(runtime, rules));
  // `exit` in BEGIN or a rule still runs END; `exit` there ends everything.
  if (!(exited && !rules.length && !end.length)) yield* exiting(all(end));
  yield* runtime.closeAll();
  return status ?? runtime.status;
}

function* all(actions: Action[]): Co {
  for (const action of actions) yield* action();
}

function* records(runtime: AwkRuntime, rules: Rule[]): Co {
  while (yield* runtime.advance()) {
    try {
      for (let i = 0; i < rules.length; i++) {
        const rule = rules[i];
        if (!(yield* selected(rule))) continue;
        if (rule.body) yield* rule.body();
        else yield* runtime.print(runtime.line() + runtime.text('ORS'));
      }
    } catch (error) {
      if (!(error instanceof Jump) || (error.kind !== 'next' && error.kind !== 'nextfile')) throw error;
      if (error.kind === 'nextfile') runtime.skipFile();
    }
  }
}

function* selected(rule: Rule): Co<boolean> {
  const { pattern, until } = rule;
  if (!pattern) return true;
  if (!until) return truth(pattern.now ? pattern.now() : yield* run(pattern));
  if (!rule.active) {
    if (!truth(yield* run(pattern))) return false;
    rule.active = true;
  }
  if (truth(yield* run(until))) rule.active = false;
  return true;
}
