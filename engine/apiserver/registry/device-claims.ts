// Claims to devices that are in use: only in namespaces that are marked for administrators (registry/resource,
// AuthorizedForAdmin).

import type { JsonObject, KubeObject, ResourceInfo } from '../../api/types.ts';
import { Faults } from '../../api/validation/field.ts';
import type { Context } from '../context.ts';
import type { Core } from '../handlers/types.ts';
import { invalid } from '../status.ts';
import type { Strategy } from './strategies.ts';

const LABEL = 'resource.kubernetes.io/admin-access';

export const deviceClaims = {
  beforeCreate({ scheme, storage }: Core, { info, route }: Context, object: KubeObject) {
    const spec: JsonObject = info.kind === 'ResourceClaimTemplate' ? object.spec?.spec : object.spec;
    const requests: JsonObject[] = spec?.devices?.requests ?? [];
    const i = requests.findIndex(({ exactly }) => exactly?.adminAccess === true);
    if (i < 0) return object;
    const namespace = storage.get(scheme.resource('', 'v1', 'namespaces') as ResourceInfo, '', route.namespace);
    if (namespace?.metadata.labels?.[LABEL] === 'true') return object;
    const faults = new Faults();
    const why = `admin access to devices requires the \`${LABEL}: true\` label on the containing namespace`;
    faults.forbidden(`spec.devices.requests[${i}].adminAccess`, why);
    throw invalid(info, object.metadata.name ?? '', faults.list);
  },
} satisfies Strategy;
