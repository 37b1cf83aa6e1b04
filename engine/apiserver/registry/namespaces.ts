// Namespaces: they wait in Terminating until the namespace controller has emptied them and finalized their spec.

import type { Strategy } from './strategies.ts';

const NAME_LABEL = 'kubernetes.io/metadata.name';

export const namespaces: Strategy = {
  returnsDeleted: true,
  beforeCreate(_core, _ctx, object) {
    const finalizers: string[] = object.spec?.finalizers ?? [];
    const { metadata } = object;
    return {
      ...object,
      metadata: { ...metadata, labels: { ...metadata.labels, [NAME_LABEL]: metadata.name ?? '' } },
      spec: {
        ...object.spec,
        finalizers: finalizers.includes('kubernetes') ? finalizers : [...finalizers, 'kubernetes'],
      },
      status: { phase: 'Active' },
    };
  },
  beforeUpdate(_core, _ctx, object, old, subresource) {
    const { metadata } = object;
    const named =
      metadata.labels?.[NAME_LABEL] === metadata.name
        ? object
        : {
            ...object,
            metadata: { ...metadata, labels: { ...metadata.labels, [NAME_LABEL]: metadata.name ?? '' } },
          };
    // Only `finalize` changes the finalizers of the spec.
    return subresource === 'finalize' ? named : { ...named, spec: old.spec };
  },
  beginDelete(_core, ctx, object) {
    if (!object.metadata.deletionTimestamp) {
      return {
        ...object,
        metadata: { ...object.metadata, deletionTimestamp: ctx.time },
        status: { ...object.status, phase: 'Terminating' },
      };
    }
    return object.spec?.finalizers?.length ? object : undefined;
  },
};
