// kubectl apply -f URL: a manifest from a web server, over the machine's network.

import { exchange, header, type HttpAnswer } from '../linux/http.ts';
import { shownTo } from '../linux/net/socket.ts';
import type { Process } from '../linux/types.ts';
import { hostHeader, locationFrom, parseUrl, type Url } from '../linux/url.ts';
import type { Co } from '../sim/index.ts';
import { authorities, openConnection, unable, verifyServer } from './dial.ts';
import { CommandError, ConnectionError, quote } from './errors.ts';

/** What cannot be had is asked for so often, with a pause between, ms. */
const ATTEMPTS = 3;
const PAUSE = 1000;
/** Go's clients follow so many redirects. */
const MOST_REDIRECTS = 10;

/** The text at a URL. Throws ConnectionError, or CommandError when the server has no such thing. */
export function* fetchText(process: Process, text: string): Co<string> {
  for (let attempt = 1; ; attempt++) {
    try {
      const { status, statusLine, body } = yield* get(process, text);
      if (status === 200) return body;
      const words = statusLine.slice(statusLine.indexOf(' ') + 1);
      const error = new CommandError(
        `unable to read URL ${quote(text)}, server reported ${words}, status code=${status}`,
      );
      if (status < 500 || attempt === ATTEMPTS) throw error;
    } catch (error) {
      if (!(error instanceof ConnectionError) || attempt === ATTEMPTS) throw error;
    }
    yield PAUSE;
  }
}

function* get(process: Process, text: string): Co<{ status: number; statusLine: string; body: string }> {
  let from = text;
  for (let redirects = 0; ; redirects++) {
    const url = parseUrl(from);
    if (!url) throw unable('http: no Host in request URL');
    const answer = yield* ask(process, url);
    let body = '';
    for (let part = yield* answer.read(); part !== undefined; part = yield* answer.read()) body += part;
    const location = header(answer.headers, 'location');
    if (!location || answer.status < 301 || answer.status > 308 || answer.status === 304) return { ...answer, body };
    if (redirects === MOST_REDIRECTS) throw unable('stopped after 10 redirects');
    from = locationFrom(url, location);
  }
}

function* ask(process: Process, url: Url): Co<HttpAnswer> {
  const socket = yield* openConnection(process, url.host, url.port, hostHeader(url));
  if (url.scheme === 'https') {
    if (!socket.tls) throw unable('http: server gave HTTP response to HTTPS client');
    const shown = shownTo(socket.tls, url.host);
    if (!shown) throw unable('remote error: tls: unrecognized name');
    verifyServer(shown, authorities(process), url.host);
  }
  const answer = yield* exchange(socket, {
    method: 'GET',
    target: url.path,
    headers: [
      ['Host', hostHeader(url)],
      ['User-Agent', 'Go-http-client/1.1'],
      ['Connection', 'close'],
    ],
    scheme: url.scheme,
  });
  if (!answer) throw unable('EOF');
  return answer;
}
