// POST serviceaccounts/NAME/token: a token for a service account (TokenRequest), perhaps bound to an object.

import { Faults } from '../../api/validation/field.ts';
import type { KubeObject, ResourceInfo } from '../../api/index.ts';
import { ISSUER, type Bound } from '../authentication/service-account-tokens.ts';
import { readObject } from '../body.ts';
import type { Context } from '../context.ts';
import type { Core } from '../handlers/types.ts';
import { badRequest, conflict, invalid, notFound } from '../status.ts';
import type { ApiResponse } from '../types.ts';
import { admitted } from './admit.ts';

const DEFAULT_SECONDS = 3600;
const LEAST_SECONDS = 600;
const MOST_SECONDS = 2 ** 32;
/** What the ServiceAccount admission asks for: such tokens live a year, so that old clients that do not reread them work. */
const PROJECTED_SECONDS = 3607;
const EXTENDED_SECONDS = 365 * 24 * 3600;

interface BoundReference {
  kind?: string;
  apiVersion?: string;
  name?: string;
  uid?: string;
}

const MUST_EXIST = { Pod: 'pods', Secret: 'secrets', Node: 'nodes' } as const;

export function token(core: Core, ctx: Context): ApiResponse {
  const { namespace, name } = ctx.route;
  const info = core.scheme.kind('authentication.k8s.io', 'v1', 'TokenRequest') ?? {
    ...ctx.info,
    group: 'authentication.k8s.io',
    groupVersion: 'authentication.k8s.io/v1',
    kind: 'TokenRequest',
  };
  const admission = admitted(core, ctx, 'CREATE', info, readObject(core.scheme, ctx, info));
  const sent = admission.object;
  checkPlace(info, sent, namespace, name);
  const account = core.storage.get(ctx.info, namespace, name);
  if (!account) throw notFound(ctx.info, name);
  const seconds: number = sent.spec?.expirationSeconds ?? DEFAULT_SECONDS;
  const audiences: string[] = sent.spec?.audiences?.length ? sent.spec.audiences : [ISSUER];
  const reference: BoundReference | null = sent.spec?.boundObjectRef ?? null;
  const request: KubeObject = {
    kind: 'TokenRequest',
    apiVersion: 'authentication.k8s.io/v1',
    metadata: { name, namespace, creationTimestamp: ctx.time },
    spec: { audiences, expirationSeconds: seconds, boundObjectRef: reference },
  };
  checkSeconds(info, seconds);
  admission.validate(request);
  const bound = reference ? boundTo(core, namespace, name, reference) : {};
  const extended = bound.pod && seconds === PROJECTED_SECONDS && audiences.every((audience) => audience === ISSUER);
  const text = core.tokens.issue(
    account,
    bound,
    audiences,
    extended ? EXTENDED_SECONDS : seconds,
    extended ? seconds : undefined,
  );
  const expirationTimestamp = new Date(core.sim.now + seconds * 1000).toISOString().slice(0, 19) + 'Z';
  return { code: 201, headers: {}, body: { ...request, status: { token: text, expirationTimestamp } } };
}

/** The body may repeat what the path says. */
function checkPlace(info: ResourceInfo, { metadata }: KubeObject, namespace: string, name: string) {
  const faults = new Faults();
  if (metadata?.name && metadata.name !== name) {
    faults.invalid('metadata.name', metadata.name, 'must match the service account name if specified');
  } else if (metadata?.namespace && metadata.namespace !== namespace) {
    faults.invalid('metadata.namespace', metadata.namespace, 'must match the service account namespace if specified');
  }
  if (faults.list.length) throw invalid(info, name, faults.list);
}

function checkSeconds(info: ResourceInfo, seconds: number) {
  const faults = new Faults();
  const field = 'spec.expirationSeconds';
  if (seconds < LEAST_SECONDS) faults.invalid(field, seconds, 'may not specify a duration less than 10 minutes');
  if (seconds > MOST_SECONDS) faults.invalid(field, seconds, 'may not specify a duration larger than 2^32 seconds');
  if (faults.list.length) throw invalid(info, '', faults.list);
}

function boundTo(core: Core, namespace: string, account: string, reference: BoundReference): Bound {
  const { kind = '', apiVersion = '', name = '', uid = '' } = reference;
  const slash = apiVersion.indexOf('/');
  const resource = slash < 0 ? MUST_EXIST[kind as keyof typeof MUST_EXIST] : undefined;
  if (!resource) {
    const version = apiVersion.slice(slash + 1);
    const group = slash < 0 ? '' : apiVersion.slice(0, slash);
    throw badRequest(`cannot bind token to object of type ${group}/${version}, Kind=${kind}`);
  }
  const info = core.scheme.resource('', 'v1', resource) as ResourceInfo;
  const object = core.storage.get(info, info.namespaced ? namespace : '', name);
  if (!object) throw notFound(info, name);
  if (kind === 'Pod' && object.spec.serviceAccountName !== account) {
    throw badRequest(
      `cannot bind token for serviceaccount ${JSON.stringify(account)} to pod running with different serviceaccount name.`,
    );
  }
  if (uid && uid !== object.metadata.uid) {
    const why = `the UID in the bound object reference (${uid}) does not match the UID in record. The object might have been deleted and then recreated`;
    throw conflict({ group: '', resource: kind }, name, why);
  }
  const found = { name, uid: object.metadata.uid };
  if (kind === 'Secret') return { secret: found };
  if (kind === 'Node') return { node: found };
  const node: string = object.spec.nodeName ?? '';
  if (!node) return { pod: found };
  const nodes = core.scheme.resource('', 'v1', 'nodes') as ResourceInfo;
  const on = core.storage.get(nodes, '', node);
  return { pod: found, node: on ? { name: node, uid: on.metadata.uid } : { name: node } };
}
