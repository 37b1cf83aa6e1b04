// The baseline level: what no ordinary workload needs.

import { SAFE_SYSCTLS } from '../../../api/sysctls.ts';
import type { SecurityContext } from '../../../api/types.ts';
import {
  quote,
  plural,
  named,
  bad,
  setters,
  distinct,
  userNamespace,
  refusal,
  type Check,
  type PodView,
  type Violation,
} from './view.ts';

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

const SELINUX_TYPES = new Set(['', 'container_t', 'container_init_t', 'container_kvm_t', 'container_engine_t']);
const APPARMOR_ANNOTATION = 'container.apparmor.security.beta.kubernetes.io/';

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
    if (value !== '' && value !== 'runtime/default' && !value.startsWith('localhost/'))
      forbidden.push(`${key}="${value}"`);
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
  const who = setters(
    pod,
    bad(view, ({ seLinuxOptions }) => refused(seLinuxOptions)),
  );
  if (!who) return undefined;
  const data: string[] = [];
  if (types.length) data.push(`${plural('type', 'types', distinct(types).length)} ${quote(distinct(types))}`);
  if (user) data.push('user may not be set');
  if (role) data.push('role may not be set');
  return {
    reason: 'seLinuxOptions',
    detail: `${who} set forbidden securityContext.seLinuxOptions: ${data.join('; ')}`,
  };
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
    const found = handlers
      .flatMap((handler) => [handler?.httpGet?.host, handler?.tcpSocket?.host])
      .filter((host) => host);
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

/** The mounts of /proc that are not the default one. */
export function procMount(view: PodView): Violation | undefined {
  const types: string[] = [];
  const names = bad(view, ({ procMount: type }) => {
    if (type === undefined || type === 'Default') return false;
    types.push(type);
    return true;
  });
  return refusal(
    'procMount',
    setters(false, names),
    `must not set securityContext.procMount to ${quote(distinct(types))}`,
  );
}

/** In the order of their reports. */
export const BASELINE: readonly Check[] = [
  { id: 'appArmorProfile', level: 'baseline', since: 0, run: appArmor },
  { id: 'capabilities_baseline', level: 'baseline', since: 0, run: capabilities },
  {
    id: 'hostNamespaces',
    level: 'baseline',
    since: 0,
    run({ spec }) {
      const set = (['hostNetwork', 'hostPID', 'hostIPC'] as const).filter((field) => spec[field]);
      return set.length
        ? { reason: 'host namespaces', detail: set.map((field) => `${field}=true`).join(', ') }
        : undefined;
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
      refusal(
        'privileged',
        setters(
          false,
          bad(view, (context) => context.privileged === true),
        ),
        'must not set securityContext.privileged=true',
      ),
  },
  {
    id: 'procMount',
    level: 'baseline',
    since: 0,
    run: (view) => (userNamespace(view) ? undefined : procMount(view)),
  },
  { id: 'seLinuxOptions', level: 'baseline', since: 0, run: seLinux },
  {
    id: 'seccompProfile_baseline',
    level: 'baseline',
    since: 19,
    run(view) {
      const pod = view.spec.securityContext?.seccompProfile?.type === 'Unconfined';
      const names = bad(view, (context) => context.seccompProfile?.type === 'Unconfined');
      return refusal(
        'seccompProfile',
        setters(pod, names),
        'must not set securityContext.seccompProfile.type to "Unconfined"',
      );
    },
  },
  {
    id: 'sysctls',
    level: 'baseline',
    since: 0,
    run({ spec }) {
      const names = (spec.securityContext?.sysctls ?? [])
        .map((one) => one.name)
        .filter((name) => !SAFE_SYSCTLS.has(name));
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
      return refusal(
        'hostProcess',
        setters(pod, names),
        'must not set securityContext.windowsOptions.hostProcess=true',
      );
    },
  },
];
