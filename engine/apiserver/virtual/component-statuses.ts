// componentstatuses: the health of the control plane as one looked at it before 1.19; still served, always warned about.

import type { KubeObject } from '../../api/types.ts';
import type { Context } from '../context.ts';
import type { Core } from '../handlers/types.ts';
import { listBody, negotiate, viewOf } from '../respond.ts';
import { notFound } from '../status.ts';
import type { ApiResponse } from '../types.ts';

const NAMES = ['controller-manager', 'etcd-0', 'scheduler'];

const statusOf = (name: string): KubeObject => ({
  kind: 'ComponentStatus',
  apiVersion: 'v1',
  metadata: { name },
  conditions: [{ type: 'Healthy', status: 'True', message: 'ok' }],
});

export function componentStatuses(core: Core, ctx: Context): ApiResponse {
  const { info, request, route } = ctx;
  const accepted = negotiate(request);
  if (route.name) {
    if (!NAMES.includes(route.name)) throw notFound(info, route.name);
    const object = statusOf(route.name);
    return { code: 200, headers: {}, body: viewOf(core, info, request, accepted)?.(object) ?? object };
  }
  const listed = { items: NAMES.map(statusOf), metadata: { resourceVersion: '' } };
  return { code: 200, headers: {}, body: listBody(core, info, request, accepted, listed) };
}
