// What Python's operators make of values, and how values are written by format specifications.

import {
  compare,
  Dict,
  equals,
  isNumber,
  iterate,
  List,
  Raised,
  KINDS,
  raise,
  repr,
  str,
  Tuple,
  typeName,
  type Value,
} from './values.ts';

const float = (value: bigint | number | boolean): number => Number(value);
const int = (value: Value): bigint | undefined =>
  typeof value === 'bigint' ? value : typeof value === 'boolean' ? BigInt(value) : undefined;

const floorDivide = (a: bigint, b: bigint) => a / b - (a % b !== 0n && a < 0n !== b < 0n ? 1n : 0n);

function arithmetic(op: string, a: bigint | number | boolean, b: bigint | number | boolean): Value | undefined {
  const [i, j] = [int(a), int(b)];
  if (['/', '//', '%'].includes(op) && Number(b) === 0) {
    return raise(
      'ZeroDivisionError',
      op === '/' ? 'division by zero' : op === '%' ? 'integer modulo by zero' : 'integer division or modulo by zero',
    );
  }
  if (i !== undefined && j !== undefined) {
    switch (op) {
      case '+':
        return i + j;
      case '-':
        return i - j;
      case '*':
        return i * j;
      case '//':
        return floorDivide(i, j);
      case '%':
        return i - j * floorDivide(i, j);
      case '**':
        if (j > 100_000n) return raise('ValueError', 'the exponent is larger than this engine computes');
        return j < 0n ? float(i) ** float(j) : i ** j;
      case '&':
        return i & j;
      case '|':
        return i | j;
      case '^':
        return i ^ j;
      case '<<':
        return i << j;
      case '>>':
        return i >> j;
    }
  }
  const [x, y] = [float(a), float(b)];
  switch (op) {
    case '+':
      return x + y;
    case '-':
      return x - y;
    case '*':
      return x * y;
    case '/':
      return x / y;
    case '//':
      return Math.floor(x / y);
    case '%':
      return x - y * Math.floor(x / y);
    case '**':
      return x ** y;
  }
  return undefined;
}

const repeated = (count: Value) => Math.max(0, Number(int(count) ?? 0n));

export function binary(op: string, a: Value, b: Value): Value {
  let result: Value | undefined;
  if (isNumber(a) && isNumber(b)) result = arithmetic(op, a, b);
  else if (op === '%' && typeof a === 'string') result = percent(a, b);
  else if (op === '+' && typeof a === 'string' && typeof b === 'string') result = a + b;
  else if (op === '+' && a instanceof List && b instanceof List) result = new List([...a.items, ...b.items]);
  else if (op === '+' && a instanceof Tuple && b instanceof Tuple) result = new Tuple([...a.items, ...b.items]);
  else if (op === '*' && typeof a === 'string' && int(b) !== undefined) result = a.repeat(repeated(b));
  else if (op === '*' && a instanceof List && int(b) !== undefined)
    result = new List(Array.from({ length: repeated(b) }, () => a.items).flat());
  else if (op === '+' && typeof a === 'string')
    return raise('TypeError', `can only concatenate str (not "${typeName(b)}") to str`);
  return result ?? raise('TypeError', `unsupported operand type(s) for ${op}: '${typeName(a)}' and '${typeName(b)}'`);
}

export function compares(op: string, a: Value, b: Value): boolean {
  switch (op) {
    case '==':
      return equals(a, b);
    case '!=':
      return !equals(a, b);
    case 'is':
      return a === b;
    case 'is not':
      return a !== b;
    case 'in':
      return contains(b, a);
    case 'not in':
      return !contains(b, a);
    case '<':
      return compare(a, b) < 0;
    case '<=':
      return compare(a, b) <= 0;
    case '>':
      return compare(b, a) < 0;
  }
  return compare(b, a) <= 0;
}

function contains(whole: Value, part: Value): boolean {
  if (typeof whole === 'string') {
    if (typeof part !== 'string')
      return raise('TypeError', `'in <string>' requires string as left operand, not ${typeName(part)}`);
    return whole.includes(part);
  }
  if (whole instanceof Dict) return whole.get(part) !== undefined;
  return iterate(whole).some((item) => equals(item, part));
}

const place = (index: Value, length: number): number => {
  const i = int(index);
  if (i === undefined) return raise('TypeError', `indices must be integers or slices, not ${typeName(index)}`);
  return Number(i < 0n ? i + BigInt(length) : i);
};

export function item(value: Value, index: Value): Value {
  if (value instanceof Dict) {
    const found = value.get(index);
    if (found === undefined) throw new Raised(KINDS.KeyError, [index]);
    return found;
  }
  const items =
    typeof value === 'string' ? [...value] : value instanceof List || value instanceof Tuple ? value.items : undefined;
  if (!items) return raise('TypeError', `'${typeName(value)}' object is not subscriptable`);
  const found = items[place(index, items.length)];
  return found === undefined ? raise('IndexError', `${typeName(value)} index out of range`) : found;
}

