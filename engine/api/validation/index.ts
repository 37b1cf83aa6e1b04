// Validation of a kind: metadata first, then the kind's own rules, all faults at once.

import type { FieldError, KubeObject, ResourceInfo } from '../types.ts';
import { Faults } from './field.ts';
import { nameFormat, objectMeta, objectMetaUpdate } from './metadata.ts';
import { RULES } from './rules.ts';

export function validate(info: ResourceInfo, object: KubeObject): FieldError[] {
  const faults = new Faults();
  const rules = RULES[`${info.group}/${info.kind}`];
  objectMeta(faults, info, object, rules?.name ?? nameFormat(info));
  rules?.validate?.(faults, object);
  return faults.list;
}

/** An update must be valid in itself and may not touch what is immutable. */
export function validateUpdate(info: ResourceInfo, object: KubeObject, old: KubeObject, subresource?: string): FieldError[] {
  const faults = new Faults();
  const rules = RULES[`${info.group}/${info.kind}`];
  objectMetaUpdate(faults, object, old);
  if (subresource === 'status') {
    rules?.validateStatus?.(faults, object, old);
    return faults.list;
  }
  if (rules?.ownUpdate) {
    rules.ownUpdate(faults, object, old, subresource);
  } else {
    objectMeta(faults, info, object, rules?.name ?? nameFormat(info));
    rules?.validate?.(faults, object, old);
    rules?.validateUpdate?.(faults, object, old);
  }
  return faults.list;
}
