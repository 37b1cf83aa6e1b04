// Volumes of Pods: exactly one source each, and files that do not collide.

import { part } from '../../parts/index.ts';
import type { JsonObject } from '../types.ts';
import { fieldRef, resourceFieldRef } from './env.ts';
import { Faults } from './field.ts';
import { isDNS1123Label } from './names.ts';
import { labelSelector } from './selectors.ts';
import { emptyDir, fileMode, hostPath, localPath, type Source } from './volume-paths.ts';

function keyToPath(faults: Faults, at: string, item: JsonObject) {
  if (!item.key) faults.required(`${at}.key`);
  if (!item.path) faults.required(`${at}.path`);
  localPath(faults, `${at}.path`, item.path ?? '');
  fileMode(faults, `${at}.mode`, item.mode);
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
  localPath(faults, `${path}.path`, file.path ?? '');
  if (file.fieldRef) {
    fieldRef(faults, `${path}.fieldRef`, file.fieldRef, DOWNWARD_FIELDS);
    if (file.resourceFieldRef)
      faults.invalid(path, 'resource', 'fieldRef and resourceFieldRef can not be specified simultaneously');
  } else if (file.resourceFieldRef) {
    resourceFieldRef(faults, `${path}.resourceFieldRef`, file.resourceFieldRef, true);
  } else {
    faults.required(path, 'one of fieldRef and resourceFieldRef is required');
  }
  fileMode(faults, `${path}.mode`, file.mode);
}

function trustBundle(faults: Faults, at: string, bundle: JsonObject) {
  if (bundle.name !== undefined && bundle.signerName !== undefined) {
    faults.invalid(at, bundle, 'only one of name and signerName may be used');
  } else if (bundle.name !== undefined) {
    if (!bundle.name) faults.required(`${at}.name`, 'must be a valid object name');
    if (bundle.labelSelector)
      faults.invalid(`${at}.labelSelector`, bundle.labelSelector, 'labelSelector must be unset if name is specified');
  } else if (bundle.signerName !== undefined) {
    if (!bundle.signerName) faults.required(`${at}.signerName`, 'must be a valid signer name');
    labelSelector(faults, `${at}.labelSelector`, bundle.labelSelector);
  } else {
    faults.required(at, 'either name or signerName must be specified');
  }
  if (!bundle.path) faults.required(`${at}.path`);
  localPath(faults, `${at}.path`, bundle.path ?? '');
}

/** The sources of a projected volume; no two of them may write one path. */
const projected: Source = (faults, path, source) => {
  fileMode(faults, `${path}.defaultMode`, source.defaultMode);
  const paths = new Set<string>();
  const claim = (file: string | undefined, source: string) => {
    if (!file) return;
    if (paths.has(file)) faults.invalid(path, source, 'conflicting duplicate paths');
    paths.add(file);
  };
  (source.sources ?? []).forEach((projection: JsonObject, i: number) => {
    const at = `${path}.sources[${i}]`;
    let count = 0;
    for (const kind of ['secret', 'configMap']) {
      const value = projection[kind];
      if (!value) continue;
      count++;
      if (!value.name) faults.required(`${at}.${kind}.name`);
      (value.items ?? []).forEach((item: JsonObject, k: number) => {
        keyToPath(faults, `${at}.${kind}.items[${k}]`, item);
        claim(item.path, value.name ?? '');
      });
    }
    if (projection.downwardAPI) {
      count++;
      for (const file of projection.downwardAPI.items ?? []) {
        // Upstream's path has no index here.
        downwardFile(faults, `${at}.downwardAPI`, file);
        claim(file.path, file.path);
      }
    }
    const token = projection.serviceAccountToken;
    if (token) {
      count++;
      const seconds: number = token.expirationSeconds;
      const when = `${at}.serviceAccountToken.expirationSeconds`;
      if (seconds < 600) faults.invalid(when, seconds, 'may not specify a duration less than 10 minutes');
      if (seconds > 4294967296) faults.invalid(when, seconds, 'may not specify a duration larger than 2^32 seconds');
      if (!token.path) faults.required(`${path}.path`);
      else localPath(faults, `${path}.path`, token.path);
    }
    const bundle = projection.clusterTrustBundle;
    if (bundle) {
      count++;
      trustBundle(faults, `${at}.clusterTrustBundle`, bundle);
      claim(bundle.path, bundle.path);
    }
    if (projection.podCertificate) count++;
    if (count > 1) faults.forbidden(at, 'may not specify more than 1 volume type per source');
  });
};

