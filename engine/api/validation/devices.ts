// Dynamic resource allocation (resource.k8s.io): classes of devices, and claims to some of them.

import { deepEqual } from '../change.ts';
import { part } from '../../parts/index.ts';
import type { JsonObject } from '../types.ts';
import { IMMUTABLE, type Faults } from './field.ts';
import { isDNS1123Label, isDNS1123Subdomain } from './names.ts';
import { nodeSelector } from './selectors.ts';
import type { Rules } from './rules.ts';

const MODES = ['All', 'ExactCount'];
const MAX_SELECTORS = 32;
const MAX_EXPRESSION = 10 * 1024;
const MAX_REQUESTS = 32;
const MAX_CONFIG = 32;
const MAX_DEVICES = 128;
const MAX_CONSTRAINTS = 32;
const MAX_ATTRIBUTES = 32;

export const deviceClass: Rules = {
  validate(faults, { spec = {} }) {
    selectors(faults, 'spec.selectors', spec.selectors);
    atMost(faults, 'spec.config', spec.config, MAX_CONFIG);
    ((spec.config ?? []) as JsonObject[]).forEach((one, i) => configuration(faults, `spec.config[${i}]`, one));
  },
};

export const resourceClaim: Rules = {
  validate: (faults, { spec = {} }) => claim(faults, 'spec', spec),
  validateUpdate(faults, object, old) {
    if (!deepEqual(object.spec, old.spec)) faults.invalid('spec', object.spec, IMMUTABLE);
  },
};

export const resourceClaimTemplate: Rules = {
  validate: (faults, { spec = {} }) => claim(faults, 'spec.spec', spec.spec ?? {}),
  validateUpdate(faults, object, old) {
    if (!deepEqual(object.spec, old.spec)) faults.invalid('spec', object.spec, IMMUTABLE);
  },
};

export const resourceSlice: Rules = {
  validate(faults, { spec = {} }) {
    const {
      driver = '',
      pool = {},
      nodeName,
      nodeSelector: nodes,
      allNodes,
      perDeviceNodeSelection,
      devices = [],
    } = spec;
    driverName(faults, 'spec.driver', driver);
    if (!pool.name) faults.required('spec.pool.name');
    else (pool.name as string).split('/').forEach((part) => faults.check('spec.pool.name', part, isDNS1123Subdomain));
    if ((pool.resourceSliceCount ?? 0) <= 0)
      faults.invalid('spec.pool.resourceSliceCount', pool.resourceSliceCount ?? 0, 'must be greater than zero');
    faults.nonNegative('spec.pool.generation', pool.generation);
    const given = [nodeName, nodes, allNodes, perDeviceNodeSelection].filter(Boolean).length;
    const choice = '`nodeName`, `nodeSelector`, `allNodes`, `perDeviceNodeSelection`';
    if (given === 0) faults.required('spec', `exactly one of ${choice} is required`);
    else if (given > 1)
      faults.invalid('spec', undefined, `exactly one of ${choice} is required, but multiple fields are set`);
    if (nodeName) faults.check('spec.nodeName', nodeName, isDNS1123Subdomain);
    if (nodes) nodeSelector(faults, 'spec.nodeSelector', nodes);
    const seen = new Set<string>();
    (devices as JsonObject[]).forEach(({ name = '', attributes: given = {}, capacity = {} }, i) => {
      const at = `spec.devices[${i}]`;
      label(faults, `${at}.name`, name);
      const count = Object.keys(given).length + Object.keys(capacity).length;
      for (const key of Object.keys(given).sort()) attribute(faults, `${at}.attributes[${key}]`, key, given[key]);
      for (const key of Object.keys(capacity).sort()) qualified(faults, `${at}.capacity[${key}]`, key);
      if (count > MAX_ATTRIBUTES)
        faults.invalid(at, count, `the total number of attributes and capacities must not exceed ${MAX_ATTRIBUTES}`);
      if (name && seen.has(name)) faults.duplicate(`${at}.name`, name);
      seen.add(name);
    });
    atMost(faults, 'spec.devices', devices, MAX_DEVICES);
  },
  validateUpdate(faults, object, old) {
    for (const field of ['driver', 'nodeName'])
      if (object.spec?.[field] !== old.spec?.[field]) faults.invalid(`spec.${field}`, object.spec?.[field], IMMUTABLE);
    if (object.spec?.pool?.name !== old.spec?.pool?.name)
      faults.invalid('spec.pool.name', object.spec?.pool?.name, IMMUTABLE);
  },
};

