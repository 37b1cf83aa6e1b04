// Where the kubelet listens on its machine: HTTPS for those with a client certificate, and its health for the machine alone.

import { serveHttp, type Host, type Listener, type ListenOptions } from '../linux/index.ts';
import type { Sim } from '../sim/index.ts';

const KUBELET_PORT = 10250;
const HEALTHZ_PORT = 10248;

/** `serving`: where its certificate comes from; absent: it has made one itself. */
export function listen(
  sim: Sim,
  { fs, net, hostname }: Host,
  serving?: { readonly authority: string; readonly names: string[] },
): Listener[] {
  const tls = {
    /** Its own authority's certificate stands behind the one that it shows. */
    get ca() {
      if (serving) return serving.authority;
      const file = fs.find('/var/lib/kubelet/pki/kubelet.crt');
      return file?.kind === 'file' ? file.text.slice(file.text.lastIndexOf('-----BEGIN')) : '';
    },
    names: serving?.names ?? [hostname],
    ...(serving && { alert: 'internal error' as const }),
  };
  const answers: [number, number, string, ListenOptions][] = [
    [KUBELET_PORT, 401, 'Unauthorized', { tls, service: 'kubelet' }],
    [HEALTHZ_PORT, 200, 'ok', { address: '127.0.0.1', service: 'kubelet' }],
  ];
  const listeners: Listener[] = [];
  for (const [port, status, body, options] of answers) {
    // eslint-disable-next-line require-yield
    const answer = function* () {
      return { status, body };
    };
    const listener = serveHttp(sim, net, port, answer, options);
    if (listener) listeners.push(listener);
  }
  return listeners;
}
