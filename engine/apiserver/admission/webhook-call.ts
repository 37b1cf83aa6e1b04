// One call of a webhook: over the network of the API server's machine to the Service, with TLS, within its timeout.

import type { ResourceInfo } from '../../api/types.ts';
import type { JsonObject } from '../../api/types.ts';
import { fromBase64, decode } from '../../linux/bytes.ts';
import { byteLength, exchange, isAddress } from '../../linux/index.ts';
import type { Co, Sim } from '../../sim/index.ts';
import type { Egress } from '../egress.ts';
import { distrusted } from '../trust.ts';
import type { AdmissionHost } from './types.ts';

/** What came back, or why nothing did. */
export type CallResult = { body: JsonObject; error?: undefined } | { body?: undefined; error: string };

/** Where a webhook is, as its configuration says it. */
export interface Target {
  /** In double quotes, as Go's client says it in errors. */
  url: string;
  host: string;
  port: number;
  path: string;
  /** A Service is in the cluster, a URL is looked for from beside the control plane. */
  network: 'cluster' | 'controlplane';
  /** What the certificate must be for. */
  serverName: string;
}

export function targetOf(
  { clientConfig, timeoutSeconds }: JsonObject,
  { scheme, storage }: Pick<AdmissionHost, 'scheme' | 'storage'>,
): Target | { error: string } {
  const { url, service: ref } = clientConfig as JsonObject;
  const timeout = timeoutSeconds === undefined ? '' : `?timeout=${timeoutSeconds}s`;
  if (!ref) {
    const [, host = '', port = '443', path = '/'] = /^https:\/\/(\[[^\]]*\]|[^:/?]*)(?::(\d+))?([^?]*)/.exec(url) ?? [];
    const name = host.replace(/^\[|\]$/g, '');
    return {
      url: `"${url}${timeout}"`,
      host: name,
      port: Number(port),
      path: (path || '/') + timeout,
      network: 'controlplane',
      serverName: name,
    };
  }
  const { namespace, name, path = '/', port = 443 } = ref;
  const serverName = `${name}.${namespace}.svc`;
  const shown = `"https://${serverName}:${port}${path}${timeout}"`;
  const service = storage.get(scheme.resource('', 'v1', 'services') as ResourceInfo, namespace, name);
  if (!service) return { error: `Post ${shown}: service ${JSON.stringify(name)} not found` };
  const { clusterIP, ports = [] } = service.spec;
  if (!(ports as JsonObject[]).some((one) => one.port === port))
    return { error: `Post ${shown}: no service port ${port} found for service ${JSON.stringify(name)}` };
  return { url: shown, host: clusterIP, port, path: path + timeout, network: 'cluster', serverName };
}

const LATE = 'context deadline exceeded';

/** What an answer that is no success becomes in the words of the API machinery's client. */
const REFUSED: Record<number, string> = {
  400: 'the server rejected our request for an unknown reason',
  401: 'the server has asked for the client to provide credentials',
  403: 'forbidden: User "system:anonymous" cannot post path',
  404: 'the server could not find the requested resource',
  405: 'the server does not allow this method on the requested resource',
  429: 'the server has received too many requests and has asked us to try again later',
  503: 'the server is currently unable to handle the request',
  504: 'the server was unable to return a response in the time allotted, but may still be processing the request',
};

/** Posts `review` to the webhook. Errors are what follows "failed to call webhook: ". */
export function* callWebhook(
  { sim, egress: ways }: Pick<AdmissionHost, 'sim' | 'egress'>,
  hook: JsonObject,
  target: Target,
  review: JsonObject,
): Co<CallResult> {
  const failed = (why: string): CallResult => ({ error: `Post ${target.url}: ${why}` });
  const egress = ways[target.network];
  if (!egress) return failed('the API server has no network');
  if (!isAddress(target.host)) return failed(`dial tcp: lookup ${target.host}: no such host`);
  const seconds = hook.timeoutSeconds ?? 30;
  const end = sim.now + seconds * 1000;
  const task = sim.spawn('webhook', post(egress, sim, hook, target, review));
  while (!task.done) {
    if (sim.now >= end) {
      task.kill();
      return failed(LATE);
    }
    yield { signals: [task.exited], timeout: end - sim.now };
  }
  const result = task.result;
  if (result === undefined) return failed('EOF');
  return typeof result === 'string' ? failed(result) : result;
}

/** The answer, or the transport's error. */
function* post(
  egress: Egress,
  sim: Sim,
  hook: JsonObject,
  { host, port, path, serverName }: Target,
  review: JsonObject,
): Co<CallResult | string> {
  const socket = yield* egress.connect(host, port, 3_600_000);
  if (typeof socket === 'string') return socket;
  try {
    const { caBundle } = hook.clientConfig;
    const authorities = caBundle && decode(fromBase64(caBundle).bytes);
    const problem = distrusted(socket, authorities, serverName, sim.now);
    if (problem) return problem;
    const body = JSON.stringify(review);
    const answer = yield* exchange(socket, {
      method: 'POST',
      target: path,
      headers: [
        ['Host', `${serverName}:${port}`],
        ['User-Agent', 'kube-apiserver-admission'],
        ['Content-Length', String(byteLength(body))],
        ['Accept', 'application/json, */*'],
        ['Content-Type', 'application/json'],
      ],
      body,
    });
    if (!answer) return 'EOF';
    let text = '';
    for (let read = yield* answer.read(); read !== undefined; read = yield* answer.read()) text += read;
    if (answer.status < 200 || answer.status > 206) {
      const unknown = `an error on the server (${JSON.stringify(text.trim() || 'unknown')}) has prevented the request from succeeding`;
      return { error: REFUSED[answer.status] ?? (answer.status >= 500 ? unknown : REFUSED[400]) };
    }
    try {
      return { body: JSON.parse(text) };
    } catch {
      return { error: `couldn't get version/kind; json parse error: unexpected end of JSON input` };
    }
  } finally {
    socket.close();
  }
}
