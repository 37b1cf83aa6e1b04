// DefaultBinder: POSTs a Binding.

import type { Client } from '../../client/index.ts';
import type { Binding } from '../../api/types.ts';
import type { Plugin } from '../framework.ts';

export function defaultBinder(client: Client): Plugin {
  const pods = client.of<Binding>('v1', 'pods');
  return {
    name: 'DefaultBinder',
    bind({ pod, namespace }, node) {
      const { name, uid } = pod.metadata;
      const binding: Binding = {
        apiVersion: 'v1',
        kind: 'Binding',
        metadata: { namespace, name, uid },
        target: { kind: 'Node', name: node },
      };
      pods.create(namespace, binding, 'binding', name);
    },
  };
}
