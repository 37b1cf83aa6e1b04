// Defaults of Pods and Pod templates: core/v1 SetDefaults_PodSpec, _Container, _Probe, _Volume and their like.

import { part } from '../../parts/index.ts';
import { fill, set, update, updateEach } from '../change.ts';
import { formatQuantity, parseQuantity, quantityMilli } from '../quantity.ts';
import { firstOf } from '../twins.ts';
import type { JsonObject, KubeObject } from '../types.ts';

/** Specs that need nothing more, by identity: all Pods of a template share their parts. */
const done = new WeakSet<object>();

/** The tag that an image name means: the part after the last colon, 'latest' without tag and digest. */
function imageTag(image: string): string {
  const digest = image.indexOf('@');
  const name = digest < 0 ? image : image.slice(0, digest);
  const colon = name.lastIndexOf(':');
  if (colon > name.lastIndexOf('/')) return name.slice(colon + 1);
  return digest < 0 ? 'latest' : '';
}

export function pullPolicyFor(image: string): string {
  return imageTag(image) === 'latest' ? 'Always' : 'IfNotPresent';
}

const HTTP_GET = { path: '/', scheme: 'HTTP' };
const PROBE = { timeoutSeconds: 1, periodSeconds: 10, successThreshold: 1, failureThreshold: 3 };
const SPEC = {
  restartPolicy: 'Always',
  terminationGracePeriodSeconds: 30,
  dnsPolicy: 'ClusterFirst',
  securityContext: {},
  schedulerName: 'default-scheduler',
};
const TERMINATION_MESSAGE = { terminationMessagePath: '/dev/termination-log', terminationMessagePolicy: 'File' };

const httpGet = (action: JsonObject) => fill(action, HTTP_GET);

function probe(value: JsonObject): JsonObject {
  const filled = update(fill(value, PROBE), 'httpGet', httpGet);
  return update(filled, 'grpc', (grpc) => fill(grpc, { service: '' }));
}

const handler = (value: JsonObject) => update(value, 'httpGet', httpGet);
const lifecycle = (value: JsonObject) => update(update(value, 'postStart', handler), 'preStop', handler);
const fieldRef = (value: JsonObject) => update(value, 'fieldRef', (ref) => fill(ref, { apiVersion: 'v1' }));
const environment = (value: JsonObject) => update(value, 'valueFrom', fieldRef);

/** Amounts are kept in thousandths: finer ones are rounded up (SetDefaults_ResourceList). */
export function amounts(list: JsonObject): JsonObject {
  let out = list;
  for (const name in list) {
    const text = list[name] as string;
    if (!/(n|u|e-\d+)$/.test(text)) continue;
    const nanos = BigInt(quantityMilli(text)) * 1_000_000n;
    out = set(out, name, formatQuantity({ nanos, format: parseQuantity(text).format }));
  }
  return out;
}
const resources = (value: JsonObject) => update(update(value, 'requests', amounts), 'limits', amounts);

function container(value: JsonObject): JsonObject {
  let out = fill(value, TERMINATION_MESSAGE);
  out = fill(out, { imagePullPolicy: pullPolicyFor(out.image ?? '') });
  out = updateEach(out, 'ports', (port) => fill(port, { protocol: 'TCP' }));
  out = updateEach(out, 'env', environment);
  out = update(out, 'resources', resources);
  out = update(out, 'livenessProbe', probe);
  out = update(out, 'readinessProbe', probe);
  out = update(out, 'startupProbe', probe);
  return update(out, 'lifecycle', lifecycle);
}

const MODE = { defaultMode: 420 };
const downwardItems = (source: JsonObject) => updateEach(source, 'items', fieldRef);

function projection(source: JsonObject): JsonObject {
  const out = update(source, 'serviceAccountToken', (token) => fill(token, { expirationSeconds: 3600 }));
  return update(out, 'downwardAPI', downwardItems);
}

