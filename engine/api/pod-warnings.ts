// What a Pod's specification warns of, in the order in which upstream looks for it.

import { addressWarnings } from './address-warnings.ts';
import { quantityMilli } from './quantity.ts';
import type { JsonObject } from './types.ts';

const DEPRECATED_VOLUMES: Record<string, string> = {
  photonPersistentDisk: 'deprecated in v1.11, non-functional in v1.16+',
  gitRepo: 'deprecated in v1.11, and disabled by default in v1.33+',
  scaleIO: 'deprecated in v1.16, non-functional in v1.22+',
  flocker: 'deprecated in v1.22, non-functional in v1.25+',
  storageos: 'deprecated in v1.22, non-functional in v1.25+',
  quobyte: 'deprecated in v1.22, non-functional in v1.25+',
  glusterfs: 'deprecated in v1.25, non-functional in v1.26+',
  cephfs: 'deprecated in v1.28, non-functional in v1.31+',
  rbd: 'deprecated in v1.28, non-functional in v1.31+',
};

/** Nothing is to be said of these; they are what most volumes have. */
const USUAL_SOURCES = /^(name|configMap|emptyDir|hostPath|projected|secret)$/;
/** Fields whose names in warnings are not those of the API. */
const VOLUME_NAMES: Record<string, string> = { storageos: 'storageOS' };

const DEPRECATED_NODE_LABELS: Record<string, string> = {
  'beta.kubernetes.io/arch': 'deprecated since v1.14; use "kubernetes.io/arch" instead',
  'beta.kubernetes.io/os': 'deprecated since v1.14; use "kubernetes.io/os" instead',
  'failure-domain.beta.kubernetes.io/region': 'deprecated since v1.17; use "topology.kubernetes.io/region" instead',
  'failure-domain.beta.kubernetes.io/zone': 'deprecated since v1.17; use "topology.kubernetes.io/zone" instead',
  'beta.kubernetes.io/instance-type': 'deprecated since v1.17; use "node.kubernetes.io/instance-type" instead',
  'app.kubernetes.io/created-by': 'deprecated since v1.9',
  'scheduler.alpha.kubernetes.io/preferAvoidPods': 'deprecated since v1.22; use Taints and Tolerations instead',
  'node-role.kubernetes.io/master': 'use "node-role.kubernetes.io/control-plane" instead',
};

const SECCOMP_POD = 'seccomp.security.alpha.kubernetes.io/pod';
const SECCOMP_CONTAINER = 'container.seccomp.security.alpha.kubernetes.io/';
const APPARMOR_CONTAINER = 'container.apparmor.security.beta.kubernetes.io/';
const SECCOMP_TEXT = 'non-functional in v1.27+; use the "seccompProfile" field instead';
const SYSCTLS_TEXT = 'non-functional in v1.11+; use the "sysctls" field instead';
const DEPRECATED_ANNOTATIONS: Record<string, string> = {
  'scheduler.alpha.kubernetes.io/critical-pod': 'non-functional in v1.16+; use the "priorityClassName" field instead',
  'security.alpha.kubernetes.io/sysctls': SYSCTLS_TEXT,
  'security.alpha.kubernetes.io/unsafe-sysctls': SYSCTLS_TEXT,
};

const NO_SELECTOR = 'a null labelSelector results in matching no pod';
const BYTES = ['memory', 'ephemeral-storage'];
const quoted = (text: string) => JSON.stringify(text);

/** Sources of a volume that no longer work; of a PersistentVolume's spec, too. */
export function volumeWarnings(out: string[], path: string, sources: JsonObject) {
  for (const source in sources)
    if (!USUAL_SOURCES.test(source) && sources[source] && Object.hasOwn(DEPRECATED_VOLUMES, source))
      out.push(`${path}.${VOLUME_NAMES[source] ?? source}: ${DEPRECATED_VOLUMES[source]}`);
}

