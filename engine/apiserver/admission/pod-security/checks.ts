// The Pod Security Standards as a table of checks: what each level forbids, since which version, in whose words.

import type { Container, Pod, PodSpec, SecurityContext, Volume } from '../../../api/types.ts';

export interface Violation {
  reason: string;
  detail: string;
}

export interface Check {
  id: string;
  level: 'baseline' | 'restricted';
  /** First minor version of the standard that has it. */
  since: number;
  /** Baseline checks that this one makes superfluous at its level. */
  overrides?: string[];
  run(pod: PodView): Violation | undefined;
}

/** What checks look at: a Pod, or the template of a workload. */
export interface PodView {
  metadata: Pod['metadata'];
  spec: PodSpec;
  containers: Container[];
}

export function viewOf(metadata: Pod['metadata'], spec: PodSpec): PodView {
  const containers = [...(spec.initContainers ?? []), ...(spec.containers ?? []), ...((spec.ephemeralContainers ?? []) as Container[])];
  return { metadata, spec, containers };
}

const quote = (names: readonly string[]): string => names.map((name) => `"${name}"`).join(', ');
const plural = (one: string, many: string, count: number): string => (count === 1 ? one : many);
const named = (names: readonly string[]): string => `${plural('container', 'containers', names.length)} ${quote(names)}`;

/** Names of the containers for which `bad` holds. */
const bad = (view: PodView, test: (context: SecurityContext, container: Container) => boolean): string[] =>
  view.containers.filter((one) => test(one.securityContext ?? {}, one)).map((one) => one.name);

/** 'pod and container "c"': who sets something, the Pod itself among them. */
function setters(pod: boolean, containers: readonly string[]): string | undefined {
  const all = pod ? ['pod'] : [];
  if (containers.length) all.push(named(containers));
  return all.length ? all.join(' and ') : undefined;
}

const DEFAULT_CAPABILITIES = new Set([
  'AUDIT_WRITE',
  'CHOWN',
  'DAC_OVERRIDE',
  'FOWNER',
  'FSETID',
  'KILL',
  'MKNOD',
  'NET_BIND_SERVICE',
  'SETFCAP',
  'SETGID',
  'SETPCAP',
  'SETUID',
  'SYS_CHROOT',
]);

const SAFE_SYSCTLS = new Set([
  'kernel.shm_rmid_forced',
  'net.ipv4.ip_local_port_range',
  'net.ipv4.ip_local_reserved_ports',
  'net.ipv4.ip_unprivileged_port_start',
  'net.ipv4.ping_group_range',
  'net.ipv4.tcp_fin_timeout',
  'net.ipv4.tcp_keepalive_intvl',
  'net.ipv4.tcp_keepalive_probes',
  'net.ipv4.tcp_keepalive_time',
  'net.ipv4.tcp_rmem',
  'net.ipv4.tcp_syncookies',
  'net.ipv4.tcp_wmem',
]);

const SELINUX_TYPES = new Set(['', 'container_t', 'container_init_t', 'container_kvm_t', 'container_engine_t']);
const VOLUME_TYPES = new Set(['configMap', 'csi', 'downwardAPI', 'emptyDir', 'ephemeral', 'persistentVolumeClaim', 'projected', 'secret']);
const APPARMOR_ANNOTATION = 'container.apparmor.security.beta.kubernetes.io/';

const windows = ({ spec }: PodView): boolean => spec.os?.name === 'windows';
/** Root inside a user namespace is nobody outside (relaxed with v1.35). */
const userNamespace = ({ spec }: PodView): boolean => spec.hostUsers === false;

const distinct = (values: readonly string[]): string[] => [...new Set(values)].sort();

/** The kind of a volume is the field beside its name. */
function volumeType(volume: Volume): string {
  for (const key in volume) if (key !== 'name') return key;
  return 'unknown';
}

