// The Go structs behind a Pod template, as reflection shows them: what the dump that is hashed into pod-template-hash
// spells out and JSON does not. Names, order and pointers follow from the catalogue; here is only what does not, with
// the releases in which fields came and went.

import { structType, type Field, type TypeRef } from '../api/schema.ts';

/** Go's name of a JSON field where it is not the same with a capital. */
const NAMES = `
metadata ObjectMeta uid UID apiVersion APIVersion dnsPolicy DNSPolicy serviceAccount DeprecatedServiceAccount
dnsConfig DNSConfig os OS gcePersistentDisk GCEPersistentDisk awsElasticBlockStore AWSElasticBlockStore nfs NFS
iscsi ISCSI rbd RBD cephfs CephFS fc FC storageos StorageOS csi CSI pdName PDName fsType FSType iqn IQN
iscsiInterface ISCSIInterface chapAuthDiscovery DiscoveryCHAPAuth chapAuthSession SessionCHAPAuth
endpoints EndpointsName pool RBDPool wwids WWIDs diskURI DataDiskURI sslEnabled SSLEnabled apiGroup APIGroup tty TTY
httpGet HTTPGet tcpSocket TCPSocket grpc GRPC httpHeaders HTTPHeaders seLinuxOptions SELinuxOptions
gmsaCredentialSpecName GMSACredentialSpecName gmsaCredentialSpec GMSACredentialSpec fsGroup FSGroup
fsGroupChangePolicy FSGroupChangePolicy seLinuxChangePolicy SELinuxChangePolicy ip IP
`;

/** `field=Name:type+since`: another name, another type than the catalogue tells, the first release (+24 is v1.24). */
const FIELDS = `
ObjectMeta uid:types.UID creationTimestamp:Time
OwnerReference uid:types.UID
ManagedFieldsEntry operation:ManagedFieldsOperationType subresource+22
PodSpec restartPolicy:RestartPolicy dnsPolicy:DNSPolicy preemptionPolicy:*PreemptionPolicy setHostnameAsFQDN+19 os+23 hostUsers+25 schedulingGates+26 resourceClaims+26 resources+32 hostnameOverride:*string+34 workloadRef+35
Volume ephemeral+19 image+31
HostPathVolumeSource type:*HostPathType
EmptyDirVolumeSource medium:StorageMedium
ISCSIVolumeSource initiatorName:*string
RBDVolumeSource monitors=CephMonitors image=RBDImage user=RadosUser
ResourceFieldSelector divisor:resource.Quantity
AzureDiskVolumeSource cachingMode:*AzureDataDiskCachingMode fsType:*string readOnly:*bool kind:*AzureDataDiskKind
VolumeProjection clusterTrustBundle+29 podCertificate+34
ClusterTrustBundleProjection name:*string signerName:*string
LabelSelectorRequirement operator:LabelSelectorOperator
PodCertificateProjection userAnnotations+35
ScaleIOVolumeSource secretRef:*LocalObjectReference
CSIVolumeSource readOnly:*bool fsType:*string
PersistentVolumeClaimSpec accessModes:[]PersistentVolumeAccessMode volumeMode:*PersistentVolumeMode dataSourceRef+22 volumeAttributesClassName+29
TypedObjectReference namespace:*string+26
ImageVolumeSource pullPolicy:PullPolicy
Container resizePolicy+27 restartPolicy:*ContainerRestartPolicy+28 restartPolicyRules+34 terminationMessagePolicy:TerminationMessagePolicy imagePullPolicy:PullPolicy
ContainerPort protocol:Protocol
EnvVarSource fileKeyRef+34
ResourceRequirements claims+26
ResourceClaim request+31
ContainerResizePolicy resourceName:ResourceName restartPolicy:ResourceResizeRestartPolicy
ContainerRestartRule action:ContainerRestartRuleAction
ContainerRestartRuleOnExitCodes operator:ContainerRestartRuleOnExitCodesOperator
VolumeMount recursiveReadOnly:*RecursiveReadOnlyMode+30 mountPropagation:*MountPropagationMode
Probe grpc+23 terminationGracePeriodSeconds+21
HTTPGetAction scheme:URIScheme
Lifecycle stopSignal:*Signal+33
LifecycleHandler sleep+29
SecurityContext procMount:*ProcMountType seccompProfile+19 appArmorProfile+30
Capabilities add:[]Capability drop:[]Capability
WindowsSecurityContextOptions gmsaCredentialSpecName:*string gmsaCredentialSpec:*string runAsUserName:*string hostProcess+22
SeccompProfile type:SeccompProfileType
AppArmorProfile type:AppArmorProfileType
PodSecurityContext supplementalGroupsPolicy:*SupplementalGroupsPolicy+31 fsGroupChangePolicy:*PodFSGroupChangePolicy seccompProfile+19 appArmorProfile+30 seLinuxChangePolicy:*PodSELinuxChangePolicy+32
NodeSelectorRequirement operator:NodeSelectorOperator
PodAffinityTerm namespaceSelector+21 matchLabelKeys+29 mismatchLabelKeys+29
Toleration operator:TolerationOperator effect:TaintEffect
PodReadinessGate conditionType:PodConditionType
TopologySpreadConstraint whenUnsatisfiable:UnsatisfiableConstraintAction minDomains+24 nodeAffinityPolicy:*NodeInclusionPolicy+25 nodeTaintsPolicy:*NodeInclusionPolicy+25 matchLabelKeys+25
PodOS name:OSName
PodResourceClaim resourceClaimName:*string resourceClaimTemplateName:*string
`;

