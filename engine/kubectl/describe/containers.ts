// Containers of a Pod or of a Pod template.

import type {
  Container,
  ContainerState,
  ContainerStatus,
  EnvVar,
  Pod,
  Probe,
  ResourceRequirements,
} from '../../api/types.ts';
import { inUnitsOf } from '../../api/quantity.ts';
import { longTime, sortedKeys } from './common.ts';
import type { DescribeWriter } from './writer.ts';

const capital = (value: boolean | undefined) => (value ? 'True' : 'False');

/** `pod` resolves field references; in a template (`indent`) there is none, and names stand one blank further in. */
export function containers(
  w: DescribeWriter,
  label: string,
  list: readonly Container[],
  statuses: readonly ContainerStatus[] | undefined,
  pod: Pod | undefined,
  indent = '',
) {
  w.line(0, `${indent}${label}:${list.length ? '' : ' <none>'}`);
  for (const container of list) {
    const status = statuses?.find((s) => s.name === container.name);
    w.line(1, `${indent ? ' ' : ''}${container.name}:`);
    if (status) w.field(2, 'Container ID', status.containerID);
    w.field(2, 'Image', container.image);
    if (status) w.field(2, 'Image ID', status.imageID);
    ports(w, container);
    const seccomp = container.securityContext?.seccompProfile;
    if (seccomp) {
      w.field(2, 'SeccompProfile', seccomp.type);
      if (seccomp.type === 'Localhost') w.field(3, 'LocalhostProfile', seccomp.localhostProfile);
    }
    words(w, 'Command', container.command);
    words(w, 'Args', container.args);
    if (status) {
      state(w, 'State', status.state);
      if (status.lastState?.terminated) state(w, 'Last State', status.lastState);
      w.field(2, 'Ready', capital(status.ready));
      w.field(2, 'Restart Count', status.restartCount);
    }
    resources(w, 2, container.resources);
    if (container.livenessProbe) w.field(2, 'Liveness', probe(container.livenessProbe));
    if (container.readinessProbe) w.field(2, 'Readiness', probe(container.readinessProbe));
    if (container.startupProbe) w.field(2, 'Startup', probe(container.startupProbe));
    environmentFrom(w, container);
    environment(w, container, pod);
    mounts(w, container);
  }
}

function ports(w: DescribeWriter, container: Container) {
  const text = (key: 'containerPort' | 'hostPort') =>
    (container.ports ?? [])
      .map((p) => `${p[key] ?? 0}/${p.protocol ?? 'TCP'}${p.name ? ` (${p.name})` : ''}`)
      .join(', ') || '<none>';
  const many = (container.ports?.length ?? 0) > 1 ? 's' : '';
  w.field(2, `Port${many}`, text('containerPort'));
  w.field(2, `Host Port${many}`, text('hostPort'));
}

function words(w: DescribeWriter, title: string, list: readonly string[] | undefined) {
  if (!list?.length) return;
  w.line(2, `${title}:`);
  for (const word of list) for (const row of word.split('\n')) w.line(3, row);
}

function state(w: DescribeWriter, title: string, value: ContainerState | undefined) {
  const { running, waiting, terminated } = value ?? {};
  if (running) {
    w.field(2, title, 'Running');
    w.field(3, 'Started', longTime(running.startedAt));
  } else if (terminated) {
    w.field(2, title, 'Terminated');
    if (terminated.reason) w.field(3, 'Reason', terminated.reason);
    if (terminated.message) w.field(3, 'Message', terminated.message);
    w.field(3, 'Exit Code', terminated.exitCode);
    if (terminated.signal) w.field(3, 'Signal', terminated.signal);
    w.field(3, 'Started', longTime(terminated.startedAt));
    w.field(3, 'Finished', longTime(terminated.finishedAt));
  } else {
    w.field(2, title, 'Waiting');
    if (waiting?.reason) w.field(3, 'Reason', waiting.reason);
  }
}

export function resources(w: DescribeWriter, level: number, value: ResourceRequirements | undefined) {
  for (const [title, map] of [
    ['Limits', value?.limits],
    ['Requests', value?.requests],
  ] as const) {
    const names = sortedKeys(map);
    if (names.length) w.line(level, `${title}:`);
    for (const name of names) w.field(level + 1, name, map?.[name]);
  }
}