function appArmor(view: PodView): Violation | undefined {
  const allowed = (type: string | undefined) => type === undefined || type === 'RuntimeDefault' || type === 'Localhost';
  const values: string[] = [];
  const podType = view.spec.securityContext?.appArmorProfile?.type;
  if (!allowed(podType)) values.push(podType as string);
  const containers = bad(view, ({ appArmorProfile }) => {
    if (allowed(appArmorProfile?.type)) return false;
    values.push(appArmorProfile?.type as string);
    return true;
  });
  const forbidden: string[] = [];
  const annotations = view.metadata.annotations ?? {};
  for (const key in annotations) {
    const value = annotations[key];
    if (!key.startsWith(APPARMOR_ANNOTATION)) continue;
    if (value !== '' && value !== 'runtime/default' && !value.startsWith('localhost/')) forbidden.push(`${key}="${value}"`);
  }
  const who = setters(!allowed(podType), containers);
  const details: string[] = [];
  if (who) details.push(`${who} must not set AppArmor profile type to ${quote(distinct(values))}`);
  if (forbidden.length) {
    details.push(`${plural('annotation', 'annotations', forbidden.length)} ${forbidden.sort().join(', ')}`);
  }
  if (details.length === 0) return undefined;
  return {
    reason: plural('forbidden AppArmor profile', 'forbidden AppArmor profiles', values.length + forbidden.length),
    detail: details.join(' and '),
  };
}

function seLinux(view: PodView): Violation | undefined {
  const types: string[] = [];
  let user = false;
  let role = false;
  const refused = (options: SecurityContext['seLinuxOptions']): boolean => {
    if (!options) return false;
    const type = !SELINUX_TYPES.has(options.type ?? '');
    if (type) types.push(options.type as string);
    user ||= Boolean(options.user);
    role ||= Boolean(options.role);
    return type || Boolean(options.user) || Boolean(options.role);
  };
  const pod = refused(view.spec.securityContext?.seLinuxOptions);
  const who = setters(pod, bad(view, ({ seLinuxOptions }) => refused(seLinuxOptions)));
  if (!who) return undefined;
  const data: string[] = [];
  if (types.length) data.push(`${plural('type', 'types', distinct(types).length)} ${quote(distinct(types))}`);
  if (user) data.push('user may not be set');
  if (role) data.push('role may not be set');
  return { reason: 'seLinuxOptions', detail: `${who} set forbidden securityContext.seLinuxOptions: ${data.join('; ')}` };
}

function hostPorts(view: PodView): Violation | undefined {
  const ports: string[] = [];
  const names = bad(view, (_context, { ports: own }) => {
    const found = (own ?? []).filter((port) => port.hostPort).map((port) => String(port.hostPort));
    ports.push(...found);
    return found.length > 0;
  });
  if (names.length === 0) return undefined;
  const all = distinct(ports);
  const detail = `${named(names)} ${plural('uses', 'use', names.length)} ${plural('hostPort', 'hostPorts', all.length)} ${all.join(', ')}`;
  return { reason: 'hostPort', detail };
}

function handlerHosts(view: PodView): Violation | undefined {
  const hosts: string[] = [];
  const names = bad(view, (_context, { livenessProbe, readinessProbe, startupProbe, lifecycle }) => {
    const handlers = [livenessProbe, readinessProbe, startupProbe, lifecycle?.postStart, lifecycle?.preStop];
    const found = handlers.flatMap((handler) => [handler?.httpGet?.host, handler?.tcpSocket?.host]).filter((host) => host);
    hosts.push(...(found as string[]));
    return found.length > 0;
  });
  if (names.length === 0) return undefined;
  const all = distinct(hosts);
  const sorted = distinct(names);
  return {
    reason: 'probe or lifecycle host',
    detail: `${named(sorted)} ${plural('uses', 'use', sorted.length)} probe or lifecycle ${plural('host', 'hosts', all.length)} ${quote(all)}`,
  };
}

function capabilities(view: PodView): Violation | undefined {
  const added: string[] = [];
  const names = bad(view, (context) => {
    const extra = (context.capabilities?.add ?? []).filter((one) => !DEFAULT_CAPABILITIES.has(one));
    added.push(...extra);
    return extra.length > 0;
  });
  if (names.length === 0) return undefined;
  const detail = `${named(names)} must not include ${quote(distinct(added))} in securityContext.capabilities.add`;
  return { reason: 'non-default capabilities', detail };
}

