// What the API server tells those that extend it: by which authorities they know its users, and itself when it passes a
// user's request on. In the ConfigMap extension-apiserver-authentication, which it writes when it starts.

import type { KubeObject, ResourceInfo } from '../api/types.ts';
import type { ApiServer } from '../apiserver/index.ts';
import { part } from '../parts/index.ts';

const UID_HEADERS_SINCE = 33;

/** `ca`: PEM of the authority of users; `made`: when the other one was, ms. The text of that is made when it is read. */
export function publishTrust({ sim, scheme, storage, ledger, minor }: ApiServer, ca: string, made: number) {
  const info = scheme.resource('', 'v1', 'configmaps') as ResourceInfo;
  const time = `${new Date(sim.now).toISOString().slice(0, 19)}Z`;
  const data: Record<string, string> = {
    'client-ca-file': ca,
    'requestheader-allowed-names': '["front-proxy-client"]',
    get 'requestheader-client-ca-file'() {
      return part('pki').clusterFile('front-proxy-ca.crt', { hostname: '', ip: '', made });
    },
    'requestheader-extra-headers-prefix': '["X-Remote-Extra-"]',
    'requestheader-group-headers': '["X-Remote-Group"]',
    ...(minor >= UID_HEADERS_SINCE && { 'requestheader-uid-headers': '[]' }),
    'requestheader-username-headers': '["X-Remote-User"]',
  };
  const stored = storage.put(info, {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: {
      name: 'extension-apiserver-authentication',
      namespace: 'kube-system',
      uid: sim.random('uid/extension-apiserver-authentication').uuid(),
      creationTimestamp: time,
    },
    data,
  } as KubeObject);
  ledger.note(info, stored, undefined, { manager: 'kube-apiserver', subresource: '', time });
}
