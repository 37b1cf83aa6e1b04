// agnhost webhook: the admission webhooks of the end-to-end tests, one behind each path.

import { encode, serveHttp, toBase64, type HttpResponse, type Process, type Program } from '../linux/index.ts';
import type { Co } from '../sim/index.ts';
import { clock, flagValue, untilSignal } from './service.ts';
import { readServingCertificate } from './serving-certificate.ts';

/* eslint-disable-next-line @typescript-eslint/no-explicit-any -- a review holds any kind of object */
type Json = any;
interface Answer {
  allowed: boolean;
  status?: { status?: string; message?: string; reason?: string; code?: number };
  patch?: object[];
  /** ms before it comes. */
  delay?: number;
}

const ALLOWED: Answer = { allowed: true };
const because = (status: Answer['status']): Answer => ({ allowed: false, status });
const patching = (patch: object[] | undefined): Answer => (patch ? { allowed: true, patch } : ALLOWED);

const isCore = ({ resource: { group, version, resource } }: Json, wanted: string): boolean =>
  group === '' && version === 'v1' && resource === wanted;
const wrongResource = (wanted: string): Answer => because({ message: `expect resource to be { v1 ${wanted}}` });

/** Unwanted data of a config map or a custom resource. */
function judgeData({ operation, object, oldObject }: Json, kind: string, unwanted: string): Answer {
  const value = (operation === 'DELETE' ? oldObject : object)?.data?.['webhook-e2e-test'];
  if (value === 'webhook-disallow' && (operation === 'CREATE' || operation === 'UPDATE'))
    return because({ reason: `the ${kind} contains unwanted ${unwanted}` });
  if (value === 'webhook-nondeletable' && operation === 'DELETE')
    return because({ reason: `the ${kind} cannot be deleted because it contains unwanted key and value` });
  return ALLOWED;
}

/** Two stages, so that one webhook's work is another's cue. */
function mutateData({ object }: Json): Answer {
  const { data = {} } = object;
  const stage = data['mutation-stage-1'] === 'yes' ? 2 : data['mutation-start'] === 'yes' ? 1 : 0;
  return patching(stage ? [{ op: 'add', path: `/data/mutation-stage-${stage}`, value: 'yes' }] : undefined);
}

const hasContainer = (containers: Json[] | undefined, name: string): boolean =>
  containers?.some((container) => container.name === name) ?? false;

type Handler = (request: Json, process: Process) => Answer;

const HANDLERS: Record<string, Handler> = {
  '/always-allow-delay-5s': () => ({
    allowed: true,
    status: { message: 'this webhook allows all requests' },
    delay: 5000,
  }),
  '/always-deny': () => because({ message: 'this webhook denies all requests' }),
  '/add-label'({ object }) {
    const labels = object?.metadata?.labels ?? {};
    if (Object.keys(labels).length === 0)
      return patching([{ op: 'add', path: '/metadata/labels', value: { 'added-label': 'yes' } }]);
    const label = labels['added-label'];
    if (label === 'yes') return ALLOWED;
    const op = label === undefined ? 'add' : 'replace';
    return patching([{ op, path: '/metadata/labels/added-label', value: 'yes' }]);
  },
  '/pods'(request) {
    if (!isCore(request, 'pods')) return wrongResource('pods');
    const { metadata, spec } = request.object;
    const label = metadata.labels?.['webhook-e2e-test'];
    let message = '';
    if (label === 'webhook-disallow') message += 'the pod contains unwanted label; ';
    for (const { name } of spec.containers) {
      if (name.includes('webhook-disallow')) message += 'the pod contains unwanted container name; ';
    }
    if (label === 'wait-forever') return { ...because({ message }), delay: Infinity };
    return message ? because({ message: message.trim() }) : ALLOWED;
  },
  '/pods/attach'(request) {
    if (request.name !== 'to-be-attached-pod') return ALLOWED;
    if (!isCore(request, 'pods')) return wrongResource('pods');
    return because({ message: "attaching to pod 'to-be-attached-pod' is not allowed" });
  },
  '/mutating-pods'(request) {
    if (!isCore(request, 'pods')) return wrongResource('pods');
    const { metadata, spec } = request.object;
    const name = 'webhook-added-init-container';
    if (metadata.name !== 'webhook-to-be-mutated' || hasContainer(spec.initContainers, name)) return ALLOWED;
    return patching([
      { op: 'add', path: '/spec/initContainers', value: [{ image: 'webhook-added-image', name, resources: {} }] },
    ]);
  },
  '/mutating-pods-sidecar'(request, process) {
    const image = flagValue(process.argv, '--sidecar-image');
    if (!image)
      return because({ status: 'Failure', message: 'No image specified by the sidecar-image parameter', code: 500 });
    if (!isCore(request, 'pods')) return wrongResource('pods');
    const name = 'webhook-added-sidecar';
    if (hasContainer(request.object.spec.containers, name)) return ALLOWED;
    return patching([{ op: 'add', path: '/spec/containers/-', value: { image, name, resources: {} } }]);
  },
  '/configmaps': (request) =>
    isCore(request, 'configmaps') ? judgeData(request, 'configmap', 'key and value') : wrongResource('configmaps'),
  '/mutating-configmaps': (request) =>
    isCore(request, 'configmaps') ? mutateData(request) : wrongResource('configmaps'),
  '/custom-resource': (request) => judgeData(request, 'custom resource', 'data'),
  '/mutating-custom-resource': mutateData,
  '/crd': ({ object }) =>
    object?.metadata?.labels?.['webhook-e2e-test'] === 'webhook-disallow'
      ? because({ message: 'the crd contains unwanted label' })
      : ALLOWED,
};

