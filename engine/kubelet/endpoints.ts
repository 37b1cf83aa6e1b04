// Where the kubelet listens on its machine: HTTPS for those with a client certificate, and its health for the machine alone.

import { serveHttp, type Host, type Listener, type ListenOptions } from '../linux/index.ts';
import type { Sim } from '../sim/index.ts';

const KUBELET_PORT = 10250;
const HEALTHZ_PORT = 10248;

export function listen(sim: Sim, { fs, net, hostname }: Host): Listener[] {
  const tls = {
    /** Its own authority's certificate stands behind the one that it shows. */
    get ca() {
      const file = fs.find('/var/lib/kubelet/pki/kubelet.crt');
      return file?.kind === 'file' ? file.text.slice(file.text.lastIndexOf('-----BEGIN')) : '';
    },
    names: [hostname],
  };
  const answers: [number, number, string, ListenOptions][] = [
    [KUBELET_PORT, 401, 'Unauthorized', { tls }],
    [HEALTHZ_PORT, 200, 'ok', { address: '127.0.0.1' }],
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
