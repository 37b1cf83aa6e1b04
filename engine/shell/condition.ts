// `[[ … ]]`: conditions with patterns and regular expressions.

import type { Co } from '../sim/index.ts';
import { binaryTest, TestError, type TestScope, unaryTest } from '../linux/commands/test.ts';
import type { Condition } from './ast.ts';
import { arithmetic, type Context, expandPattern, expandText } from './expand.ts';
import { matches } from './pattern.ts';
import { type Descriptors, ExpansionError, type Shell } from './shell.ts';
import { elements } from './parameter.ts';
import { ereToRegExp } from '../linux/regex.ts';

export function testScope(shell: Shell, fds: Descriptors): TestScope {
  return {
    fs: shell.fs,
    terminal: (fd) => fds[fd]?.tty ?? false,
    isSet: (name) => {
      const element = /^(\w+)\[(.*)\]$/.exec(name);
      if (!element) return shell.get(name) !== undefined;
      const variable = shell.variables.get(element[1]);
      if (element[2] === '@' || element[2] === '*') return elements(variable).length > 0;
      return variable?.map ? variable.map.has(element[2]) : variable?.list?.[Number(element[2])] !== undefined;
    },
    option: (name) => shell.options.has(name),
  };
}

export function* conditionHolds(context: Context, test: Condition): Co<boolean> {
  switch (test.kind) {
    case 'and':
      return (yield* conditionHolds(context, test.left)) && (yield* conditionHolds(context, test.right));
    case 'or':
      return (yield* conditionHolds(context, test.left)) || (yield* conditionHolds(context, test.right));
    case 'not':
      return !(yield* conditionHolds(context, test.operand));
    case 'unary':
      return unaryTest(test.op, yield* expandText(context, test.operand), testScope(context.shell, context.fds));
    case 'binary':
      return yield* compare(context, test);
  }
}

function* compare(context: Context, test: Extract<Condition, { kind: 'binary' }>): Co<boolean> {
  const { shell } = context;
  const left = yield* expandText(context, test.left);
  switch (test.op) {
    case '=':
    case '==':
      return matches(yield* expandPattern(context, test.right), left);
    case '!=':
      return !matches(yield* expandPattern(context, test.right), left);
    case '=~':
      return yield* regexMatch(context, left, test);
  }
  const right = yield* expandText(context, test.right);
  if (/^-(?:eq|ne|lt|le|gt|ge)$/.test(test.op)) {
    return binaryTest(
      String(arithmetic(shell, left)),
      test.op,
      String(arithmetic(shell, right)),
      testScope(shell, context.fds),
    );
  }
  try {
    return binaryTest(left, test.op, right, testScope(shell, context.fds));
  } catch (error) {
    if (error instanceof TestError) throw new ExpansionError(`[[: ${error.message}`);
    throw error;
  }
}

function* regexMatch(context: Context, left: string, test: Extract<Condition, { kind: 'binary' }>): Co<boolean> {
  // Quoted parts of the expression match themselves: expandPattern has escaped what is special in them.
  const source = yield* expandPattern(context, test.right);
  const regexp = ereToRegExp(source, '');
  const match = typeof regexp === 'string' ? undefined : regexp.exec(left);
  context.shell.variables.put('BASH_REMATCH', { list: match ? match.map((group) => group ?? '') : [] });
  return match !== undefined && match !== null;
}