/** What each volume source gets. */
const VOLUME_SOURCES: Record<string, (source: JsonObject) => JsonObject> = {
  secret: (s) => fill(s, MODE),
  configMap: (s) => fill(s, MODE),
  downwardAPI: (s) => downwardItems(fill(s, MODE)),
  projected: (s) => updateEach(fill(s, MODE), 'sources', projection),
  hostPath: (s) => fill(s, { type: '' }),
  iscsi: (s) => fill(s, { iscsiInterface: 'default' }),
  rbd: (s) => fill(s, { pool: 'rbd', user: 'admin', keyring: '/etc/ceph/keyring' }),
  azureDisk: (s) => fill(s, { cachingMode: 'ReadWrite', kind: 'Shared', fsType: 'ext4', readOnly: false }),
  scaleIO: (s) => fill(s, { storageMode: 'ThinProvisioned', fsType: 'xfs' }),
  image: (s) => fill(s, { pullPolicy: pullPolicyFor(s.reference ?? '') }),
  ephemeral: (s) => update(s, 'volumeClaimTemplate', (t) => update(t, 'spec', claimSpec)),
};

export function claimSpec(spec: JsonObject): JsonObject {
  return update(fill(spec, { volumeMode: 'Filesystem' }), 'resources', resources);
}

/** Defaults of a volume source's fields, on a Volume or a PersistentVolumeSpec. */
export function volumeSources(volume: JsonObject): JsonObject {
  let out = volume;
  for (const key in volume) {
    const defaults = VOLUME_SOURCES[key];
    if (defaults) out = update(out, key, defaults);
  }
  return out;
}

function volume(value: JsonObject): JsonObject {
  for (const key in value) if (key !== 'name') return volumeSources(value);
  return { ...value, emptyDir: {} };
}

/** A Pod's or a template's spec. */
export function podSpec(spec: JsonObject): JsonObject {
  if (done.has(spec)) return spec;
  let out = fill(spec, SPEC);
  // The deprecated name of the field mirrors the present one.
  if (out.serviceAccountName !== undefined) out = set(out, 'serviceAccount', out.serviceAccountName);
  else if (out.serviceAccount !== undefined) out = set(out, 'serviceAccountName', out.serviceAccount);
  out = updateEach(out, 'volumes', volume);
  out = updateEach(out, 'initContainers', container);
  out = updateEach(out, 'containers', container);
  out = updateEach(out, 'ephemeralContainers', container);
  out = update(out, 'resources', resources);
  out = update(out, 'overhead', amounts);
  done.add(out);
  return out;
}

export function podTemplate(template: JsonObject): JsonObject {
  return update(template, 'spec', podSpec);
}

/** Every limit without a request of its own is its request. */
function requestsFromLimits(value: JsonObject): JsonObject {
  const resources = value.resources as JsonObject | undefined;
  if (!resources?.limits) return value;
  const requests = fill((resources.requests as JsonObject) ?? {}, resources.limits as JsonObject);
  return requests === resources.requests ? value : set(value, 'resources', { ...resources, requests });
}

const hostPort = (port: JsonObject) => (port.hostPort ? port : set(port, 'hostPort', port.containerPort));
const hostPorts = (value: JsonObject) => updateEach(value, 'ports', hostPort);

const podsDone = new WeakSet<object>();

/** The first of a Pod's addresses stands in a field of its own, too, which wins. */
function podIPs(object: KubeObject): KubeObject {
  const { podIP: first, podIPs: all }: JsonObject = object.status ?? {};
  if (first === all?.[0]?.ip) return object;
  const status = first
    ? { ...object.status, podIPs: [{ ip: first }] }
    : all?.length && { ...object.status, podIP: all[0].ip };
  return status ? { ...object, status } : object;
}

export function pod(given: KubeObject): KubeObject {
  const object = podIPs(given);
  if (object.spec && podsDone.has(firstOf(object.spec))) return object;
  let spec = podSpec(object.spec ?? {});
  spec = fill(spec, { enableServiceLinks: true });
  spec = updateEach(spec, 'initContainers', requestsFromLimits);
  spec = updateEach(spec, 'containers', requestsFromLimits);
  if (spec.resources) spec = part('rules').podLevelResources(spec);
  if (spec.hostNetwork) {
    spec = updateEach(spec, 'initContainers', hostPorts);
    spec = updateEach(spec, 'containers', hostPorts);
  }
  podsDone.add(firstOf(spec));
  return set(object, 'spec', spec);
}
