// What a cluster has from its first moment: created by the API server itself when it starts (its post-start hooks).

import type { KubeObject, ResourceInfo } from '../../api/types.ts';
import type { ApiServer } from '../server.ts';
import type { UserInfo } from '../types.ts';
import { RBAC_GROUP } from '../authorization/rbac.ts';
import { kubeadmObjects, rbacObjects } from './roles.ts';

const SERVER: UserInfo = { name: 'system:apiserver', groups: ['system:masters', 'system:authenticated'] };

const NAMESPACES = ['default', 'kube-node-lease', 'kube-public', 'kube-system'];

/** scheduling.SystemPriorityClasses */
const PRIORITIES: KubeObject[] = [
  priority(
    'system-cluster-critical',
    2000000000,
    'Used for system critical pods that must run in the cluster, but can be moved to another node if necessary.',
  ),
  priority(
    'system-node-critical',
    2000001000,
    'Used for system critical pods that must not be moved from their current node.',
  ),
];

function priority(name: string, value: number, description: string): KubeObject {
  return { apiVersion: 'scheduling.k8s.io/v1', kind: 'PriorityClass', metadata: { name }, value, description };
}

export function bootstrap(server: ApiServer) {
  const post = (path: string, body: KubeObject) => {
    const response = server.handle({
      method: 'POST',
      path,
      body,
      user: SERVER,
      headers: { 'user-agent': 'kube-apiserver' },
    });
    if (response.code >= 400 && response.code !== 409) {
      throw new Error(`bootstrap of ${path}: ${JSON.stringify(response.body)}`);
    }
  };
  for (const name of NAMESPACES)
    post('/api/v1/namespaces', { apiVersion: 'v1', kind: 'Namespace', metadata: { name } });
  for (const object of PRIORITIES) post('/apis/scheduling.k8s.io/v1/priorityclasses', object);
  storeAll(server, rbacObjects(server.minor), 'kube-apiserver');
  storeAll(server, kubeadmObjects(), 'kubeadm');
  defaultServiceCIDR(server);
  kubernetesService(server, post);
  // Since when it is known which tokens of Secrets are still used.
  post('/api/v1/namespaces/kube-system/configmaps', {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name: 'kube-apiserver-legacy-service-account-token-tracking', namespace: 'kube-system' },
    data: { since: new Date(server.sim.now).toISOString().slice(0, 10) },
  });
}

/** RBAC's objects are many and known to be valid: they go into the store without a request each. */
function storeAll({ sim, scheme, storage, ledger }: ApiServer, objects: readonly KubeObject[], manager: string) {
  const time = new Date(sim.now).toISOString().slice(0, 19) + 'Z';
  const uids = sim.random('uid');
  for (const object of objects) {
    const info = scheme.kind(RBAC_GROUP, 'v1', object.kind) as ResourceInfo;
    const { name, namespace, ...metadata } = object.metadata;
    const place = namespace ? { name, namespace } : { name };
    const stored = storage.put(info, {
      ...object,
      metadata: { ...place, uid: uids.uuid(), creationTimestamp: time, ...metadata },
    });
    ledger.note(info, stored, undefined, { manager, subresource: '', time });
  }
}

/** The ranges of --service-cluster-ip-range as an object, protected and ready as its controller leaves it. */
function defaultServiceCIDR({ sim, scheme, storage, ledger, allocators: { clusterIPs } }: ApiServer) {
  if (!clusterIPs.withObjects) return;
  const info = scheme.resource('networking.k8s.io', 'v1', 'servicecidrs') as ResourceInfo;
  const time = `${new Date(sim.now).toISOString().slice(0, 19)}Z`;
  const message = 'Kubernetes Service CIDR is ready';
  const object: KubeObject = {
    apiVersion: 'networking.k8s.io/v1',
    kind: 'ServiceCIDR',
    metadata: {
      name: 'kubernetes',
      uid: sim.random('uid/servicecidr').uuid(),
      creationTimestamp: time,
      finalizers: ['networking.k8s.io/service-cidr-finalizer'],
    },
    spec: { cidrs: clusterIPs.flag.map(({ text }) => text) },
    status: { conditions: [{ type: 'Ready', status: 'True', reason: '', message, lastTransitionTime: time }] },
  };
  const stored = storage.put(info, object);
  ledger.note(info, stored, undefined, { manager: 'kube-apiserver', subresource: '', time });
}

/** The Service by which Pods reach the API server, and the address behind it. */
function kubernetesService(server: ApiServer, post: (path: string, body: KubeObject) => void) {
  const { first, flag } = server.allocators.clusterIPs;
  const { family } = flag[0];
  const labels = { component: 'apiserver', provider: 'kubernetes' };
  post('/api/v1/namespaces/default/services', {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name: 'kubernetes', labels },
    spec: {
      clusterIP: first,
      clusterIPs: [first],
      ipFamilies: [family],
      ipFamilyPolicy: 'SingleStack',
      ports: [{ name: 'https', port: 443, protocol: 'TCP', targetPort: 6443 }],
      sessionAffinity: 'None',
      type: 'ClusterIP',
    },
  });
  const ports = [{ name: 'https', port: 6443, protocol: 'TCP' }];
  post('/api/v1/namespaces/default/endpoints', {
    apiVersion: 'v1',
    kind: 'Endpoints',
    metadata: { name: 'kubernetes', labels: { 'endpointslice.kubernetes.io/skip-mirror': 'true' } },
    subsets: [{ addresses: [{ ip: server.address }], ports }],
  });
  post('/apis/discovery.k8s.io/v1/namespaces/default/endpointslices', {
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: { name: 'kubernetes', labels: { 'kubernetes.io/service-name': 'kubernetes' } },
    addressType: family,
    endpoints: [{ addresses: [server.address], conditions: { ready: true } }],
    ports,
  });
}
