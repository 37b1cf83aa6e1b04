// What few Pods have: constraints of spread, DNS settings, claims, ephemeral containers, devices, resources as a whole.

import { addQuantities, compareQuantities } from '../quantity.ts';
import type { Container, JsonObject, ObjectMeta } from '../types.ts';
import { containerCommon, trimmedImage, type PodContext } from './container.ts';
import type { Faults } from './field.ts';
import { isDNS1123Label, isDNS1123Subdomain, isValidIP, maxLengthError } from './names.ts';
import { isHugePages, resourceName, resourceRequirements } from './resources.ts';
import { labelSelector, matchLabelKeys } from './selectors.ts';

const UNSATISFIABLE = ['DoNotSchedule', 'ScheduleAnyway'];

export function spread(faults: Faults, path: string, list: JsonObject[] | undefined) {
  const pairOf = (constraint: JsonObject) => `{${constraint.topologyKey}, ${constraint.whenUnsatisfiable}}`;
  (list ?? []).forEach((constraint, i) => {
    const at = `${path}[${i}]`;
    if (!(constraint.maxSkew > 0))
      faults.invalid(`${at}.maxSkew`, constraint.maxSkew ?? 0, 'must be greater than zero');
    if (!constraint.topologyKey) faults.required(`${at}.topologyKey`, 'can not be empty');
    faults.ifNot(`${at}.whenUnsatisfiable`, constraint.whenUnsatisfiable ?? '', UNSATISFIABLE);
    const pair = pairOf(constraint);
    if ((list ?? []).slice(i + 1).some((later) => pairOf(later) === pair)) {
      faults.duplicate(`${at}.{topologyKey, whenUnsatisfiable}`, pair);
    }
    if (constraint.minDomains !== undefined) {
      faults.positive(`${at}.minDomains`, constraint.minDomains);
      if (constraint.whenUnsatisfiable !== 'DoNotSchedule') {
        faults.invalid(
          `${at}.minDomains`,
          constraint.minDomains,
          `can only use minDomains if whenUnsatisfiable=DoNotSchedule, not ${constraint.whenUnsatisfiable}`,
        );
      }
    }
    for (const field of ['nodeAffinityPolicy', 'nodeTaintsPolicy']) {
      if (constraint[field] !== undefined) faults.ifNot(`${at}.${field}`, constraint[field], ['Honor', 'Ignore']);
    }
    matchLabelKeys(faults, at, constraint);
    labelSelector(faults, `${at}.labelSelector`, constraint.labelSelector);
  });
}

/** A search domain: a DNS subdomain in which underscores are tolerated, or the root. */
const SEARCH_LABEL = '_?[a-z0-9]([-_a-z0-9]*[a-z0-9])?';
const SEARCH = new RegExp(`^${SEARCH_LABEL}(\\.${SEARCH_LABEL})*$`);

function searchDomain(faults: Faults, path: string, search: string) {
  if (search === '.') return;
  const name = search.endsWith('.') ? search.slice(0, -1) : search;
  if (name.length > 253) faults.invalid(path, name, maxLengthError(253));
  // The words are those for names without underscores.
  if (!SEARCH.test(name)) faults.check(path, name, (value) => isDNS1123Subdomain(value.slice(0, 253)));
}

export function dnsConfig(faults: Faults, at: string, spec: JsonObject) {
  const config: JsonObject | undefined = spec.dnsConfig;
  if (spec.dnsPolicy === 'None') {
    if (!config) {
      faults.required(at, 'must provide `dnsConfig` when `dnsPolicy` is None');
      return;
    }
    if (!config.nameservers?.length) {
      faults.required(`${at}.nameservers`, 'must provide at least one DNS nameserver when `dnsPolicy` is None');
      return;
    }
  }
  if (!config) return;
  const searches: string[] = config.searches ?? [];
  if (config.nameservers?.length > 3)
    faults.invalid(`${at}.nameservers`, config.nameservers, 'must not have more than 3 nameservers');
  (config.nameservers ?? []).forEach((ip: string, i: number) => faults.check(`${at}.nameservers[${i}]`, ip, isValidIP));
  if (searches.length > 32) faults.invalid(`${at}.searches`, searches, 'must not have more than 32 search paths');
  if (searches.join(' ').length > 2048)
    faults.invalid(
      `${at}.searches`,
      searches,
      'must not have more than 2048 characters (including spaces) in the search list',
    );
  searches.forEach((search, i) => searchDomain(faults, `${at}.searches[${i}]`, search));
  (config.options ?? []).forEach((option: JsonObject, i: number) => {
    if (!option.name) faults.required(`${at}.options[${i}]`, 'must not be empty');
  });
}

