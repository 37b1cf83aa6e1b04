// readOnlyPort: what the kubelet tells everybody who asks, without TLS and without asking who it is.

import { serveHttp, type HttpResponse, type Listener } from '../linux/index.ts';
import type { Co } from '../sim/index.ts';
import type { Kubelet } from './kubelet.ts';

export function serveReadOnly(kubelet: Kubelet, port: number): Listener | undefined {
  // eslint-disable-next-line require-yield
  return serveHttp(kubelet.sim, kubelet.machine.net, port, function* ({ method, target }): Co<HttpResponse> {
    const path = target.split('?', 1)[0];
    if (method !== 'GET') return { status: 405, body: 'Method Not Allowed' };
    const found = DEBUGGING.test(path) ? undefined : kubelet.figures(path);
    if (found) return { status: found.code ?? 200, headers: [['Content-Type', found.type]], body: found.body };
    return MODELLED_ELSEWHERE.test(path)
      ? { status: 501, body: `the kubelet's ${path} is not modelled by this engine\n` }
      : { status: 404, body: '404 page not found\n' };
  });
}

/** Only for those who have shown who they are. */
const DEBUGGING = /^\/(logs|configz|runningpods)(\/|$)/;
/** Paths that a kubelet has there. */
const MODELLED_ELSEWHERE = /^\/(metrics|stats|spec)\/?$/;
