// A container's environment: service links, envFrom, env with references, and $(VAR) expansion.

import { inUnitsOf } from '../api/quantity.ts';
import type { Container, EnvVar, FileKeySelector, Pod, ResourceFieldSelector, Service } from '../api/types.ts';
import { part } from '../parts/index.ts';
import { quote } from './format.ts';
import { hostPort } from '../linux/net/index.ts';

/** Why a container cannot be configured; becomes CreateContainerConfigError. */
export class ConfigError extends Error {}

/** Where referenced objects come from; undefined: there is none. */
export interface EnvSources {
  configMap(name: string): Record<string, string> | undefined;
  secret(name: string): Record<string, string> | undefined;
  /** The content of a file in a volume of the Pod. */
  file(volume: string, path: string): string | undefined;
  /** Variables of the services of the Pod's namespace, made once for all Pods. */
  services(): Readonly<Record<string, string>>;
  podIP: string;
  /** Of the other family, where nodes have both. */
  secondaryPodIP?: string;
  hostIP: string;
  secondaryHostIP?: string;
  allocatable: Readonly<Record<string, string>>;
}

/** `$(NAME)` becomes the variable's value, `$$(NAME)` stays `$(NAME)`; unknown names stay as they are. */
export function expand(text: string, values: Readonly<Record<string, string>>): string {
  if (!text.includes('$')) return text;
  let out = '';
  for (let i = 0; i < text.length; i++) {
    const char = text[i];
    if (char !== '$' || i + 1 >= text.length) {
      out += char;
      continue;
    }
    const next = text[i + 1];
    if (next === '$') {
      out += '$';
      i++;
    } else if (next === '(') {
      const end = text.indexOf(')', i + 2);
      if (end < 0) {
        out += '$(';
        i++;
        continue;
      }
      const name = text.slice(i + 2, end);
      out += Object.hasOwn(values, name) ? values[name] : `$(${name})`;
      i = end;
    } else {
      out += char + next;
      i++;
    }
  }
  return out;
}

/** Everything that the Pod's spec says of a container's environment. Throws ConfigError. */
export function makeEnv(pod: Pod, container: Container, sources: EnvSources): Readonly<Record<string, string>> {
  const result: Record<string, string> = {};
  for (const from of container.envFrom ?? []) {
    const ref = from.configMapRef ?? from.secretRef;
    if (!ref) continue;
    const name = ref.name ?? '';
    const data = from.configMapRef ? sources.configMap(name) : sources.secret(name);
    if (!data) {
      if (ref.optional) continue;
      throw new ConfigError(`${from.configMapRef ? 'configmap' : 'secret'} ${quote(name)} not found`);
    }
    for (const key in data) result[(from.prefix ?? '') + key] = data[key];
  }
  const services = sources.services();
  for (const variable of container.env ?? []) {
    const value = variable.valueFrom
      ? referenced(pod, container, variable, sources)
      : expand(variable.value ?? '', { ...services, ...result });
    if (value !== undefined) result[variable.name] = value;
  }
  for (const name in services) result[name] ??= services[name];
  return result;
}

function referenced(pod: Pod, container: Container, variable: EnvVar, sources: EnvSources): string | undefined {
  const from = variable.valueFrom ?? {};
  if (from.fieldRef) return podField(pod, from.fieldRef.fieldPath, sources) ?? '';
  if (from.resourceFieldRef) return resourceField(pod, container, from.resourceFieldRef, sources.allocatable);
  if (from.fileKeyRef) return fromFile(from.fileKeyRef, sources);
  const ref = from.configMapKeyRef ?? from.secretKeyRef;
  if (!ref) throw new ConfigError(`env ${quote(variable.name)} has no source`);
  const name = ref.name ?? '';
  const data = from.configMapKeyRef ? sources.configMap(name) : sources.secret(name);
  if (!data) {
    if (ref.optional) return undefined;
    throw new ConfigError(`${from.configMapKeyRef ? 'configmap' : 'secret'} ${quote(name)} not found`);
  }
  if (Object.hasOwn(data, ref.key)) return data[ref.key];
  if (ref.optional) return undefined;
  const kind = from.configMapKeyRef ? 'ConfigMap' : 'Secret';
  throw new ConfigError(`couldn't find key ${ref.key} in ${kind} ${pod.metadata?.namespace}/${name}`);
}

