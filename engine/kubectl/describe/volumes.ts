// Volumes of a Pod or of a Pod template: a row of data a kind of source.

import type { ProjectedVolumeSource, Volume } from '../../api/types.ts';
import { sortedKeys } from './common.ts';
import type { DescribeWriter } from './writer.ts';

// eslint-disable-next-line @typescript-eslint/no-explicit-any
type Source = any;
type Fields = [label: string, value: (source: Source) => unknown][];

const optional = (source: Source) => source.optional ?? false;
const attributes = (source: Source) => {
  const pairs = source.volumeAttributes as Record<string, string> | undefined;
  return Object.keys(pairs ?? {}).length ? rows(pairs, '=') : '<none>';
};

/** Volume source to its line of explanation and its fields. */
const SOURCES: Record<string, { type: string; fields: Fields }> = {
  hostPath: {
    type: 'HostPath (bare host directory volume)',
    fields: [
      ['Path', (s) => s.path],
      ['HostPathType', (s) => s.type ?? '<none>'],
    ],
  },
  emptyDir: {
    type: "EmptyDir (a temporary directory that shares a pod's lifetime)",
    fields: [
      ['Medium', (s) => s.medium],
      ['SizeLimit', (s) => (s.sizeLimit && s.sizeLimit !== '0' ? s.sizeLimit : '<unset>')],
    ],
  },
  secret: {
    type: 'Secret (a volume populated by a Secret)',
    fields: [
      ['SecretName', (s) => s.secretName],
      ['Optional', optional],
    ],
  },
  configMap: {
    type: 'ConfigMap (a volume populated by a ConfigMap)',
    fields: [
      ['Name', (s) => s.name],
      ['Optional', optional],
    ],
  },
  nfs: {
    type: 'NFS (an NFS mount that lasts the lifetime of a pod)',
    fields: [
      ['Server', (s) => s.server],
      ['Path', (s) => s.path],
      ['ReadOnly', (s) => s.readOnly ?? false],
    ],
  },
  persistentVolumeClaim: {
    type: 'PersistentVolumeClaim (a reference to a PersistentVolumeClaim in the same namespace)',
    fields: [
      ['ClaimName', (s) => s.claimName],
      ['ReadOnly', (s) => s.readOnly ?? false],
    ],
  },
  csi: {
    type: 'CSI (a Container Storage Interface (CSI) volume source)',
    fields: [
      ['Driver', (s) => s.driver],
      ['FSType', (s) => s.fsType],
      ['ReadOnly', (s) => s.readOnly ?? false],
      ['VolumeAttributes', attributes],
    ],
  },
  image: {
    type: 'Image (a container image or OCI artifact)',
    fields: [
      ['Reference', (s) => s.reference],
      ['PullPolicy', (s) => s.pullPolicy],
    ],
  },
};

/** Sources that volumes of the cluster can have. */
const PERSISTENT: typeof SOURCES = {
  hostPath: {
    ...SOURCES.hostPath,
    fields: [
      ['Path', (s) => s.path],
      ['HostPathType', (s) => s.type],
    ],
  },
  nfs: SOURCES.nfs,
  local: {
    type: 'LocalVolume (a persistent volume backed by local storage on a node)',
    fields: [['Path', (s) => s.path]],
  },
  csi: {
    type: 'CSI (a Container Storage Interface (CSI) volume source)',
    fields: [
      ['Driver', (s) => s.driver],
      ['FSType', (s) => s.fsType],
      ['VolumeHandle', (s) => s.volumeHandle],
      ['ReadOnly', (s) => s.readOnly ?? false],
      ['VolumeAttributes', attributes],
    ],
  },
  iscsi: {
    type: "ISCSI (an ISCSI Disk resource that is attached to a kubelet's host machine and then exposed to the pod)",
    fields: [
      ['TargetPortal', (s) => s.targetPortal],
      ['IQN', (s) => s.iqn],
      ['Lun', (s) => s.lun],
      ['ISCSIInterface', (s) => s.iscsiInterface],
      ['FSType', (s) => s.fsType],
      ['ReadOnly', (s) => s.readOnly ?? false],
    ],
  },
};