export function probe(p: Probe): string {
  const numbers = `delay=${p.initialDelaySeconds ?? 0}s timeout=${p.timeoutSeconds ?? 0}s period=${p.periodSeconds ?? 0}s #success=${p.successThreshold ?? 0} #failure=${p.failureThreshold ?? 0}`;
  if (p.exec) return `exec [${(p.exec.command ?? []).join(' ')}] ${numbers}`;
  if (p.httpGet) {
    const { scheme = 'HTTP', host = '', port, path = '' } = p.httpGet;
    return `http-get ${scheme.toLowerCase()}://${host}:${port}${path && !path.startsWith('/') ? '/' : ''}${path} ${numbers}`;
  }
  if (p.tcpSocket) return `tcp-socket ${p.tcpSocket.host ?? ''}:${p.tcpSocket.port} ${numbers}`;
  if (p.grpc) return `grpc <pod>:${p.grpc.port} ${p.grpc.service ?? ''} ${numbers}`;
  return `unknown ${numbers}`;
}

function environmentFrom(w: DescribeWriter, container: Container) {
  if (!container.envFrom?.length) return;
  w.line(2, 'Environment Variables from:');
  for (const source of container.envFrom) {
    const from = source.configMapRef ? 'ConfigMap' : source.secretRef ? 'Secret' : '';
    const reference = source.configMapRef ?? source.secretRef;
    const prefix = source.prefix ? ` with prefix '${source.prefix}'` : '';
    w.line(3, `${reference?.name ?? ''}\t${from}${prefix}\tOptional: ${reference?.optional ?? false}`);
  }
}

function environment(w: DescribeWriter, container: Container, pod: Pod | undefined) {
  w.line(2, `Environment:${container.env?.length ? '' : '\t<none>'}`);
  for (const variable of container.env ?? []) {
    const from = variable.valueFrom;
    if (!from) {
      const rows = (variable.value ?? '').split('\n');
      w.line(3, `${variable.name}:\t${rows[0]}`);
      for (let i = 1; i < rows.length; i++) w.line(3, `\t${rows[i]}`);
    } else if (from.fieldRef) {
      w.line(
        3,
        `${variable.name}:\t${pod ? fieldOf(pod, variable) : ''} (${from.fieldRef.apiVersion ?? 'v1'}:${from.fieldRef.fieldPath})`,
      );
    } else if (from.resourceFieldRef) {
      const { resource, divisor } = from.resourceFieldRef;
      const [kind, name] = resource.split('.');
      const value = inUnitsOf(divisor, name, container.resources?.[kind as 'limits' | 'requests']?.[name] ?? '0');
      const shown =
        value === '0' && (resource === 'limits.cpu' || resource === 'limits.memory') ? 'node allocatable' : value;
      w.line(3, `${variable.name}:\t${shown} (${resource})`);
    } else if (from.secretKeyRef) {
      const { key, name, optional = false } = from.secretKeyRef;
      w.line(3, `${variable.name}:\t<set to the key '${key}' in secret '${name}'>\tOptional: ${optional}`);
    } else if (from.configMapKeyRef) {
      const { key, name, optional = false } = from.configMapKeyRef;
      w.line(3, `${variable.name}:\t<set to the key '${key}' of config map '${name}'>\tOptional: ${optional}`);
    }
  }
}

/** The value of a downward API field; status fields are not resolved by kubectl. */
function fieldOf(pod: Pod, variable: EnvVar): string {
  const path = variable.valueFrom?.fieldRef?.fieldPath ?? '';
  const subscript = /^metadata\.(labels|annotations)\['(.*)'\]$/.exec(path);
  if (subscript) return pod.metadata[subscript[1] as 'labels' | 'annotations']?.[subscript[2]] ?? '';
  if (path === 'metadata.name') return pod.metadata.name ?? '';
  if (path === 'metadata.namespace') return pod.metadata.namespace ?? '';
  if (path === 'metadata.uid') return pod.metadata.uid ?? '';
  return '';
}

function mounts(w: DescribeWriter, container: Container) {
  const list = (container.volumeMounts ?? []).slice().sort((a, b) => (a.mountPath < b.mountPath ? -1 : 1));
  w.line(2, `Mounts:${list.length ? '' : '\t<none>'}`);
  for (const mount of list) {
    const flags = [mount.readOnly ? 'ro' : 'rw'];
    if (mount.subPath) flags.push(`path=${JSON.stringify(mount.subPath)}`);
    w.line(3, `${mount.mountPath} from ${mount.name} (${flags.join(',')})`);
  }
  if (!container.volumeDevices?.length) return;
  w.line(2, 'Devices:');
  for (const device of container.volumeDevices) w.line(3, `${device.devicePath} from ${device.name}`);
}
