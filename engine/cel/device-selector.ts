// Selectors of devices in DeviceClasses and ResourceClaims: expressions over `device`
// (k8s.io/dynamic-resource-allocation/cel).

import type { Device, DeviceAttribute } from '../api/types.ts';
import { quantity, semver } from './functions/quantities.ts';
import { EvaluationFailure, Scope, type Program } from './index.ts';

export interface DeviceSelector {
  /** Throws EvaluationFailure. */
  matches(device: Device, driver: string): boolean;
}

const NOTHING: Readonly<Record<string, unknown>> = Object.freeze({});

let scope: Scope | undefined;
const known = new Map<string, DeviceSelector | string>();
const views = new WeakMap<Device, object>();

/** The selector, or what is wrong with it. */
export function deviceSelector(expression: string): DeviceSelector | string {
  let selector = known.get(expression);
  if (selector === undefined) known.set(expression, (selector = compile(expression)));
  return selector;
}

function compile(expression: string): DeviceSelector | string {
  scope ??= new Scope()
    .type('kubernetes.DRADevice', {
      driver: 'string',
      attributes: 'map<string, map<string, dyn>>',
      capacity: 'map<string, map<string, kubernetes.Quantity>>',
    })
    .variable('device', 'kubernetes.DRADevice');
  const program: Program | string = scope.compile(expression);
  if (typeof program === 'string') return `compilation failed: ${program}`;
  if (program.type !== 'bool' && program.type !== 'dyn')
    return `must evaluate to bool or the unknown type, not ${program.type}`;
  return {
    matches(device, driver) {
      let view = views.get(device);
      if (!view) views.set(device, (view = viewOf(device, driver)));
      const result = program.run({ device: view });
      if (typeof result !== 'boolean') throw new EvaluationFailure('CEL result of type is not bool');
      return result;
    },
  };
}

function viewOf({ attributes, capacity }: Device, driver: string): object {
  return {
    driver,
    attributes: byDomain(attributes, driver, attributeValue),
    capacity: byDomain(capacity, driver, ({ value }) => quantity(String(value))),
  };
}

/** Names without a domain are in the driver's own. A domain that a device has nothing of is empty. */
function byDomain<T>(values: Record<string, T> | undefined, driver: string, convert: (value: T) => unknown): object {
  const domains = new Map<string, Record<string, unknown>>();
  for (const name in values) {
    const slash = name.indexOf('/');
    const domain = slash < 0 ? driver : name.slice(0, slash);
    let own = domains.get(domain);
    if (!own) domains.set(domain, (own = {}));
    own[name.slice(slash + 1)] = convert(values[name]);
  }
  // The library takes the bare class only.
  return Object.assign(new Map(domains), { get: (domain: string) => domains.get(domain) ?? NOTHING });
}

function attributeValue({ bool, int, string, version }: DeviceAttribute): unknown {
  if (int !== undefined) return BigInt(int);
  if (version !== undefined) return semver(version, false);
  return bool ?? string;
}
