// pods/NAME/log, exec, attach, portforward: passed on to the kubelet of the node that runs the Pod.

import type { Container, Node, NodeAddress, Pod } from '../../api/types.ts';
import { param, type Context } from '../context.ts';
import type { Core } from '../handlers/types.ts';
import { isTrue } from '../route.ts';
import { badRequest, internalError, notFound, StatusError } from '../status.ts';
import { KubeletError, type ApiRequest, type ApiResponse, type KubeletApi, type LogOptions } from '../types.ts';
import { hostPort } from '../../linux/net/index.ts';

export const KUBELET_PORT = 10250;

function podOf(core: Core, ctx: Context): Pod {
  const { namespace, name } = ctx.route;
  const pod = core.storage.get(ctx.info, namespace, name);
  if (!pod) throw notFound(ctx.info, name);
  return pod as unknown as Pod;
}

/** The container asked for, or the only one. */
function containerOf(ctx: Context, pod: Pod): string {
  const spec = pod.spec as NonNullable<Pod['spec']>;
  const asked = param(ctx.request, 'container');
  const regular = spec.containers ?? [];
  const init = spec.initContainers ?? [];
  const ephemeral = spec.ephemeralContainers ?? [];
  if (asked) {
    const all: { name: string }[] = [...regular, ...init, ...ephemeral];
    if (all.some((container) => container.name === asked)) return asked;
    throw badRequest(`container ${asked} is not valid for pod ${pod.metadata.name}`);
  }
  if (regular.length === 1 && init.length === 0) return regular[0].name;
  const names = (list: readonly Pick<Container, 'name'>[]) => `[${list.map((container) => container.name).join(' ')}]`;
  let text = `a container name must be specified for pod ${pod.metadata.name}, choose one of: ${names(regular)}`;
  if (init.length) text += ` or one of the init containers: ${names(init)}`;
  throw badRequest(text);
}

/** Dials the kubelet's HTTPS endpoint. `failed` makes the message out of why that did not work. */
function kubeletOf(
  core: Core,
  pod: Pod,
  failed: (why: string, at: string) => string = dialling,
): KubeletApi | undefined {
  const node = pod.spec?.nodeName;
  if (!node) return undefined;
  const kubelet = core.kubelets.get(node);
  if (!kubelet) throw internalError(`no preferred addresses found; known addresses: []`);
  const ip = core.kubeletAddressTypes ? preferredAddress(core, node) : pod.status?.hostIP;
  const { cluster } = core.egress;
  if (!cluster || !ip) return kubelet;
  const at = hostPort(ip, KUBELET_PORT);
  const error = cluster.reach(ip, KUBELET_PORT);
  if (error) throw new StatusError(500, '', failed(error, at));
  const { servingAuthority: authority } = kubelet;
  if (authority === '') throw new StatusError(500, '', failed('remote error: tls: internal error', at));
  // Unless it has asked for one, a kubelet signs its certificate itself: no authority that the server is told of knows it.
  if (core.kubeletCA !== undefined && authority?.trim() !== core.kubeletCA.trim()) {
    const unknown = 'tls: failed to verify certificate: x509: certificate signed by unknown authority';
    throw new StatusError(500, '', failed(unknown, at));
  }
  return kubelet;
}

/** The address of a node at which its kubelet is asked; undefined: it has none of the types that are asked for. */
export function kubeletAddress(core: Core, name: string): string | undefined {
  const addresses = addressesOf(core, name);
  for (const wanted of core.kubeletAddressTypes ?? ['InternalIP']) {
    const found = addresses.find(({ type }) => type === wanted);
    if (found) return found.address;
  }
  return undefined;
}

function addressesOf(core: Core, name: string): readonly NodeAddress[] {
  const nodes = core.scheme.resource('', 'v1', 'nodes');
  const node = nodes && (core.storage.get(nodes, '', name) as Node | undefined);
  return node?.status?.addresses ?? [];
}

/** The same; that there is none is an error. */
export function preferredAddress(core: Core, name: string): string {
  const found = kubeletAddress(core, name);
  if (found !== undefined) return found;
  const known = addressesOf(core, name).map(({ type, address }) => `{${type} ${address}}`);
  throw internalError(`no preferred addresses found; known addresses: [${known.join(' ')}]`);
}

const dialling = (why: string) => `error dialing backend: ${why}`;

