// CustomResourceDefinitions: deletion waits for the removal of the objects that they define.

import { withCondition } from '../crd/conditions.ts';
import type { Strategy } from './strategies.ts';

const FINALIZER = 'customresourcecleanup.apiextensions.k8s.io';

export const customResourceDefinitions = {
  beginDelete(_core, ctx, object) {
    if (object.metadata.deletionTimestamp) return undefined;
    const finalizers = object.metadata.finalizers ?? [];
    const marked = {
      ...object,
      metadata: {
        ...object.metadata,
        deletionTimestamp: ctx.time,
        finalizers: finalizers.includes(FINALIZER) ? finalizers : [...finalizers, FINALIZER],
      },
    };
    const message = 'CustomResourceDefinition marked for deletion; CustomResource deletion will begin soon';
    return withCondition(
      marked,
      { type: 'Terminating', status: 'True', reason: 'InstanceDeletionPending', message },
      ctx.time,
    );
  },
} satisfies Strategy;
