// What each source of a volume needs, in a Pod and in a PersistentVolume; volumes.ts has those that most Pods use.

import type { JsonObject } from '../types.ts';
import { claimSpec } from './claim.ts';
import { PULL_POLICIES } from './container.ts';
import type { Faults } from './field.ts';
import { templateMeta } from './metadata.ts';
import { isDNS1123Label, isDNS1123Subdomain } from './names.ts';
import { backSteps, descendingPath, emptyDir, hostPath, type Source } from './volume-paths.ts';
import { BASIC_SOURCES } from './volumes.ts';

/** Fields that a source must have. */
const required =
  (...fields: string[]): Source =>
  (faults, path, source) => {
    for (const field of fields) if (!source[field]?.length) faults.required(`${path}.${field}`);
  };

/** All of several rules, in their order. */
const both =
  (...rules: Source[]): Source =>
  (faults, path, source) => {
    for (const rule of rules) rule(faults, path, source);
  };

const nfs: Source = (faults, path, source) => {
  if (!source.server) faults.required(`${path}.server`);
  if (!source.path) faults.required(`${path}.path`);
  if (!source.path?.startsWith('/')) faults.invalid(`${path}.path`, source.path ?? '', 'must be an absolute path');
};

const partition: Source = (faults, path, { partition: value }) => {
  // Zero is allowed, whatever the words say.
  if (value < 0 || value > 255) faults.invalid(`${path}.partition`, value, 'must be between 1 and 255, inclusive');
};

const ISCSI_NAMES: Record<string, RegExp> = {
  iqn: /iqn\.\d{4}-\d{2}\.([A-Za-z0-9\-.]+)(:[^,;*&$|\s]+)$/,
  eui: /^eui.[A-Za-z0-9]{16}$/,
  naa: /^naa.[A-Za-z0-9]{32}$/,
};

const iscsiSource =
  (unknown: string, more?: Source): Source =>
  (faults, path, source) => {
    const name = (field: string, value: string) => {
      const format = ISCSI_NAMES[value.slice(0, 3)];
      if (!format) faults.invalid(`${path}.${field}`, value, unknown);
      else if (!format.test(value)) faults.invalid(`${path}.${field}`, value, 'must be valid format');
    };
    if (!source.targetPortal) faults.required(`${path}.targetPortal`);
    if (!source.iqn) faults.required(`${path}.iqn`);
    else name('iqn', source.iqn);
    faults.between(`${path}.lun`, source.lun, 0, 255);
    if ((source.chapAuthDiscovery || source.chapAuthSession) && !source.secretRef) faults.required(`${path}.secretRef`);
    more?.(faults, path, source);
    if (source.initiatorName !== undefined) name('initiatorname', source.initiatorName);
  };

const LONG_PORTAL =
  'Total length of <volume name>:<iscsi.targetPortal> must be under 64 characters if iscsi.initiatorName is specified.';

/** The name that an iSCSI interface of its own gets must fit; `shown` is what upstream blames. */
export function initiatorPortal(faults: Faults, path: string, { name = '', iscsi }: JsonObject, shown: string = name) {
  if (`${name}:${iscsi.targetPortal}`.length > 64) faults.invalid(path, shown, LONG_PORTAL);
}

const flocker: Source = (faults, path, { datasetName = '', datasetUUID = '' }) => {
  if (!datasetName && !datasetUUID) faults.required(path, 'one of datasetName and datasetUUID is required');
  if (datasetName && datasetUUID)
    faults.invalid(path, 'resource', 'datasetName and datasetUUID can not be specified simultaneously');
  if (datasetName.includes('/')) faults.invalid(`${path}.datasetName`, datasetName, "must not contain '/'");
};

const QUOBYTE = 'must be a host:port pair or multiple pairs separated by commas';

const quobyte: Source = (faults, path, { registry, tenant, volume }) => {
  if (!registry) faults.required(`${path}.registry`, QUOBYTE);
  else if (tenant?.length >= 65)
    faults.required(`${path}.tenant`, 'must be a UUID and may not exceed a length of 64 characters');
  else {
    for (const pair of registry.split(',')) {
      if (!/^(\[[^\]]*\]|[^:]*):[^:]*$/.test(pair)) faults.invalid(`${path}.registry`, registry, QUOBYTE);
    }
  }
  if (!volume) faults.required(`${path}.volume`);
};