export const nodeLabelWarning = (key: string): string | undefined =>
  !key.startsWith('kubernetes.io/') && Object.hasOwn(DEPRECATED_NODE_LABELS, key)
    ? DEPRECATED_NODE_LABELS[key]
    : undefined;

/** Conditions of a term on nodes; `path` is the term's. */
export function nodeTermWarnings(out: string[], path: string, term: JsonObject | undefined) {
  each(term?.matchExpressions, (expression, i) => {
    const why = nodeLabelWarning(expression.key);
    if (why) out.push(`${path}.matchExpressions[${i}].key: ${expression.key} is ${why}`);
  });
}

/** Bytes are whole; `path` is the map's. */
export function byteWarnings(out: string[], path: string, amounts: JsonObject | undefined, names: string[] = BYTES) {
  for (const name of names) {
    const amount = amounts?.[name];
    if (amount === undefined || quantityMilli(amount) % 1000 === 0) continue;
    out.push(`${path}[${name}]: fractional byte value ${quoted(String(amount))} is invalid, must be an integer`);
  }
}

export function claimSpecWarnings(out: string[], path: string, spec: JsonObject | undefined) {
  byteWarnings(out, `${path}.resources.requests`, spec?.resources?.requests, ['storage']);
  byteWarnings(out, `${path}.resources.limits`, spec?.resources?.limits, ['storage']);
}

/** Of a Pod (`base` is empty) or of a template at `base`, which ends with a dot. */
export function podWarnings(out: string[], base: string, pod: JsonObject | undefined) {
  const spec: JsonObject = pod?.spec ?? {};
  const annotations: JsonObject = pod?.metadata?.annotations ?? {};
  const path = `${base}spec`;
  const annotated = (key: string, why: string) => {
    if (annotations[key] !== undefined) out.push(`${base}metadata.annotations[${key}]: ${why}`);
  };

  for (const key in spec.nodeSelector) {
    const why = nodeLabelWarning(key);
    if (why) out.push(`${path}.nodeSelector[${key}]: ${why}`);
  }
  const onNodes = `${path}.affinity.nodeAffinity`;
  const nodes = spec.affinity?.nodeAffinity;
  each(nodes?.requiredDuringSchedulingIgnoredDuringExecution?.nodeSelectorTerms, (term, i) =>
    nodeTermWarnings(out, `${onNodes}.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms[${i}]`, term),
  );
  each(nodes?.preferredDuringSchedulingIgnoredDuringExecution, ({ preference }, i) =>
    nodeTermWarnings(out, `${onNodes}.preferredDuringSchedulingIgnoredDuringExecution[${i}].preference`, preference),
  );
  each(spec.topologySpreadConstraints, ({ topologyKey, labelSelector }, i) => {
    const why = nodeLabelWarning(topologyKey);
    const constraint = `${path}.topologySpreadConstraints[${i}]`;
    if (why) out.push(`${constraint}.topologyKey: ${topologyKey} is ${why}`);
    if (!labelSelector) out.push(`${constraint}.labelSelector: ${NO_SELECTOR}`);
  });
  for (const key in DEPRECATED_ANNOTATIONS) annotated(key, DEPRECATED_ANNOTATIONS[key]);
  each(spec.volumes, (volume, i) => {
    volumeWarnings(out, `${path}.volumes[${i}]`, volume);
    const claim = volume.ephemeral?.volumeClaimTemplate?.spec;
    if (claim) claimSpecWarnings(out, `${path}.volumes[${i}].ephemeral.volumeClaimTemplate.spec`, claim);
  });
  each(spec.volumes, (volume) => pathWarnings(out, volume));
  if (spec.hostAliases) repeated(out, `${path}.hostAliases`, spec.hostAliases, 'ip');
  if (spec.imagePullSecrets) repeated(out, `${path}.imagePullSecrets`, spec.imagePullSecrets, 'name');
  each(spec.imagePullSecrets, ({ name }, i) => {
    if (!name) out.push(`${path}.imagePullSecrets[${i}].name: invalid empty name ""`);
  });
  if (spec.overhead) byteWarnings(out, `${path}.overhead`, spec.overhead);
  if (!spec.securityContext?.seccompProfile) annotated(SECCOMP_POD, SECCOMP_TEXT);
  eachContainer(spec, path, (container, at) => {
    if (!container.securityContext?.seccompProfile) annotated(SECCOMP_CONTAINER + container.name, SECCOMP_TEXT);
    if (base && !spec.securityContext?.appArmorProfile && !container.securityContext?.appArmorProfile)
      annotated(APPARMOR_CONTAINER + container.name, 'deprecated since v1.30; use the "appArmorProfile" field instead');
    for (const name of BYTES)
      for (const kind of ['limits', 'requests'])
        byteWarnings(out, `${at}.resources.${kind}`, container.resources?.[kind], [name]);
    variableWarnings(out, `${at}.env`, container.env);
  });
  portWarnings(out, spec, path);
  if (spec.terminationGracePeriodSeconds < 0)
    out.push(
      `${path}.terminationGracePeriodSeconds: must be >= 0; negative values are invalid and will be treated as 1`,
    );
  for (const kind of ['podAffinity', 'podAntiAffinity']) {
    const at = `${path}.affinity.${kind}`;
    const affinity = spec.affinity?.[kind];
    each(affinity?.requiredDuringSchedulingIgnoredDuringExecution, ({ labelSelector }, i) => {
      if (!labelSelector)
        out.push(`${at}.requiredDuringSchedulingIgnoredDuringExecution[${i}].labelSelector: ${NO_SELECTOR}`);
    });
    each(affinity?.preferredDuringSchedulingIgnoredDuringExecution, ({ podAffinityTerm }, i) => {
      if (!podAffinityTerm?.labelSelector)
        out.push(
          `${at}.preferredDuringSchedulingIgnoredDuringExecution[${i}].podAffinityTerm.labelSelector: ${NO_SELECTOR}`,
        );
    });
  }
  (spec.dnsConfig?.nameservers ?? []).forEach((ip: string, i: number) =>
    addressWarnings(out, `${path}.dnsConfig.nameservers[${i}]`, ip),
  );
  each(spec.hostAliases, ({ ip = '' }, i) => addressWarnings(out, `${path}.hostAliases[${i}].ip`, ip));
}