/** What comes into the answer's `response` beside the request's uid. */
export type Responder = (request: Json, process: Process) => Co<object>;

/** A server of reviews (admission, conversion) over TLS. */
export const reviewServer = (find: (path: string) => Responder | undefined): Program =>
  function* (process): Co<number> {
    const { sim, net } = process.host;
    const tls = readServingCertificate(
      process,
      flagValue(process.argv, '--tls-cert-file') ?? '',
      flagValue(process.argv, '--tls-private-key-file') ?? '',
    );
    if (typeof tls === 'string') {
      process.stderr.write(
        `F${clock(process).klog.slice(1)}       1 config.go:36] config=main.Config{} Error: ${tls}\n`,
      );
      return 255;
    }
    const port = Number(flagValue(process.argv, '--port') ?? 443);
    const text = (body: string, status = 200): HttpResponse => ({
      status,
      headers: [['Content-Type', 'text/plain; charset=utf-8']],
      body,
    });
    const listener = serveHttp(
      sim,
      net,
      port,
      function* ({ target, body }): Co<HttpResponse> {
        const path = target.split('?')[0];
        if (path === '/readyz') return text('ok');
        const respond = find(path);
        if (!respond) return text('404 page not found\n', 404);
        let review: Json;
        try {
          review = JSON.parse(body);
        } catch {
          return text("Request could not be decoded: couldn't get version/kind; json parse error\n", 400);
        }
        const { kind, apiVersion, request } = review;
        const answer = yield* respond(request, process);
        return {
          status: 200,
          headers: [['Content-Type', 'application/json']],
          body: JSON.stringify({ kind, apiVersion, response: { uid: request.uid, ...answer } }),
        };
      },
      { tls, process },
    );
    if (!listener) {
      process.stderr.write(`panic: listen tcp :${port}: bind: address already in use\n`);
      return 2;
    }
    yield* untilSignal(process);
    listener.close();
    return 0;
  };

const admission = (handler: Handler): Responder =>
  function* (request, process) {
    const { delay = 0, patch, ...answer } = handler(request, process);
    if (delay) yield delay === Infinity ? 2 ** 40 : delay;
    if (!patch) return answer;
    return { ...answer, patch: toBase64(encode(JSON.stringify(patch))), patchType: 'JSONPatch' };
  };

export const webhook = reviewServer((path) => (Object.hasOwn(HANDLERS, path) ? admission(HANDLERS[path]) : undefined));
