// NamespaceLifecycle: nothing is created in a namespace that is missing or going, and some are never deleted.

import type { ResourceInfo } from '../../api/types.ts';
import { StatusError, forbidden, notFound } from '../status.ts';
import type { AdmissionHost, AdmissionPlugin, Attributes } from './types.ts';

const IMMORTAL = new Set(['default', 'kube-system', 'kube-public']);

export const namespaceLifecycle: AdmissionPlugin = {
  name: 'NamespaceLifecycle',
  handles: (operation, info) =>
    (operation === 'CREATE' && info.namespaced) || (operation === 'DELETE' && isNamespace(info)),
  // Before anybody else fills an object in or finds fault with it.
  mutate(attributes, host) {
    checkCreation(attributes, host);
    return attributes.object;
  },
  findings({ namespace }, { storage }) {
    const found = storage.namespace(namespace);
    return found?.metadata.deletionTimestamp ? undefined : found;
  },
  validate(attributes, host) {
    const { operation, info, name, subresource } = attributes;
    if (operation === 'DELETE') {
      if (IMMORTAL.has(name)) throw forbidden(info, name, 'this namespace may not be deleted');
    } else if (subresource) checkCreation(attributes, host);
  },
};

function checkCreation({ operation, info, namespace, name, object }: Attributes, host: AdmissionHost) {
  // Access reviews only look like objects.
  if (operation !== 'CREATE' || info.kind === 'LocalSubjectAccessReview') return;
  checkNamespace(host, info, namespace, object?.metadata.name || name);
}

/** Throws unless something may be created in the namespace. */
export function checkNamespace(
  { scheme, storage }: AdmissionHost,
  info: ResourceInfo,
  namespace: string,
  name: string,
) {
  const found = storage.namespace(namespace);
  if (!found) throw notFound(scheme.resource('', 'v1', 'namespaces') as ResourceInfo, namespace);
  if (found.metadata.deletionTimestamp) {
    const error: StatusError = forbidden(
      info,
      name,
      `unable to create new content in namespace ${namespace} because it is being terminated`,
    );
    error.status.details = {
      ...error.status.details,
      causes: [
        {
          reason: 'NamespaceTerminating',
          message: `namespace ${namespace} is being terminated`,
          field: 'metadata.namespace',
        },
      ],
    };
    throw error;
  }
}

const isNamespace = (info: { group: string; resource: string }) => info.group === '' && info.resource === 'namespaces';
