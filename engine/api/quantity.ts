// Quantities ("100m", "1.5Gi", "1e3") as apimachinery's resource.Quantity reads, compares, adds and prints them.
// Exact: a value is a whole number of nanos in a BigInt; finer fractions round up, as upstream does.

export type QuantityFormat = 'DecimalSI' | 'BinarySI' | 'DecimalExponent';

export interface ParsedQuantity {
  nanos: bigint;
  format: QuantityFormat;
}

/** What a malformed quantity is refused with; the message is upstream's. */
export class QuantityError extends Error {}

const WRONG_FORMAT = "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'";
const WRONG_SUFFIX = "unable to parse quantity's suffix";
const SHAPE = /^([+-]?)([0-9]*)(?:\.([0-9]*))?([eEinumkKMGTP]*[-+]?[0-9]*)$/;

const DECIMAL_SUFFIXES = ['n', 'u', 'm', '', 'k', 'M', 'G', 'T', 'P', 'E'];
const BINARY_SUFFIXES = ['', 'Ki', 'Mi', 'Gi', 'Ti', 'Pi', 'Ei'];
const NANO = 1_000_000_000n;
const THOUSAND = 1000n;
const KIBI = 1024n;
const MAX = ((1n << 63n) - 1n) * NANO;

// The same few strings come with every Pod, so results are kept.
const CACHE_LIMIT = 5000;
const parsed = new Map<string, ParsedQuantity>();
const canonical = new Map<string, string>();

function remember<T>(cache: Map<string, T>, key: string, value: T): T {
  if (cache.size >= CACHE_LIMIT) cache.clear();
  cache.set(key, value);
  return value;
}

function divideUp(value: bigint, by: bigint): bigint {
  const quotient = value / by;
  return value > 0n && quotient * by !== value ? quotient + 1n : quotient;
}

function read(text: string): ParsedQuantity {
  const match = SHAPE.exec(text);
  if (!match || (match[2] === '' && !match[3])) throw new QuantityError(WRONG_FORMAT);
  const [, sign, whole, fraction = '', suffix] = match;
  let format: QuantityFormat = 'DecimalSI';
  // The value is digits × 10^-fraction.length × multiplier, in nanos.
  let numerator = 1n;
  let power = 9 - fraction.length;
  const decimal = DECIMAL_SUFFIXES.indexOf(suffix);
  const binary = BINARY_SUFFIXES.indexOf(suffix, 1);
  if (decimal >= 0) {
    power += (decimal - 3) * 3;
  } else if (binary > 0) {
    format = 'BinarySI';
    numerator = KIBI ** BigInt(binary);
  } else if (/^[eE][-+]?[0-9]+$/.test(suffix)) {
    format = 'DecimalExponent';
    const exponent = Number(suffix.slice(1));
    if (Math.abs(exponent) > 1000) throw new QuantityError(WRONG_SUFFIX);
    power += exponent;
  } else {
    throw new QuantityError(WRONG_SUFFIX);
  }
  let nanos = BigInt(whole + fraction || '0') * numerator;
  nanos = power >= 0 ? nanos * 10n ** BigInt(power) : divideUp(nanos, 10n ** BigInt(-power));
  if (nanos > MAX) nanos = MAX;
  return { nanos: sign === '-' ? -nanos : nanos, format };
}

/** Reads a quantity (a JSON number is taken as its text). Throws QuantityError. */
export function parseQuantity(text: string | number): ParsedQuantity {
  const key = typeof text === 'string' ? text : String(text);
  return parsed.get(key) ?? remember(parsed, key, read(key));
}

/** The canonical text: no fraction, the largest suffix that keeps the value exact. */
export function formatQuantity(quantity: ParsedQuantity): string {
  let { nanos, format } = quantity;
  if (nanos === 0n) return '0';
  const negative = nanos < 0n;
  if (negative) nanos = -nanos;
  if (format === 'BinarySI' && nanos < KIBI * NANO) format = 'DecimalSI';
  let digits: bigint;
  let suffix: string;
  if (format === 'BinarySI') {
    digits = divideUp(nanos, NANO);
    let step = 0;
    while (step < 6 && digits % KIBI === 0n) {
      digits /= KIBI;
      step++;
    }
    suffix = BINARY_SUFFIXES[step];
  } else {
    digits = nanos;
    let step = 0;
    while (step < 9 && digits % THOUSAND === 0n) {
      digits /= THOUSAND;
      step++;
    }
    suffix = format === 'DecimalSI' ? DECIMAL_SUFFIXES[step] : step === 3 ? '' : `e${(step - 3) * 3}`;
  }
  return (negative ? '-' : '') + digits + suffix;
}

/** "0.5" to "500m", "1024Ki" to "1Mi". Throws QuantityError. */
export function canonicalQuantity(text: string | number): string {
  const key = typeof text === 'string' ? text : String(text);
  return canonical.get(key) ?? remember(canonical, key, formatQuantity(parseQuantity(key.trim())));
}

/** Negative, zero or positive, as a sort expects it. */
export function compareQuantities(a: string, b: string): number {
  if (a === b) return 0;
  const x = parseQuantity(a).nanos;
  const y = parseQuantity(b).nanos;
  return x < y ? -1 : x > y ? 1 : 0;
}

/** The sum, printed in the first operand's format (the second's when the first is zero). */
export function addQuantities(a: string, b: string): string {
  const x = parseQuantity(a);
  const y = parseQuantity(b);
  return formatQuantity({ nanos: x.nanos + y.nanos, format: x.nanos === 0n ? y.format : x.format });
}

export function subtractQuantities(a: string, b: string): string {
  const x = parseQuantity(a);
  const y = parseQuantity(b);
  return formatQuantity({ nanos: x.nanos - y.nanos, format: x.nanos === 0n ? y.format : x.format });
}

const values = new Map<string, number>();
const millis = new Map<string, number>();

/** The value as a number, rounded up to a whole (bytes, counts). */
export function quantityValue(text: string): number {
  return values.get(text) ?? remember(values, text, Number(divideUp(parseQuantity(text).nanos, NANO)));
}

/** The value in thousandths as a number, rounded up (millicores). */
export function quantityMilli(text: string): number {
  return millis.get(text) ?? remember(millis, text, Number(divideUp(parseQuantity(text).nanos, 1_000_000n)));
}

/** An amount as a resource field reference gives it: how many times the divisor (default 1) it is, rounded up. */
export function inUnitsOf(divisor: string | undefined, resource: string, amount: string): string {
  const value = resource === 'cpu' ? quantityMilli : quantityValue;
  return String(Math.ceil(value(amount) / (value(divisor ?? '1') || value('1'))));
}