/** Pairs one a line, set off from the column of the other values. */
function rows(pairs: Record<string, string> | undefined, between: string): string {
  const lines = sortedKeys(pairs).map((key) => `    ${key}${between}${pairs?.[key]}`);
  return lines.join('\n        \t') || '    <none>';
}

export function volumes(w: DescribeWriter, list: readonly Volume[] | undefined, indent = '') {
  if (!list?.length) {
    w.line(0, `${indent}Volumes:\t<none>`);
    return;
  }
  w.line(0, `${indent}Volumes:`);
  for (const volume of list) {
    w.line(1, `${indent ? ' ' : ''}${volume.name}:`);
    const kind = Object.keys(volume).find((key) => key !== 'name') as keyof Volume | undefined;
    const known = kind && SOURCES[kind];
    if (known) {
      w.field(2, 'Type', known.type);
      for (const [label, value] of known.fields) w.field(2, label, value(volume[kind]) as string);
    } else if (kind === 'projected') {
      projected(w, volume.projected as ProjectedVolumeSource);
    } else if (kind === 'downwardAPI') {
      w.field(2, 'Type', 'DownwardAPI (a volume populated by information about the pod)');
      w.line(2, 'Items:');
      for (const item of volume.downwardAPI?.items ?? []) {
        if (item.fieldRef) w.line(3, `${item.fieldRef.fieldPath} -> ${item.path}`);
        if (item.resourceFieldRef) w.line(3, `${item.resourceFieldRef.resource} -> ${item.path}`);
      }
    } else if (kind === 'ephemeral') {
      const claim = volume.ephemeral?.volumeClaimTemplate?.spec;
      w.field(
        2,
        'Type',
        'EphemeralVolume (an inline specification for a volume that gets created and deleted with the pod)',
      );
      w.field(2, 'StorageClass', claim?.storageClassName);
      w.field(2, 'Volume', claim?.volumeName);
      const { labels, annotations } = volume.ephemeral?.volumeClaimTemplate?.metadata ?? {};
      w.field(2, 'Labels', rows(labels, '='));
      w.field(2, 'Annotations', rows(annotations, ': '));
      w.field(2, 'Capacity', '');
      w.field(2, 'Access Modes', '');
      if (claim?.volumeMode) w.field(2, 'VolumeMode', claim.volumeMode);
    } else {
      w.line(1, '<unknown>');
    }
  }
}

/** The source of a PersistentVolume, which stands among the other fields of its spec. */
export function persistentSource(w: DescribeWriter, spec: Record<string, unknown>) {
  const kind = Object.keys(PERSISTENT).find((key) => spec[key] !== undefined);
  if (!kind) {
    w.line(1, '<unknown>');
    return;
  }
  w.field(2, 'Type', PERSISTENT[kind].type);
  for (const [label, value] of PERSISTENT[kind].fields) w.field(2, label, value(spec[kind]) as string);
}

function projected(w: DescribeWriter, volume: ProjectedVolumeSource) {
  w.field(2, 'Type', 'Projected (a volume that contains injected data from multiple sources)');
  for (const source of volume.sources ?? []) {
    if (source.secret) {
      w.field(2, 'SecretName', source.secret.name);
      w.field(2, 'Optional', optional(source.secret));
    } else if (source.downwardAPI) {
      w.field(2, 'DownwardAPI', true);
    } else if (source.configMap) {
      w.field(2, 'ConfigMapName', source.configMap.name);
      w.field(2, 'Optional', optional(source.configMap));
    } else if (source.serviceAccountToken) {
      w.field(2, 'TokenExpirationSeconds', source.serviceAccountToken.expirationSeconds);
    }
  }
}
