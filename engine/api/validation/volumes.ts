// Volumes of Pods and sources of persistent volumes: exactly one source each, and what each source needs.

import { compareQuantities } from '../quantity.ts';
import type { JsonObject } from '../types.ts';
import { PULL_POLICIES } from './container.ts';
import { fieldRef, resourceFieldRef } from './env.ts';
import { Faults } from './field.ts';
import { isConfigMapKey, isDNS1123Label, isDNS1123Subdomain } from './names.ts';
import { claimSpec } from './claim.ts';

type Source = (faults: Faults, path: string, source: JsonObject) => void;

/** Fields that a source must have. */
const required =
  (...fields: string[]): Source =>
  (faults, path, source) => {
    for (const field of fields) if (!source[field]?.length) faults.required(`${path}.${field}`);
  };

function backSteps(faults: Faults, path: string, value: string) {
  if (value.split('/').includes('..')) faults.invalid(path, value, "must not contain '..'");
}

function localPath(faults: Faults, path: string, value: string) {
  if (value.startsWith('/')) faults.invalid(path, value, 'must be a relative path');
  backSteps(faults, path, value);
  if (value.startsWith('..') && !value.startsWith('../') && value !== '..')
    faults.invalid(path, value, "must not start with '..'");
}

function mode(faults: Faults, path: string, value: number | undefined) {
  if (value !== undefined && (value < 0 || value > 511)) {
    faults.invalid(path, value, 'must be a number between 0 and 0777 (octal), both inclusive');
  }
}

function items(faults: Faults, path: string, list: JsonObject[] | undefined) {
  (list ?? []).forEach((item, i) => {
    const at = `${path}.items[${i}]`;
    if (!item.key) faults.required(`${at}.key`);
    else faults.check(`${at}.key`, item.key, isConfigMapKey);
    if (!item.path) faults.required(`${at}.path`);
    else localPath(faults, `${at}.path`, item.path);
    mode(faults, `${at}.mode`, item.mode);
  });
}

const DOWNWARD_FIELDS = [
  'metadata.annotations',
  'metadata.labels',
  'metadata.name',
  'metadata.namespace',
  'metadata.uid',
];

function downwardFile(faults: Faults, path: string, file: JsonObject) {
  if (!file.path) faults.required(`${path}.path`);
  else localPath(faults, `${path}.path`, file.path);
  if (file.fieldRef) {
    fieldRef(faults, `${path}.fieldRef`, file.fieldRef, DOWNWARD_FIELDS, ['metadata.annotations', 'metadata.labels']);
    if (file.resourceFieldRef)
      faults.invalid(path, 'resource', 'fieldRef and resourceFieldRef can not be specified simultaneously');
  } else if (file.resourceFieldRef) {
    resourceFieldRef(faults, `${path}.resourceFieldRef`, file.resourceFieldRef, true);
  } else {
    faults.required(path, 'one of fieldRef and resourceFieldRef is required');
  }
  mode(faults, `${path}.mode`, file.mode);
}

/** The sources of a projected volume; no two of them may write one path. */
const projected: Source = (faults, path, source) => {
  mode(faults, `${path}.defaultMode`, source.defaultMode);
  const paths = new Set<string>();
  const claim = (file: string | undefined, source: string) => {
    if (!file) return;
    if (paths.has(file)) faults.invalid(path, source, 'conflicting duplicate paths');
    paths.add(file);
  };
  (source.sources ?? []).forEach((projection: JsonObject, i: number) => {
    const at = `${path}.sources[${i}]`;
    let count = 0;
    const one = (kind: string) => {
      if (!projection[kind]) return undefined;
      if (++count > 1) {
        faults.forbidden(`${at}.${kind}`, 'may not specify more than 1 volume type per source');
        return undefined;
      }
      return projection[kind] as JsonObject;
    };
    for (const kind of ['secret', 'configMap']) {
      const value = one(kind);
      if (!value) continue;
      if (!value.name) faults.required(`${at}.${kind}.name`);
      items(faults, `${at}.${kind}`, value.items);
      for (const item of value.items ?? []) claim(item.path, value.name);
    }
    const downward = one('downwardAPI');
    for (const file of downward?.items ?? []) {
      downwardFile(faults, `${at}.downwardAPI`, file);
      claim(file.path, file.path);
    }
    const token = one('serviceAccountToken');
    if (token) {
      const seconds = token.expirationSeconds;
      if (seconds < 600)
        faults.invalid(
          `${at}.serviceAccountToken.expirationSeconds`,
          seconds,
          'may not specify a duration less than 10 minutes',
        );
      if (seconds > 4294967296)
        faults.invalid(
          `${at}.serviceAccountToken.expirationSeconds`,
          seconds,
          'may not specify a duration larger than 2^32 seconds',
        );
      if (!token.path) faults.required(`${at}.serviceAccountToken.path`);
      else {
        localPath(faults, `${at}.serviceAccountToken.path`, token.path);
        claim(token.path, token.path);
      }
    }
    const bundle = one('clusterTrustBundle');
    if (bundle) {
      if (!bundle.path) faults.required(`${at}.clusterTrustBundle.path`);
      else claim(bundle.path, bundle.path);
    }
    one('podCertificate');
  });
};

const HOST_PATH_TYPES = [
  '',
  'BlockDevice',
  'CharDevice',
  'Directory',
  'DirectoryOrCreate',
  'File',
  'FileOrCreate',
  'Socket',
];