function each(list: JsonObject[] | undefined | null, use: (one: JsonObject, i: number) => void) {
  if (list) for (let i = 0; i < list.length; i++) use(list[i], i);
}

function eachContainer(spec: JsonObject, path: string, use: (container: JsonObject, path: string) => void) {
  for (const list of ['initContainers', 'containers', 'ephemeralContainers'])
    each(spec[list], (container, i) => use(container, `${path}.${list}[${i}]`));
}

function repeated(out: string[], path: string, list: JsonObject[] | undefined, key: string) {
  const seen = new Set<string>();
  each(list, ({ [key]: value = '' }, i) => {
    if (seen.has(value)) out.push(`${path}[${i}].${key}: duplicate ${key} ${quoted(value)}`);
    seen.add(value);
  });
}

/** A variable that is set again warns unless its new value builds on the old one. */
function variableWarnings(out: string[], path: string, env: JsonObject[] | undefined) {
  const seen = new Set<string>();
  each(env, ({ name, value = '', valueFrom }, i) => {
    const reference = `$(${name})`;
    if (seen.has(name) && (valueFrom || value === reference || !value.includes(reference)))
      out.push(`${path}[${i}]: hides previous definition of ${quoted(name)}, which may be dropped when using apply`);
    seen.add(name);
  });
}

