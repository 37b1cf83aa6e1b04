// The `authorizer` of policies' expressions: asks whether the user of the request may do something else.

import { AuthorizerValue } from '../../cel/index.ts';
import type { AdmissionHost, Attributes } from './types.ts';

export const authorizerValue = (
  { user, info, subresource, namespace, name }: Attributes,
  { authorizer }: AdmissionHost,
) =>
  new AuthorizerValue(({ serviceAccount, attributes }) => authorizer.authorize(serviceAccount ?? user, attributes), {
    group: info.group,
    resource: info.resource,
    subresource,
    namespace,
    name,
    path: '',
  });
