// What both of Konnectivity's programs tell on their ports: that they live, whether they are connected, what they count.

import {
  serveHttp,
  type Headers,
  type HttpRequest,
  type HttpResponse,
  type Listener,
  type Process,
} from '../linux/index.ts';
import type { Co } from '../sim/index.ts';

const PLAIN: Headers = [['Content-Type', 'text/plain; charset=utf-8']];
const NOT_FOUND: HttpResponse = { status: 404, headers: PLAIN, body: '404 page not found\n' };

type Answers = Readonly<Record<string, (request: HttpRequest) => HttpResponse>>;

export function serve(
  { host: { sim, net } }: Process,
  port: number,
  answers: Answers,
  address?: string,
): Listener | undefined {
  // eslint-disable-next-line require-yield
  return serveHttp(
    sim,
    net,
    port,
    function* (request): Co<HttpResponse> {
      return answers[request.target.split('?', 1)[0]]?.(request) ?? NOT_FOUND;
    },
    { address },
  );
}

/** `failure`: why it is not ready. */
export function health(failure: () => { status: number; body: string } | undefined): Answers {
  const ready = (): HttpResponse => {
    const { status, body } = failure() ?? { status: 200, body: 'ok' };
    return { status, headers: PLAIN, body };
  };
  return { '/healthz': () => ({ status: 200, headers: PLAIN, body: 'ok' }), '/ready': ready, '/readyz': ready };
}

export const gauge = (name: string, help: string, value: () => number) => (): HttpResponse => ({
  status: 200,
  headers: [['Content-Type', 'text/plain; version=0.0.4; charset=utf-8']],
  body: `# HELP ${name} ${help}\n# TYPE ${name} gauge\n${name} ${value()}\n`,
});
