// The library's errors in the words and with the positions of cel-go, which is what kube-apiserver reports.

import type { ASTNode, ParseError, TypeError } from '@marcbachmann/cel-js';

const OPERAND =
  "{'[', '{', '(', '.', '-', '!', 'true', 'false', 'null', NUM_FLOAT, NUM_INT, NUM_UINT, STRING, BYTES, IDENTIFIER}";

const OPERATORS: Record<string, string> = {
  '!=': '_!=_',
  '==': '_==_',
  in: '@in',
  '+': '_+_',
  '-': '_-_',
  '*': '_*_',
  '/': '_/_',
  '%': '_%_',
  '<': '_<_',
  '<=': '_<=_',
  '>': '_>_',
  '>=': '_>=_',
  '&&': '_&&_',
  '||': '_||_',
  '?:': '_?_:_',
  '!_': '!_',
  '-_': '-_',
};

interface Checked {
  checkedType?: { name: string };
}

/** `list<int>` as `list(int)`. */
export const typeName = (name: string): string =>
  name
    .replace(/google\.protobuf\.Timestamp/g, 'timestamp')
    .replace(/google\.protobuf\.Duration/g, 'duration')
    .replace(/\bdyn<(.+)>/g, '$1')
    .replace(/optional</g, 'optional_type<')
    .replace(/</g, '(')
    .replace(/>/g, ')')
    .replace(/\bnull\b/g, 'null_type');

const typeOf = (node: ASTNode | undefined): string =>
  typeName((node as Checked | undefined)?.checkedType?.name ?? 'dyn');

/** `ERROR: <input>:1:6: …` with the line and a mark below it. */
function located(input: string, at: number, message: string): string {
  const before = input.slice(0, at);
  const line = before.split('\n').length;
  const start = before.lastIndexOf('\n') + 1;
  const end = input.indexOf('\n', at);
  const column = at - start;
  return `ERROR: <input>:${line}:${column + 1}: ${message}\n | ${input.slice(start, end < 0 ? undefined : end)}\n | ${'.'.repeat(column)}^`;
}

/** Where an operator stands between its operands. */
function operatorAt(node: ASTNode, operator: string): number {
  const left = (Array.isArray(node.args) ? node.args[0] : node.args) as ASTNode;
  const found = node.input.indexOf(operator, left.end);
  return found < 0 ? node.start : found;
}

const dotBefore = (input: string, at: number): number => Math.max(input.lastIndexOf('.', at), 0);

function callAt(node: ASTNode): number {
  const name = node.args as unknown as [string, ...unknown[]];
  const receiver = node.op === 'rcall' ? (name[1] as ASTNode).end : node.start;
  const at = node.input.indexOf('(', node.input.indexOf(name[0], receiver));
  return at < 0 ? node.start : at;
}

/** The text of an expression that does not compile. `isFunction`: whether some function or method has that name. */
export function compileError(
  input: string,
  error: ParseError | TypeError,
  isFunction: (name: string) => boolean,
): string {
  const at = error.range?.start ?? 0;
  const node = error.node as ASTNode | undefined;
  if (error.name === 'ParseError')
    return located(input, at, `Syntax error: ${syntaxError(input, error as ParseError, at)}`);
  switch (error.code) {
    case 'unknown_variable':
      return located(input, at, `undeclared reference to '${String(node?.args)}' (in container '')`);
    case 'no_such_key': {
      const field = /^No such key: (.*)$/.exec(error.summary)?.[1] ?? '';
      return located(input, dotBefore(input, at), `undefined field '${field}'`);
    }
    case 'cannot_index_type': {
      const type = typeName(/'(.*)'/.exec(error.summary)?.[1] ?? 'dyn');
      if (node?.op === '[]' || node?.op === '[?]') {
        const [left, right] = node.args as [ASTNode, ASTNode];
        return located(
          input,
          operatorAt(node, '['),
          `found no matching overload for '_[_]' applied to '(${typeOf(left)}, ${typeOf(right)})'`,
        );
      }
      return located(input, dotBefore(input, at), `type '${type}' does not support field selection`);
    }
    case 'no_such_overload':
    case 'invalid_logical_operand':
    case 'invalid_condition_type':
      return overload(input, node, error);
    case 'no_matching_overload': {
      if (!node) break;
      const args = node.args as unknown as [string, ASTNode | ASTNode[], ASTNode[]?];
      const [name] = args;
      if (!isFunction(name)) return located(input, callAt(node), `undeclared reference to '${name}' (in container '')`);
      const types = ((node.op === 'rcall' ? args[2] : args[1]) as ASTNode[]).map(typeOf).join(', ');
      const receiver = node.op === 'rcall' ? `${typeOf(args[1] as ASTNode)}.` : '';
      return located(
        input,
        callAt(node),
        `found no matching overload for '${name}' applied to '${receiver}(${types})'`,
      );
    }
    case 'invalid_comprehension_range':
      return located(input, at, typeName(error.summary.replace(/^Expression/, 'expression').replace(/\.$/, '')));
  }
  return located(input, at, error.summary);
}

