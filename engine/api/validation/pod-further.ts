// What few Pods have: constraints of spread, DNS settings, claims, ephemeral containers, devices, resources as a whole.

import { ofContainers } from '../defaults/pod-resources.ts';
import { compareQuantities } from '../quantity.ts';
import type { Container, JsonObject } from '../types.ts';
import { containerCommon, trimmedImage, type PodContext } from './container.ts';
import { type Faults, Typed } from './field.ts';
import { isDNS1123Label, isDNS1123Subdomain, isEnvVarName, isValidIP, maxLengthError } from './names.ts';
import { isHugePages, resourceName, resourceRequirements } from './resources.ts';
import { labelSelector, matchLabelKeys } from './selectors.ts';
import { localPath } from './volume-paths.ts';

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

/** A file that has variables in it. */
export function fileKey(faults: Faults, path: string, { volumeName, path: file, key }: JsonObject) {
  if (!volumeName) faults.required(`${path}.volumeName`);
  if (!file) faults.required(`${path}.path`);
  else localPath(faults, `${path}.path`, file);
  if (!key) faults.required(`${path}.key`);
  else faults.check(`${path}.key`, key, isEnvVarName);
}

const MAX_HOSTNAME = 64;

/** A host name that takes the place of all that the Pod would be called. */
export function hostnameOverride(faults: Faults, path: string, spec: JsonObject) {
  const at = `${path}.hostnameOverride`;
  faults.check(at, spec.hostnameOverride, isDNS1123Subdomain);
  if (spec.hostnameOverride.length > MAX_HOSTNAME) faults.tooLong(at, MAX_HOSTNAME);
  for (const field of ['setHostnameAsFQDN', 'hostNetwork'])
    if (spec[field]) faults.forbidden(`${path}.${field}`, 'may not be true when `hostnameOverride` is set');
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
    const shown = new Typed('core.PodResourceClaim', claim);
    if (name !== undefined && template !== undefined)
      faults.invalid(at, shown, 'at most one of `resourceClaimName` or `resourceClaimTemplateName` may be specified');
    if (name === undefined && template === undefined)
      faults.invalid(at, shown, 'must specify one of: `resourceClaimName`, `resourceClaimTemplateName`');
    if (name !== undefined) faults.check(`${at}.resourceClaimName`, name, isDNS1123Subdomain);
    if (template !== undefined) faults.check(`${at}.resourceClaimTemplateName`, template, isDNS1123Subdomain);
  });
  return names;
}

/** What a container takes of the Pod's claims. */
export function containerClaims(faults: Faults, path: string, list: JsonObject[], claims: readonly string[]) {
  const seen = new Set<string>();
  const empty = claims.length === 0 ? ' which is empty' : `: ${[...claims].sort().join(', ')}`;
  list.forEach(({ name, request }, i) => {
    const at = `${path}[${i}]`;
    if (!name) {
      faults.required(at);
      return;
    }
    const key = request ? `${name}/${request}` : name;
    if (seen.has(name)) faults.duplicate(at, name);
    else {
      if (request) faults.check(`${at}.request`, request, isDNS1123Label);
      if (seen.has(key)) faults.duplicate(at, key);
      else if (!request && [...seen].some((other) => other.startsWith(`${name}/`))) faults.duplicate(at, name);
      seen.add(key);
    }
    if (!claims.includes(name))
      faults.notFound(at, name, `must be one of the names in pod.spec.resourceClaims${empty}`);
  });
}

/** Claims that the volumes of the Pod `pod` make: that they can be called so, and that no other volume means them. */
export function ownClaims(pod: string, list: JsonObject[]) {
  const own = new Set(list.filter((volume) => volume.ephemeral).map((volume) => `${pod}-${volume.name}`));
  return {
    name(faults: Faults, at: string, { ephemeral, name }: JsonObject) {
      if (!ephemeral || !name) return;
      const claim = `${pod}-${name}`;
      for (const fault of isDNS1123Subdomain(claim))
        faults.invalid(`${at}.name`, name, `PVC name ${JSON.stringify(claim)}: ${fault}`);
    },
    use(faults: Faults, at: string, { persistentVolumeClaim }: JsonObject) {
      const wanted = persistentVolumeClaim?.claimName;
      const words = 'must not reference a PVC that gets created for an ephemeral volume';
      if (own.has(wanted)) faults.invalid(`${at}.persistentVolumeClaim.claimName`, wanted, words);
    },
  };
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

/** When a container starts again after all, whatever its policy says of how it ended. */
export function restartRules(faults: Faults, path: string, container: JsonObject) {
  const rules: JsonObject[] = container.restartPolicyRules;
  if (rules.length && container.restartPolicy === undefined)
    faults.required(`${path}.restartPolicy`, 'must specify restartPolicy when restart rules are used');
  if (rules.length > 20) faults.tooMany(`${path}.restartPolicyRules`, rules.length, 20);
  rules.forEach(({ action, exitCodes }, i) => {
    const at = `${path}.restartPolicyRules[${i}]`;
    // To restart all containers is of a feature that is off (RestartAllContainersOnContainerExits).
    faults.ifNot(`${at}.action`, action ?? '', ['Restart']);
    if (!exitCodes) {
      faults.required(`${at}.exitCodes`, 'must be specified');
      return;
    }
    faults.ifNot(`${at}.exitCodes.operator`, exitCodes.operator ?? '', ['In', 'NotIn']);
    if (exitCodes.values?.length > 255) faults.tooMany(`${at}.exitCodes.values`, exitCodes.values.length, 255);
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

/** Resources are no pointer: empty ones are none. */
const isSet = (container: JsonObject, field: string): boolean =>
  container[field] !== undefined && (field !== 'resources' || Object.keys(container.resources).length > 0);

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
    for (const field of EPHEMERAL_FORBIDDEN) if (isSet(container, field)) faults.forbidden(`${at}.${field}`, forbidden);
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
  const sums = ofContainers(spec, 'requests');
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
