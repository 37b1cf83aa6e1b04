// The RBAC roles and bindings that every cluster has (plugin/pkg/auth/authorizer/rbac/bootstrappolicy), in a short form:
// a rule is 'verbs | API groups | resources', or 'verbs | paths'; '-' stands for the core group.

import type { KubeObject } from '../../api/types.ts';

const READ = 'get,list,watch';
const WRITE = 'create,delete,deletecollection,patch,update';
const EVENTS = 'create,patch,update | -,events.k8s.io | events';

const WORKLOADS =
  'daemonsets,deployments,deployments/rollback,deployments/scale,replicasets,replicasets/scale,statefulsets,statefulsets/scale';
const CLAIMS_AND_SERVICES =
  'configmaps,events,persistentvolumeclaims,replicationcontrollers,replicationcontrollers/scale,secrets,serviceaccounts,services,services/proxy';

/** Names to rules. */
const ROLES: Record<string, string[]> = {
  'cluster-admin': ['* | * | *', '* | *'],
  'system:discovery': [
    'get | /api,/api/*,/apis,/apis/*,/healthz,/livez,/openapi,/openapi/*,/readyz,/version,/version/',
  ],
  'system:public-info-viewer': ['get | /healthz,/livez,/readyz,/version,/version/'],
  'system:monitoring': ['get | /healthz,/healthz/*,/livez,/livez/*,/metrics,/metrics/slis,/readyz,/readyz/*'],
  'system:basic-user': [
    'create | authorization.k8s.io | selfsubjectaccessreviews,selfsubjectrulesreviews',
    'create | authentication.k8s.io | selfsubjectreviews',
  ],
  'system:auth-delegator': [
    'create | authentication.k8s.io | tokenreviews',
    'create | authorization.k8s.io | subjectaccessreviews',
  ],
  'system:kubelet-api-admin': [`${READ},proxy | - | nodes`, '* | - | nodes/log,nodes/metrics,nodes/proxy,nodes/stats'],
  'system:node-bootstrapper': ['create,get,list,watch | certificates.k8s.io | certificatesigningrequests'],
  'system:node-problem-detector': ['get | - | nodes', 'patch | - | nodes/status', EVENTS],
  'system:node-proxier': [
    'list,watch | - | endpoints,services',
    `${READ} | - | nodes`,
    EVENTS,
    'list,watch | discovery.k8s.io | endpointslices',
  ],
  'system:volume-scheduler': [
    `${READ},patch,update | - | persistentvolumes`,
    `${READ} | storage.k8s.io | storageclasses`,
    `${READ},patch,update | - | persistentvolumeclaims`,
  ],
  'system:kube-scheduler': [
    EVENTS,
    'create | coordination.k8s.io | leases',
    'get,list,update,watch | coordination.k8s.io | leases',
    `${READ} | - | nodes`,
    `delete,${READ} | - | pods`,
    'create | - | bindings,pods/binding',
    'patch,update | - | pods/status',
    `${READ} | - | replicationcontrollers,services`,
    `${READ} | apps | replicasets,statefulsets`,
    `${READ} | policy | poddisruptionbudgets`,
    `${READ} | - | persistentvolumeclaims,persistentvolumes`,
    'create | authentication.k8s.io | tokenreviews',
    'create | authorization.k8s.io | subjectaccessreviews',
    `${READ} | storage.k8s.io | csinodes,csidrivers,csistoragecapacities`,
  ],
  'system:kube-controller-manager': [
    EVENTS,
    'create | coordination.k8s.io | leases',
    'get,update | coordination.k8s.io | leases',
    'create | - | secrets,serviceaccounts',
    'delete | - | secrets',
    'get | - | configmaps,namespaces,secrets,serviceaccounts',
    'update | - | secrets,serviceaccounts',
    'create | authentication.k8s.io | tokenreviews',
    'create | authorization.k8s.io | subjectaccessreviews',
    'list,watch | * | *',
    'create | - | serviceaccounts/token',
  ],
  'system:node': [
    'create | authentication.k8s.io | tokenreviews',
    'create | authorization.k8s.io | localsubjectaccessreviews,subjectaccessreviews',
    `${READ} | - | services`,
    `create,${READ} | - | nodes`,
    'patch,update | - | nodes/status',
    'patch,update | - | nodes',
    EVENTS,
    `${READ} | - | pods`,
    'create,delete | - | pods',
    'patch,update | - | pods/status',
    'create | - | pods/eviction',
    `${READ} | - | configmaps,secrets`,
    'get | - | persistentvolumeclaims,persistentvolumes',
    'get | - | endpoints',
    'create,get,list,watch | certificates.k8s.io | certificatesigningrequests',
    'create,delete,get,patch,update | coordination.k8s.io | leases',
    'get | storage.k8s.io | volumeattachments',
    'create | - | serviceaccounts/token',
    'get,patch,update | - | persistentvolumeclaims/status',
    `${READ} | storage.k8s.io | csidrivers`,
    'create,delete,get,patch,update | storage.k8s.io | csinodes',
    `${READ} | node.k8s.io | runtimeclasses`,
  ],
  'system:aggregate-to-view': [
    `${READ} | - | configmaps,endpoints,persistentvolumeclaims,persistentvolumeclaims/status,pods,replicationcontrollers,replicationcontrollers/scale,serviceaccounts,services,services/status`,
    `${READ} | - | bindings,events,limitranges,namespaces/status,pods/log,pods/status,replicationcontrollers/status,resourcequotas,resourcequotas/status`,
    `${READ} | - | namespaces`,
    `${READ} | discovery.k8s.io | endpointslices`,
    `${READ} | apps | controllerrevisions,daemonsets,daemonsets/status,deployments,deployments/scale,deployments/status,replicasets,replicasets/scale,replicasets/status,statefulsets,statefulsets/scale,statefulsets/status`,
    `${READ} | autoscaling | horizontalpodautoscalers,horizontalpodautoscalers/status`,
    `${READ} | batch | cronjobs,cronjobs/status,jobs,jobs/status`,
    `${READ} | extensions | daemonsets,daemonsets/status,deployments,deployments/scale,deployments/status,ingresses,ingresses/status,networkpolicies,replicasets,replicasets/scale,replicasets/status,replicationcontrollers/scale`,
    `${READ} | policy | poddisruptionbudgets,poddisruptionbudgets/status`,
    `${READ} | networking.k8s.io | ingresses,ingresses/status,networkpolicies`,
  ],
  'system:aggregate-to-edit': [
    `${READ} | - | pods/attach,pods/exec,pods/portforward,pods/proxy,secrets,services/proxy`,
    'impersonate | - | serviceaccounts',
    `${WRITE} | - | pods,pods/attach,pods/exec,pods/portforward,pods/proxy`,
    'create | - | pods/eviction',
    `${WRITE} | - | ${CLAIMS_AND_SERVICES}`,
    'create | - | serviceaccounts/token',
    `${WRITE} | apps | ${WORKLOADS}`,
    `${WRITE} | autoscaling | horizontalpodautoscalers`,
    `${WRITE} | batch | cronjobs,jobs`,
    `${WRITE} | extensions | daemonsets,deployments,deployments/rollback,deployments/scale,ingresses,networkpolicies,replicasets,replicasets/scale,replicationcontrollers/scale`,
    `${WRITE} | policy | poddisruptionbudgets`,
    `${WRITE} | networking.k8s.io | ingresses,networkpolicies`,
    `${WRITE},${READ} | coordination.k8s.io | leases`,
  ],
  'system:aggregate-to-admin': [
    'create | authorization.k8s.io | localsubjectaccessreviews',
    `${WRITE},${READ} | rbac.authorization.k8s.io | rolebindings,roles`,
  ],
};