function restrictedCapabilities(view: PodView): Violation | undefined {
  if (windows(view)) return undefined;
  const undropped = bad(view, (context) => !context.capabilities?.drop?.includes('ALL'));
  const added: string[] = [];
  const adding = bad(view, (context) => {
    const extra = (context.capabilities?.add ?? []).filter((one) => one !== 'NET_BIND_SERVICE');
    added.push(...extra);
    return extra.length > 0;
  });
  const details: string[] = [];
  if (undropped.length) details.push(`${named(undropped)} must set securityContext.capabilities.drop=["ALL"]`);
  if (adding.length) {
    details.push(`${named(adding)} must not include ${quote(distinct(added))} in securityContext.capabilities.add`);
  }
  return details.length ? { reason: 'unrestricted capabilities', detail: details.join('; ') } : undefined;
}

function volumes(view: PodView): Violation | undefined {
  const found = (view.spec.volumes ?? []).filter((volume) => !VOLUME_TYPES.has(volumeType(volume)));
  if (found.length === 0) return undefined;
  const types = distinct(found.map(volumeType));
  const names = found.map((volume) => volume.name);
  return {
    reason: 'restricted volume types',
    detail: `${plural('volume', 'volumes', names.length)} ${quote(names)} ${plural('uses', 'use', names.length)} restricted volume ${plural('type', 'types', types.length)} ${quote(types)}`,
  };
}

/** A setting that a container has of its own or from the Pod: who forbids it expressly, else who has it from nowhere. */
function inherited<T>(
  view: PodView,
  get: (context: SecurityContext | NonNullable<PodSpec['securityContext']>) => T | undefined,
  good: (value: T) => boolean,
): { refused: string | undefined; missing: string[] } {
  const own = view.spec.securityContext ? get(view.spec.securityContext) : undefined;
  const podGood = own !== undefined && good(own);
  const podBad = own !== undefined && !good(own);
  const value = (context: SecurityContext) => get(context);
  const refusing = bad(view, (context) => {
    const set = value(context);
    return set !== undefined && !good(set);
  });
  const missing = podGood || podBad ? [] : bad(view, (context) => value(context) === undefined);
  // A Pod that is wrong itself only matters to those that inherit from it; upstream names it in any case.
  return { refused: setters(podBad, refusing), missing };
}

function runAsNonRoot(view: PodView): Violation | undefined {
  if (userNamespace(view)) return undefined;
  const reason = 'runAsNonRoot != true';
  const { refused, missing } = inherited(view, (context) => context.runAsNonRoot, (value) => value);
  if (refused) return { reason, detail: `${refused} must not set securityContext.runAsNonRoot=false` };
  if (missing.length === 0) return undefined;
  return { reason, detail: `pod or ${named(missing)} must set securityContext.runAsNonRoot=true` };
}

function restrictedSeccomp(view: PodView): Violation | undefined {
  if (windows(view)) return undefined;
  const reason = 'seccompProfile';
  const types: string[] = [];
  const good = (type: string): boolean => {
    if (type === 'RuntimeDefault' || type === 'Localhost') return true;
    types.push(type);
    return false;
  };
  const { refused, missing } = inherited(view, (context) => context.seccompProfile?.type, good);
  if (refused) {
    return { reason, detail: `${refused} must not set securityContext.seccompProfile.type to ${quote(distinct(types))}` };
  }
  if (missing.length === 0) return undefined;
  return {
    reason,
    detail: `pod or ${named(missing)} must set securityContext.seccompProfile.type to "RuntimeDefault" or "Localhost"`,
  };
}

const refusal = (reason: string, who: string | undefined, words: string): Violation | undefined =>
  who ? { reason, detail: `${who} ${words}` } : undefined;