const secretName: Source = (faults, path, { secretRef }) => {
  if (secretRef && !secretRef.name) faults.required(`${path}.secretRef.name`);
};
const secretNamespace: Source = (faults, path, { secretRef }) => {
  if (secretRef && !secretRef.namespace) faults.required(`${path}.secretRef.namespace`);
};

const fc: Source = (faults, path, source) => {
  const names = source.targetWWNs?.length ?? 0;
  const ids = source.wwids?.length ?? 0;
  if (!names && !ids) faults.required(`${path}.targetWWNs`, 'must specify either targetWWNs or wwids, but not both');
  if (names && ids)
    faults.invalid(`${path}.targetWWNs`, source.targetWWNs, 'targetWWNs and wwids can not be specified simultaneously');
  if (!names) return;
  if (source.lun === undefined) faults.required(`${path}.lun`, 'lun is required if targetWWNs is specified');
  else faults.between(`${path}.lun`, source.lun, 0, 255);
};

const flexVolume: Source = (faults, path, source) => {
  if (!source.driver) faults.required(`${path}.driver`);
  for (const key in source.options) {
    const domain = `.${key.split('/', 1)[0].toLowerCase()}`;
    if (domain.endsWith('.kubernetes.io') || domain.endsWith('.k8s.io'))
      faults.invalid(`${path}.options[${key}]`, key, 'kubernetes.io and k8s.io namespaces are reserved');
  }
};

const azureDisk: Source = (faults, path, source) => {
  required('diskName', 'diskURI')(faults, path, source);
  faults.ifNot(`${path}.cachingMode`, source.cachingMode, ['None', 'ReadOnly', 'ReadWrite']);
  faults.ifNot(`${path}.kind`, source.kind, ['Dedicated', 'Managed', 'Shared']);
  const uri: string = source.diskURI ?? '';
  if (source.kind === 'Managed' && !uri.startsWith('/subscriptions/'))
    faults.notSupported(`${path}.diskURI`, uri, [
      '/subscriptions/{sub-id}/resourcegroups/{group-name}/providers/microsoft.compute/disks/{disk-id}',
    ]);
  if (source.kind !== undefined && source.kind !== 'Managed' && !uri.startsWith('https://'))
    faults.notSupported(`${path}.diskURI`, uri, [
      'https://{account-name}.blob.core.windows.net/{container-name}/{disk-name}.vhd',
    ]);
};

const storageos: Source = (faults, path, source) => {
  if (!source.volumeName) faults.required(`${path}.volumeName`);
  else faults.check(`${path}.volumeName`, source.volumeName, isDNS1123Label);
  if (source.volumeNamespace) faults.check(`${path}.volumeNamespace`, source.volumeNamespace, isDNS1123Label);
  secretName(faults, path, source);
};

export function csiDriverName(faults: Faults, path: string, name = '') {
  if (!name) faults.required(path);
  if (name.length > 63) faults.tooLong(path, 63);
  for (const fault of isDNS1123Subdomain(name.toLowerCase())) faults.invalid(path, name, fault);
}

const csi: Source = (faults, path, source) => {
  csiDriverName(faults, `${path}.driver`, source.driver);
  const secret = source.nodePublishSecretRef;
  if (!secret) return;
  if (!secret.name) faults.required(`${path}.nodePublishSecretRef.name`);
  else faults.check(`${path}.name`, secret.name, isDNS1123Subdomain);
};

const CSI_SECRETS = [
  'controllerPublishSecretRef',
  'controllerExpandSecretRef',
  'nodePublishSecretRef',
  'nodeExpandSecretRef',
];

const persistentCsi: Source = (faults, path, source) => {
  csiDriverName(faults, `${path}.driver`, source.driver);
  if (!source.volumeHandle) faults.required(`${path}.volumeHandle`);
  for (const field of CSI_SECRETS) {
    const secret = source[field];
    if (!secret) continue;
    if (!secret.name) faults.required(`${path}.${field}.name`);
    else faults.check(`${path}.${field}.name`, secret.name, isDNS1123Subdomain);
    if (!secret.namespace) faults.required(`${path}.${field}.namespace`);
    else faults.check(`${path}.${field}.namespace`, secret.namespace, isDNS1123Label);
  }
};

