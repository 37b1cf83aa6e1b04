// The served resources: what generated/schema.ts lists, with the short names, categories and storage that the
// OpenAPI does not carry. Resources are added and removed at run time through `Catalogue`.

import { RESOURCES } from './generated/schema.ts';
import type { ResourceInfo, SubresourceInfo } from './types.ts';

const ALL_VERBS = ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'update', 'watch'];

/** 'group/resource' to short names and categories (those with a plus sign before them). */
const EXTRAS: Record<string, string> = {
  '/componentstatuses': 'cs',
  '/configmaps': 'cm',
  '/endpoints': 'ep',
  '/events': 'ev',
  '/limitranges': 'limits',
  '/namespaces': 'ns',
  '/nodes': 'no',
  '/persistentvolumeclaims': 'pvc',
  '/persistentvolumes': 'pv',
  '/pods': 'po +all',
  '/replicationcontrollers': 'rc +all',
  '/resourcequotas': 'quota',
  '/serviceaccounts': 'sa',
  '/services': 'svc +all',
  'admissionregistration.k8s.io/mutatingwebhookconfigurations': '+api-extensions',
  'admissionregistration.k8s.io/validatingadmissionpolicies': '+api-extensions',
  'admissionregistration.k8s.io/validatingadmissionpolicybindings': '+api-extensions',
  'admissionregistration.k8s.io/validatingwebhookconfigurations': '+api-extensions',
  'apiextensions.k8s.io/customresourcedefinitions': 'crd crds +api-extensions',
  'apiregistration.k8s.io/apiservices': '+api-extensions',
  'apps/daemonsets': 'ds +all',
  'apps/deployments': 'deploy +all',
  'apps/replicasets': 'rs +all',
  'apps/statefulsets': 'sts +all',
  'autoscaling/horizontalpodautoscalers': 'hpa +all',
  'batch/cronjobs': 'cj +all',
  'batch/jobs': '+all',
  'certificates.k8s.io/certificatesigningrequests': 'csr',
  'events.k8s.io/events': 'ev',
  'networking.k8s.io/ingresses': 'ing',
  'networking.k8s.io/ipaddresses': 'ip',
  'networking.k8s.io/networkpolicies': 'netpol',
  'policy/poddisruptionbudgets': 'pdb',
  'scheduling.k8s.io/priorityclasses': 'pc',
  'storage.k8s.io/storageclasses': 'sc',
  'storage.k8s.io/volumeattributesclasses': 'vac',
};

/** Where the kind's name in lower case is not the singular, and etcd's prefixes that are not `/registry/<resource>/`. */
const PREFIXES: Record<string, string> = {
  '/endpoints': 'services/endpoints',
  '/nodes': 'minions',
  '/replicationcontrollers': 'controllers',
  '/services': 'services/specs',
  'apiextensions.k8s.io/customresourcedefinitions': 'apiextensions.k8s.io/customresourcedefinitions',
  'apiregistration.k8s.io/apiservices': 'apiregistration.k8s.io/apiservices',
  'networking.k8s.io/ingresses': 'ingress',
};

function builtInResources(): ResourceInfo[] {
  const list: ResourceInfo[] = [];
  let group = '';
  let version = '';
  for (const line of RESOURCES.split('\n')) {
    if (line === '') continue;
    if (line[0] === '#') {
      const parts = line.slice(2).split('/');
      group = parts.length > 1 ? parts[0] : '';
      version = parts[parts.length - 1];
      continue;
    }
    const [head, ...subs] = line.split(';');
    const [resource, kind, scope, verbs] = head.split(' ');
    const subresources: Record<string, SubresourceInfo> = {};
    for (const sub of subs) {
      const [name, subKind, subVerbs, foreign] = sub.split(' ');
      if (name === 'status') {
        subresources.status = { kind, verbs: ['get', 'patch', 'update'] };
        continue;
      }
      const info: SubresourceInfo = { kind: subKind, verbs: subVerbs.split(',') };
      if (foreign) [info.group, info.version] = foreign.split('/');
      subresources[name] = info;
    }
    const key = `${group}/${resource}`;
    const extras = (EXTRAS[key] ?? '').split(' ').filter(Boolean);
    list.push({
      group,
      version,
      kind,
      listKind: `${kind}List`,
      resource,
      singular: kind.toLowerCase(),
      shortNames: extras.filter((e) => e[0] !== '+'),
      categories: extras.filter((e) => e[0] === '+').map((e) => e.slice(1)),
      namespaced: scope === 'n',
      verbs: verbs ? verbs.split(',') : ALL_VERBS,
      subresources,
      groupVersion: group ? `${group}/${version}` : version,
      storagePrefix: `/registry/${PREFIXES[key] ?? resource}/`,
    });
  }
  return list;
}

/** Look-up of resources by plural name and by kind. */
export class Catalogue {
  private list: ResourceInfo[] = builtInResources();
  private byResource: Record<string, ResourceInfo> = Object.create(null);
  private byKind: Record<string, ResourceInfo> = Object.create(null);

  constructor() {
    for (const info of this.list) this.index(info);
  }

  readonly resources = (): readonly ResourceInfo[] => this.list;

  readonly resource = (group: string, version: string, resource: string): ResourceInfo | undefined =>
    this.byResource[`${group}/${version}/${resource}`];

  readonly kind = (group: string, version: string, kind: string): ResourceInfo | undefined =>
    this.byKind[`${group}/${version}/${kind}`];

  /** Adds a resource, or replaces the one of the same group, version and name. */
  add(info: ResourceInfo) {
    this.remove(info.group, info.version, info.resource);
    this.list = [...this.list, info];
    this.index(info);
  }

  remove(group: string, version: string, resource: string) {
    const old = this.resource(group, version, resource);
    if (!old) return;
    this.list = this.list.filter((info) => info !== old);
    delete this.byResource[`${group}/${version}/${resource}`];
    delete this.byKind[`${group}/${version}/${old.kind}`];
  }

  private index(info: ResourceInfo) {
    this.byResource[`${info.group}/${info.version}/${info.resource}`] = info;
    // A subresource's kind served as a resource of its own (bindings) does not take the kind's place.
    this.byKind[`${info.group}/${info.version}/${info.kind}`] ??= info;
  }
}
