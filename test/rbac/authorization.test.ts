import { describe, expect, it } from 'vitest';
import { aGroup, aUser, ADMIN, configMap, node, pod, RBAC, serve, user } from './support.ts';

const MAPS = '/api/v1/namespaces/default/configmaps';
const GET_MAPS = { apiGroups: [''], resources: ['configmaps'], verbs: ['get', 'list'] };
const jane = user('jane', 'devs');

describe('RBAC', () => {
  it('refuses who is bound to nothing, in the words of the API server', () => {
    const { as } = serve();
    const ask = as(jane);
    expect(ask('GET', MAPS)).toMatchObject({
      code: 403,
      body: {
        message:
          'configmaps is forbidden: User "jane" cannot list resource "configmaps" in API group "" in the namespace "default"',
        reason: 'Forbidden',
        details: { kind: 'configmaps' },
      },
    });
    expect(ask('GET', '/api/v1/nodes/n1').body.message).toBe(
      'nodes "n1" is forbidden: User "jane" cannot get resource "nodes" in API group "" at the cluster scope',
    );
    expect(ask('GET', '/apis/apps/v1/namespaces/default/deployments/a/scale').body.message).toBe(
      'deployments.apps "a" is forbidden: User "jane" cannot get resource "deployments/scale" in API group "apps" in the namespace "default"',
    );
    expect(ask('GET', '/metrics').body.message).toBe('forbidden: User "jane" cannot get path "/metrics"');
    expect(ask('GET', '/version').code).toBe(200);
  });

  it('gives the components of the control plane what v1.35 gives them', () => {
    const { as } = serve();
    const codes = (name: string, ...paths: string[]) => paths.map((path) => as(user(name))('GET', path).code);
    const storage = '/apis/storage.k8s.io/v1';
    expect(
      codes('system:kube-scheduler', `${storage}/volumeattachments`, `${storage}/volumeattributesclasses`),
    ).toEqual([200, 403]);
    const networking = '/apis/networking.k8s.io/v1';
    expect(codes('system:kube-proxy', `${networking}/servicecidrs`, `${networking}/ipaddresses`)).toEqual([200, 403]);
  });

  it('allows through a binding to the user, to a group and to a service account, and forgets it with the binding', () => {
    const { as, role, bind, send } = serve();
    role('reader', [GET_MAPS]);
    const bot = {
      name: 'system:serviceaccount:default:bot',
      groups: ['system:serviceaccounts', 'system:serviceaccounts:default', 'system:authenticated'],
    };
    expect([jane, bot].map((who) => as(who)('GET', MAPS).code)).toEqual([403, 403]);
    bind('group', { kind: 'Role', name: 'reader' }, [aGroup('devs')]);
    bind('bot', { kind: 'Role', name: 'reader' }, [{ kind: 'ServiceAccount', name: 'bot', namespace: 'default' }]);
    expect([jane, bot].map((who) => as(who)('GET', MAPS).code)).toEqual([200, 200]);
    expect(as(jane)('GET', '/api/v1/namespaces/kube-system/configmaps').code).toBe(403);
    expect(as(jane)('DELETE', `${MAPS}/a`).code).toBe(403);
    send('DELETE', `${RBAC}/namespaces/default/rolebindings/group`);
    expect(as(jane)('GET', MAPS).code).toBe(403);
    expect(as(bot)('GET', MAPS).code).toBe(200);
  });

  it('follows a role that changes under its bindings', () => {
    const { as, role, bind, send } = serve();
    bind('b', { kind: 'Role', name: 'later' }, [aUser('jane')]);
    expect(as(jane)('GET', MAPS).body.message).toMatch(/: RBAC: role\.rbac\.authorization\.k8s\.io "later" not found$/);
    role('later', [GET_MAPS]);
    expect(as(jane)('GET', MAPS).code).toBe(200);
    send('PATCH', `${RBAC}/namespaces/default/roles/later`, { rules: [{ ...GET_MAPS, verbs: ['get'] }] }, MERGE);
    expect(as(jane)('GET', MAPS).code).toBe(403);
  });

  it('limits by name where a rule has names, and a list to the object of that name', () => {
    const { as, role, bind, send } = serve();
    for (const name of ['mine', 'other']) send('POST', MAPS, configMap(name));
    role('named', [{ ...GET_MAPS, resourceNames: ['mine'] }]);
    bind('b', { kind: 'Role', name: 'named' }, [aUser('jane')]);
    expect(as(jane)('GET', `${MAPS}/mine`).code).toBe(200);
    expect(as(jane)('GET', `${MAPS}/other`).code).toBe(403);
    expect(as(jane)('GET', MAPS).code).toBe(403);
    const query = { fieldSelector: 'metadata.name=mine' };
    expect(send('GET', MAPS, undefined, { user: jane, query }).code).toBe(200);
  });

  it('gives a ClusterRole in one namespace or in all, and paths only to the whole cluster', () => {
    const { as, bind, bindCluster, send } = serve();
    bind('b', { kind: 'ClusterRole', name: 'view' }, [aUser('jane')]);
    expect(as(jane)('GET', MAPS).code).toBe(200);
    expect(as(jane)('GET', '/api/v1/configmaps').code).toBe(403);
    expect(as(jane)('GET', '/api/v1/namespaces/default/secrets').code).toBe(403);
    bindCluster('c', 'view', [aGroup('devs')]);
    expect(as(jane)('GET', '/api/v1/configmaps').code).toBe(200);
    const rules = [{ nonResourceURLs: ['/foo/*'], verbs: ['get'] }];
    send('POST', `${RBAC}/clusterroles`, {
      apiVersion: 'rbac.authorization.k8s.io/v1',
      kind: 'ClusterRole',
      metadata: { name: 'paths' },
      rules,
    });
    bindCluster('p', 'paths', [aUser('jane')]);
    expect(as(jane)('GET', '/foo/bar').code).toBe(404);
    expect(as(jane)('GET', '/fo').code).toBe(403);
  });

  it('lets nobody grant what they do not hold, unless they may escalate or bind', () => {
    const { as, role, bind } = serve();
    role('editor', [{ apiGroups: ['rbac.authorization.k8s.io'], resources: ['roles', 'rolebindings'], verbs: ['*'] }]);
    bind('b', { kind: 'Role', name: 'editor' }, [aUser('root')]);
    role('manager', [
      { apiGroups: ['rbac.authorization.k8s.io'], resources: ['roles', 'rolebindings'], verbs: ['create', 'get'] },
      GET_MAPS,
    ]);
    bind('m', { kind: 'Role', name: 'manager' }, [aUser('jane')]);
    const wanted = (name: string, rules: object[]) => ({
      apiVersion: 'rbac.authorization.k8s.io/v1',
      kind: 'Role',
      metadata: { name },
      rules,
    });
    const roles = `${RBAC}/namespaces/default/roles`;
    expect(as(jane)('POST', roles, wanted('ok', [GET_MAPS])).code).toBe(201);
    const secrets = [{ apiGroups: [''], resources: ['secrets', 'configmaps'], verbs: ['get', 'watch'] }];
    expect(as(jane)('POST', roles, wanted('no', secrets)).body.message).toBe(
      'roles.rbac.authorization.k8s.io "no" is forbidden: user "jane" (groups=["devs" "system:authenticated"]) is attempting to grant RBAC permissions not currently held:\n' +
        '{APIGroups:[""], Resources:["configmaps"], Verbs:["watch"]}\n' +
        '{APIGroups:[""], Resources:["secrets"], Verbs:["get" "watch"]}',
    );
    expect(as(user('root'))('POST', roles, wanted('yes', secrets)).code).toBe(201);
    const bindings = `${RBAC}/namespaces/default/rolebindings`;
    const binding = (kind: string, name: string) => ({
      apiVersion: 'rbac.authorization.k8s.io/v1',
      kind: 'RoleBinding',
      metadata: { name },
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind, name },
      subjects: [],
    });
    expect(as(jane)('POST', bindings, binding('Role', 'ok')).code).toBe(201);
    expect(as(jane)('POST', bindings, binding('Role', 'yes')).code).toBe(403);
    expect(as(jane)('POST', bindings, binding('Role', 'ghost')).body.message).toBe(
      'roles.rbac.authorization.k8s.io "ghost" not found',
    );
  });

  it('gives the rules of aggregation to cluster administrators only', () => {
    const { as, bindCluster } = serve();
    bindCluster('b', 'admin-of-roles', [aUser('jane')]);
    const sum = {
      apiVersion: 'rbac.authorization.k8s.io/v1',
      kind: 'ClusterRole',
      metadata: { name: 'sum' },
      aggregationRule: { clusterRoleSelectors: [{ matchLabels: { a: 'b' } }] },
    };
    const clusterRoles = `${RBAC}/clusterroles`;
    const own = {
      ...sum,
      metadata: { name: 'admin-of-roles' },
      aggregationRule: undefined,
      rules: [{ apiGroups: ['rbac.authorization.k8s.io'], resources: ['clusterroles'], verbs: ['create'] }],
    };
    expect(as(ADMIN)('POST', clusterRoles, own).code).toBe(201);
    expect(as(jane)('POST', clusterRoles, sum).body.message).toBe(
      'clusterroles.rbac.authorization.k8s.io "sum" is forbidden: must have cluster-admin privileges to use the aggregationRule',
    );
    expect(as(ADMIN)('POST', clusterRoles, sum).code).toBe(201);
  });
});