function overload(input: string, node: ASTNode | undefined, error: TypeError): string {
  // A predicate that is no bool is noticed where the macro joins its results.
  if (!node || !OPERATORS[node.op]) {
    const found = typeName(/got '(.*)'/.exec(error.summary)?.[1] ?? 'dyn');
    const at = error.range?.start ?? 0;
    const ternary = /Ternary/.test(error.summary);
    return located(
      input,
      ternary ? Math.max(input.indexOf('?', at), 0) : at,
      ternary
        ? `found no matching overload for '_?_:_' applied to '(${found}, dyn, dyn)'`
        : `expected type 'bool' but found '${found}'`,
    );
  }
  const operands = (Array.isArray(node.args) ? node.args : [node.args]) as ASTNode[];
  const at = node.op === '!_' || node.op === '-_' ? node.start : operatorAt(node, node.op === '?:' ? '?' : node.op);
  return located(
    input,
    at,
    `found no matching overload for '${OPERATORS[node.op]}' applied to '(${operands.map(typeOf).join(', ')})'`,
  );
}

const STARTS = /^\s*(?:[[{(.\-!\w"']|$)/;

function syntaxError(input: string, error: ParseError, at: number): string {
  const { code, summary } = error;
  const rest = input.slice(at);
  const token = rest.trim() === '' ? '<EOF>' : (/^(?:\w+|==|!=|<=|>=|&&|\|\||.)/s.exec(rest)?.[0] ?? rest[0]);
  if (code === 'unterminated_string' || (code === 'unexpected_character' && !/\w/.test(token)))
    return `token recognition error at: '${code === 'unterminated_string' ? rest : token}'`;
  const expected = /^Expected (\w+)/.exec(summary)?.[1];
  if (expected && CLOSERS[expected]) {
    return token === '<EOF>' || rest.length === token.length
      ? `missing ${CLOSERS[expected]} at '${token}'`
      : `mismatched input '${token}' expecting ${CLOSERS[expected]}`;
  }
  if (code === 'unexpected_character' || /^(Expected EOF|Unexpected character)/.test(summary))
    return `mismatched input '${token}' expecting <EOF>`;
  if (token !== '<EOF>' && STARTS.test(rest.slice(token.length)) && rest.slice(token.length).trim() !== '')
    return `extraneous input '${token}' expecting ${OPERAND}`;
  return `mismatched input '${token}' expecting ${OPERAND}`;
}

const CLOSERS: Record<string, string> = {
  RPAREN: "')'",
  RBRACKET: "']'",
  RBRACE: "'}'",
  COLON: "':'",
  IDENTIFIER: 'IDENTIFIER',
};

/** What went wrong while an expression ran, as cel-go says it. */
export function runtimeError(error: Error & { code?: string; summary?: string }): string {
  const text = error.summary ?? error.message;
  switch (error.code) {
    case 'no_such_key':
      return text.replace(/^No such key/, 'no such key');
    case 'index_out_of_bounds': {
      const index = /index (-?\d+)/.exec(text)?.[1];
      return `index out of bounds: ${index}`;
    }
    case 'no_such_overload':
    case 'no_matching_overload':
    case 'invalid_logical_operand':
    case 'invalid_condition_type':
      return 'no such overload';
    default:
      return text.charAt(0).toLowerCase() + text.slice(1);
  }
}
