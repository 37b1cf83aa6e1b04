// Services: cluster IPs and node ports come from what no other Service holds.

import type { JsonObject, KubeObject, Service } from '../../api/types.ts';
import { isExternallyAccessible } from '../../api/validation/service.ts';
import type { Strategy } from './strategies.ts';

export const services: Strategy = {
  createByUpdate: true,
  returnsDeleted: true,
  beforeCreate(core, _ctx, object) {
    return core.allocators.forService(object as unknown as Service, undefined) as never;
  },
  beforeUpdate(core, _ctx, object, old, subresource) {
    if (subresource) return object;
    object = withoutOldType(object, old);
    return core.allocators.forService(object as unknown as Service, old as unknown as Service) as never;
  },
};

/** Fields that only the type before could have go, unless the update sets them anew. */
function withoutOldType(object: KubeObject, old: KubeObject): KubeObject {
  const before = old.spec as JsonObject;
  const now = object.spec as JsonObject | undefined;
  if (!now || now.type === before.type) return object;
  const gone: string[] = [];
  const drop = (field: string, had: boolean, has: boolean) => {
    if (had && !has && now[field] !== undefined && now[field] === before[field]) gone.push(field);
  };
  const balanced = (spec: JsonObject) => spec.type === 'LoadBalancer';
  drop('allocateLoadBalancerNodePorts', balanced(before), balanced(now));
  drop('loadBalancerClass', balanced(before), balanced(now));
  drop('externalTrafficPolicy', isExternallyAccessible(before), isExternallyAccessible(now));
  if (!gone.length) return object;
  const spec = { ...now };
  for (const field of gone) delete spec[field];
  return { ...object, spec };
}
