// Values in messages as upstream's internal types print as JSON, with Go's names and every field that is not set; and what an
// update changes of a field that may not change, as a unified diff of two of them. The schema is that of v1, from which the
// internal types differ in few places.

import { structType, type Field, type StructType } from './schema.ts';
import type { JsonObject } from './types.ts';

/** Words of a field's name that Go writes in capitals where they begin it. */
const INITIALS =
  /^(api|aws|csi|dns|fc|fs|gce|gmsa|grpc|http|id|ip|iscsi|nfs|os|pd|pid|rbd|se|tcp|tls|tty|uid|wwids)(?=[A-Z]|s?$)/;
const NAMES: Record<string, string> = { cephfs: 'CephFS', storageos: 'StorageOS', targetWWNs: 'TargetWWNs' };

const goName = (name: string) =>
  NAMES[name] ?? name.replace(INITIALS, (word) => word.toUpperCase()).replace(/^[a-z]/, (c) => c.toUpperCase());

const words = (text: string) => text.trim().split(/\s+/);

const VOLUME_SOURCES = words(`
hostPath emptyDir gcePersistentDisk awsElasticBlockStore gitRepo secret nfs iscsi glusterfs persistentVolumeClaim rbd quobyte
flexVolume cinder cephfs flocker downwardAPI fc azureFile configMap vsphereVolume azureDisk photonPersistentDisk projected
portworxVolume scaleIO storageos csi ephemeral image
`);
/** Where the order is not that of v1; what is not named follows. */
const ORDER: Record<string, string[]> = {
  PodSpec: words(`
volumes initContainers containers ephemeralContainers restartPolicy terminationGracePeriodSeconds activeDeadlineSeconds
dnsPolicy nodeSelector serviceAccountName automountServiceAccountToken nodeName securityContext imagePullSecrets hostname
subdomain setHostnameAsFQDN affinity schedulerName tolerations hostAliases priorityClassName priority preemptionPolicy
dnsConfig readinessGates runtimeClassName overhead enableServiceLinks topologySpreadConstraints os schedulingGates
resourceClaims resources hostnameOverride`),
  PersistentVolumeSource: words(`
gcePersistentDisk awsElasticBlockStore hostPath glusterfs nfs rbd quobyte iscsi flexVolume cinder cephfs fc flocker azureFile
vsphereVolume azureDisk photonPersistentDisk portworxVolume scaleIO local storageos csi`),
  PersistentVolumeClaimSpec: words(`
accessModes selector resources volumeName storageClassName volumeMode dataSource dataSourceRef volumeAttributesClassName`),
  Volume: ['name', ...VOLUME_SOURCES],
};
/** Fields of the Pod that the internal type keeps in its security context, before the others. */
const HOST_FIELDS = ['hostNetwork', 'hostPID', 'hostIPC', 'shareProcessNamespace', 'hostUsers'];
const NOT_INTERNAL = new Set(['serviceAccount', ...HOST_FIELDS]);

type Json = JsonObject | string | number | boolean | null | Json[];

function fieldsOf(name: string, type: StructType): Field[] {
  const order = ORDER[name];
  if (!order) return type.fieldList;
  const named = order.map((field) => type.fields[field]).filter(Boolean);
  return name === 'PodSpec'
    ? [...named, ...type.fieldList.filter(({ name: one }) => !order.includes(one) && !NOT_INTERNAL.has(one))]
    : named;
}

/** A value with the fields of the internal type `name`. */
export function internalValue(name: string, value: JsonObject | undefined): JsonObject {
  const type = structType(name === 'PersistentVolumeSource' ? 'PersistentVolumeSpec' : name) as StructType;
  const out: JsonObject = {};
  for (const field of fieldsOf(name, type)) out[goName(field.name)] = internalField(field, value?.[field.name]);
  if (name !== 'PodSpec') return out;
  const spec = value ?? {};
  const host: JsonObject = {};
  for (const field of HOST_FIELDS) host[goName(field)] = spec[field] ?? (/^host[NPI]/.test(field) ? false : null);
  return { ...out, SecurityContext: { ...host, ...out.SecurityContext } };
}

const ZEROS: Record<string, Json> = { s: '', b: false, i: 0, l: 0, d: 0, q: '0', x: 0 };

function internalField(field: Field, value: unknown): Json {
  if (value === undefined || value === null) {
    if (field.pointer) return null;
    if (field.code === '@') return field.always ? internalValue(field.struct as string, undefined) : null;
    return field.code === 'q' && !field.always ? null : (ZEROS[field.code] ?? null);
  }
  if (field.code === '@') return internalValue(field.struct as string, value as JsonObject);
  const element = field.element;
  if (field.code === '[' && element?.code === '@')
    return (value as JsonObject[]).map((one) => internalValue(element.struct as string, one));
  return value as Json;
}

/** Maps come sorted; those of structs do not occur here. */
function sorted(_key: string, value: unknown): unknown {
  if (!value || typeof value !== 'object' || Array.isArray(value)) return value;
  const keys = Object.keys(value);
  if (keys.some((key) => /^[A-Z]/.test(key))) return value;
  return Object.fromEntries(keys.sort().map((key) => [key, (value as JsonObject)[key]]));
}