/** `dialing`: what is said in front of a failure to reach the kubelet. */
function passed<T>(call: () => T, dialing = 'error dialing backend'): T {
  try {
    return call();
  } catch (error) {
    if (!(error instanceof KubeletError)) throw error;
    if (error.code === 502) throw new StatusError(500, '', `${dialing}: ${error.message}`);
    if (error.code === 400) throw badRequest(error.message);
    if (error.code === 404) throw new StatusError(404, 'NotFound', error.message);
    throw internalError(error.message);
  }
}

export function log(core: Core, ctx: Context): ApiResponse {
  const { request } = ctx;
  const pod = podOf(core, ctx);
  const container = containerOf(ctx, pod);
  const number = (name: string): number | undefined => {
    const text = param(request, name);
    return text === '' ? undefined : Number(text);
  };
  const options: LogOptions = {
    follow: isTrue(request.query?.follow),
    previous: isTrue(request.query?.previous),
    timestamps: isTrue(request.query?.timestamps),
    sinceSeconds: number('sinceSeconds'),
    sinceTime: param(request, 'sinceTime') || undefined,
    tailLines: number('tailLines'),
    limitBytes: number('limitBytes'),
  };
  const { namespace, name } = ctx.route;
  const kubelet = kubeletOf(
    core,
    pod,
    (why, at) =>
      `Get "https://${at}/containerLogs/${namespace}/${name}/${container}${queryText(logQuery(request.query))}": ${why}`,
  );
  // Nothing can be read from a Pod without a node; the answer is empty.
  if (!kubelet) return { code: 200, headers: { 'content-type': 'text/plain' }, body: '' };
  const url = `https://${hostPort(pod.status?.hostIP ?? '', 10250)}/containerLogs/${namespace}/${name}/${container}`;
  const text = passed(
    () => kubelet.logs(namespace, name, container, options),
    `Get "${url}${options.follow ? '?follow=true' : ''}"`,
  );
  return { code: 200, headers: { 'content-type': 'text/plain' }, text };
}

/** What the kubelet is asked for: the container stands in the path. */
function logQuery(query: ApiRequest['query']): ApiRequest['query'] {
  const { container: _container, ...rest } = query ?? {};
  return rest;
}

/** Only a running Pod has a network to connect to. */
export function portForward(core: Core, ctx: Context): ApiResponse {
  const pod = podOf(core, ctx);
  const kubelet = kubeletOf(core, pod);
  if (!kubelet) throw badRequest(`pod ${pod.metadata.name} does not have a host assigned`);
  const { namespace, name } = ctx.route;
  return { code: 101, headers: {}, portForward: passed(() => kubelet.portForward(namespace, name)) };
}

function streams(ctx: Context): { stdin: boolean; tty: boolean } {
  const { query } = ctx.request;
  return { stdin: isTrue(query?.stdin), tty: isTrue(query?.tty) };
}

function runningPod(core: Core, ctx: Context): { pod: Pod; container: string; kubelet: KubeletApi } {
  const pod = podOf(core, ctx);
  const phase = pod.status?.phase;
  if (phase === 'Succeeded' || phase === 'Failed') {
    throw new StatusError(
      400,
      'BadRequest',
      `cannot exec into a container in a completed pod; current phase is ${phase}`,
    );
  }
  const container = containerOf(ctx, pod);
  const kubelet = kubeletOf(core, pod);
  if (!kubelet) throw badRequest(`pod ${pod.metadata.name} does not have a host assigned`);
  return { pod, container, kubelet };
}

export function exec(core: Core, ctx: Context): ApiResponse {
  const { container, kubelet } = runningPod(core, ctx);
  const command = ctx.request.query?.command ?? [];
  const argv = Array.isArray(command) ? command : [command];
  if (argv.length === 0) throw badRequest('you must specify at least 1 command for the container');
  const { namespace, name } = ctx.route;
  return { code: 101, headers: {}, exec: passed(() => kubelet.exec(namespace, name, container, argv, streams(ctx))) };
}

export function attach(core: Core, ctx: Context): ApiResponse {
  const { container, kubelet } = runningPod(core, ctx);
  const { namespace, name } = ctx.route;
  return { code: 101, headers: {}, exec: passed(() => kubelet.attach(namespace, name, container, streams(ctx))) };
}

export function queryText(query: ApiRequest['query']): string {
  let text = '';
  for (const name of Object.keys(query ?? {})) {
    for (const value of [query?.[name] ?? []].flat()) {
      text += `${text ? '&' : '?'}${encodeURIComponent(name)}${value === '' ? '' : `=${encodeURIComponent(value)}`}`;
    }
  }
  return text;
}
