// A file from an HTTP server, as installers fetch it: names are looked up, redirections followed, certificates checked
// against the machine's own list.

import { exchange, header, type HttpAnswer, type Process } from '../linux/index.ts';
import type { Co } from '../sim/index.ts';

export interface Fetched {
  status: number;
  body: string;
  /** Where it came from in the end. */
  url: string;
  ip: string;
}

const TIMEOUT_MS = 30_000;
const BUNDLE = '/etc/ssl/certs/ca-certificates.crt';

/** A text is why nothing came, in apt's words. */
export function* fetchUrl(process: Process, from: string, agent: string): Co<Fetched | string> {
  const { host } = process;
  let url = from;
  for (let redirects = 0; redirects < 10; redirects++) {
    const match = /^(https?):\/\/([^/:]+)(?::(\d+))?(\/.*)?$/.exec(url);
    if (!match) return `Malformed URL ${url}`;
    const [, scheme, name, port = scheme === 'https' ? '443' : '80', target = '/'] = match;
    const addresses = yield* host.resolve(name);
    if (!addresses?.length) return `Could not resolve '${name}'`;
    const [ip] = addresses;
    const socket = yield* host.net.connect(ip, Number(port), { timeout: TIMEOUT_MS });
    if (typeof socket === 'string') {
      const why = { ECONNREFUSED: '111: Connection refused', EHOSTUNREACH: '113: No route to host' }[socket as string];
      if (!why) return `Could not connect to ${name}:${port} (${ip}), connection timed out`;
      return `Could not connect to ${name}:${port} (${ip}). - connect (${why})`;
    }
    try {
      if (scheme === 'https') {
        const bundle = host.fs.find(BUNDLE);
        const trusted = socket.tls && bundle?.kind === 'file' && bundle.text.includes(socket.tls.ca.trim());
        if (!trusted || !socket.tls?.names.includes(name))
          return `Certificate verification failed: The certificate is NOT trusted. The certificate issuer is unknown. [IP: ${ip} ${port}]`;
      }
      const headers: [string, string][] = [
        ['Host', name],
        ['User-Agent', agent],
        ['Connection', 'close'],
      ];
      const answer: HttpAnswer | undefined = yield* exchange(socket, { method: 'GET', target, headers, scheme });
      if (!answer) return `Connection failed [IP: ${ip} ${port}]`;
      const location = header(answer.headers, 'location');
      if (location && answer.status >= 300 && answer.status < 400) {
        url = location;
        continue;
      }
      let body = '';
      for (let text = yield* answer.read(); text !== undefined; text = yield* answer.read()) body += text;
      return { status: answer.status, body, url, ip };
    } finally {
      socket.close();
    }
  }
  return 'Redirection loop encountered';
}
