// Quantities and semantic versions.

import {
  addQuantities,
  compareQuantities,
  parseQuantity,
  QuantityError,
  subtractQuantities,
} from '../../api/quantity.ts';
import type { Environment } from '../library.ts';
import { define, FunctionError } from './define.ts';

export class Quantity {
  readonly text: string;
  constructor(text: string) {
    this.text = text;
  }
}

function isQuantity(text: string): boolean {
  try {
    parseQuantity(text);
    return true;
  } catch (error) {
    if (error instanceof QuantityError) return false;
    throw error;
  }
}

export function quantity(text: string): Quantity {
  if (!isQuantity(text))
    throw new FunctionError(
      "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'",
    );
  return new Quantity(text);
}

const NANO = 1_000_000_000n;
const nanos = ({ text }: Quantity) => parseQuantity(text).nanos;
const isInteger = (value: Quantity) => nanos(value) % NANO === 0n;
const compare = (a: Quantity, b: Quantity) => compareQuantities(a.text, b.text);

function asInteger(value: Quantity): bigint {
  if (!isInteger(value)) throw new FunctionError('cannot convert value to integer');
  return nanos(value) / NANO;
}

export class Semver {
  readonly numbers: readonly bigint[];
  readonly pre: readonly string[];
  constructor(numbers: readonly bigint[], pre: readonly string[]) {
    this.numbers = numbers;
    this.pre = pre;
  }
}

const SEMVER =
  /^(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)(?:-([0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*))?(?:\+[0-9A-Za-z.-]+)?$/;

/** `normalize`: a leading v, missing parts and leading zeros are forgiven. */
function parseSemver(text: string, normalize: boolean): Semver | undefined {
  let version = text;
  if (normalize) {
    const [, core = '', rest = ''] = /^v?([\d.]*)(.*)$/.exec(text) ?? [];
    const parts = core.split('.').map((part) => part.replace(/^0+(?=\d)/, ''));
    while (parts.length < 3) parts.push('0');
    version = parts.join('.') + rest;
  }
  const match = SEMVER.exec(version);
  if (!match) return undefined;
  return new Semver([BigInt(match[1]), BigInt(match[2]), BigInt(match[3])], match[4]?.split('.') ?? []);
}

export function semver(text: string, normalize: boolean): Semver {
  const version = parseSemver(text, normalize);
  if (!version) throw new FunctionError(`invalid semantic version ${JSON.stringify(text)}`);
  return version;
}

function compareSemver(a: Semver, b: Semver): number {
  for (let i = 0; i < 3; i++) if (a.numbers[i] !== b.numbers[i]) return a.numbers[i] < b.numbers[i] ? -1 : 1;
  if (a.pre.length === 0 || b.pre.length === 0) return (b.pre.length ? 1 : 0) - (a.pre.length ? 1 : 0);
  for (let i = 0; i < Math.max(a.pre.length, b.pre.length); i++) {
    const x = a.pre[i];
    const y = b.pre[i];
    if (x === y) continue;
    if (x === undefined || y === undefined) return x === undefined ? -1 : 1;
    const numeric = [/^\d+$/.test(x), /^\d+$/.test(y)];
    if (numeric[0] !== numeric[1]) return numeric[0] ? -1 : 1;
    return (numeric[0] ? BigInt(x) < BigInt(y) : x < y) ? -1 : 1;
  }
  return 0;
}

export function quantities(environment: Environment) {
  environment.registerType('kubernetes.Quantity', Quantity);
  environment.registerType('kubernetes.Semver', Semver);
  environment.registerOperator('kubernetes.Quantity == kubernetes.Quantity', (a, b) => compare(a, b) === 0);
  environment.registerOperator('kubernetes.Semver == kubernetes.Semver', (a, b) => compareSemver(a, b) === 0);
  const own = (signature: string) => `kubernetes.Quantity.${signature}`;
  const version = (signature: string) => `kubernetes.Semver.${signature}`;
  define(environment, {
    'quantity(string): kubernetes.Quantity': quantity,
    'isQuantity(string): bool': isQuantity,
    [own('isInteger(): bool')]: isInteger,
    [own('asInteger(): int')]: asInteger,
    [own('asApproximateFloat(): double')]: (value: Quantity) => Number(nanos(value)) / 1e9,
    [own('sign(): int')]: (value: Quantity) => (nanos(value) > 0n ? 1n : nanos(value) < 0n ? -1n : 0n),
    [own('add(kubernetes.Quantity): kubernetes.Quantity')]: (a: Quantity, b: Quantity) =>
      new Quantity(addQuantities(a.text, b.text)),
    [own('add(int): kubernetes.Quantity')]: (a: Quantity, b: bigint) => new Quantity(addQuantities(a.text, String(b))),
    [own('sub(kubernetes.Quantity): kubernetes.Quantity')]: (a: Quantity, b: Quantity) =>
      new Quantity(subtractQuantities(a.text, b.text)),
    [own('sub(int): kubernetes.Quantity')]: (a: Quantity, b: bigint) =>
      new Quantity(subtractQuantities(a.text, String(b))),
    [own('compareTo(kubernetes.Quantity): int')]: (a: Quantity, b: Quantity) => BigInt(Math.sign(compare(a, b))),
    [own('isGreaterThan(kubernetes.Quantity): bool')]: (a: Quantity, b: Quantity) => compare(a, b) > 0,
    [own('isLessThan(kubernetes.Quantity): bool')]: (a: Quantity, b: Quantity) => compare(a, b) < 0,
    'semver(string): kubernetes.Semver': (text: string) => semver(text, false),
    'semver(string, bool): kubernetes.Semver': semver,
    'isSemver(string): bool': (text: string) => parseSemver(text, false) !== undefined,
    'isSemver(string, bool): bool': (text: string, normalize: boolean) => parseSemver(text, normalize) !== undefined,
    [version('major(): int')]: ({ numbers }: Semver) => numbers[0],
    [version('minor(): int')]: ({ numbers }: Semver) => numbers[1],
    [version('patch(): int')]: ({ numbers }: Semver) => numbers[2],
    [version('compareTo(kubernetes.Semver): int')]: (a: Semver, b: Semver) => BigInt(compareSemver(a, b)),
    [version('isGreaterThan(kubernetes.Semver): bool')]: (a: Semver, b: Semver) => compareSemver(a, b) > 0,
    [version('isLessThan(kubernetes.Semver): bool')]: (a: Semver, b: Semver) => compareSemver(a, b) < 0,
  });
}
