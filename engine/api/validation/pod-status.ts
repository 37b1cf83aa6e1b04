// What few Pods report: two addresses, claims of devices, users of containers, the health of devices.

import type { JsonObject, KubeObject } from '../types.ts';
import { type Faults, Typed } from './field.ts';
import { ipFamily, isDNS1123Subdomain } from './names.ts';

function addresses(faults: Faults, path: string, list: JsonObject[] | undefined, repeatedFirst: boolean) {
  if (!list || list.length < 2) return;
  const ips: string[] = list.map(({ ip }) => ip ?? '');
  const families = () => {
    if (ips.length > 2 || ipFamily(ips[0]) === ipFamily(ips[1]))
      faults.invalid(path, new Typed('[]core.PodIP', list), 'may specify no more than one IP for each IP family');
  };
  if (!repeatedFirst) families();
  ips.forEach((ip, i) => {
    if (ips.indexOf(ip) < i) faults.duplicate(`${path}[${i}]`, new Typed('core.PodIP', list[i]));
  });
  if (repeatedFirst) families();
}

function claims(faults: Faults, list: JsonObject[], spec: JsonObject) {
  const seen = new Set<string>();
  list.forEach(({ name = '', resourceClaimName }, i) => {
    const at = `status.resourceClaimStatuses[${i}].name`;
    if (!spec.resourceClaims?.some((claim: JsonObject) => claim.name === name))
      faults.invalid(at, name, 'must match the name of an entry in `spec.resourceClaims`');
    if (seen.has(name)) faults.duplicate(at, name);
    seen.add(name);
    if (resourceClaimName !== undefined) faults.check(at, resourceClaimName, isDNS1123Subdomain);
  });
}

function user(faults: Faults, path: string, linux: JsonObject, os: string) {
  if (os === 'windows') {
    faults.forbidden(path, 'cannot be set for a windows pod');
    return;
  }
  for (const field of ['uid', 'gid']) faults.between(`${path}.${field}`, linux[field], 0, 2147483647);
  (linux.supplementalGroups ?? []).forEach((group: number, i: number) =>
    faults.between(`${path}.supplementalGroups[${i}]`, group, 0, 2147483647),
  );
}

const IN_CLAIM =
  "must match one of the container's resource claims in a format 'claim:<claimName>/<request>' or 'claim:<claimName>' if request is empty";
const HEALTH = ['Healthy', 'Unhealthy', 'Unknown'];

function health(faults: Faults, path: string, list: JsonObject[], container: JsonObject | undefined) {
  const { claims = [], requests = {} }: JsonObject = container?.resources ?? {};
  list.forEach(({ name = '', resources = [] }, i) => {
    const at = `${path}[${i}]`;
    const claimed = name.startsWith('claim:');
    const has = claimed
      ? claims.some((one: JsonObject) => name === `claim:${one.name}${one.request ? `/${one.request}` : ''}`)
      : requests[name] !== undefined;
    if (container && !has)
      faults.invalid(`${at}.name`, name, claimed ? IN_CLAIM : "must match one of the container's resource requests");
    const seen = new Set<string>();
    resources.forEach((one: JsonObject, r: number) => {
      faults.ifNot(`${at}.resources[${r}].health`, one.health ?? '', HEALTH);
      if (seen.has(one.resourceID)) faults.duplicate(`${at}.resources[${r}].resourceID`, one.resourceID);
      seen.add(one.resourceID);
    });
  });
}

export function podStatus(faults: Faults, { spec, status }: KubeObject) {
  if (status.resourceClaimStatuses) claims(faults, status.resourceClaimStatuses, spec);
  addresses(faults, 'status.podIPs', status.podIPs, false);
  addresses(faults, 'status.hostIPs', status.hostIPs, true);
  const each = (visit: (one: JsonObject, path: string, list: JsonObject[] | undefined) => void) => {
    for (const kind of ['container', 'initContainer', 'ephemeralContainer'])
      (status[`${kind}Statuses`] ?? []).forEach((one: JsonObject, i: number) =>
        visit(one, `status.${kind}Statuses[${i}]`, kind === 'ephemeralContainer' ? undefined : spec[`${kind}s`]),
      );
  };
  each((one, path) => one.user?.linux && user(faults, `${path}.linux`, one.user.linux, spec.os?.name ?? 'linux'));
  each(({ name, allocatedResourcesStatus: list }, path, containers) => {
    if (!list) return;
    const at = `${path}.allocatedResourcesStatus`;
    const own = containers?.find((container) => container.name === name);
    if (path.startsWith('status.ephemeral')) faults.forbidden(at, 'must not be specified in container status');
    else health(faults, at, list, own);
  });
}
