// The Go structs behind a Pod template, as reflection shows them: what the dump that is hashed into pod-template-hash
// spells out and JSON does not. Names, order and pointers follow from the catalogue; here is only what does not, with
// the releases in which fields came and went.

import { isCommon, structType, type Field, type TypeRef } from '../api/schema.ts';
import { part } from '../parts/index.ts';

/** What is told here of the structs that a new cluster has, and in further-go-structs.ts of the others. */
export interface GoTables {
  NAMES: string;
  FIELDS: string;
  EMBEDDED: string;
  GONE: readonly (readonly [string, string, number, number, string])[];
}

/** Go's name of a JSON field where it is not the same with a capital. */
const NAMES = `
metadata ObjectMeta uid UID apiVersion APIVersion dnsPolicy DNSPolicy serviceAccount DeprecatedServiceAccount
dnsConfig DNSConfig os OS gcePersistentDisk GCEPersistentDisk awsElasticBlockStore AWSElasticBlockStore nfs NFS iscsi
ISCSI rbd RBD cephfs CephFS fc FC storageos StorageOS csi CSI tty TTY httpGet HTTPGet tcpSocket TCPSocket grpc GRPC
httpHeaders HTTPHeaders seLinuxOptions SELinuxOptions fsGroup FSGroup fsGroupChangePolicy FSGroupChangePolicy
seLinuxChangePolicy SELinuxChangePolicy ip IP
`;

/** `field=Name:type+since`: another name, another type than the catalogue tells, the first release (+24 is v1.24). */
const FIELDS = `
ObjectMeta uid:types.UID creationTimestamp:Time
PodSpec restartPolicy:RestartPolicy dnsPolicy:DNSPolicy preemptionPolicy:*PreemptionPolicy setHostnameAsFQDN+19 os+23 hostUsers+25 schedulingGates+26 resourceClaims+26 resources+32 hostnameOverride:*string+34 workloadRef+35
Volume ephemeral+19 image+31
HostPathVolumeSource type:*HostPathType
EmptyDirVolumeSource medium:StorageMedium
LabelSelectorRequirement operator:LabelSelectorOperator
Container resizePolicy+27 restartPolicy:*ContainerRestartPolicy+28 restartPolicyRules+34 terminationMessagePolicy:TerminationMessagePolicy imagePullPolicy:PullPolicy
ContainerPort protocol:Protocol
EnvVarSource fileKeyRef+34
ResourceRequirements claims+26
VolumeMount recursiveReadOnly:*RecursiveReadOnlyMode+30 mountPropagation:*MountPropagationMode
Probe grpc+23 terminationGracePeriodSeconds+21
HTTPGetAction scheme:URIScheme
SecurityContext procMount:*ProcMountType seccompProfile+19 appArmorProfile+30
Capabilities add:[]Capability drop:[]Capability
SeccompProfile type:SeccompProfileType
PodSecurityContext supplementalGroupsPolicy:*SupplementalGroupsPolicy+31 fsGroupChangePolicy:*PodFSGroupChangePolicy seccompProfile+19 appArmorProfile+30 seLinuxChangePolicy:*PodSELinuxChangePolicy+32
PodAffinityTerm namespaceSelector+21 matchLabelKeys+29 mismatchLabelKeys+29
Toleration operator:TolerationOperator effect:TaintEffect
`;

/** Fields that stand in a struct of their own, whose fields JSON has one level up: its name (and type), from, until. */
const EMBEDDED = `
Volume VolumeSource hostPath -
ConfigMapVolumeSource LocalObjectReference name items
Probe ProbeHandler exec initialDelaySeconds
`;

/** Types that had another name before a release. */
const RENAMED: Readonly<Record<string, readonly [number, string]>> = {
  ProbeHandler: [23, 'Handler'],
  LifecycleHandler: [23, 'Handler'],
  TypedObjectReference: [26, 'TypedLocalObjectReference'],
  VolumeResourceRequirements: [29, 'ResourceRequirements'],
};

/** Fields that are no more: of which struct, before which field, from which release until which, and their zero. */
const GONE: GoTables['GONE'] = [
  ['ObjectMeta', 'managedFields', 0, 24, 'ClusterName:(string)'],
  ['ObjectMeta', 'managedFields', 24, 25, 'ZZZ_DeprecatedClusterName:(string)'],
];

export const ZERO_TIME = '{Time:(time.Time){wall:(uint64)0 ext:(int64)0 loc:(*time.Location)<nil>}}';

export interface GoField extends TypeRef {
  /** Its name in JSON. */
  name: string;
  /** What stands before the value, and after it. */
  open: string;
  close: string;
  /** All of it where JSON has none. */
  absent: string;
  /** The same as bytes, once they have been written. */
  openBytes?: Uint8Array;
  absentBytes?: Uint8Array;
}

const SCALARS: Readonly<Record<string, string>> = { s: 'string', b: 'bool', i: 'int32', l: 'int64' };
const ZEROS: Readonly<Record<string, string>> = {
  bool: 'false',
  int32: '0',
  int64: '0',
  'v1.Time': ZERO_TIME,
  'intstr.IntOrString': '{Type:(intstr.Type)0 IntVal:(int32)0 StrVal:(string)}',
};

/** The tables, read. */
interface Tables {
  names: Record<string, string>;
  lines: Record<string, string[]>;
  embeddings: Record<string, string[]>;
  gone: GoTables['GONE'];
}

let common: Tables | undefined;
let further: Tables | undefined;
const compiled = new Map<string, GoField[]>();