function fromFile({ volumeName, path, key, optional }: FileKeySelector, sources: EnvSources): string | undefined {
  const text = sources.file(volumeName, path);
  let value: string | undefined;
  try {
    if (text === undefined) throw new Error(`open ${path}: no such file or directory`);
    value = part('kubelet').valueFromEnvFile(text, key);
  } catch (error) {
    if (optional && text === undefined) return undefined;
    throw new ConfigError(`couldn't parse env file: ${(error as Error).message}`, { cause: error });
  }
  if (value === undefined && !optional) {
    throw new ConfigError(`environment variable key ${quote(key)} not found in file ${quote(path)}`);
  }
  return value;
}

const SUBSCRIPT = /^(metadata\.(?:labels|annotations))\['(.*)'\]$/;

/** What the downward API gives for a field path; undefined: not supported. */
export function podField(
  pod: Pod,
  path: string,
  at: { podIP: string; secondaryPodIP?: string; hostIP: string; secondaryHostIP?: string },
): string | undefined {
  const subscript = SUBSCRIPT.exec(path);
  if (subscript) {
    const map = subscript[1] === 'metadata.labels' ? pod.metadata?.labels : pod.metadata?.annotations;
    return map?.[subscript[2]] ?? '';
  }
  switch (path) {
    case 'metadata.name':
      return pod.metadata?.name;
    case 'metadata.namespace':
      return pod.metadata?.namespace;
    case 'metadata.uid':
      return pod.metadata?.uid;
    case 'metadata.labels':
      return formatMap(pod.metadata?.labels);
    case 'metadata.annotations':
      return formatMap(pod.metadata?.annotations);
    case 'spec.nodeName':
      return pod.spec?.nodeName;
    case 'spec.serviceAccountName':
      return pod.spec?.serviceAccountName;
    case 'status.podIP':
      return at.podIP;
    case 'status.podIPs':
      return at.secondaryPodIP ? `${at.podIP},${at.secondaryPodIP}` : at.podIP;
    case 'status.hostIP':
      return at.hostIP;
    case 'status.hostIPs':
      return at.secondaryHostIP ? `${at.hostIP},${at.secondaryHostIP}` : at.hostIP;
  }
  return undefined;
}

/** Labels or annotations as a downward API file shows them: sorted, one `key="value"` a line. */
function formatMap(map: Record<string, string> | undefined): string {
  if (!map) return '';
  return Object.keys(map)
    .sort()
    .map((key) => `${key}=${JSON.stringify(map[key])}`)
    .join('\n');
}

/** `limits.cpu` and the like, in units of the divisor; a missing limit is the node's allocatable. */
export function resourceField(
  pod: Pod,
  container: Container,
  selector: ResourceFieldSelector,
  allocatable: Readonly<Record<string, string>>,
): string {
  const of = selector.containerName
    ? [...(pod.spec?.containers ?? []), ...(pod.spec?.initContainers ?? [])].find(
        (candidate) => candidate.name === selector.containerName,
      )
    : container;
  const dot = selector.resource.indexOf('.');
  const [kind, resource] = [selector.resource.slice(0, dot), selector.resource.slice(dot + 1)];
  const resources = of?.resources;
  const amount =
    kind === 'limits'
      ? (resources?.limits?.[resource] ?? allocatable[resource] ?? '0')
      : (resources?.requests?.[resource] ?? '0');
  return inUnitsOf(selector.divisor, resource, amount);
}

/** The variables that a service adds to containers: NAME_SERVICE_HOST, NAME_PORT and, by port, the old links. */
export function serviceEnv(services: readonly Service[]): Record<string, string> {
  const env: Record<string, string> = {};
  for (const service of services) {
    const ip = service.spec?.clusterIP;
    const ports = service.spec?.ports;
    if (!ip || ip === 'None' || !ports?.length) continue;
    const name = variableName(service.metadata?.name ?? '');
    env[`${name}_SERVICE_HOST`] = ip;
    env[`${name}_SERVICE_PORT`] = String(ports[0].port);
    for (const port of ports) if (port.name) env[`${name}_SERVICE_PORT_${variableName(port.name)}`] = String(port.port);
    for (let i = 0; i < ports.length; i++) {
      const { port, protocol = 'TCP' } = ports[i];
      const lower = protocol.toLowerCase();
      const url = `${lower}://${hostPort(ip, port)}`;
      if (i === 0) env[`${name}_PORT`] = url;
      const prefix = `${name}_PORT_${port}_${protocol.toUpperCase()}`;
      env[prefix] = url;
      env[`${prefix}_PROTO`] = lower;
      env[`${prefix}_PORT`] = String(port);
      env[`${prefix}_ADDR`] = ip;
    }
  }
  return env;
}

function variableName(text: string): string {
  return text.toUpperCase().replace(/-/g, '_');
}
