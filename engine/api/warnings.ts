// Warnings that accompany an accepted request: deprecated kinds and fields, and what is legal but surely not meant.

import { addressWarnings, rangeWarnings } from './address-warnings.ts';
import { claimSpecWarnings, nodeLabelWarning, nodeTermWarnings, podWarnings, volumeWarnings } from './pod-warnings.ts';
import type { JsonObject, KubeObject, ResourceInfo } from './types.ts';
import { isDNS1123Label } from './validation/names.ts';

/** Kinds that warn whenever they are used, from a minor release on. */
const DEPRECATED_KINDS: Record<string, { since: number; instead: string }> = {
  '/v1/ComponentStatus': { since: 19, instead: '' },
  '/v1/Endpoints': { since: 33, instead: '; use discovery.k8s.io/v1 EndpointSlice' },
  'admissionregistration.k8s.io/v1beta1/ValidatingAdmissionPolicy': { since: 31, instead: ', unavailable in v1.34+' },
  'admissionregistration.k8s.io/v1beta1/ValidatingAdmissionPolicyBinding': {
    since: 31,
    instead: ', unavailable in v1.34+',
  },
};

/** The warning that any use of the kind brings in the release v1.`minor`. */
export function kindWarning({ group, version, kind, groupVersion }: ResourceInfo, minor: number): string | undefined {
  const deprecated = DEPRECATED_KINDS[`${group}/${version}/${kind}`];
  if (!deprecated || minor < deprecated.since) return undefined;
  return `${groupVersion} ${kind} is deprecated in v1.${deprecated.since}+${deprecated.instead}`;
}

const STORAGE_CLASS = 'volume.beta.kubernetes.io/storage-class';
const INGRESS_CLASS = 'kubernetes.io/ingress.class';
const TOPOLOGY_HINTS = 'service.kubernetes.io/topology-aware-hints';
const MOUNTABLE_SECRETS = 'kubernetes.io/enforce-mountable-secrets';

type Rule = (out: string[], object: KubeObject, old: KubeObject | undefined) => void;

/** Warnings of a Pod template, which come again only when the specification changes. */
function template(path: string, more?: Rule): Rule {
  const [first, ...rest] = path.split('.').slice(0, -1);
  return (out, object, old) => {
    if (old && old.metadata.generation === object.metadata.generation) return;
    const holder: JsonObject | undefined = rest.reduce((at, key) => at?.[key], object[first]);
    podWarnings(out, path, holder);
    more?.(out, object, old);
  };
}

function named(whose: string, rule: Rule): Rule {
  return (out, object, old) => {
    const faults = old ? [] : isDNS1123Label(object.metadata.name ?? '');
    if (faults.length)
      out.push(
        `metadata.name: this is used in ${whose}, which can result in surprising behavior; a DNS label is recommended: [${faults.join(' ')}]`,
      );
    rule(out, object, old);
  };
}

const POD_NAMES = 'Pod names and hostnames';
const indexedLimits =
  (path: string): Rule =>
  (out, object) => {
    const spec = path === 'spec' ? object.spec : object.spec?.jobTemplate?.spec;
    if (spec?.completionMode === 'Indexed' && spec.completions > 100_000 && spec.parallelism > 10_000)
      out.push(
        `${path}: In Indexed Jobs with a number of completions higher than 10^5 and a parallelism higher than 10^4, Kubernetes might not be able to track completedIndexes when a big number of indexes fail`,
      );
  };