export function resourceClaims(faults: Faults, path: string, list: JsonObject[] | undefined): string[] {
  const names: string[] = [];
  (list ?? []).forEach((claim, i) => {
    const at = `${path}[${i}]`;
    if (!claim.name) faults.required(`${at}.name`);
    else if (names.includes(claim.name)) faults.duplicate(`${at}.name`, claim.name);
    else {
      faults.check(`${at}.name`, claim.name, isDNS1123Label);
      names.push(claim.name);
    }
    const { resourceClaimName: name, resourceClaimTemplateName: template } = claim;
    if (name !== undefined && template !== undefined)
      faults.invalid(at, claim, 'at most one of `resourceClaimName` or `resourceClaimTemplateName` may be specified');
    if (name === undefined && template === undefined)
      faults.invalid(at, claim, 'must specify one of: `resourceClaimName`, `resourceClaimTemplateName`');
    if (name !== undefined) faults.check(`${at}.resourceClaimName`, name, isDNS1123Subdomain);
    if (template !== undefined) faults.check(`${at}.resourceClaimTemplateName`, template, isDNS1123Subdomain);
  });
  return names;
}

/** Claims that a Pod's own volumes make: their names, and that nothing else in it means them. */
export function ownClaims(faults: Faults, { name }: ObjectMeta, spec: JsonObject) {
  const list: JsonObject[] = spec.volumes ?? [];
  if (!name || !list.some((volume) => volume.ephemeral)) return;
  const own = new Set(list.filter((volume) => volume.ephemeral).map((volume) => `${name}-${volume.name}`));
  list.forEach((volume, i) => {
    if (volume.ephemeral && volume.name) {
      const claim = `${name}-${volume.name}`;
      for (const fault of isDNS1123Subdomain(claim))
        faults.invalid(`spec.volumes[${i}].name`, volume.name, `PVC name ${JSON.stringify(claim)}: ${fault}`);
    }
    const wanted = volume.persistentVolumeClaim?.claimName;
    if (own.has(wanted)) {
      const words = 'must not reference a PVC that gets created for an ephemeral volume';
      faults.invalid(`spec.volumes[${i}].persistentVolumeClaim.claimName`, wanted, words);
    }
  });
}

export function volumeDevices(faults: Faults, path: string, container: Container, { volumes }: PodContext) {
  const names = new Set<string>();
  const paths = new Set<string>();
  const mounted = container.volumeMounts ?? [];
  (container.volumeDevices ?? []).forEach((device, i) => {
    const at = `${path}[${i}]`;
    const { name = '', devicePath = '' } = device;
    const volume = volumes.get(name);
    if (!name) faults.required(`${at}.name`);
    if (names.has(name)) faults.invalid(`${at}.name`, name, 'must be unique');
    if (!volume) faults.notFound(`${at}.name`, name);
    else if (!volume.persistentVolumeClaim && !volume.ephemeral)
      faults.invalid(
        `${at}.name`,
        name,
        'can only use volume source type of PersistentVolumeClaim or Ephemeral for block mode',
      );
    if (!devicePath) faults.required(`${at}.devicePath`);
    if (paths.has(devicePath)) faults.invalid(`${at}.devicePath`, devicePath, 'must be unique');
    if (devicePath.split('/').includes('..'))
      faults.invalid(`${at}.devicePath`, devicePath, "can not contain backsteps ('..')");
    else paths.add(devicePath);
    if (mounted.some((mount) => mount.name === name))
      faults.invalid(`${at}.name`, name, 'must not already exist in volumeMounts');
    if (mounted.some((mount) => mount.mountPath === devicePath))
      faults.invalid(`${at}.devicePath`, devicePath, 'must not already exist as a path in volumeMounts');
    if (name) names.add(name);
  });
}

