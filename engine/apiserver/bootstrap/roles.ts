// The RBAC roles and bindings that the API server itself creates when it starts, as objects.

import type { JsonObject, KubeObject } from '../../api/types.ts';
import type { PolicyRule } from '../authorization/types.ts';
import { SERVICE_CIDRS, SERVICE_CIDRS_SINCE } from '../release.ts';
import { CLUSTER_ROLES, CONTROLLER_ROLES, ROLES } from './policy.ts';

/** Roles that gather the rules of others by label: name to the role that gathers theirs, and to what they gather, in order. */
const AGGREGATED: Record<string, { to?: string; gathered: string[] }> = {
  admin: { gathered: ['system:aggregate-to-edit', 'system:aggregate-to-view', 'system:aggregate-to-admin'] },
  edit: { to: 'admin', gathered: ['system:aggregate-to-edit', 'system:aggregate-to-view'] },
  view: { to: 'edit', gathered: ['system:aggregate-to-view'] },
};
const AGGREGATE_TO = 'system:aggregate-to-';

/** ClusterRole to subjects: a group (g:), a user (u:) or a service account (s:). */
const CLUSTER_BINDINGS: Record<string, string[]> = {
  'cluster-admin': ['g:system:masters'],
  'system:monitoring': ['g:system:monitoring'],
  'system:discovery': ['g:system:authenticated'],
  'system:basic-user': ['g:system:authenticated'],
  'system:public-info-viewer': ['g:system:authenticated', 'g:system:unauthenticated'],
  'system:node-proxier': ['u:system:kube-proxy'],
  'system:kube-controller-manager': ['u:system:kube-controller-manager'],
  'system:kube-dns': ['s:kube-system/kube-dns'],
  'system:kube-scheduler': ['u:system:kube-scheduler'],
  'system:volume-scheduler': ['u:system:kube-scheduler'],
  'system:service-account-issuer-discovery': ['g:system:serviceaccounts'],
  // Empty since nodes have an authorizer of their own.
  'system:node': [],
};

/** 'namespace/binding' to role and subjects. */
const BINDINGS: Record<string, [string, string[]]> = {
  'kube-system/system::extension-apiserver-authentication-reader': [
    'extension-apiserver-authentication-reader',
    ['u:system:kube-controller-manager', 'u:system:kube-scheduler'],
  ],
  'kube-system/system::leader-locking-kube-controller-manager': [
    'system::leader-locking-kube-controller-manager',
    ['u:system:kube-controller-manager', 's:kube-system/kube-controller-manager'],
  ],
  'kube-system/system::leader-locking-kube-scheduler': [
    'system::leader-locking-kube-scheduler',
    ['u:system:kube-scheduler', 's:kube-system/kube-scheduler'],
  ],
  'kube-system/system:controller:bootstrap-signer': [
    'system:controller:bootstrap-signer',
    ['s:kube-system/bootstrap-signer'],
  ],
  'kube-system/system:controller:cloud-provider': [
    'system:controller:cloud-provider',
    ['s:kube-system/cloud-provider'],
  ],
  'kube-system/system:controller:token-cleaner': ['system:controller:token-cleaner', ['s:kube-system/token-cleaner']],
  'kube-public/system:controller:bootstrap-signer': [
    'system:controller:bootstrap-signer',
    ['s:kube-system/bootstrap-signer'],
  ],
};

/** What kubeadm adds when it has the first control plane: who administers, and how machines join. */
const KUBEADM_BINDINGS: Record<string, [string, string[]]> = {
  'kubeadm:cluster-admins': ['cluster-admin', ['g:kubeadm:cluster-admins']],
  'kubeadm:get-nodes': ['kubeadm:get-nodes', ['g:system:bootstrappers:kubeadm:default-node-token']],
  'kubeadm:kubelet-bootstrap': ['system:node-bootstrapper', ['g:system:bootstrappers:kubeadm:default-node-token']],
  'kubeadm:node-autoapprove-bootstrap': [
    'system:certificates.k8s.io:certificatesigningrequests:nodeclient',
    ['g:system:bootstrappers:kubeadm:default-node-token'],
  ],
  'kubeadm:node-autoapprove-certificate-rotation': [
    'system:certificates.k8s.io:certificatesigningrequests:selfnodeclient',
    ['g:system:nodes'],
  ],
};

const RBAC = 'rbac.authorization.k8s.io';
const AGGREGATE = `${RBAC}/aggregate-to-`;
const CONTROLLER = 'system:controller:';
const LABELS = { 'kubernetes.io/bootstrapping': 'rbac-defaults' };
const ANNOTATIONS = { 'rbac.authorization.kubernetes.io/autoupdate': 'true' };