function claim(faults: Faults, path: string, { devices = {} }: JsonObject) {
  const { constraints = [], config = [] } = devices;
  const requests = devices.requests ?? [];
  const at = `${path}.devices`;
  const names = new Set<string>();
  (requests as JsonObject[]).forEach((one, i) => {
    const { name = '' } = one;
    request(faults, `${at}.requests[${i}]`, one);
    if (name && names.has(name)) faults.duplicate(`${at}.requests[${i}].name`, name);
    names.add(name);
    for (const sub of (one.firstAvailable ?? []) as JsonObject[]) names.add(`${name}/${sub.name ?? ''}`);
  });
  atMost(faults, `${at}.requests`, requests, MAX_REQUESTS);
  const known = (list: string[] | undefined, where: string) =>
    (list ?? []).forEach((name, i) => {
      if (!names.has(name))
        faults.invalid(
          `${where}[${i}]`,
          name,
          "must be the name of a request in the claim or the name of a request and a subrequest separated by '/'",
        );
    });
  (constraints as JsonObject[]).forEach((one, i) => {
    known(one.requests, `${at}.constraints[${i}].requests`);
    const { matchAttribute, distinctAttribute } = one;
    if (!matchAttribute && !distinctAttribute) faults.required(`${at}.constraints[${i}].matchAttribute`);
    for (const field of ['matchAttribute', 'distinctAttribute'])
      if (one[field]) qualified(faults, `${at}.constraints[${i}].${field}`, one[field], true);
  });
  atMost(faults, `${at}.constraints`, constraints, MAX_CONSTRAINTS);
  (config as JsonObject[]).forEach((one, i) => {
    known(one.requests, `${at}.config[${i}].requests`);
    configuration(faults, `${at}.config[${i}]`, one);
  });
  atMost(faults, `${at}.config`, config, MAX_CONFIG);
}

const IDENTIFIER = /^[A-Za-z_][A-Za-z0-9_]*$/;
const IDENTIFIER_WORDS =
  "a valid C identifier must start with alphabetic character or '_', followed by a string of alphanumeric characters or '_' (e.g. 'my_name',  or 'MY_NAME',  or 'MyName', regex used for validation is '[A-Za-z_][A-Za-z0-9_]*')";

/** The name of an attribute or a capacity: an identifier, with the domain of a driver before it; `fully`: not without. */
function qualified(faults: Faults, path: string, name: string, fully = false) {
  const parts = name.split('/');
  if (fully && parts.length === 1) faults.invalid(path, name, 'must include a domain');
  if (parts.length > 2) return faults.invalid(path, name, "must be a name, or a domain and a name separated by '/'");
  const [domain, id] = parts.length === 2 ? parts : [undefined, name];
  if (domain !== undefined) {
    if (!domain) faults.required(path, 'the domain must not be empty');
    else if (domain.length > 63) faults.tooLong(path, 63);
    else faults.check(path, domain, isDNS1123Subdomain);
  }
  if (!id) return faults.required(path, 'the name must not be empty');
  if (id.length > 32) faults.tooLong(path, 32);
  if (!IDENTIFIER.test(id)) faults.invalid(path, id, IDENTIFIER_WORDS);
  return undefined;
}

const VALUES = ['bool', 'int', 'string', 'version'];
const SEMVER =
  /^(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)(-[0-9A-Za-z-]+(\.[0-9A-Za-z-]+)*)?(\+[0-9A-Za-z-]+(\.[0-9A-Za-z-]+)*)?$/;