/** Roles that gather the rules of others by label: name to the aggregating labels that they carry themselves. */
const AGGREGATED: Record<string, string[]> = { admin: [], edit: ['admin'], view: ['edit'] };
const AGGREGATES: Record<string, string> = {
  'system:aggregate-to-admin': 'admin',
  'system:aggregate-to-edit': 'edit',
  'system:aggregate-to-view': 'view',
};
/** What `admin` and `edit` gather, most specific first. */
const GATHERED: Record<string, string[]> = {
  admin: ['system:aggregate-to-admin', 'system:aggregate-to-edit', 'system:aggregate-to-view'],
  edit: ['system:aggregate-to-edit', 'system:aggregate-to-view'],
  view: ['system:aggregate-to-view'],
};

/** Role (and binding) to subjects. */
const BINDINGS: Record<string, string[]> = {
  'cluster-admin': ['Group system:masters'],
  'system:discovery': ['Group system:authenticated'],
  'system:basic-user': ['Group system:authenticated'],
  'system:public-info-viewer': ['Group system:authenticated', 'Group system:unauthenticated'],
  'system:monitoring': ['Group system:monitoring'],
  'system:node-proxier': ['User system:kube-proxy'],
  'system:kube-controller-manager': ['User system:kube-controller-manager'],
  'system:kube-scheduler': ['User system:kube-scheduler'],
  'system:volume-scheduler': ['User system:kube-scheduler'],
};

const RBAC = 'rbac.authorization.k8s.io';
const AGGREGATE = `${RBAC}/aggregate-to-`;

function rule(text: string): object {
  const [verbs, second, third] = text.split(' | ').map((part) => part.split(','));
  if (!third) return { verbs, nonResourceURLs: second };
  return { verbs, apiGroups: second.map((group) => (group === '-' ? '' : group)), resources: third };
}

const metadata = (name: string, labels: Record<string, string> = {}) => ({
  name,
  labels: { 'kubernetes.io/bootstrapping': 'rbac-defaults', ...labels },
  annotations: { 'rbac.authorization.kubernetes.io/autoupdate': 'true' },
});

const aggregateLabels = (names: readonly string[]) =>
  Object.fromEntries(names.map((name) => [AGGREGATE + name, 'true']));

export function clusterRoles(): KubeObject[] {
  const base = { apiVersion: `${RBAC}/v1`, kind: 'ClusterRole' };
  const roles: KubeObject[] = [];
  for (const name in ROLES) {
    const labels = AGGREGATES[name] ? aggregateLabels([AGGREGATES[name]]) : {};
    roles.push({ ...base, metadata: metadata(name, labels), rules: ROLES[name].map(rule) });
  }
  for (const name in AGGREGATED) {
    roles.push({
      ...base,
      metadata: metadata(name, aggregateLabels(AGGREGATED[name])),
      aggregationRule: { clusterRoleSelectors: [{ matchLabels: aggregateLabels([name]) }] },
      rules: GATHERED[name].flatMap((other) => ROLES[other].map(rule)),
    });
  }
  return roles;
}

export function clusterRoleBindings(): KubeObject[] {
  return Object.keys(BINDINGS).map((name) => ({
    apiVersion: `${RBAC}/v1`,
    kind: 'ClusterRoleBinding',
    metadata: metadata(name),
    roleRef: { apiGroup: RBAC, kind: 'ClusterRole', name },
    subjects: BINDINGS[name].map((text) => {
      const [kind, subject] = text.split(' ');
      return { apiGroup: RBAC, kind, name: subject };
    }),
  }));
}
