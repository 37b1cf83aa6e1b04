// What every cluster has some of, for the whole cluster: leases, priorities, classes of storage and Ingresses, API services.

import { base64Text } from '../base64.ts';
import { deepEqual } from '../change.ts';
import type { JsonObject } from '../types.ts';
import { Faults, IMMUTABLE, utf8Length } from './field.ts';
import { pathSegment } from './metadata.ts';
import { isDNS1035Label, isDNS1123Label, isDNS1123Subdomain, isDomainPrefixedPath, isQualifiedName } from './names.ts';
import type { Rules } from './rules.ts';

const MAX_PARAMETERS = 512;
const MAX_PARAMETERS_SIZE = 256 * 1024;

export const lease: Rules = {
  validate(faults, object) {
    const spec: JsonObject = object.spec ?? {};
    if (spec.leaseDurationSeconds !== undefined && spec.leaseDurationSeconds <= 0)
      faults.invalid('spec.leaseDurationSeconds', spec.leaseDurationSeconds, 'must be greater than 0');
    if (spec.leaseTransitions !== undefined && spec.leaseTransitions < 0)
      faults.invalid('spec.leaseTransitions', spec.leaseTransitions, 'must be greater than or equal to 0');
    if (spec.strategy === undefined) {
      if (spec.preferredHolder !== undefined)
        faults.forbidden('spec.preferredHolder', 'may only be specified if `strategy` is defined');
    } else if (spec.strategy !== 'OldestEmulationVersion' && !spec.strategy.includes('/')) {
      faults.notSupported('spec.strategy', spec.strategy, ['OldestEmulationVersion']);
    }
  },
};

const SYSTEM_PRIORITIES: Record<string, number> = {
  'system-cluster-critical': 2000000000,
  'system-node-critical': 2000001000,
};

export const priorityClass: Rules = {
  validate(faults, object) {
    const name = object.metadata.name ?? '';
    if (name.startsWith('system-')) {
      const known = SYSTEM_PRIORITIES[name];
      const words = "priority class names with 'system-' prefix are reserved for system use only. error: ";
      if (known === undefined)
        faults.forbidden('metadata.name', `${words}${name} is not a known system priority class`);
      else if (known !== object.value)
        faults.forbidden('metadata.name', `${words}value of ${name} PriorityClass must be ${known}`);
    } else if (object.value > 1000000000) {
      faults.forbidden('value', 'maximum allowed value of a user defined priority is 1000000000');
    }
    if (object.preemptionPolicy !== undefined)
      faults.ifNot('preemptionPolicy', object.preemptionPolicy, ['PreemptLowerPriority', 'Never']);
  },
  validateUpdate(faults, object, old) {
    if (object.value !== old.value) faults.forbidden('value', 'may not be changed in an update.');
    if (object.preemptionPolicy !== old.preemptionPolicy)
      faults.invalid('preemptionPolicy', object.preemptionPolicy, IMMUTABLE);
  },
};

export function classParameters(faults: Faults, path: string, parameters: Record<string, string> | undefined) {
  const keys = Object.keys(parameters ?? {});
  if (keys.length > MAX_PARAMETERS) {
    faults.tooLong(path, MAX_PARAMETERS);
    return;
  }
  let size = 0;
  for (const key of keys) {
    if (key === '') faults.invalid(path, key, 'field can not be empty.');
    size += utf8Length(key) + utf8Length((parameters as Record<string, string>)[key]);
  }
  if (size > MAX_PARAMETERS_SIZE) faults.tooLong(path, MAX_PARAMETERS_SIZE);
}

function topologies(faults: Faults, path: string, terms: JsonObject[]) {
  const seen: JsonObject[] = [];
  terms.forEach((term, i) => {
    const keys = new Set<string>();
    (term.matchLabelExpressions ?? []).forEach((expression: JsonObject, e: number) => {
      const at = `${path}[${i}].matchLabelExpressions[${e}]`;
      const values: string[] = expression.values ?? [];
      if (!values.length) faults.required(`${at}.values`);
      values.forEach((value, v) => {
        if (values.indexOf(value) < v) faults.duplicate(`${at}.values[${v}]`, value);
      });
      faults.check(`${at}.key`, expression.key ?? '', isQualifiedName);
      if (keys.has(expression.key)) faults.duplicate(`${at}.key`, expression.key);
      keys.add(expression.key);
    });
    if (seen.some((other) => deepEqual(other, term))) faults.duplicate(`${path}[${i}].matchLabelExpressions`, '');
    seen.push(term);
  });
}

