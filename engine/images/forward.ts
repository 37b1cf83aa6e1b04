// What reverse proxies do with a request: it goes on to a server by a connection of its own, and the answer comes back
// without what concerned that connection only.

import { exchange, type Headers, type HttpResponse, type Process, STATUS_TEXT } from '../linux/index.ts';
import type { Co } from '../sim/index.ts';

/** nginx: proxy_connect_timeout, as ingress controllers set it. */
const CONNECT_TIMEOUT = 5_000;
const OF_THE_CONNECTION = /^(connection|transfer-encoding|content-length|keep-alive)$/i;

export interface Forwarded {
  method: string;
  target: string;
  headers: Headers;
  body: string;
}

/** The answer of the server at `address:port`, or the status that nginx gives when there is none. */
export function* forward(process: Process, server: string, request: Forwarded): Co<HttpResponse | number> {
  const [ip, port] = server.split(':');
  const socket = yield* process.host.net.connect(ip, Number(port), { timeout: CONNECT_TIMEOUT });
  if (typeof socket === 'string') return socket === 'ETIMEDOUT' ? 504 : 502;
  const answer = yield* exchange(socket, { ...request, headers: [...request.headers, ['Connection', 'close']] });
  if (!answer) return 502;
  let body = '';
  for (let part = yield* answer.read(); part !== undefined; part = yield* answer.read()) body += part;
  socket.close();
  return { status: answer.status, headers: answer.headers.filter(([name]) => !OF_THE_CONNECTION.test(name)), body };
}

const TITLES: Record<number, string> = {
  308: 'Permanent Redirect',
  503: 'Service Temporarily Unavailable',
  504: 'Gateway Time-out',
};

/** A page of nginx's own. */
export function page(status: number): HttpResponse {
  const title = `${status} ${TITLES[status] ?? STATUS_TEXT[status]}`;
  const body = `<html>\r\n<head><title>${title}</title></head>\r\n<body>\r\n<center><h1>${title}</h1></center>\r\n<hr><center>nginx</center>\r\n</body>\r\n</html>\r\n`;
  return { status, headers: [['Content-Type', 'text/html']], body };
}