export const SOURCES: Record<string, Source> = {
  emptyDir(faults, path, source) {
    if (source.sizeLimit !== undefined && compareQuantities(source.sizeLimit, '0') < 0) {
      faults.forbidden(`${path}.sizeLimit`, 'SizeLimit field must be a valid resource quantity');
    }
  },
  hostPath(faults, path, source) {
    if (!source.path) {
      faults.required(`${path}.path`);
      return;
    }
    backSteps(faults, `${path}.path`, source.path);
    if (source.type !== undefined) faults.ifNot(`${path}.type`, source.type, HOST_PATH_TYPES);
  },
  gitRepo: required('repository'),
  gcePersistentDisk: required('pdName'),
  awsElasticBlockStore: required('volumeID'),
  secret(faults, path, source) {
    if (!source.secretName) faults.required(`${path}.secretName`);
    mode(faults, `${path}.defaultMode`, source.defaultMode);
    items(faults, path, source.items);
  },
  nfs(faults, path, source) {
    if (!source.server) faults.required(`${path}.server`);
    if (!source.path) faults.required(`${path}.path`);
    if (!source.path?.startsWith('/')) faults.invalid(`${path}.path`, source.path ?? '', 'must be an absolute path');
  },
  iscsi: required('targetPortal', 'iqn'),
  glusterfs: required('endpoints', 'path'),
  flocker(faults, path, source) {
    if (!source.datasetName && !source.datasetUUID)
      faults.required(path, 'one of datasetName and datasetUUID is required');
  },
  persistentVolumeClaim: required('claimName'),
  rbd: required('monitors', 'image'),
  cinder: required('volumeID'),
  cephfs: required('monitors'),
  quobyte: required('registry', 'volume'),
  downwardAPI(faults, path, source) {
    mode(faults, `${path}.defaultMode`, source.defaultMode);
    // Upstream's path has no index here.
    for (const file of source.items ?? []) downwardFile(faults, path, file);
  },
  fc(faults, path, source) {
    if (!source.targetWWNs?.length && !source.wwids?.length)
      faults.required(`${path}.targetWWNs`, 'must specify either targetWWNs or wwids, but not both');
  },
  flexVolume: required('driver'),
  configMap(faults, path, source) {
    if (!source.name) faults.required(`${path}.name`);
    mode(faults, `${path}.defaultMode`, source.defaultMode);
    items(faults, path, source.items);
  },
  azureFile: required('secretName', 'shareName'),
  vsphereVolume: required('volumePath'),
  photonPersistentDisk: required('pdID'),
  portworxVolume: required('volumeID'),
  azureDisk: required('diskName', 'diskURI'),
  storageos() {},
  projected,
  scaleIO: required('gateway', 'system', 'volumeName'),
  csi(faults, path, source) {
    if (!source.driver) faults.required(`${path}.driver`);
    faults.check(`${path}.driver`, source.driver ?? '', isDNS1123Subdomain);
  },
  ephemeral(faults, path, source) {
    if (!source.volumeClaimTemplate) faults.required(`${path}.volumeClaimTemplate`);
    else claimSpec(faults, `${path}.volumeClaimTemplate.spec`, source.volumeClaimTemplate.spec ?? {});
  },
  image(faults, path, source) {
    if (!source.reference) faults.required(`${path}.reference`);
    if (source.pullPolicy !== undefined) faults.ifNot(`${path}.pullPolicy`, source.pullPolicy, PULL_POLICIES);
  },
  local(faults, path, source) {
    if (!source.path) faults.required(`${path}.path`);
    else backSteps(faults, `${path}.path`, source.path);
  },
};

// Whether a source is good does not depend on the Pod that it is in, and admission gives all Pods the same ones.
const goodSources = new WeakSet<object>();

/** The only source, when there is just one. */
function onlySource(volume: JsonObject): string | undefined {
  let only: string | undefined;
  for (const key in volume) {
    if (!SOURCES[key] || !volume[key]) continue;
    if (only !== undefined) return undefined;
    only = key;
  }
  return only;
}

/** Exactly one source; returns how many there are. */
export function volumeSource(faults: Faults, path: string, volume: JsonObject): number {
  const only = onlySource(volume);
  if (only !== undefined) {
    const source = volume[only];
    if (goodSources.has(source)) return 1;
    const before = faults.list.length;
    SOURCES[only](faults, `${path}.${only}`, source);
    if (faults.list.length === before) goodSources.add(source);
    return 1;
  }
  let count = 0;
  for (const kind in SOURCES) {
    const source = volume[kind];
    if (!source) continue;
    if (++count > 1) faults.forbidden(`${path}.${kind}`, 'may not specify more than 1 volume type');
    else SOURCES[kind](faults, `${path}.${kind}`, source);
  }
  return count;
}

export function volumes(faults: Faults, path: string, list: JsonObject[] | undefined): Map<string, boolean> {
  const names = new Map<string, boolean>();
  (list ?? []).forEach((volume, i) => {
    const at = `${path}[${i}]`;
    if (volumeSource(faults, at, volume) === 0) faults.required(at, 'must specify a volume type');
    if (!volume.name) faults.required(`${at}.name`);
    else {
      const wrong = isDNS1123Label(volume.name);
      for (const fault of wrong) faults.invalid(`${at}.name`, volume.name, fault);
      if (names.has(volume.name)) faults.duplicate(`${at}.name`, volume.name);
      else if (wrong.length === 0) names.set(volume.name, Boolean(volume.persistentVolumeClaim || volume.ephemeral));
    }
  });
  return names;
}