/** In the order of their reports: by level, then by id. */
export const CHECKS: readonly Check[] = [
  { id: 'appArmorProfile', level: 'baseline', since: 0, run: appArmor },
  { id: 'capabilities_baseline', level: 'baseline', since: 0, run: capabilities },
  {
    id: 'hostNamespaces',
    level: 'baseline',
    since: 0,
    run({ spec }) {
      const set = (['hostNetwork', 'hostPID', 'hostIPC'] as const).filter((field) => spec[field]);
      return set.length ? { reason: 'host namespaces', detail: set.map((field) => `${field}=true`).join(', ') } : undefined;
    },
  },
  {
    id: 'hostPathVolumes',
    level: 'baseline',
    since: 0,
    run({ spec }) {
      const names = (spec.volumes ?? []).filter((volume) => volume.hostPath).map((volume) => volume.name);
      if (names.length === 0) return undefined;
      return { reason: 'hostPath volumes', detail: `${plural('volume', 'volumes', names.length)} ${quote(names)}` };
    },
  },
  { id: 'hostPorts', level: 'baseline', since: 0, run: hostPorts },
  { id: 'hostProbesAndHostLifecycle', level: 'baseline', since: 34, run: handlerHosts },
  {
    id: 'privileged',
    level: 'baseline',
    since: 0,
    run: (view) =>
      refusal('privileged', setters(false, bad(view, (context) => context.privileged === true)), 'must not set securityContext.privileged=true'),
  },
  {
    id: 'procMount',
    level: 'baseline',
    since: 0,
    run(view) {
      if (userNamespace(view)) return undefined;
      const types: string[] = [];
      const names = bad(view, ({ procMount }) => {
        if (procMount === undefined || procMount === 'Default') return false;
        types.push(procMount);
        return true;
      });
      return refusal('procMount', setters(false, names), `must not set securityContext.procMount to ${quote(distinct(types))}`);
    },
  },
  { id: 'seLinuxOptions', level: 'baseline', since: 0, run: seLinux },
  {
    id: 'seccompProfile_baseline',
    level: 'baseline',
    since: 19,
    run(view) {
      const pod = view.spec.securityContext?.seccompProfile?.type === 'Unconfined';
      const names = bad(view, (context) => context.seccompProfile?.type === 'Unconfined');
      return refusal('seccompProfile', setters(pod, names), 'must not set securityContext.seccompProfile.type to "Unconfined"');
    },
  },
  {
    id: 'sysctls',
    level: 'baseline',
    since: 0,
    run({ spec }) {
      const names = (spec.securityContext?.sysctls ?? []).map((one) => one.name).filter((name) => !SAFE_SYSCTLS.has(name));
      return names.length ? { reason: 'forbidden sysctls', detail: names.join(', ') } : undefined;
    },
  },
  {
    id: 'windowsHostProcess',
    level: 'baseline',
    since: 0,
    run(view) {
      const pod = view.spec.securityContext?.windowsOptions?.hostProcess === true;
      const names = bad(view, (context) => context.windowsOptions?.hostProcess === true);
      return refusal('hostProcess', setters(pod, names), 'must not set securityContext.windowsOptions.hostProcess=true');
    },
  },
  {
    id: 'allowPrivilegeEscalation',
    level: 'restricted',
    since: 8,
    run(view) {
      if (windows(view)) return undefined;
      const names = bad(view, (context) => context.allowPrivilegeEscalation !== false);
      return refusal('allowPrivilegeEscalation != false', setters(false, names), 'must set securityContext.allowPrivilegeEscalation=false');
    },
  },
  { id: 'capabilities_restricted', level: 'restricted', since: 22, overrides: ['capabilities_baseline'], run: restrictedCapabilities },
  {
    id: 'procMount_restricted',
    level: 'restricted',
    since: 35,
    overrides: ['procMount'],
    run(view) {
      const types: string[] = [];
      const names = bad(view, ({ procMount }) => {
        if (procMount === undefined || procMount === 'Default') return false;
        types.push(procMount);
        return true;
      });
      return refusal('procMount', setters(false, names), `must not set securityContext.procMount to ${quote(distinct(types))}`);
    },
  },
  { id: 'restrictedVolumes', level: 'restricted', since: 0, overrides: ['hostPathVolumes'], run: volumes },
  { id: 'runAsNonRoot', level: 'restricted', since: 0, run: runAsNonRoot },
  {
    id: 'runAsUser',
    level: 'restricted',
    since: 23,
    run(view) {
      if (userNamespace(view)) return undefined;
      const pod = view.spec.securityContext?.runAsUser === 0;
      return refusal('runAsUser=0', setters(pod, bad(view, (context) => context.runAsUser === 0)), 'must not set runAsUser=0');
    },
  },
  { id: 'seccompProfile_restricted', level: 'restricted', since: 19, overrides: ['seccompProfile_baseline'], run: restrictedSeccomp },
];