const ephemeral: Source = (faults, path, { volumeClaimTemplate: template }) => {
  const at = `${path}.volumeClaimTemplate`;
  if (!template) {
    faults.required(at);
    return;
  }
  templateMeta(faults, `${at}.metadata`, template.metadata);
  claimSpec(faults, `${at}.spec`, template.spec ?? {});
};

const local: Source = (faults, path, source) => {
  if (!source.path) faults.required(`${path}.path`);
  else backSteps(faults, `${path}.path`, source.path);
};

/** Both kinds of volumes have these. */
const COMMON = {
  gcePersistentDisk: both(required('pdName'), partition),
  awsElasticBlockStore: both(required('volumeID'), partition),
  nfs,
  glusterfs: required('endpoints', 'path'),
  flocker,
  rbd: required('monitors', 'image'),
  cephfs: required('monitors'),
  quobyte,
  fc,
  flexVolume,
  vsphereVolume: required('volumePath'),
  photonPersistentDisk: required('pdID'),
  portworxVolume: required('volumeID'),
  azureDisk,
  scaleIO: required('gateway', 'system', 'volumeName'),
};

/** In the order in which they are looked at. */
export const POD_SOURCES: Record<string, Source> = {
  emptyDir,
  hostPath,
  gitRepo: both(required('repository'), (faults, path, source) =>
    descendingPath(faults, `${path}.directory`, source.directory ?? ''),
  ),
  gcePersistentDisk: COMMON.gcePersistentDisk,
  awsElasticBlockStore: COMMON.awsElasticBlockStore,
  secret: BASIC_SOURCES.secret,
  nfs,
  iscsi: iscsiSource('must be valid format starting with iqn, eui, or naa'),
  glusterfs: COMMON.glusterfs,
  flocker,
  persistentVolumeClaim: required('claimName'),
  rbd: COMMON.rbd,
  cinder: both(required('volumeID'), secretName),
  cephfs: COMMON.cephfs,
  quobyte,
  downwardAPI: BASIC_SOURCES.downwardAPI,
  fc,
  flexVolume,
  configMap: BASIC_SOURCES.configMap,
  azureFile: required('secretName', 'shareName'),
  vsphereVolume: COMMON.vsphereVolume,
  photonPersistentDisk: COMMON.photonPersistentDisk,
  portworxVolume: COMMON.portworxVolume,
  azureDisk,
  storageos,
  projected: BASIC_SOURCES.projected,
  scaleIO: COMMON.scaleIO,
  csi,
  ephemeral,
  image(faults, path, source) {
    // A template may leave it to whoever makes Pods of it.
    if (!source.reference && path.startsWith('spec.volumes[')) faults.required(`${path}.reference`);
    if (!source.pullPolicy) faults.required(`${path}.pullPolicy`);
    else faults.ifNot(`${path}.pullPolicy`, source.pullPolicy, PULL_POLICIES);
  },
};

export const PERSISTENT_SOURCES: Record<string, Source> = {
  hostPath,
  gcePersistentDisk: COMMON.gcePersistentDisk,
  awsElasticBlockStore: COMMON.awsElasticBlockStore,
  glusterfs: both(COMMON.glusterfs, (faults, path, { endpointsNamespace: name }) => {
    const at = `${path}.endpointsNamespace`;
    if (name === '') faults.invalid(at, name, 'if the endpointnamespace is set, it must be a valid namespace name');
    else if (name !== undefined) faults.check(at, name, isDNS1123Label);
  }),
  flocker,
  nfs,
  rbd: COMMON.rbd,
  quobyte,
  cephfs: COMMON.cephfs,
  iscsi: iscsiSource('must be valid format', secretName),
  cinder: both(required('volumeID'), secretName, secretNamespace),
  fc,
  flexVolume,
  azureFile: both(required('secretName', 'shareName'), (faults, path, source) => {
    if (source.secretNamespace === '') faults.required(`${path}.secretNamespace`);
  }),
  vsphereVolume: COMMON.vsphereVolume,
  photonPersistentDisk: COMMON.photonPersistentDisk,
  portworxVolume: COMMON.portworxVolume,
  azureDisk,
  scaleIO: COMMON.scaleIO,
  local,
  storageos: both(storageos, secretNamespace),
  csi: persistentCsi,
};