const MERGE = { headers: { 'content-type': 'application/merge-patch+json' } };

describe('impersonation', () => {
  const WHOAMI = '/apis/authentication.k8s.io/v1/selfsubjectreviews';
  const review = { apiVersion: 'authentication.k8s.io/v1', kind: 'SelfSubjectReview' };

  it('takes on user, groups, uid and extra', () => {
    const { send } = serve();
    const headers = {
      'impersonate-user': 'jane',
      'impersonate-group': 'devs, ops',
      'impersonate-uid': '42',
      'impersonate-extra-scopes': 'view',
    };
    expect(send('POST', WHOAMI, review, { headers }).body.status.userInfo).toEqual({
      username: 'jane',
      uid: '42',
      groups: ['devs', 'ops', 'system:authenticated'],
      extra: { scopes: ['view'] },
    });
    const bot = { 'impersonate-user': 'system:serviceaccount:default:bot' };
    expect(send('POST', WHOAMI, review, { headers: bot }).body.status.userInfo.groups).toEqual([
      'system:serviceaccounts',
      'system:serviceaccounts:default',
      'system:authenticated',
    ]);
  });

  it('needs the verb on each thing that is taken on', () => {
    const { send, bindCluster } = serve();
    const ask = (headers: Record<string, string>) => send('GET', MAPS, undefined, { user: jane, headers }).body.message;
    expect(ask({ 'impersonate-user': 'bob' })).toBe(
      'users "bob" is forbidden: User "jane" cannot impersonate resource "users" in API group "" at the cluster scope',
    );
    send('POST', `${RBAC}/clusterroles`, {
      apiVersion: 'rbac.authorization.k8s.io/v1',
      kind: 'ClusterRole',
      metadata: { name: 'actor' },
      rules: [{ apiGroups: [''], resources: ['users'], verbs: ['impersonate'] }],
    });
    bindCluster('actor', 'actor', [aUser('jane')]);
    expect(ask({ 'impersonate-user': 'bob' })).toMatch(/^configmaps is forbidden: User "bob" cannot list/);
    expect(ask({ 'impersonate-user': 'bob', 'impersonate-group': 'ops' })).toMatch(
      /^groups "ops" is forbidden: User "jane" cannot impersonate/,
    );
    expect(ask({ 'impersonate-user': 'bob', 'impersonate-extra-a': 'b' })).toMatch(
      /^userextras\.authentication\.k8s\.io "b" is forbidden: User "jane" cannot impersonate resource "userextras\/a"/,
    );
  });
});

