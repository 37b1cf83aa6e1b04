// GET, PUT and PATCH of …/scale: the replica count of any kind that has one, as an autoscaling/v1 Scale.

import { formatLabelSelector, type KubeObject, type ResourceInfo } from '../../api/index.ts';
import { part } from '../../parts/index.ts';
import { readObject, contentType } from '../body.ts';
import type { Context } from '../context.ts';
import { patched, readPatch } from '../handlers/patch.ts';
import type { Core } from '../handlers/types.ts';
import { checkNames, updateObject } from '../handlers/update.ts';
import { negotiate, viewOf } from '../respond.ts';
import { conflict, invalid, MODIFIED, notFound } from '../status.ts';
import type { ApiResponse } from '../types.ts';
import { admitted } from './admit.ts';

const SCALE = { group: 'autoscaling', kind: 'Scale' };

export function scale(core: Core, ctx: Context): ApiResponse {
  const { info, route } = ctx;
  const scaleInfo = core.scheme.kind('autoscaling', 'v1', 'Scale') ?? {
    ...info,
    group: 'autoscaling',
    version: 'v1',
    groupVersion: 'autoscaling/v1',
    kind: 'Scale',
    custom: undefined,
  };
  const own = core.scheme.customKind(info)?.scale;
  const shown = (object: KubeObject, strict: boolean) => (own ? own.read(object, strict) : scaleOf(object));
  const found = core.storage.get(info, route.namespace, route.name);
  if (!found)
    throw notFound(route.verb === 'get' && !own ? { ...info, resource: `${info.resource}/scale` } : info, route.name);
  if (route.verb === 'get') {
    const object = shown(found, true);
    const view = viewOf(core, scaleInfo, ctx.request, negotiate(ctx.request));
    return { code: 200, headers: {}, body: view ? view(object) : object };
  }

  const write = own?.write ?? withReplicas;
  if (route.verb === 'patch' && contentType(ctx) === 'application/apply-patch+yaml') {
    const { object } = part('apply').applyScale(core, ctx, scaleInfo, write);
    return { code: 200, headers: {}, body: shown(object, false) };
  }
  const present = shown(found, false);
  const wanted =
    route.verb === 'update'
      ? readScale(core, ctx, scaleInfo)
      : patched(core, { ...ctx, info: scaleInfo }, contentType(ctx), present, readPatch(ctx, contentType(ctx)));
  const admission = admitted(core, ctx, 'UPDATE', scaleInfo, wanted, present);
  const replicas: number = admission.object.spec?.replicas ?? 0;
  if (replicas < 0 && !own) {
    throw invalid(SCALE, route.name, [
      {
        type: 'FieldValueInvalid',
        field: 'spec.replicas',
        message: `Invalid value: ${replicas}: must be greater than or equal to 0`,
      },
    ]);
  }
  admission.validate();
  const version = wanted.metadata.resourceVersion;
  const { object } = updateObject(core, ctx, info, route.namespace, route.name, 'scale', (old) => {
    const target = old as KubeObject;
    if (version && version !== target.metadata.resourceVersion) throw conflict(info, route.name, MODIFIED);
    return write(target, replicas);
  });
  return { code: 200, headers: {}, body: shown(object, false) };
}

const withReplicas = (object: KubeObject, replicas: number): KubeObject =>
  object.spec?.replicas === replicas ? object : { ...object, spec: { ...object.spec, replicas } };

function readScale(core: Core, ctx: Context, info: ResourceInfo): KubeObject {
  const sent = readObject(core.scheme, ctx, info);
  if (typeof ctx.request.body === 'string') checkNames(ctx, sent);
  return sent;
}

function scaleOf({ metadata, spec, status }: KubeObject): KubeObject {
  const { name, namespace, uid, resourceVersion, creationTimestamp } = metadata;
  const selector = spec?.selector;
  // A ReplicationController's selector is a plain map.
  const text = selector?.matchLabels || selector?.matchExpressions ? selector : { matchLabels: selector ?? {} };
  const shown: Record<string, unknown> = {};
  shown.replicas = status?.replicas ?? 0;
  if (selector) shown.selector = formatLabelSelector(text);
  return {
    kind: 'Scale',
    apiVersion: 'autoscaling/v1',
    metadata: { name, namespace, uid, resourceVersion, creationTimestamp },
    spec: spec?.replicas ? { replicas: spec.replicas } : {},
    status: shown,
  };
}