function rule(text: string): PolicyRule {
  const [verbs, second, third, names] = text.split(' | ').map((part) => part.split(','));
  if (!third) return { verbs, nonResourceURLs: second };
  const apiGroups = second[0] === '-' ? ['', ...second.slice(1)] : second;
  return names ? { verbs, apiGroups, resources: third, resourceNames: names } : { verbs, apiGroups, resources: third };
}

let forNodes: PolicyRule[] | undefined;

/** What the role system:node says. */
export const nodeRules = (): readonly PolicyRule[] => (forNodes ??= CLUSTER_ROLES['system:node'].map(rule));

type Metadata = KubeObject['metadata'];
const object = (kind: string, metadata: Metadata, rest: object): KubeObject => ({
  apiVersion: `${RBAC}/v1`,
  kind,
  metadata,
  ...rest,
});
/** Metadata of what the API server keeps up to date. */
const own = (metadata: Metadata): Metadata => ({ labels: LABELS, annotations: ANNOTATIONS, ...metadata });

const splitName = (key: string): Metadata => {
  const slash = key.indexOf('/');
  return { namespace: key.slice(0, slash), name: key.slice(slash + 1) };
};

function subject(text: string): object {
  const name = text.slice(2);
  if (text.startsWith('s:')) return { kind: 'ServiceAccount', ...splitName(name) };
  return { apiGroup: RBAC, kind: text.startsWith('g:') ? 'Group' : 'User', name };
}

const bindingOf = (kind: string, role: string, subjects: string[]) => ({
  roleRef: { apiGroup: RBAC, kind, name: role },
  ...(subjects.length ? { subjects: subjects.map(subject) } : undefined),
});

function clusterRoles(): KubeObject[] {
  const roles: KubeObject[] = [];
  const rules: Record<string, PolicyRule[]> = {};
  for (const name in CLUSTER_ROLES) {
    rules[name] = CLUSTER_ROLES[name].map(rule);
    const labels = name.startsWith(AGGREGATE_TO)
      ? { ...LABELS, [AGGREGATE + name.slice(AGGREGATE_TO.length)]: 'true' }
      : LABELS;
    roles.push(object('ClusterRole', own({ name, labels }), { rules: rules[name] }));
  }
  for (const name in AGGREGATED) {
    const { to, gathered } = AGGREGATED[name];
    const labels = to ? { ...LABELS, [AGGREGATE + to]: 'true' } : LABELS;
    const aggregationRule = { clusterRoleSelectors: [{ matchLabels: { [AGGREGATE + name]: 'true' } }] };
    const all = gathered.flatMap((other) => rules[other]);
    roles.push(object('ClusterRole', own({ name, labels }), { aggregationRule, rules: all }));
  }
  for (const name in CONTROLLER_ROLES) {
    roles.push(object('ClusterRole', own({ name: CONTROLLER + name }), { rules: CONTROLLER_ROLES[name].map(rule) }));
  }
  return roles;
}

/** In the order in which they are created, of the release v1.`minor`. */
export function rbacObjects(minor: number): KubeObject[] {
  const all = allObjects();
  if (minor >= SERVICE_CIDRS_SINCE) return all;
  const ofServiceCIDRs = ({ resources }: JsonObject) => resources?.every((name: string) => SERVICE_CIDRS.test(name));
  return all
    .filter(({ metadata }) => !metadata.name?.endsWith(':service-cidrs-controller'))
    .map((one) => (one.rules ? { ...one, rules: one.rules.filter((rule: JsonObject) => !ofServiceCIDRs(rule)) } : one));
}

function allObjects(): KubeObject[] {
  const out = clusterRoles();
  for (const name in CLUSTER_BINDINGS) {
    out.push(object('ClusterRoleBinding', own({ name }), bindingOf('ClusterRole', name, CLUSTER_BINDINGS[name])));
  }
  for (const account in CONTROLLER_ROLES) {
    const name = CONTROLLER + account;
    out.push(object('ClusterRoleBinding', own({ name }), bindingOf('ClusterRole', name, [`s:kube-system/${account}`])));
  }
  for (const key in ROLES) out.push(object('Role', own(splitName(key)), { rules: ROLES[key].map(rule) }));
  for (const key in BINDINGS) out.push(object('RoleBinding', own(splitName(key)), bindingOf('Role', ...BINDINGS[key])));
  return out;
}

/** Made by kubeadm: neither labelled nor kept up to date by the API server. */
export function kubeadmObjects(): KubeObject[] {
  const out = [object('ClusterRole', { name: 'kubeadm:get-nodes' }, { rules: [rule('get | - | nodes')] })];
  for (const name in KUBEADM_BINDINGS) {
    out.push(object('ClusterRoleBinding', { name }, bindingOf('ClusterRole', ...KUBEADM_BINDINGS[name])));
  }
  return out;
}
