// Part: custom resources and admission policies, with CEL.

import { matchConditions, validateBinding, validatePolicy } from '../apiserver/admission/policy-definition.ts';
import { typeCheck } from '../apiserver/admission/policy-types.ts';
import { AdmissionPolicies } from '../apiserver/admission/validating-admission-policy.ts';
import { Webhooks } from '../apiserver/admission/webhooks.ts';
import { validateDefinition } from '../apiserver/crd/definition.ts';
import { CustomResources } from '../apiserver/crd/index.ts';
import { customResourceDefinitions } from '../apiserver/registry/custom-resource-definitions.ts';
import { admitConnection } from '../apiserver/subresources/connect.ts';
import { JsonPath, JsonPathError } from '../kubectl/output/jsonpath.ts';
import { provide } from './index.ts';

/** A JSONPath of a definition; what it does not find is nothing. */
function paths(path: string) {
  const parsed = new JsonPath(`{${path}}`, true);
  return (value: unknown): unknown[] => {
    try {
      return parsed.results(value)[0] ?? [];
    } catch (error) {
      if (error instanceof JsonPathError) return [];
      throw error;
    }
  };
}

provide('extensions', {
  admitConnection,
  admissionPolicies: () => new AdmissionPolicies(),
  customResourceDefinitions,
  customResources: (core, handle) => new CustomResources(core, handle, paths),
  matchConditions,
  typeCheck,
  validateBinding,
  validateDefinition,
  validatePolicy,
  webhooks: (name) => new Webhooks(name),
});
