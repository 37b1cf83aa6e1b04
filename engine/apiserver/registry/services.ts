// Services: cluster IPs and node ports come from what no other Service holds.

import type { Service } from '../../api/types.ts';
import type { Strategy } from './strategies.ts';

export const services: Strategy = {
  createByUpdate: true,
  returnsDeleted: true,
  beforeCreate(core, _ctx, object) {
    return core.allocators.forService(object as unknown as Service, undefined) as never;
  },
  beforeUpdate(core, _ctx, object, old, subresource) {
    if (subresource) return object;
    return core.allocators.forService(object as unknown as Service, old as unknown as Service) as never;
  },
};
