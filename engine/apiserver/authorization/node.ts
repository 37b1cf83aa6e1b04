// The Node authorizer: a kubelet may read what the Pods on its node use, and write what is its node's own; NodeRestriction
// (admission) looks at the contents of what it writes.

import { parseFieldSelector } from '../../api/selectors.ts';
import type { Catalog, KubeObject, ResourceInfo } from '../../api/index.ts';
import type { PersistentVolume, PersistentVolumeClaim, PodSpec } from '../../api/types.ts';
import { selection } from '../storage/selection.ts';
import type { Storage } from '../storage/storage.ts';
import type { UserInfo } from '../types.ts';
import { podReferences } from './pod-references.ts';
import { permits } from './rules.ts';
import { ALLOWED, NO_OPINION, type Attributes, type Decision, type PolicyRule } from './types.ts';

const NODE_LEASES = 'kube-node-lease';
const NODE_USER = 'system:node:';
const READ = ['get', 'list', 'watch'];
const WRITE = ['update', 'patch'];

/** The node whose kubelet a user is; '' for a member of system:nodes without a name; undefined for others. */
export function nodeOf(user: UserInfo): string | undefined {
  if (!user.name.startsWith(NODE_USER)) return undefined;
  return user.groups.includes('system:nodes') ? user.name.slice(NODE_USER.length) : undefined;
}

const because = (reason: string): Decision => ({ allowed: false, reason });

type Check = (node: string, asked: Attributes) => Decision;

export class NodeAuthorizer {
  private readonly scheme: Catalog;
  private readonly storage: Storage;
  private readonly pods: ResourceInfo;
  /** What all nodes may do (the role system:node). */
  private readonly nodeRules: () => readonly PolicyRule[];
  private readonly decisions = new Map<string, Decision>();
  private readonly checks: Readonly<Record<string, Check>>;

  constructor(scheme: Catalog, storage: Storage, nodeRules: () => readonly PolicyRule[]) {
    this.scheme = scheme;
    this.storage = storage;
    this.nodeRules = nodeRules;
    this.pods = scheme.resource('', 'v1', 'pods') as ResourceInfo;
    const related: Check = (node, asked) => this.related(node, asked);
    const single: Check = (node, asked) => getOnly(asked) ?? this.related(node, asked);
    this.checks = {
      secrets: (node, asked) => readNamespaced(asked) ?? this.related(node, asked),
      configmaps: (node, asked) => readNamespaced(asked) ?? this.related(node, asked),
      persistentvolumeclaims: (node, asked) =>
        asked.subresource === 'status'
          ? WRITE.includes(asked.verb)
            ? related(node, asked)
            : because('can only get/update/patch this type')
          : single(node, asked),
      persistentvolumes: single,
      'resourceclaims.resource.k8s.io': single,
      'volumeattachments.storage.k8s.io': single,
      serviceaccounts: (node, asked) => tokenOnly(asked) ?? this.related(node, asked),
      'leases.coordination.k8s.io': lease,
      'csinodes.storage.k8s.io': csiNode,
      'resourceslices.resource.k8s.io': (node, asked) => this.slice(node, asked),
      nodes: ownNode,
      pods: (node, asked) => this.pod(node, asked),
    };
  }

  /** Whether a decision is the same for all names, always. */
  isGeneral({ verb, group, resource }: Attributes): boolean {
    if (group === '' && resource === 'pods') return !READ.includes(verb);
    return !this.checks[group ? `${resource}.${group}` : resource];
  }

  authorize(node: string, asked: Attributes): Decision {
    const { verb, group, resource, subresource, path } = asked;
    if (path === undefined) {
      const check = this.checks[group ? `${resource}.${group}` : resource];
      if (check) return check(node, asked);
    }
    // The rest is the same for every node.
    const key = path ?? `${verb} ${resource}/${subresource} ${group}`;
    let decision = this.decisions.get(key);
    if (!decision) {
      decision = this.nodeRules().some((rule) => permits(rule, asked) === 'yes') ? ALLOWED : NO_OPINION;
      if (path === undefined) this.decisions.set(key, decision);
    }
    return decision;
  }

  private related(node: string, asked: Attributes): Decision {
    if (!asked.name) return because('No Object name found');
    if (this.isUsed(node, asked.group, asked.resource, asked.namespace, asked.name)) return ALLOWED;
    return because(`no relationship found between node '${node}' and this object`);
  }

  /** Whether a Pod on the node leads to the object. */
  private isUsed(node: string, group: string, resource: string, namespace: string, name: string): boolean {
    switch (resource) {
      case 'pods':
        return this.find('', 'pods', namespace, name)?.spec?.nodeName === node;
      case 'persistentvolumes': {
        const ref = (this.find('', resource, '', name) as unknown as PersistentVolume | undefined)?.spec?.claimRef;
        return (
          ref !== undefined && this.isUsed(node, '', 'persistentvolumeclaims', ref.namespace ?? '', ref.name ?? '')
        );
      }
      case 'volumeattachments':
        return this.find(group, resource, '', name)?.spec?.nodeName === node;
      case 'resourceslices':
        return this.find(group, resource, '', name)?.spec?.nodeName === node;
      default:
        break;
    }
    const wanted = selection(this.scheme, this.pods, namespace, '', `spec.nodeName=${node}`);
    return this.storage
      .cache(this.pods)
      .list(wanted)
      .some((pod) => {
        const references = podReferences(pod.spec as PodSpec, pod.metadata.name as string, pod.status);
        if (references[resource]?.includes(name)) return true;
        // A claim's volume may need secrets of the claim's namespace.
        return (
          resource === 'secrets' && this.volumeSecrets(references.persistentvolumeclaims, namespace).includes(name)
        );
      });
  }