const RULES: Record<string, Rule> = {
  // Pods are seldom updated by people; their updates say nothing.
  '/Pod': named("the Pod's hostname", (out, object, old) => {
    if (old) return;
    const { spec, metadata } = object;
    const plain = spec && !metadata.annotations && known.get(spec);
    if (plain) return void out.push(...plain);
    const own: string[] = [];
    podWarnings(own, '', object);
    if (spec && !metadata.annotations) known.set(spec, own);
    out.push(...own);
  }),
  '/PodTemplate': template('template.'),
  '/ReplicationController': named(POD_NAMES, template('spec.template.')),
  'apps/DaemonSet': template('spec.template.'),
  'apps/Deployment': named(POD_NAMES, template('spec.template.')),
  'apps/ReplicaSet': named(POD_NAMES, template('spec.template.')),
  'apps/StatefulSet'(out, object, old) {
    template('spec.template.')(out, object, old);
    (object.spec?.volumeClaimTemplates ?? []).forEach(({ spec }: JsonObject, i: number) =>
      claimSpecWarnings(out, `spec.volumeClaimTemplates[${i}]${old ? '.spec' : ''}`, spec),
    );
    if (object.spec?.revisionHistoryLimit < 0)
      out.push(
        'spec.revisionHistoryLimit: a negative value retains all historical revisions; a value >= 0 is recommended',
      );
  },
  'batch/Job': named(POD_NAMES, (out, object, old) => {
    if (!old || old.metadata.generation !== object.metadata.generation) indexedLimits('spec')(out, object, old);
    template('spec.template.')(out, object, old);
  }),
  'batch/CronJob': named(POD_NAMES, (out, object, old) => {
    if (!old || old.metadata.generation !== object.metadata.generation)
      indexedLimits('spec.jobTemplate.spec')(out, object, old);
    template('spec.jobTemplate.spec.template.')(out, object, old);
    if (object.spec?.schedule?.includes('TZ'))
      out.push(
        'CRON_TZ or TZ used in spec.schedule is not officially supported, see https://kubernetes.io/docs/concepts/workloads/controllers/cron-jobs/ for more details',
      );
  }),
  '/Endpoints'(out, { metadata, subsets }) {
    // Those of the control plane have had their addresses put right.
    if (metadata.labels?.['endpoints.kubernetes.io/managed-by']) return;
    (subsets ?? []).forEach((subset: JsonObject, i: number) => {
      for (const list of ['addresses', 'notReadyAddresses'])
        (subset[list] ?? []).forEach(({ ip }: JsonObject, j: number) =>
          addressWarnings(out, `subsets[${i}].${list}[${j}].ip`, ip ?? ''),
        );
    });
  },
  '/Service': serviceWarnings,
  '/Node'(out, { spec }) {
    if (spec?.externalID) out.push('spec.externalID: this field is deprecated, and is unused by Kubernetes');
    (spec?.podCIDRs ?? []).forEach((range: string, i: number) => rangeWarnings(out, `spec.podCIDRs[${i}]`, range));
  },
  '/PersistentVolume'(out, object) {
    storageClassAnnotation(out, object);
    const { spec = {} } = object;
    if (spec.persistentVolumeReclaimPolicy === 'Recycle')
      out.push(
        'spec.persistentVolumeReclaimPolicy: The Recycle reclaim policy is deprecated. Instead, the recommended approach is to use dynamic provisioning.',
      );
    (spec.nodeAffinity?.required?.nodeSelectorTerms ?? []).forEach((term: JsonObject, i: number) =>
      nodeTermWarnings(out, `spec.nodeAffinity.required.nodeSelectorTerms[${i}]`, term),
    );
    volumeWarnings(out, 'spec', spec);
  },
  '/PersistentVolumeClaim'(out, object) {
    storageClassAnnotation(out, object);
    claimSpecWarnings(out, 'spec', object.spec);
  },
  '/Secret'(out, { type, data = {} }) {
    if (type !== 'kubernetes.io/tls') return;
    for (const [key, what] of [
      ['tls.crt', 'certificate'],
      ['tls.key', 'key'],
    ]) {
      // What PEM starts with, in the three positions that base64 has.
      if (/LS0tLS1CRUdJ|0tLS0tQkVHSU|tLS0tLUJFR0lO/.test(data[key] ?? '')) continue;
      out.push(`tls: failed to find any PEM data in ${what} input`);
      return;
    }
  },
  '/ServiceAccount'(out, { metadata }, old) {
    if (metadata.annotations?.[MOUNTABLE_SECRETS] === undefined || old?.metadata.annotations?.[MOUNTABLE_SECRETS])
      return;
    out.push(
      `metadata.annotations[${MOUNTABLE_SECRETS}]: deprecated in v1.32+; prefer separate namespaces to isolate access to mounted secrets`,
    );
  },
  'discovery.k8s.io/EndpointSlice'(out, { addressType, endpoints, metadata }) {
    if (addressType === 'FQDN') out.push('spec.addressType: FQDN endpoints are deprecated');
    // Time is saved on those of the control plane's own, which has put its addresses right.
    if (metadata.labels?.['endpointslice.kubernetes.io/managed-by']?.endsWith('.k8s.io')) return;
    (endpoints ?? []).forEach(({ addresses }: JsonObject, i: number) =>
      (addresses ?? []).forEach((address: string, j: number) =>
        addressWarnings(out, `endpoints[${i}].addresses[${j}]`, address),
      ),
    );
  },
  'networking.k8s.io/Ingress'(out, { metadata, spec }, old) {
    if (!old && metadata.annotations?.[INGRESS_CLASS] !== undefined && !spec?.ingressClassName)
      out.push(`annotation "${INGRESS_CLASS}" is deprecated, please use 'spec.ingressClassName' instead`);
  },
  'networking.k8s.io/NetworkPolicy'(out, { spec }) {
    for (const [list, side] of [
      ['ingress', 'from'],
      ['egress', 'to'],
    ])
      (spec?.[list] ?? []).forEach((rule: JsonObject, i: number) =>
        (rule[side] ?? []).forEach(({ ipBlock }: JsonObject, j: number) => {
          if (!ipBlock) return;
          const path = `spec.${list}[${i}].${side}[${j}].ipBlock`;
          rangeWarnings(out, `${path}.cidr`, ipBlock.cidr);
          (ipBlock.except ?? []).forEach((range: string, k: number) =>
            rangeWarnings(out, `${path}.except[${k}]`, range),
          );
        }),
      );
  },
  'node.k8s.io/RuntimeClass'(out, { scheduling }) {
    for (const key in scheduling?.nodeSelector) {
      const why = nodeLabelWarning(key);
      if (why) out.push(`scheduling.nodeSelector: ${why}`);
    }
  },
  'storage.k8s.io/StorageClass'(out, { allowedTopologies }) {
    (allowedTopologies ?? []).forEach((term: JsonObject, i: number) =>
      (term.matchLabelExpressions ?? []).forEach(({ key }: JsonObject, j: number) => {
        const why = nodeLabelWarning(key);
        if (why) out.push(`allowedTopologies[${i}].matchLabelExpressions[${j}].key: ${key} is ${why}`);
      }),
    );
  },
};