describe('reviews of access', () => {
  const attributes = { namespace: 'default', verb: 'get', resource: 'configmaps' };
  const review = (spec: object) => ({ apiVersion: 'authorization.k8s.io/v1', kind: 'SubjectAccessReview', spec });

  it('say what is allowed and by which binding', () => {
    const { send, role, bind } = serve();
    role('reader', [GET_MAPS]);
    bind('b', { kind: 'Role', name: 'reader' }, [aUser('jane')]);
    const path = '/apis/authorization.k8s.io/v1/subjectaccessreviews';
    const ask = (spec: object) => send('POST', path, review({ user: 'jane', ...spec })).body.status;
    expect(ask({ resourceAttributes: attributes })).toEqual({
      allowed: true,
      reason: 'RBAC: allowed by RoleBinding "b/default" of Role "reader" to User "jane"',
    });
    expect(ask({ resourceAttributes: { ...attributes, verb: 'delete' } })).toEqual({ allowed: false });
    expect(ask({ groups: ['system:masters'], resourceAttributes: { ...attributes, verb: 'delete' } }).allowed).toBe(
      true,
    );
    expect(ask({ nonResourceAttributes: { path: '/metrics', verb: 'get' } }).allowed).toBe(false);
  });

  it('are questions without a name, and of one kind', () => {
    const { send } = serve();
    const path = '/apis/authorization.k8s.io/v1/subjectaccessreviews';
    const metadata = { name: 'x' };
    const nonResourceAttributes = { path: '/x', verb: 'get' };
    expect(send('POST', path, { ...review({ user: 'u', nonResourceAttributes }), metadata }).body.message).toBe(
      '.authorization.k8s.io "" is invalid: metadata: Invalid value: {"name":"x"}: must be empty',
    );
    const local = '/apis/authorization.k8s.io/v1/namespaces/default/localsubjectaccessreviews';
    const asked = { ...review({ user: 'u', nonResourceAttributes }), kind: 'LocalSubjectAccessReview' };
    expect(send('POST', local, asked).body.message).toBe(
      '.authorization.k8s.io "" is invalid: spec.nonResourceAttributes: Invalid value: {"Path":"/x","Verb":"get"}: disallowed on this kind of request',
    );
  });

  it('list the rules of a user in a namespace', () => {
    const { send, role, bind } = serve();
    role('reader', [{ ...GET_MAPS, resourceNames: ['a'] }]);
    bind('b', { kind: 'Role', name: 'reader' }, [aUser('jane')]);
    const path = '/apis/authorization.k8s.io/v1/selfsubjectrulesreviews';
    const ask = {
      apiVersion: 'authorization.k8s.io/v1',
      kind: 'SelfSubjectRulesReview',
      spec: { namespace: 'default' },
    };
    const { status } = send('POST', path, ask, { user: jane }).body;
    expect(status.resourceRules).toContainEqual({ ...GET_MAPS, resourceNames: ['a'] });
    expect(status.incomplete).toBe(false);
    expect(send('POST', path, ask, { user: node('n1') }).body.status).toMatchObject({
      incomplete: true,
      evaluationError: 'node authorizer does not support user rule resolution',
    });
  });
});