const byFirstWord = (text: string): Record<string, string[]> => {
  const out: Record<string, string[]> = Object.create(null);
  for (const line of text.trim().split('\n')) {
    const words = line.split(' ');
    out[words[0]] = words.slice(1);
  }
  return out;
};

const read = ({ NAMES, FIELDS, EMBEDDED, GONE }: GoTables): Tables => ({
  names: goNames(NAMES),
  lines: byFirstWord(FIELDS),
  embeddings: byFirstWord(EMBEDDED),
  gone: GONE,
});

function goNames(text: string): Record<string, string> {
  const out: Record<string, string> = Object.create(null);
  const words = text.trim().split(/\s+/);
  for (let i = 0; i < words.length; i += 2) out[words[i]] = words[i + 1];
  return out;
}

function tablesFor(struct: string): Tables {
  common ??= read({ NAMES, FIELDS, EMBEDDED, GONE });
  return isCommon(struct) ? common : (further ??= withNames(common.names, read(part('schema').FURTHER_GO_STRUCTS)));
}

const withNames = (names: Tables['names'], tables: Tables): Tables => ({
  ...tables,
  names: { ...names, ...tables.names },
});

/** 'PullPolicy' is v1's, 'string' Go's own, 'types.UID' of another package. */
const qualified = (type: string) => type.replace(/^(\*|\[\])?([A-Z]\w*)$/, '$1v1.$2');

function goType(field: TypeRef & Partial<Field>, minor: number, inside = false): string {
  const pointer = !inside && (field.pointer || (field.code === '@' && !field.always)) ? '*' : '';
  const scalar = SCALARS[field.code];
  if (scalar) return pointer + scalar;
  switch (field.code) {
    case '@': {
      const name = field.struct as string;
      const [until, old] = RENAMED[name] ?? [0, ''];
      return `${pointer}v1.${minor < until ? old : name}`;
    }
    case '[':
      return `[]${goType(field.element as TypeRef, minor, true)}`;
    case '{':
      return field.element?.code === 'q' ? 'v1.ResourceList' : 'map[string]string';
    case 'x':
      return 'intstr.IntOrString';
    case 'q':
      return '*resource.Quantity';
    case 't':
      return '*v1.Time';
    default:
      return '*v1.FieldsV1';
  }
}

/** What Go has where JSON has nothing. */
function zero(type: string, field: Field, minor: number): string {
  if (/^(\*|\[|map|v1\.ResourceList$)/.test(type)) return '<nil>';
  if (type === 'resource.Quantity') return quantityText('0', '0', 0, 'DecimalSI');
  if (field.code === '@') return `{${goFields(field.struct as string, minor).reduce((out, f) => out + f.absent, '')}}`;
  return ZEROS[type] ?? '';
}

/** A Quantity that needs no big number: value × 10^scale, and the text that it keeps of itself. */
export const quantityText = (value: string, text: string, scale: number, format: string, dec = '(*inf.Dec)<nil>') =>
  `{i:(resource.int64Amount){value:(int64)${value} scale:(resource.Scale)${scale}} d:(resource.infDecAmount){Dec:${dec}} s:(string)${text} Format:(resource.Format)${format}}`;

/** The fields of a struct in a release, in Go's order. */
export function goFields(struct: string, minor: number): GoField[] {
  const key = `${struct} ${minor}`;
  const known = compiled.get(key);
  if (known) return known;
  const { names, lines, embeddings, gone } = tablesFor(struct);
  const special: Record<string, RegExpExecArray> = Object.create(null);
  for (const word of lines[struct] ?? []) {
    const parts = /^(\w+)(?:=(\w+))?(?::([^+]+))?(?:\+(\d+))?$/.exec(word) as RegExpExecArray;
    special[parts[1]] = parts;
  }
  const [inner = '', from, until] = embeddings[struct] ?? [];
  const [, group, type = group, before] = /^(\w+)(?::(\w+))?(?:<(\d+))?$/.exec(inner) ?? [];
  const embeds = group !== undefined && !(before && minor >= Number(before));
  const out: GoField[] = [];
  let separator = '';
  const fieldsGone = gone.filter(([of, , first, end]) => of === struct && minor >= first && minor < end);
  const addGone = (place: string) => {
    for (const [, next, , , text] of fieldsGone) {
      if (next !== place) continue;
      out.push({ name: '', code: 's', open: '', close: '', absent: `${separator}${text}` });
      separator = ' ';
    }
  };
  for (const field of structType(struct)?.fieldList ?? []) {
    const [, , name, other, since] = special[field.name] ?? [];
    if (since && minor < Number(since)) continue;
    addGone(field.name);
    if (embeds && field.name === from) {
      const shown = goType({ code: '@', struct: type }, minor, true);
      separator += `${group === type ? shown.slice(3) : group}:(${shown}){`;
    }
    if (embeds && field.name === until) (out.at(-1) as GoField).close = '}';
    const goName = name ?? names[field.name] ?? field.name[0].toUpperCase() + field.name.slice(1);
    const shown = other ? qualified(other) : goType(field, minor);
    const open = `${separator}${goName}:(${shown})`;
    const { code, struct: of, element } = field;
    out.push({
      name: field.name,
      code,
      struct: of,
      element,
      open,
      close: '',
      absent: open + zero(shown, field, minor),
    });
    separator = ' ';
  }
  addGone('');
  if (embeds && until === '-') (out.at(-1) as GoField).close = '}';
  for (const field of out) field.absent += field.close;
  compiled.set(key, out);
  return out;
}