type Block = { a: number; b: number; size: number };
type Step = { same: boolean; a: number; aEnd: number; b: number; bEnd: number };

/** The longest run that both have in these parts of them, the first of equal ones (Ratcliff and Obershelp, as difflib). */
function longest(a: string[], b: string[], places: Map<string, number[]>, part: number[]): Block {
  const [aFrom, aEnd, bFrom, bEnd] = part;
  let best: Block = { a: aFrom, b: bFrom, size: 0 };
  let runs = new Map<number, number>();
  for (let i = aFrom; i < aEnd; i++) {
    const next = new Map<number, number>();
    for (const j of places.get(a[i]) ?? []) {
      if (j < bFrom || j >= bEnd) continue;
      const size = (runs.get(j - 1) ?? 0) + 1;
      next.set(j, size);
      if (size > best.size) best = { a: i - size + 1, b: j - size + 1, size };
    }
    runs = next;
  }
  let { a: i, b: j, size } = best;
  while (i > aFrom && j > bFrom && a[i - 1] === b[j - 1]) [i, j, size] = [i - 1, j - 1, size + 1];
  while (i + size < aEnd && j + size < bEnd && a[i + size] === b[j + size]) size++;
  return { a: i, b: j, size };
}

function blocks(a: string[], b: string[]): Block[] {
  const places = new Map<string, number[]>();
  b.forEach((line, j) => places.set(line, [...(places.get(line) ?? []), j]));
  // What a long text has too often begins no match.
  if (b.length >= 200)
    for (const [line, found] of [...places]) if (found.length > Math.floor(b.length / 100) + 1) places.delete(line);
  const out: Block[] = [];
  const parts = [[0, a.length, 0, b.length]];
  for (let part = parts.pop(); part; part = parts.pop()) {
    const [aFrom, aEnd, bFrom, bEnd] = part;
    const block = longest(a, b, places, part);
    if (!block.size) continue;
    out.push(block);
    parts.push([aFrom, block.a, bFrom, block.b], [block.a + block.size, aEnd, block.b + block.size, bEnd]);
  }
  return out.sort((x, y) => x.a - y.a);
}

function steps(a: string[], b: string[]): Step[] {
  const out: Step[] = [];
  let [i, j] = [0, 0];
  for (const block of [...blocks(a, b), { a: a.length, b: b.length, size: 0 }]) {
    if (i < block.a || j < block.b) out.push({ same: false, a: i, aEnd: block.a, b: j, bEnd: block.b });
    [i, j] = [block.a + block.size, block.b + block.size];
    const last = out[out.length - 1];
    if (!block.size) continue;
    if (last?.same) Object.assign(last, { aEnd: i, bEnd: j });
    else out.push({ same: true, a: block.a, aEnd: i, b: block.b, bEnd: j });
  }
  return out;
}

const CONTEXT = 3;

/** Changes with the lines around them; those that are far apart come by themselves. */
function groups(all: Step[]): Step[][] {
  const out: Step[][] = [];
  let group: Step[] = [];
  all.forEach((step, n) => {
    if (!step.same) return void group.push(step);
    const first = n === 0;
    const last = n === all.length - 1;
    const length = step.aEnd - step.a;
    if (!first && !last && length <= 2 * CONTEXT) return void group.push(step);
    const kept = Math.min(CONTEXT, length);
    if (!first) {
      group.push({ ...step, aEnd: step.a + kept, bEnd: step.b + kept });
      out.push(group);
    }
    group = last ? [] : [{ ...step, a: step.aEnd - kept, b: step.bEnd - kept }];
  });
  if (group.some((step) => !step.same)) out.push(group);
  return out;
}

function range(from: number, end: number): string {
  const length = end - from;
  return length === 1 ? `${from + 1}` : `${length ? from + 1 : from},${length}`;
}

const linesOf = (struct: string, value: JsonObject) =>
  JSON.stringify(JSON.parse(JSON.stringify(internalValue(struct, value), sorted)), null, 1).split('\n');

/** What upstream appends to the message that refuses the change of a value of type `struct`. */
export function internalDifference(struct: string, before: JsonObject, now: JsonObject): string {
  const a = linesOf(struct, before);
  const b = linesOf(struct, now);
  const out = [''];
  for (const group of groups(steps(a, b))) {
    const last = group[group.length - 1];
    out.push(`@@ -${range(group[0].a, last.aEnd)} +${range(group[0].b, last.bEnd)} @@`);
    for (const step of group) {
      if (step.same) for (const line of a.slice(step.a, step.aEnd)) out.push(` ${line}`);
      else {
        for (const line of a.slice(step.a, step.aEnd)) out.push(`-${line}`);
        for (const line of b.slice(step.b, step.bEnd)) out.push(`+${line}`);
      }
    }
  }
  return `${out.join('\n')}\n`;
}
