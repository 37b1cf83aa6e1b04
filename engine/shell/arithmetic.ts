// `$(( ))` and `(( ))`: C's integer expressions over 64 bits, with variables.

/** Thrown with the shell's words: `1 +: syntax error: operand expected (error token is "+")`. */
export class ArithmeticError {
  readonly message: string;
  constructor(message: string) {
    this.message = message;
  }
}

/** Where variables are read and written. */
export interface ArithmeticScope {
  get(name: string, index: string | undefined): string | undefined;
  set(name: string, index: string | undefined, value: string): void;
}

type Node =
  | { kind: 'number'; value: bigint }
  | { kind: 'variable'; name: string; index?: Node; key?: string }
  | { kind: 'unary'; op: string; operand: Node }
  | { kind: 'step'; op: '++' | '--'; prefix: boolean; target: Node }
  | { kind: 'binary'; op: string; left: Node; right: Node }
  | { kind: 'assign'; op: string; target: Node; value: Node }
  | { kind: 'ternary'; condition: Node; yes: Node; no: Node };

const PRECEDENCE: Record<string, number> = {
  ',': 1,
  '||': 4,
  '&&': 5,
  '|': 6,
  '^': 7,
  '&': 8,
  '==': 9,
  '!=': 9,
  '<': 10,
  '>': 10,
  '<=': 10,
  '>=': 10,
  '<<': 11,
  '>>': 11,
  '+': 12,
  '-': 12,
  '*': 13,
  '/': 13,
  '%': 13,
  '**': 15,
};
const TOKEN =
  /\s*(?:(0[xX][0-9a-fA-F]+|\d+#[0-9a-zA-Z@_]+|\d+\w*)|([A-Za-z_]\w*)|(<<=|>>=|\*\*|\+\+|--|<<|>>|<=|>=|==|!=|&&|\|\||[-+*/%&|^]=|[-+*/%<>=!~&|^?:,()[\]])|(\S))/y;
const MAX_DEPTH = 60;

class Reader {
  private readonly tokens: { kind: 'number' | 'name' | 'op'; text: string; at: number }[] = [];
  private i = 0;
  private depth = 0;
  private readonly src: string;
  constructor(src: string) {
    this.src = src;
    TOKEN.lastIndex = 0;
    while (TOKEN.lastIndex < src.length) {
      const at = TOKEN.lastIndex;
      const match = TOKEN.exec(src);
      if (!match) break;
      if (match[4] !== undefined) {
        this.fail('syntax error: operand expected', src.slice(at).trim());
      }
      const kind = match[1] !== undefined ? 'number' : match[2] !== undefined ? 'name' : 'op';
      this.tokens.push({
        kind,
        text: match[1] ?? match[2] ?? match[3],
        at: TOKEN.lastIndex - (match[1] ?? match[2] ?? match[3]).length,
      });
    }
  }

  read(): Node {
    if (!this.tokens.length) return { kind: 'number', value: 0n };
    const node = this.expression(0);
    if (this.i < this.tokens.length) this.fail('syntax error in expression', this.src.slice(this.tokens[this.i].at));
    return node;
  }

  private fail(what: string, token: string): never {
    throw new ArithmeticError(`${this.src}: ${what} (error token is "${token}")`);
  }

  private get op(): string | undefined {
    const token = this.tokens[this.i];
    return token?.kind === 'op' ? token.text : undefined;
  }

  private operator(): string | undefined {
    return this.op;
  }

  private operandMissing(): never {
    const token = this.tokens[this.i] ?? this.tokens[this.tokens.length - 1];
    return this.fail('syntax error: operand expected', this.src.slice(token.at));
  }

  private expression(least: number): Node {
    if (++this.depth > MAX_DEPTH)
      this.fail('expression recursion level exceeded', this.src.slice(this.tokens[this.i]?.at ?? 0));
    let left = this.unary();
    for (;;) {
      const op = this.op;
      if (op === undefined) break;
      if (/^(?:=|[-+*/%&|^]=|<<=|>>=)$/.test(op) && op !== '==') {
        if (least > 2) break;
        if (left.kind !== 'variable') {
          this.fail('attempted assignment to non-variable', this.src.slice(this.tokens[this.i].at));
        }
        this.i++;
        left = { kind: 'assign', op: op.slice(0, -1), target: left, value: this.expression(2) };
        continue;
      }
      if (op === '?') {
        if (least > 3) break;
        this.i++;
        const yes = this.expression(1);
        if (this.op !== ':')
          this.fail("`:' expected for conditional expression", this.src.slice(this.tokens[this.i]?.at ?? 0));
        this.i++;
        left = { kind: 'ternary', condition: left, yes, no: this.expression(3) };
        continue;
      }
      const precedence = PRECEDENCE[op];
      if (precedence === undefined || precedence < least) break;
      this.i++;
      left = { kind: 'binary', op, left, right: this.expression(op === '**' ? precedence : precedence + 1) };
    }
    this.depth--;
    return left;
  }

  private unary(): Node {
    const token = this.tokens[this.i];
    if (!token) this.operandMissing();
    if (token.kind === 'op') {
      const op = token.text;
      if (op === '++' || op === '--') {
        this.i++;
        const target = this.unary();
        if (target.kind === 'variable') return { kind: 'step', op, prefix: true, target };
        const sign = op[0];
        return { kind: 'unary', op: sign, operand: { kind: 'unary', op: sign, operand: target } };
      }
      if (op === '!' || op === '~' || op === '-' || op === '+') {
        this.i++;
        return { kind: 'unary', op, operand: this.expression(14) };
      }
      if (op === '(') {
        this.i++;
        const inner = this.expression(0);
        if (this.op !== ')') this.fail("missing `)'", this.src.slice(this.tokens[this.i]?.at ?? this.src.length - 1));
        this.i++;
        return inner;
      }
      this.operandMissing();
    }
    this.i++;
    if (token.kind === 'number') return { kind: 'number', value: this.number(token.text) };
    const node: Node = { kind: 'variable', name: token.text };
    if (this.op === '[') {
      this.i++;
      const from = this.tokens[this.i]?.at ?? 0;
      node.index = this.expression(0);
      if (this.operator() !== ']') this.fail('bad array subscript', token.text);
      node.key = this.src.slice(from, this.tokens[this.i].at).trim();
      this.i++;
    }
    const after = this.op;
    if (after === '++' || after === '--') {
      this.i++;
      return { kind: 'step', op: after, prefix: false, target: node };
    }
    return node;
  }

  private number(text: string): bigint {
    const value = parseNumber(text);
    if (value !== undefined) return value;
    if (/^0\d/.test(text)) return this.fail('value too great for base', text);
    return this.fail('value too great for base', text);
  }
}

function parseNumber(text: string): bigint | undefined {
  if (/^0[xX][0-9a-fA-F]+$/.test(text)) return BigInt(text);
  const based = /^(\d+)#(\w+)$/.exec(text);
  if (based) {
    const base = Number(based[1]);
    if (base < 2 || base > 36) return undefined;
    let value = 0n;
    for (const c of based[2].toLowerCase()) {
      const digit = parseInt(c, 36);
      if (!(digit < base)) return undefined;
      value = value * BigInt(base) + BigInt(digit);
    }
    return value;
  }
  if (/^0[0-7]+$/.test(text)) return BigInt('0o' + text.slice(1));
  if (/^(?:0|[1-9]\d*)$/.test(text)) return BigInt(text);
  return undefined;
}

const cache = new Map<string, Node>();

function compile(src: string): Node {
  let node = cache.get(src);
  if (!node) {
    node = new Reader(src).read();
    if (cache.size > 500) cache.clear();
    cache.set(src, node);
  }
  return node;
}

/** The value of an expression. */
export function calculate(src: string, scope: ArithmeticScope, depth = 0): bigint {
  return value(compile(src), src, scope, depth);
}

function value(node: Node, src: string, scope: ArithmeticScope, depth: number): bigint {
  const sub = (inner: Node) => value(inner, src, scope, depth);
  const wrap = (n: bigint) => BigInt.asIntN(64, n);
  const place = (target: Node): [string, string | undefined] => {
    if (target.kind !== 'variable') throw new ArithmeticError(`${src}: attempted assignment to non-variable`);
    return [target.name, target.index && String(sub(target.index))];
  };
  switch (node.kind) {
    case 'number':
      return node.value;
    case 'variable': {
      const text = (scope.get(node.name, node.index && String(sub(node.index))) ?? '').trim();
      if (text === '') return 0n;
      const number = parseNumber(text);
      if (number !== undefined) return number;
      if (depth > 20)
        throw new ArithmeticError(`${text}: expression recursion level exceeded (error token is "${text}")`);
      return calculate(text, scope, depth + 1);
    }
    case 'unary': {
      const v = sub(node.operand);
      return node.op === '-' ? wrap(-v) : node.op === '!' ? (v ? 0n : 1n) : node.op === '~' ? ~v : v;
    }
    case 'step': {
      const [name, index] = place(node.target);
      const before = sub(node.target);
      const after = wrap(node.op === '++' ? before + 1n : before - 1n);
      scope.set(name, index, String(after));
      return node.prefix ? after : before;
    }
    case 'assign': {
      const [name, index] = place(node.target);
      const right = sub(node.value);
      const result = node.op ? binary(node.op, sub(node.target), right, src) : right;
      scope.set(name, index, String(result));
      return result;
    }
    case 'ternary':
      return sub(node.condition) ? sub(node.yes) : sub(node.no);
    case 'binary':
      if (node.op === '&&') return sub(node.left) && sub(node.right) ? 1n : 0n;
      if (node.op === '||') return sub(node.left) || sub(node.right) ? 1n : 0n;
      return binary(node.op, sub(node.left), sub(node.right), src);
  }
}

function binary(op: string, a: bigint, b: bigint, src: string): bigint {
  const bool = (yes: boolean) => (yes ? 1n : 0n);
  switch (op) {
    case ',':
      return b;
    case '+':
      return BigInt.asIntN(64, a + b);
    case '-':
      return BigInt.asIntN(64, a - b);
    case '*':
      return BigInt.asIntN(64, a * b);
    case '/':
    case '%':
      if (b === 0n)
        throw new ArithmeticError(
          `${src}: division by 0 (error token is "${src.slice(src.lastIndexOf(op) + 1).trim()}")`,
        );
      return op === '/' ? BigInt.asIntN(64, a / b) : a % b;
    case '**':
      if (b < 0n) throw new ArithmeticError(`${src}: exponent less than 0 (error token is "${b}")`);
      return power(a, b);
    case '<<':
      return BigInt.asIntN(64, a << (b & 63n));
    case '>>':
      return a >> (b & 63n);
    case '&':
      return a & b;
    case '|':
      return a | b;
    case '^':
      return a ^ b;
    case '==':
      return bool(a === b);
    case '!=':
      return bool(a !== b);
    case '<':
      return bool(a < b);
    case '>':
      return bool(a > b);
    case '<=':
      return bool(a <= b);
    default:
      return bool(a >= b);
  }
}

function power(base: bigint, exponent: bigint): bigint {
  let result = 1n;
  let square = base;
  for (let left = exponent; left > 0n; left >>= 1n) {
    if (left & 1n) result = BigInt.asIntN(64, result * square);
    square = BigInt.asIntN(64, square * square);
  }
  return result;
}