/** Pods of one template warn alike. */
const known = new WeakMap<object, string[]>();

function storageClassAnnotation(out: string[], { metadata }: KubeObject) {
  if (metadata.annotations?.[STORAGE_CLASS] === undefined) return;
  out.push(`metadata.annotations[${STORAGE_CLASS}]: deprecated since v1.8; use "storageClassName" attribute instead`);
}

function serviceWarnings(out: string[], { metadata, spec = {} }: KubeObject) {
  if (metadata.annotations?.[TOPOLOGY_HINTS] !== undefined)
    out.push(`annotation ${TOPOLOGY_HINTS} is deprecated, please use service.kubernetes.io/topology-mode instead`);
  const each = (list: string, warn: typeof addressWarnings) =>
    (spec[list] ?? []).forEach((value: string, i: number) => warn(out, `spec.${list}[${i}]`, value));
  const headless = spec.type === 'ClusterIP' && spec.clusterIP === 'None';
  if (!headless) each('clusterIPs', addressWarnings);
  else {
    if (spec.loadBalancerIP) out.push('spec.loadBalancerIP is ignored for headless services');
    if (spec.externalIPs?.length) out.push('spec.externalIPs is ignored for headless services');
    if (spec.sessionAffinity !== 'None') out.push('spec.SessionAffinity is ignored for headless services');
  }
  each('externalIPs', addressWarnings);
  if (spec.loadBalancerIP) addressWarnings(out, 'spec.loadBalancerIP', spec.loadBalancerIP);
  each('loadBalancerSourceRanges', rangeWarnings);
  const external = spec.type === 'ExternalName';
  if (external && spec.externalIPs?.length) out.push('spec.externalIPs is ignored when spec.type is "ExternalName"');
  if (!external && spec.externalName) out.push('spec.externalName is ignored when spec.type is not "ExternalName"');
  if (spec.trafficDistribution === 'PreferClose')
    out.push('spec.trafficDistribution: "PreferClose" is deprecated; use "PreferSameZone"');
}

export function warningsFor(info: ResourceInfo, object: KubeObject, old?: KubeObject): string[] {
  const out: string[] = [];
  RULES[`${info.group}/${info.kind}`]?.(out, object, old);
  return out;
}