export function resizePolicy(faults: Faults, path: string, list: JsonObject[], restartPolicy: string | undefined) {
  const seen = new Set<string>();
  list.forEach(({ resourceName, restartPolicy: policy }, i) => {
    if (seen.has(resourceName)) faults.duplicate(`${path}[${i}]`, resourceName);
    seen.add(resourceName);
    faults.oneOf(path, resourceName, ['cpu', 'memory']);
    faults.oneOf(path, policy, ['NotRequired', 'RestartContainer']);
    if (restartPolicy === 'Never' && policy !== 'NotRequired')
      faults.invalid(path, policy ?? '', "must be 'NotRequired' when `restartPolicy` is 'Never'");
  });
}

const EPHEMERAL_FORBIDDEN = [
  'ports',
  'resources',
  'resizePolicy',
  'restartPolicy',
  'restartPolicyRules',
  'livenessProbe',
  'readinessProbe',
  'startupProbe',
  'lifecycle',
];

const isSet = (value: unknown): boolean =>
  value !== undefined && value !== null && (typeof value !== 'object' || Object.keys(value).length > 0);

export function ephemeralContainers(
  faults: Faults,
  path: string,
  list: JsonObject[] | undefined,
  context: PodContext,
  spec: JsonObject,
) {
  const others: JsonObject[] = [...(spec.containers ?? []), ...(spec.initContainers ?? [])];
  const taken = new Set<string>();
  for (const container of others) taken.add(container.name);
  (list ?? []).forEach((container, i) => {
    const at = `${path}[${i}]`;
    containerCommon(faults, at, container as Container, context);
    trimmedImage(faults, at, container.image);
    if (taken.has(container.name)) faults.duplicate(`${at}.name`, container.name);
    taken.add(container.name);
    if (container.targetContainerName && !others.some((c) => c.name === container.targetContainerName)) {
      faults.notFound(`${at}.targetContainerName`, container.targetContainerName);
    }
    const forbidden = 'cannot be set for an Ephemeral Container';
    for (const field of EPHEMERAL_FORBIDDEN) if (isSet(container[field])) faults.forbidden(`${at}.${field}`, forbidden);
    (container.volumeMounts ?? []).forEach((mount: JsonObject, m: number) => {
      for (const field of ['subPath', 'subPathExpr'])
        if (mount[field]) faults.forbidden(`${at}.volumeMounts[${m}].${field}`, forbidden);
    });
  });
}

function podResourceName(faults: Faults, path: string, name: string) {
  const before = faults.list.length;
  resourceName(faults, path, name);
  if (faults.list.length === before && name !== 'cpu' && name !== 'memory' && !isHugePages(name))
    faults.notSupported(path, name, ['cpu', 'hugepages-', 'memory']);
}

/** Resources of a Pod as a whole: its containers must fit into them. */
export function podResources(faults: Faults, path: string, spec: JsonObject) {
  const value: JsonObject | undefined = spec.resources;
  if (!value) return;
  if (value.claims) faults.forbidden(`${path}.claims`, 'claims cannot be set for Resources at pod-level');
  resourceRequirements(faults, path, { ...value, claims: undefined }, [], podResourceName);
  const sums: Record<string, string> = {};
  for (const container of spec.containers ?? []) {
    const own: Record<string, string> = container.resources?.requests ?? {};
    for (const name in own) sums[name] = sums[name] === undefined ? own[name] : addQuantities(sums[name], own[name]);
  }
  for (const name in sums) {
    const given: string = value.requests?.[name] ?? '0';
    if (compareQuantities(sums[name], given) > 0)
      faults.invalid(
        `${path}.requests[${name}]`,
        given,
        `must be greater than or equal to aggregate container requests of ${sums[name]}`,
      );
  }
  (spec.containers ?? []).forEach((container: JsonObject, i: number) => {
    const own: Record<string, string> = container.resources?.limits ?? {};
    for (const name in own) {
      const limit = value.limits?.[name];
      if (limit !== undefined && compareQuantities(own[name], limit) > 0)
        faults.invalid(
          `${path}.containers[${i}][${name}].limits`,
          own[name],
          `must be less than or equal to pod limits of ${limit}`,
        );
    }
  });
}