export const storageClass: Rules = {
  validate(faults, object) {
    if (!object.provisioner) faults.required('provisioner');
    else
      for (const fault of isQualifiedName(object.provisioner.toLowerCase()))
        faults.invalid('provisioner', object.provisioner, fault);
    classParameters(faults, 'parameters', object.parameters);
    if (object.reclaimPolicy) faults.ifNot('reclaimPolicy', object.reclaimPolicy, ['Delete', 'Retain']);
    faults.oneOf('volumeBindingMode', object.volumeBindingMode, ['Immediate', 'WaitForFirstConsumer']);
    topologies(faults, 'allowedTopologies', object.allowedTopologies ?? []);
  },
  validateUpdate(faults, object, old) {
    if (!deepEqual(object.parameters, old.parameters))
      faults.forbidden('parameters', 'updates to parameters are forbidden.');
    if (object.provisioner !== old.provisioner)
      faults.forbidden('provisioner', 'updates to provisioner are forbidden.');
    if (object.reclaimPolicy !== old.reclaimPolicy)
      faults.forbidden('reclaimPolicy', 'updates to reclaimPolicy are forbidden.');
    if (object.volumeBindingMode !== old.volumeBindingMode)
      faults.invalid('volumeBindingMode', object.volumeBindingMode, IMMUTABLE);
  },
};

/** Group, kind and name of another object. */
export function typedReference(faults: Faults, path: string, ref: JsonObject) {
  if ((ref.apiGroup ?? undefined) !== undefined) faults.check(`${path}.apiGroup`, ref.apiGroup, isDNS1123Subdomain);
  for (const field of ['kind', 'name']) {
    if (!ref[field]) faults.required(`${path}.${field}`);
    else faults.check(`${path}.${field}`, ref[field], pathSegment);
  }
}

export const ingressClass: Rules = {
  validate(faults, object) {
    const spec: JsonObject = object.spec ?? {};
    const controller: string = spec.controller ?? '';
    if (!controller) faults.required('spec.controller');
    else {
      if (controller.length > 250) faults.tooLong('spec.controller', 250);
      faults.check('spec.controller', controller, isDomainPrefixedPath);
    }
    const parameters = spec.parameters;
    if (!parameters) return;
    const at = 'spec.parameters';
    typedReference(faults, at, parameters);
    if (parameters.scope === undefined) {
      faults.required(`${at}.scope`);
      return;
    }
    faults.ifNot(`${at}.scope`, parameters.scope, ['Cluster', 'Namespace']);
    if (parameters.scope === 'Namespace') {
      if (parameters.namespace === undefined)
        faults.required(`${at}.namespace`, "`parameters.scope` is set to 'Namespace'");
      else faults.check(`${at}.namespace`, parameters.namespace, isDNS1123Label);
    }
    if (parameters.scope === 'Cluster' && parameters.namespace !== undefined)
      faults.forbidden(`${at}.namespace`, "`parameters.scope` is set to 'Cluster'");
  },
  validateUpdate(faults, object, old) {
    if (object.spec?.controller !== old.spec?.controller)
      faults.invalid('spec.controller', object.spec?.controller, IMMUTABLE);
  },
};

export const apiService: Rules = {
  validate(faults, object) {
    const spec: JsonObject = object.spec ?? {};
    const name = `${spec.version ?? ''}.${spec.group ?? ''}`;
    if (object.metadata.name !== name)
      faults.invalid(
        'metadata.name',
        object.metadata.name,
        `must be \`spec.version+"."+spec.group\`: ${JSON.stringify(name)}`,
      );
    if (spec.group) faults.check('spec.group', spec.group, isDNS1123Subdomain);
    faults.check('spec.version', spec.version ?? '', isDNS1035Label);
    if (spec.groupPriorityMinimum <= 0 || spec.groupPriorityMinimum > 20000) {
      faults.invalid('spec.groupPriorityMinimum', spec.groupPriorityMinimum, 'must be positive and less than 20000');
    }
    if (spec.versionPriority <= 0 || spec.versionPriority > 1000) {
      faults.invalid('spec.versionPriority', spec.versionPriority, 'must be positive and less than 1000');
    }
    if (!spec.service) {
      const local = (field: string, value: unknown) =>
        faults.invalid(
          `spec.${field}`,
          value,
          `local APIServices may not have ${field === 'caBundle' ? 'a ' : ''}${field}`,
        );
      if (spec.caBundle) local('caBundle', `${base64Text(spec.caBundle).length} bytes`);
      if (spec.insecureSkipTLSVerify) local('insecureSkipTLSVerify', true);
      return;
    }
    if (!spec.service.namespace) faults.required('spec.service.namespace');
    if (!spec.service.name) faults.required('spec.service.name');
    const { port } = spec.service;
    if (port < 1 || port > 65535)
      faults.invalid('spec.service.port', port, 'port is not valid: must be between 1 and 65535, inclusive');
    if (spec.insecureSkipTLSVerify && spec.caBundle)
      faults.invalid('spec.insecureSkipTLSVerify', true, 'may not be true if caBundle is present');
  },
};