describe('a kubelet', () => {
  const PODS = '/api/v1/namespaces/default/pods';

  function withPods() {
    const all = serve();
    for (const name of ['used', 'unused']) all.send('POST', MAPS, configMap(name));
    const volumes = [{ name: 'v', configMap: { name: 'used' } }];
    all.send('POST', PODS, pod('here', { nodeName: 'n1', volumes }));
    all.send('POST', PODS, pod('there', { nodeName: 'n2' }));
    return { ...all, kubelet: all.as(node('n1')) };
  }

  it('reads what Pods on its node use, and no more', () => {
    const { kubelet, send } = withPods();
    expect(kubelet('GET', `${MAPS}/used`).code).toBe(200);
    expect(kubelet('GET', `${MAPS}/unused`).body.message).toBe(
      'configmaps "unused" is forbidden: User "system:node:n1" cannot get resource "configmaps" in API group "" in the namespace "default": no relationship found between node \'n1\' and this object',
    );
    expect(kubelet('GET', MAPS).body.message).toMatch(/: No Object name found$/);
    const query = { fieldSelector: 'metadata.name=used', watch: 'true' };
    expect(send('GET', MAPS, undefined, { user: node('n1'), query }).code).toBe(200);
    send('DELETE', `${PODS}/here`, { gracePeriodSeconds: 0 });
    expect(kubelet('GET', `${MAPS}/used`).code).toBe(403);
  });

  it('lists only the Pods and the Node that are its own', () => {
    const { kubelet, send } = withPods();
    expect(kubelet('GET', PODS).body.message).toMatch(/: can only list\/watch pods with spec.nodeName field selector$/);
    const query = { fieldSelector: 'spec.nodeName=n1' };
    expect(send('GET', '/api/v1/pods', undefined, { user: node('n1'), query }).body.items).toHaveLength(1);
    expect(kubelet('GET', '/api/v1/nodes').body.message).toMatch(/cannot read all nodes, only its own Node object$/);
    expect(kubelet('GET', '/api/v1/nodes/n1').code).toBe(404);
  });

  it('reports the status of its own Pods only', () => {
    const { kubelet } = withPods();
    const status = { status: { message: 'hello' } };
    const patch = (name: string) => {
      const object = kubelet('GET', `${PODS}/${name}`).body;
      return kubelet('PUT', `${PODS}/${name}/status`, { ...object, ...status });
    };
    expect(patch('here').code).toBe(200);
    const { body } = kubelet('PUT', `${PODS}/there/status`, {
      ...pod('there', { nodeName: 'n2' }),
      ...status,
    });
    expect(body.message).toBe(
      'pods "there" is forbidden: node "n1" can only update pod status for pods with spec.nodeName set to itself',
    );
  });

  it('registers its own Node, without the labels that say what it is for', () => {
    const kubelet = serve().as(node('n1'));
    const register = (name: string, labels: Record<string, string>) =>
      kubelet('POST', '/api/v1/nodes', { apiVersion: 'v1', kind: 'Node', metadata: { name, labels } });
    expect(register('n2', {}).body.message).toBe(
      'nodes "n2" is forbidden: node "n1" is not allowed to modify node "n2"',
    );
    expect(register('n1', { 'node-role.kubernetes.io/control-plane': '' }).body.message).toBe(
      'nodes "n1" is forbidden: node "n1" is not allowed to set the following labels: node-role.kubernetes.io/control-plane',
    );
    expect(register('n1', { 'kubernetes.io/hostname': 'n1', disk: 'ssd' }).code).toBe(201);
    const taints = [{ key: 'a', effect: 'NoSchedule' }];
    const { body } = kubelet('GET', '/api/v1/nodes/n1');
    expect(kubelet('PUT', '/api/v1/nodes/n1', { ...body, spec: { ...body.spec, taints } }).body.message).toBe(
      'nodes "n1" is forbidden: node "n1" is not allowed to modify taints',
    );
  });
});