/** What most volumes are, in the order in which all are looked at (POD_SOURCES). */
export const BASIC_SOURCES = {
  emptyDir,
  hostPath,
  secret(faults, path, source) {
    if (!source.secretName) faults.required(`${path}.secretName`);
    fileMode(faults, `${path}.defaultMode`, source.defaultMode);
    (source.items ?? []).forEach((item: JsonObject, i: number) => keyToPath(faults, `${path}.items[${i}]`, item));
  },
  downwardAPI(faults, path, source) {
    fileMode(faults, `${path}.defaultMode`, source.defaultMode);
    for (const file of source.items ?? []) downwardFile(faults, path, file);
  },
  configMap(faults, path, source) {
    if (!source.name) faults.required(`${path}.name`);
    fileMode(faults, `${path}.defaultMode`, source.defaultMode);
    (source.items ?? []).forEach((item: JsonObject, i: number) => keyToPath(faults, `${path}.items[${i}]`, item));
  },
  projected,
} satisfies Record<string, Source>;

/** The sources that a Pod's volume is held against. */
function sourcesFor(volume: JsonObject): Record<string, Source> {
  for (const key in volume)
    if (key !== 'name' && !Object.hasOwn(BASIC_SOURCES, key) && volume[key]) return part('rules').POD_SOURCES;
  return BASIC_SOURCES;
}

/** Upstream's paths are not always the fields' names. */
const SOURCE_PATHS: Record<string, string> = { gcePersistentDisk: 'persistentDisk' };
const SECOND_PATHS: Record<string, string> = { cephfs: 'cephFS', downwardAPI: 'downwarAPI' };

// Whether a source is good does not depend on the Pod that it is in, and admission gives all Pods the same ones.
const goodSources = new WeakSet<object>();

/** The only source, when there is just one. */
function onlySource(volume: JsonObject, sources: Record<string, Source>): string | undefined {
  let only: string | undefined;
  for (const key in volume) {
    if (!sources[key] || !volume[key]) continue;
    if (only !== undefined) return undefined;
    only = key;
  }
  return only;
}

/** Exactly one source; whether there is any. */
export function volumeSource(faults: Faults, path: string, volume: JsonObject, sources = sourcesFor(volume)): boolean {
  const only = onlySource(volume, sources);
  if (only !== undefined) {
    const source = volume[only];
    if (goodSources.has(source)) return true;
    const before = faults.list.length;
    sources[only](faults, `${path}.${SOURCE_PATHS[only] ?? only}`, source);
    if (faults.list.length === before) goodSources.add(source);
    return true;
  }
  let found = false;
  for (const kind in sources) {
    const source = volume[kind];
    if (!source) continue;
    if (found) faults.forbidden(`${path}.${SECOND_PATHS[kind] ?? kind}`, 'may not specify more than 1 volume type');
    else sources[kind](faults, `${path}.${SOURCE_PATHS[kind] ?? kind}`, source);
    found = true;
  }
  if (!found) faults.required(path, 'must specify a volume type');
  return found;
}

/** Volumes by name as containers may mount them: those that came out well. `claimant`: see podSpec. */
export function volumes(
  faults: Faults,
  path: string,
  list: JsonObject[] | undefined,
  claimant?: string,
): Map<string, JsonObject> {
  const names = new Map<string, JsonObject>();
  const own = claimant === undefined ? undefined : part('rules').ownClaims(claimant, list ?? []);
  (list ?? []).forEach((volume, i) => {
    const at = `${path}[${i}]`;
    const before = faults.list.length;
    volumeSource(faults, at, volume);
    if (volume.iscsi?.initiatorName !== undefined) part('rules').initiatorPortal(faults, `${at}.name`, volume);
    own?.name(faults, at, volume);
    if (!volume.name) faults.required(`${at}.name`);
    else faults.check(`${at}.name`, volume.name, isDNS1123Label);
    if (names.has(volume.name)) faults.duplicate(`${at}.name`, volume.name);
    if (faults.list.length === before) names.set(volume.name, volume);
    own?.use(faults, at, volume);
  });
  return names;
}