/** Fields that stand in a struct of their own, whose fields JSON has one level up: its name (and type), from, until. */
const EMBEDDED = `
Volume VolumeSource hostPath -
ConfigMapVolumeSource LocalObjectReference name items
SecretProjection LocalObjectReference name items
ConfigMapProjection LocalObjectReference name items
ConfigMapEnvSource LocalObjectReference name optional
SecretEnvSource LocalObjectReference name optional
ConfigMapKeySelector LocalObjectReference name key
SecretKeySelector LocalObjectReference name key
Probe ProbeHandler exec initialDelaySeconds
PodResourceClaim Source:ClaimSource<31 resourceClaimName -
`;

/** Types that had another name before a release. */
const RENAMED: Readonly<Record<string, readonly [number, string]>> = {
  ProbeHandler: [23, 'Handler'],
  LifecycleHandler: [23, 'Handler'],
  TypedObjectReference: [26, 'TypedLocalObjectReference'],
  VolumeResourceRequirements: [29, 'ResourceRequirements'],
};

/** Fields that are no more: of which struct, before which field, from which release until which, and their zero. */
const GONE: readonly (readonly [string, string, number, number, string])[] = [
  ['ObjectMeta', 'managedFields', 0, 24, 'ClusterName:(string)'],
  ['ObjectMeta', 'managedFields', 24, 25, 'ZZZ_DeprecatedClusterName:(string)'],
  ['EphemeralVolumeSource', '', 0, 21, 'ReadOnly:(bool)false'],
  ['VolumeResourceRequirements', '', 26, 29, 'Claims:([]v1.ResourceClaim)<nil>'],
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

let names: Record<string, string> | undefined;
let lines: Record<string, string[]> | undefined;
let embeddings: Record<string, string[]> | undefined;
const compiled = new Map<string, GoField[]>();

const byFirstWord = (text: string): Record<string, string[]> => {
  const out: Record<string, string[]> = Object.create(null);
  for (const line of text.trim().split('\n')) {
    const words = line.split(' ');
    out[words[0]] = words.slice(1);
  }
  return out;
};

function goNames(): Record<string, string> {
  const out: Record<string, string> = Object.create(null);
  const words = NAMES.trim().split(/\s+/);
  for (let i = 0; i < words.length; i += 2) out[words[i]] = words[i + 1];
  return out;
}

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
  names ??= goNames();
  lines ??= byFirstWord(FIELDS);
  embeddings ??= byFirstWord(EMBEDDED);
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
  const gone = GONE.filter(([of, , first, end]) => of === struct && minor >= first && minor < end);
  const addGone = (place: string) => {
    for (const [, next, , , text] of gone) {
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
