// Puts the cluster's CA certificate into every namespace as the ConfigMap kube-root-ca.crt.

import { ApiError, isAlreadyExists, isNotFound, keyOf } from '../client/index.ts';
import { namespaceIsTerminating } from './pod-control.ts';
import type { Controller } from './context.ts';
import type { ConfigMap, Namespace } from '../api/types.ts';

const NAME = 'kube-root-ca.crt';
const DESCRIPTION = 'kubernetes.io/description';
const DESCRIPTION_TEXT =
  'Contains a CA bundle that can be used to verify the kube-apiserver when using internal endpoints such as the internal service IP or kubernetes.default.svc. ' +
  'No other usage is guaranteed across distributions of Kubernetes clusters.';

/** `ca`: the certificate in PEM. */
export function rootCACertPublisher(ca: string): Controller {
  return {
    name: 'root-ca-certificate-publisher-controller',
    account: 'root-ca-cert-publisher',
    component: 'root-ca-cert-publisher',
    start(context) {
      const client = context.client.of<ConfigMap>('v1', 'configmaps');
      const namespaces = context.informer<Namespace>('v1', 'namespaces');
      const configMaps = context.informer<ConfigMap>('v1', 'configmaps');
      const data = { 'ca.crt': ca };
      const queue = context.queue((name) => {
        const namespace = namespaces.byKey(name);
        if (!namespace || namespace.status?.phase === 'Terminating') return;
        const present = configMaps.get(name, NAME);
        const annotations = { ...present?.metadata.annotations, [DESCRIPTION]: DESCRIPTION_TEXT };
        try {
          if (!present) {
            const metadata = { name: NAME, namespace: name, annotations };
            client.create(name, { apiVersion: 'v1', kind: 'ConfigMap', metadata, data });
          } else if (
            present.data?.['ca.crt'] !== ca ||
            Object.keys(present.data).length !== 1 ||
            !present.metadata.annotations?.[DESCRIPTION]
          ) {
            client.update(name, NAME, { ...present, metadata: { ...present.metadata, annotations }, data });
          }
        } catch (error) {
          const moot = isAlreadyExists(error) || isNotFound(error) || namespaceIsTerminating(error);
          if (!(error instanceof ApiError) || !moot) throw error;
        }
      });
      namespaces.on({ add: (ns) => queue.add(keyOf(ns)), update: (ns) => queue.add(keyOf(ns)) });
      const configMapChanged = (configMap: ConfigMap) => {
        if (configMap.metadata.name === NAME) queue.add(configMap.metadata.namespace as string);
      };
      configMaps.on({ update: configMapChanged, delete: configMapChanged });
    },
  };
}