function portWarnings(out: string[], spec: JsonObject, path: string) {
  const seen = new Map<string, { at: string; port: JsonObject }[]>();
  eachContainer(spec, path, (container, place) =>
    each(container.ports, (port, i) => {
      const at = `${place}.ports[${i}]`;
      const { hostIP = '', hostPort = 0 } = port;
      if (hostIP && !hostPort) {
        const { name = '', containerPort, protocol } = port;
        out.push(
          `${at}: hostIP set without hostPort: {Name:${name} HostPort:0 ContainerPort:${containerPort} Protocol:${protocol} HostIP:${hostIP}}`,
        );
      }
      const key = `${port.containerPort}/${port.protocol}`;
      const others = seen.get(key) ?? [];
      for (const {
        at: other,
        port: { hostIP: ip = '', hostPort: number = 0 },
      } of others) {
        if (ip === hostIP && number === hostPort) out.push(`${at}: duplicate port definition with ${other}`);
        else if (!number || !hostPort) out.push(`${at}: overlapping port definition with ${other}`);
        else if (number === hostPort && !ip !== !hostIP)
          out.push(`${at}: dangerously ambiguous port definition with ${other}`);
      }
      others.push({ at, port });
      seen.set(key, others);
    }),
  );
  const names = new Map<string, string>();
  eachContainer(spec, path, (container, place) => {
    if (place.startsWith(`${path}.initContainers`) && container.restartPolicy !== 'Always') return;
    each(container.ports, ({ name }, i) => {
      if (!name) return;
      const at = `${place}.ports[${i}]`;
      const other = names.get(name);
      if (other)
        out.push(
          `${at}: duplicate port name ${quoted(name)} with ${other}, services and probes that select ports by name will use ${other}`,
        );
      else names.set(name, at);
    });
  });
}

/** Files of one volume that hide each other. */
function pathWarnings(out: string[], { name, configMap, secret, downwardAPI, projected }: JsonObject) {
  const title = `volume ${quoted(name)}`;
  const files = ({ items }: JsonObject) => items.map((item: JsonObject) => item.path as string);
  if (configMap?.items) overlaps(out, `${title} (ConfigMap ${quoted(configMap.name ?? '')})`, files(configMap));
  if (secret?.items) overlaps(out, `${title} (Secret ${quoted(secret.secretName ?? '')})`, files(secret));
  if (downwardAPI?.items) overlaps(out, `${title} (DownwardAPI)`, files(downwardAPI));
  const all = new Set<string>();
  each(projected?.sources, (source) => {
    const [what, paths] = projection(source, files);
    if (what === undefined) out.push(`${title} (Projected) has no sources provided`);
    if (!what || !paths.length) return;
    const prefix = `${title} (Projected ${what})`;
    overlaps(out, prefix, paths);
    overlaps(out, prefix, [...new Set(paths), ...all].sort());
    for (const path of paths) all.add(path);
  });
}

function projection(source: JsonObject, files: (of: JsonObject) => string[]): [string | undefined, string[]] {
  const { configMap, secret, downwardAPI, serviceAccountToken, clusterTrustBundle } = source;
  if (configMap?.items) return [`ConfigMap ${quoted(configMap.name ?? '')}`, files(configMap)];
  if (secret?.items) return [`Secret ${quoted(secret.name ?? '')}`, files(secret)];
  if (downwardAPI?.items) return ['DownwardAPI', files(downwardAPI)];
  if (serviceAccountToken) return ['ServiceAccountToken', [serviceAccountToken.path]];
  if (clusterTrustBundle) {
    const { name, signerName, path } = clusterTrustBundle;
    return [`ClusterTrustBundle ${quoted(name ?? signerName ?? '')}`, [path]];
  }
  return [Object.keys(source).length ? '' : undefined, []];
}

function overlaps(out: string[], title: string, paths: string[]) {
  const seen = new Set<string>();
  for (const path of paths) {
    const own = path.replace(/\/+$/, '');
    for (const other of seen) {
      if (!other || !own) break;
      if (!`${other}/`.startsWith(own) && !`${own}/`.startsWith(other)) continue;
      out.push(`${title}: overlapping paths: ${quoted(own)} with ${quoted(other)}`);
      break;
    }
    seen.add(own);
  }
}