function attribute(faults: Faults, path: string, name: string, value: JsonObject) {
  qualified(faults, path, name);
  for (const field of ['string', 'version']) if (value[field]?.length > 64) faults.tooLong(`${path}.${field}`, 64);
  if (value.version !== undefined && !SEMVER.test(value.version))
    faults.invalid(`${path}.version`, value.version, 'must be a string compatible with semver.org spec 2.0.0');
  const given = VALUES.filter((field) => value[field] !== undefined);
  if (given.length === 0) faults.required(path, 'exactly one value must be specified');
  if (given.length > 1) faults.invalid(path, value, 'exactly one value must be specified');
}

function request(faults: Faults, path: string, { name = '', exactly, firstAvailable }: JsonObject) {
  label(faults, `${path}.name`, name);
  const list: JsonObject[] = firstAvailable ?? [];
  const given = (exactly ? 1 : 0) + (list.length ? 1 : 0);
  if (given === 0) faults.required(path, 'exactly one of `exactly` or `firstAvailable` is required');
  if (given > 1) {
    const why = 'exactly one of `exactly` or `firstAvailable` is required, but multiple fields are set';
    faults.invalid(path, undefined, why);
  }
  if (exactly) devicesOf(faults, `${path}.exactly`, exactly);
  const names = new Set<string>();
  list.forEach((one, i) => {
    const at = `${path}.firstAvailable[${i}]`;
    label(faults, `${at}.name`, one.name ?? '');
    if (one.name && names.has(one.name)) faults.duplicate(`${at}.name`, one.name);
    names.add(one.name);
    devicesOf(faults, at, one);
  });
}

function devicesOf(faults: Faults, path: string, wanted: JsonObject) {
  const { deviceClassName = '', allocationMode = 'ExactCount', count = 0 } = wanted;
  if (deviceClassName) faults.check(`${path}.deviceClassName`, deviceClassName, isDNS1123Subdomain);
  else faults.required(`${path}.deviceClassName`);
  selectors(faults, `${path}.selectors`, wanted.selectors);
  if (!MODES.includes(allocationMode)) faults.notSupported(`${path}.allocationMode`, allocationMode, MODES);
  else if (allocationMode === 'All' && count !== 0)
    faults.invalid(`${path}.count`, count, "must not be specified when allocationMode is 'All'");
  else if (allocationMode === 'ExactCount' && count <= 0)
    faults.invalid(`${path}.count`, count, 'must be greater than zero');
}

function selectors(faults: Faults, path: string, list: JsonObject[] = []) {
  atMost(faults, path, list, MAX_SELECTORS);
  list.forEach(({ cel }, i) => {
    if (!cel) faults.required(`${path}[${i}].cel`);
    else if (!cel.expression) faults.required(`${path}[${i}].cel.expression`);
    else expression(faults, `${path}[${i}].cel.expression`, cel.expression);
  });
}

function expression(faults: Faults, path: string, text: string) {
  if (text.length > MAX_EXPRESSION) return faults.tooLong(path, MAX_EXPRESSION);
  const problem = part('devices').selectorProblem(text);
  if (problem !== undefined) faults.invalid(path, text, problem);
}

function configuration(faults: Faults, path: string, { opaque }: JsonObject) {
  if (!opaque) return faults.required(`${path}.opaque`);
  driverName(faults, `${path}.opaque.driver`, opaque.driver ?? '');
  if (opaque.parameters === undefined) faults.required(`${path}.opaque.parameters`);
}

function driverName(faults: Faults, path: string, name: string) {
  if (!name) return faults.required(path);
  if (name.length > 63) faults.tooLong(path, 63);
  faults.check(path, name, isDNS1123Subdomain);
}

function label(faults: Faults, path: string, name: string) {
  if (!name) faults.required(path);
  else faults.check(path, name, isDNS1123Label);
}

function atMost(faults: Faults, path: string, list: readonly unknown[] | undefined, max: number) {
  if (list && list.length > max) faults.tooMany(path, list.length, max);
}