export function setItem(value: Value, index: Value, to: Value) {
  if (value instanceof Dict) value.set(index, to);
  else if (value instanceof List) {
    const at = place(index, value.items.length);
    if (at < 0 || at >= value.items.length) raise('IndexError', 'list assignment index out of range');
    value.items[at] = to;
  } else raise('TypeError', `'${typeName(value)}' object does not support item assignment`);
}

export function slice(value: Value, from: Value, to: Value, by: Value): Value {
  const items = iterate(value);
  const step = by === null ? 1 : Number(by);
  if (step === 0) raise('ValueError', 'slice step cannot be zero');
  const bound = (at: Value, missing: number) => {
    if (at === null) return missing;
    const i = Number(at);
    return Math.max(step < 0 ? -1 : 0, Math.min(i < 0 ? i + items.length : i, items.length));
  };
  const out: Value[] = [];
  const end = bound(to, step < 0 ? -1 : items.length);
  for (
    let i = Math.min(bound(from, step < 0 ? items.length - 1 : 0), items.length - (step < 0 ? 1 : 0));
    step < 0 ? i > end : i < end;
    i += step
  )
    out.push(items[i]);
  return typeof value === 'string' ? out.join('') : value instanceof Tuple ? new Tuple(out) : new List(out);
}

/** format(): `[[fill]align][sign][0][width][,][.precision][type]`. */
export function format(value: Value, spec: string): string {
  const parsed = /^(?:(.)?([<>^=]))?([-+ ])?(0)?(\d+)?([,_])?(?:\.(\d+))?([bcdeEfFgGnosxX%])?$/s.exec(spec);
  if (!parsed) return raise('ValueError', 'Invalid format specifier');
  const [, fill, align, sign, zero, width, comma, precision, type] = parsed;
  let text: string;
  if (!isNumber(value) || (type === undefined && precision === undefined && !comma)) text = str(value);
  else if (type === 'x' || type === 'X' || type === 'b' || type === 'o') {
    text = (int(value) ?? 0n).toString({ x: 16, b: 2, o: 8 }[type.toLowerCase()]);
    if (type === 'X') text = text.toUpperCase();
  } else if (type === 'e' || type === 'E')
    text = float(value)
      .toExponential(Number(precision ?? 6))
      .replace(/e([+-])(\d)$/, 'e$10$2');
  else if (type === '%') text = `${(float(value) * 100).toFixed(Number(precision ?? 6))}%`;
  else if (type === 'g' || (type === undefined && precision !== undefined))
    text = String(Number(float(value).toPrecision(Number(precision ?? 6) || 1)));
  else if (type === 'f' || type === 'F') text = float(value).toFixed(Number(precision ?? 6));
  else text = str(value);
  if (!isNumber(value) && precision !== undefined) text = text.slice(0, Number(precision));
  if (comma) text = text.replace(/\d+/, (digits) => digits.replace(/\B(?=(\d{3})+$)/g, comma));
  if (isNumber(value) && sign && sign !== '-' && !text.startsWith('-')) text = sign + text;
  const room = Math.max(0, Number(width ?? 0) - text.length);
  const side = align ?? (isNumber(value) ? (zero ? '=' : '>') : '<');
  const pad = (n: number) => (fill ?? (zero ? '0' : ' ')).repeat(n);
  if (side === '=') return text.replace(/^([-+ ]?)/, (mark) => mark + pad(room));
  if (side === '^') return pad(Math.floor(room / 2)) + text + pad(Math.ceil(room / 2));
  return side === '<' ? text + pad(room) : pad(room) + text;
}

/** `'%s: %d' % (name, count)`. */
function percent(text: string, values: Value): string {
  const list = values instanceof Tuple ? [...values.items] : [values];
  let next = 0;
  const out = text.replace(
    /%(?:\((\w+)\))?([-+0 ]*)(\d+)?(?:\.(\d+))?([%a-zA-Z])/g,
    (_all, key: string | undefined, flags: string, width = '', precision: string | undefined, type: string) => {
      if (type === '%') return '%';
      if (key === undefined && next >= list.length) return raise('TypeError', 'not enough arguments for format string');
      const value = key === undefined ? list[next++] : item(values, key);
      const align = flags.includes('-') ? '<' : '';
      if (type === 's' || type === 'r')
        return format(
          type === 's' ? str(value) : repr(value),
          `${align || '>'}${width}${precision === undefined ? '' : `.${precision}`}`,
        );
      if (!isNumber(value))
        return raise('TypeError', `%${type} format: a real number is required, not ${typeName(value)}`);
      const number = type === 'd' || type === 'i' ? BigInt(Math.trunc(float(value))) : value;
      return format(
        number,
        `${align}${flags.includes('+') ? '+' : ''}${flags.includes('0') && !align ? '0' : ''}${width}${precision === undefined ? '' : `.${precision}`}${type === 'i' ? 'd' : type}`,
      );
    },
  );
  if (values instanceof Tuple && next < list.length)
    raise('TypeError', 'not all arguments converted during string formatting');
  return out;
}
