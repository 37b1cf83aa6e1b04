import { createScheme } from '../../engine/api/index.ts';
import { ApiServer } from '../../engine/apiserver/index.ts';
import type { ApiRequest, ApiResponse, UserInfo } from '../../engine/apiserver/types.ts';
import { Sim } from '../../engine/sim/index.ts';

export const BIRTH = Date.UTC(2026, 0, 5, 9);
export const ADMIN: UserInfo = { name: 'kubernetes-admin', groups: ['system:masters', 'system:authenticated'] };
export const RBAC = '/apis/rbac.authorization.k8s.io/v1';
const AUTHENTICATED = 'system:authenticated';

export const user = (name: string, ...groups: string[]): UserInfo => ({ name, groups: [...groups, AUTHENTICATED] });
export const node = (name: string): UserInfo => ({
  name: `system:node:${name}`,
  groups: ['system:nodes', AUTHENTICATED],
});

// eslint-disable-next-line @typescript-eslint/no-explicit-any
export type Answer = ApiResponse & { body: any };

/** A server with --authorization-mode=Node,RBAC; requests as a client sends them, by the administrator unless told. */
export function serve() {
  const sim = new Sim({ seed: 7, start: BIRTH });
  const server = new ApiServer({ sim, scheme: createScheme(), freeze: true, authorizationMode: 'Node,RBAC' });
  server.bootstrap();
  const send = (method: ApiRequest['method'], path: string, body?: object, rest: Partial<ApiRequest> = {}): Answer => {
    const headers = { accept: 'application/json', 'content-type': 'application/json', ...rest.headers };
    const text = body === undefined ? undefined : JSON.stringify(body);
    return server.handle({ method, path, user: ADMIN, ...rest, headers, body: text }) as Answer;
  };
  const as = (who: UserInfo) => (method: ApiRequest['method'], path: string, body?: object) =>
    send(method, path, body, { user: who });
  const role = (name: string, rules: object[], namespace = 'default') =>
    send('POST', `${RBAC}/namespaces/${namespace}/roles`, object('Role', name, { rules }));
  const bind = (name: string, roleRef: { kind: string; name: string }, subjects: object[], namespace = 'default') =>
    send('POST', `${RBAC}/namespaces/${namespace}/rolebindings`, binding('RoleBinding', name, roleRef, subjects));
  const bindCluster = (name: string, role: string, subjects: object[]) =>
    send(
      'POST',
      `${RBAC}/clusterrolebindings`,
      binding('ClusterRoleBinding', name, { kind: 'ClusterRole', name: role }, subjects),
    );
  send('POST', '/api/v1/namespaces/default/serviceaccounts', account('default'));
  return { sim, server, send, as, role, bind, bindCluster };
}

const object = (kind: string, name: string, rest: object) => ({
  apiVersion: 'rbac.authorization.k8s.io/v1',
  kind,
  metadata: { name },
  ...rest,
});
const binding = (kind: string, name: string, roleRef: object, subjects: object[]) =>
  object(kind, name, { roleRef: { apiGroup: 'rbac.authorization.k8s.io', ...roleRef }, subjects });
export const aUser = (name: string) => ({ kind: 'User', name, apiGroup: 'rbac.authorization.k8s.io' });
export const aGroup = (name: string) => ({ kind: 'Group', name, apiGroup: 'rbac.authorization.k8s.io' });
export const account = (name: string) => ({ apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name } });
export const configMap = (name: string) => ({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name } });
export const pod = (name: string, spec: object = {}) => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name },
  spec: { containers: [{ name: 'c', image: 'nginx' }], ...spec },
});
