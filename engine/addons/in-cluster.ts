// How a component that runs in a Pod reaches the API server: as its service account, as long as it has a token.

import type { Handle, UserInfo } from '../apiserver/types.ts';
import { Client } from '../client/index.ts';
import type { Process } from '../linux/index.ts';
import type { Pod } from '../api/types.ts';

const MOUNT = '/var/run/secrets/kubernetes.io/serviceaccount';
const TOKEN = `${MOUNT}/token`;
const SERVER: UserInfo = { name: 'system:apiserver', groups: ['system:masters', 'system:authenticated'] };

/** Undefined when the Pod has no token; the program ends then, as the real ones do. */
export function inClusterClient(process: Process, handle: Handle, component: string): Client | undefined {
  if (!process.host.fs.exists(TOKEN)) return undefined;
  const user = accountOf(process, handle);
  if (user) return new Client(handle, component, user);
  return new Client(
    (request) => {
      // Read anew for every request: it is renewed while the Pod lives.
      const authorization = `Bearer ${process.host.fs.readFile(TOKEN)}`;
      return handle({ ...request, user: undefined, headers: { ...request.headers, authorization } });
    },
    component,
    { name: '', groups: [] },
  );
}

/**
 * Whom the token speaks for. The text itself is not read: signing and checking it would take longer than the whole start
 * of a cluster, and could only say the same. Undefined for Pods in their node's network, which do not bear their own name.
 */
function accountOf(process: Process, handle: Handle): UserInfo | undefined {
  const { fs, hostname } = process.host;
  const namespace = fs.readFile(`${MOUNT}/namespace`);
  const path = `/api/v1/namespaces/${namespace}/pods/${hostname}`;
  const { code, body } = handle({ method: 'GET', path, user: SERVER });
  if (code !== 200) return undefined;
  const account = (body as Pod).spec?.serviceAccountName ?? 'default';
  return {
    name: `system:serviceaccount:${namespace}:${account}`,
    groups: ['system:serviceaccounts', `system:serviceaccounts:${namespace}`, 'system:authenticated'],
  };
}