  private volumeSecrets(claims: readonly string[], namespace: string): string[] {
    const names: string[] = [];
    for (const claim of claims) {
      const volume = (
        this.find('', 'persistentvolumeclaims', namespace, claim) as unknown as PersistentVolumeClaim | undefined
      )?.spec?.volumeName;
      const spec = volume
        ? (this.find('', 'persistentvolumes', '', volume)?.spec as Record<string, object>)
        : undefined;
      for (const source in spec) {
        const part = spec[source] as Record<string, { name?: string; namespace?: string } | undefined> | null;
        if (part === null || typeof part !== 'object') continue;
        for (const key in part) {
          const ref = /secretRef$/i.test(key) ? part[key] : undefined;
          if (ref?.name && (ref.namespace ?? namespace) === namespace) names.push(ref.name);
        }
      }
    }
    return names;
  }

  private find(group: string, resource: string, namespace: string, name: string): KubeObject | undefined {
    const info = this.scheme.resource(group, 'v1', resource);
    return info && this.storage.get(info, namespace, name);
  }

  private pod(node: string, asked: Attributes): Decision {
    const { verb, subresource } = asked;
    if (subresource === 'status') return WRITE.includes(verb) ? ALLOWED : NO_OPINION;
    if (subresource === 'eviction') return verb === 'create' ? ALLOWED : NO_OPINION;
    if (subresource !== '') return NO_OPINION;
    if (verb === 'create' || verb === 'delete') return ALLOWED;
    if (verb === 'get') return this.related(node, asked);
    if (verb !== 'list' && verb !== 'watch') return NO_OPINION;
    if (selects(asked, 'spec.nodeName', node)) return ALLOWED;
    if (asked.name) return this.related(node, asked);
    return because('can only list/watch pods with spec.nodeName field selector');
  }

  private slice(node: string, asked: Attributes): Decision {
    const { verb, subresource } = asked;
    if (subresource) return because('cannot authorize ResourceSlice subresources');
    if (verb === 'create') return ALLOWED;
    if (verb === 'get' || verb === 'delete' || WRITE.includes(verb)) return this.related(node, asked);
    if (verb === 'list' || verb === 'watch' || verb === 'deletecollection') {
      if (selects(asked, 'spec.nodeName', node)) return ALLOWED;
      return because('can only list/watch/deletecollection resourceslices with nodeName field selector');
    }
    return because(
      'only the following verbs are allowed for a ResourceSlice: get, watch, list, create, update, patch, delete, deletecollection',
    );
  }
}

const selects = ({ fieldSelector }: Attributes, field: string, value: string): boolean =>
  fieldSelector !== undefined &&
  parseFieldSelector(fieldSelector).some((term) => term.field === field && term.equal && term.value === value);

function getOnly({ verb, subresource }: Attributes): Decision | undefined {
  if (verb !== 'get') return because('can only get individual resources of this type');
  return subresource ? because('cannot get subresource') : undefined;
}

function readNamespaced({ verb, subresource, namespace }: Attributes): Decision | undefined {
  if (!READ.includes(verb)) return because('can only read resources of this type');
  if (subresource) return because('cannot read subresource');
  return namespace ? undefined : because('can only read namespaced object of this type');
}

function tokenOnly({ verb, subresource, name }: Attributes): Decision | undefined {
  if (verb === 'get' && !subresource && name) return undefined;
  if (verb !== 'create' || !name) return because('can only create tokens for individual service accounts');
  return subresource === 'token' ? undefined : because('can only create token subresource of serviceaccount');
}

const OWN_VERBS = ['get', 'create', 'update', 'patch', 'delete'];

const lease: Check = (node, { verb, namespace, name }) => {
  if (!OWN_VERBS.includes(verb)) return because('can only get, create, update, patch, or delete a node lease');
  if (namespace !== NODE_LEASES) return because(`can only access leases in the "${NODE_LEASES}" system namespace`);
  if (verb === 'create' || name === node) return ALLOWED;
  return because('can only access node lease with the same name as the requesting node');
};

const csiNode: Check = (node, { verb, subresource, name }) => {
  if (!OWN_VERBS.includes(verb)) return because('can only get, create, update, patch, or delete a CSINode');
  if (subresource) return because('cannot authorize CSINode subresources');
  if (verb === 'create' || name === node) return ALLOWED;
  return because('can only access CSINode with the same name as the requesting node');
};

const ownNode: Check = (node, { verb, subresource, name }) => {
  if (subresource === 'status') return WRITE.includes(verb) ? ALLOWED : NO_OPINION;
  if (subresource !== '') return NO_OPINION;
  if (verb === 'create' || WRITE.includes(verb)) return ALLOWED;
  if (!READ.includes(verb)) return NO_OPINION;
  if (name === node) return ALLOWED;
  if (!name) return because(`node '${node}' cannot read all nodes, only its own Node object`);
  return because(`node '${node}' cannot read '${name}', only its own Node object`);
};
