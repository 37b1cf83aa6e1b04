// The scale subresource of custom resources: which of their fields are the replicas and the selector.

import type { JsonObject, KubeObject } from '../../api/types.ts';
import type { Faults } from '../../api/validation/field.ts';
import { internalError } from '../status.ts';
import { isObject } from './structural.ts';

export interface ScalePaths {
  specReplicasPath: string;
  statusReplicasPath: string;
  labelSelectorPath?: string;
}

const fieldsOf = (path: string): string[] => path.replace(/^\./, '').split('.');

function at(object: unknown, path: string): unknown {
  let value = object;
  for (const field of fieldsOf(path)) value = isObject(value) ? value[field] : undefined;
  return value;
}

function put(value: unknown, [field, ...rest]: string[], leaf: unknown): JsonObject {
  const object = isObject(value) ? value : {};
  return { ...object, [field]: rest.length ? put(object[field], rest, leaf) : leaf };
}

/** What a custom resource does in place of the built-in kinds' spec.replicas. */
export function scaleOf(paths: ScalePaths) {
  const { specReplicasPath, statusReplicasPath, labelSelectorPath } = paths;
  return {
    /** `strict`: a resource without replicas has no scale. */
    read(object: KubeObject, strict: boolean): KubeObject {
      const { name, namespace, uid, resourceVersion, creationTimestamp } = object.metadata;
      const replicas = at(object, specReplicasPath);
      if (replicas === undefined && strict)
        throw internalError(`the spec replicas field ${JSON.stringify(specReplicasPath)} does not exist`);
      const selector = labelSelectorPath ? at(object, labelSelectorPath) : undefined;
      return {
        kind: 'Scale',
        apiVersion: 'autoscaling/v1',
        metadata: { name, namespace, uid, resourceVersion, creationTimestamp },
        spec: replicas ? { replicas } : {},
        status: { replicas: at(object, statusReplicasPath) ?? 0, ...(selector ? { selector } : undefined) },
      };
    },
    write: (object: KubeObject, replicas: number): KubeObject =>
      at(object, specReplicasPath) === replicas
        ? object
        : (put(object, fieldsOf(specReplicasPath), replicas) as KubeObject),
    validate(faults: Faults, object: KubeObject) {
      for (const path of [specReplicasPath, statusReplicasPath]) {
        const value = at(object, path);
        if (typeof value !== 'number') continue;
        if (value < 0) faults.invalid(path, value, 'should be a non-negative integer');
        else if (value > 2147483647) faults.invalid(path, value, 'should be less than or equal to 2147483647');
      }
    },
  };
}
