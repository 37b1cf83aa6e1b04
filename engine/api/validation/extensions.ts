// What extends the API or guards it: custom resource definitions, webhooks, admission policies, API services, CSRs,
// and the reviews of authorization.

import { base64Text } from '../base64.ts';
import type { JsonObject, KubeObject } from '../types.ts';
import { customResourceSchema } from './crd-schema.ts';
import { Faults, IMMUTABLE } from './field.ts';
import { isDNS1035Label, isDNS1123Subdomain } from './names.ts';
import type { Rules } from './rules.ts';
import { labelSelector } from './selectors.ts';

/** Groups that only Kubernetes itself may extend. */
const isProtected = (group: string) => /(^|\.)(k8s|kubernetes)\.io$/.test(group);
const APPROVED = 'api-approved.kubernetes.io';

function crdNames(faults: Faults, names: JsonObject) {
  const label = (field: string, value: string | undefined) => {
    if (!value) faults.required(`spec.names.${field}`);
    else
      faults.check(
        `spec.names.${field}`,
        field === 'kind' || field === 'listKind' ? value.toLowerCase() : value,
        isDNS1035Label,
      );
  };
  label('plural', names.plural);
  label('singular', names.singular);
  label('kind', names.kind);
  label('listKind', names.listKind);
  (names.shortNames ?? []).forEach((name: string, i: number) =>
    faults.check(`spec.names.shortNames[${i}]`, name, isDNS1035Label),
  );
  (names.categories ?? []).forEach((name: string, i: number) =>
    faults.check(`spec.names.categories[${i}]`, name, isDNS1035Label),
  );
  if (names.kind && names.kind === names.listKind)
    faults.invalid('spec.names.listKind', names.listKind, 'kind and listKind may not be the same');
}

function crdVersions(faults: Faults, spec: JsonObject) {
  const versions: JsonObject[] = spec.versions ?? [];
  const shared = versions.length === 1;
  versions.forEach((version, i) => {
    const at = `spec.versions[${i}]`;
    faults.check(`${at}.name`, version.name ?? '', isDNS1035Label);
    const schema = version.schema?.openAPIV3Schema;
    if (!schema) faults.required(`${at}.schema.openAPIV3Schema`, 'schemas are required');
    // With one version upstream reports its parts under the fields that v1beta1 had.
    else
      customResourceSchema(faults, shared ? 'spec.validation.openAPIV3Schema' : `${at}.schema.openAPIV3Schema`, schema);
    const scale = version.subresources?.scale;
    if (scale) crdScale(faults, shared ? 'spec.subresources.scale' : `${at}.subresources.scale`, scale);
    (version.additionalPrinterColumns ?? []).forEach((column: JsonObject, c: number) => {
      const path = shared ? `spec.additionalPrinterColumns[${c}]` : `${at}.additionalPrinterColumns[${c}]`;
      if (!column.name) faults.required(`${path}.name`);
      if (!column.type) faults.required(`${path}.type`);
      else faults.ifNot(`${path}.type`, column.type, ['boolean', 'date', 'integer', 'number', 'string']);
      if (!column.jsonPath) faults.required(`${path}.JSONPath`);
    });
  });
  const names = versions.map((v) => v.name);
  if (new Set(names).size !== names.length)
    faults.invalid('spec.versions', versions, 'must contain unique version names');
  const storage = versions.filter((v) => v.storage);
  if (storage.length !== 1) {
    faults.invalid('spec.versions', versions, 'must have exactly one version marked as storage version');
  }
}

const SIMPLE_PATH = /^\.[A-Za-z0-9_.[\]'"-]+$/;

function crdScale(faults: Faults, path: string, scale: JsonObject) {
  for (const [field, root] of [
    ['specReplicasPath', '.spec.'],
    ['statusReplicasPath', '.status.'],
    ['labelSelectorPath', ''],
  ]) {
    const value: string | undefined = scale[field];
    if (!value) {
      if (root) faults.required(`${path}.${field}`);
      continue;
    }
    if (!SIMPLE_PATH.test(value))
      faults.invalid(`${path}.${field}`, value, 'must be a simple json path starting with .');
    else if (root && !value.startsWith(root))
      faults.invalid(`${path}.${field}`, value, `should be a json path under ${root.slice(0, -1)}`);
  }
}

function crdConversion(faults: Faults, conversion: JsonObject) {
  const at = 'spec.conversion';
  if (!conversion.strategy) {
    faults.required(`${at}.strategy`);
    return;
  }
  faults.ifNot(`${at}.strategy`, conversion.strategy, ['None', 'Webhook']);
  if (conversion.strategy !== 'Webhook') {
    if (conversion.webhook)
      faults.forbidden(`${at}.webhookClientConfig`, 'should not be set when strategy is not set to Webhook');
    return;
  }
  if (!conversion.webhook?.clientConfig)
    faults.required(`${at}.webhookClientConfig`, 'required when strategy is set to Webhook');
  if (!conversion.webhook?.conversionReviewVersions?.length) faults.required(`${at}.conversionReviewVersions`);
}

export const customResourceDefinition: Rules = {
  // The name is checked against the spec instead.
  name: () => [],
  validate(faults, object, old) {
    const spec: JsonObject = object.spec ?? {};
    const name = object.metadata.name ?? '';
    if (name !== `${spec.names?.plural ?? ''}.${spec.group ?? ''}`)
      faults.invalid('metadata.name', name, 'must be spec.names.plural+"."+spec.group');
    if (!spec.group) faults.required('spec.group');
    else {
      faults.check('spec.group', spec.group, isDNS1123Subdomain);
      if (isDNS1123Subdomain(spec.group).length === 0 && !spec.group.includes('.'))
        faults.invalid('spec.group', spec.group, 'should be a domain with at least one dot');
    }
    if (!spec.scope) faults.required('spec.scope');
    else faults.ifNot('spec.scope', spec.scope, ['Cluster', 'Namespaced']);
    crdVersions(faults, spec);
    crdNames(faults, spec.names ?? {});
    crdConversion(faults, spec.conversion ?? {});
    if (isProtected(spec.group ?? '') && object.metadata.annotations?.[APPROVED] === undefined) {
      faults.required(
        `metadata.annotations[${APPROVED}]`,
        `protected groups must have approval annotation "${APPROVED}", see https://github.com/kubernetes/enhancements/pull/1111`,
      );
    }
    const stored: string[] = object.status?.storedVersions ?? [];
    const versions: JsonObject[] = spec.versions ?? [];
    const storage = versions.filter((v) => v.storage).at(-1);
    if (stored.length && storage && !stored.includes(storage.name)) {
      faults.invalid('status.storedVersions', stored, `must have the storage version ${storage.name}`);
    }
    if (!stored.length) faults.invalid('status.storedVersions', stored, 'must have at least one stored version');
    stored.forEach((version, i) => {
      if (!versions.some((v) => v.name === version))
        faults.invalid(`status.storedVersions[${i}]`, version, 'must appear in spec.versions');
    });
    if (old && (old.spec.scope !== spec.scope || old.spec.names?.plural !== spec.names?.plural)) {
      if (old.spec.scope !== spec.scope) faults.invalid('spec.scope', spec.scope, IMMUTABLE);
    }
  },
};

function ruleOperations(faults: Faults, path: string, rule: JsonObject) {
  if (!rule.apiGroups?.length) faults.required(`${path}.apiGroups`);
  if (!rule.apiVersions?.length) faults.required(`${path}.apiVersions`);
  if (!rule.resources?.length) faults.required(`${path}.resources`);
  if (!rule.operations?.length) faults.required(`${path}.operations`);
  (rule.operations ?? []).forEach((op: string, i: number) =>
    faults.ifNot(`${path}.operations[${i}]`, op, ['*', 'CONNECT', 'CREATE', 'DELETE', 'UPDATE']),
  );
}

function webhooks(mutating: boolean): Rules {
  return {
    validate(faults, object) {
      const seen = new Set<string>();
      (object.webhooks ?? []).forEach((hook: JsonObject, i: number) => {
        const at = `webhooks[${i}]`;
        faults.check(`${at}.name`, hook.name ?? '', isDNS1123Subdomain);
        if ((hook.name ?? '').split('.').length < 3)
          faults.invalid(
            `${at}.name`,
            hook.name ?? '',
            'should be a domain with at least three segments separated by dots',
          );
        if (seen.has(hook.name)) faults.duplicate(`${at}.name`, hook.name);
        seen.add(hook.name);
        (hook.rules ?? []).forEach((rule: JsonObject, r: number) => ruleOperations(faults, `${at}.rules[${r}]`, rule));
        if (hook.failurePolicy !== undefined)
          faults.ifNot(`${at}.failurePolicy`, hook.failurePolicy, ['Fail', 'Ignore']);
        if (hook.matchPolicy !== undefined)
          faults.ifNot(`${at}.matchPolicy`, hook.matchPolicy, ['Equivalent', 'Exact']);
        if (!hook.sideEffects) faults.required(`${at}.sideEffects`, 'must specify one of None, NoneOnDryRun');
        else faults.ifNot(`${at}.sideEffects`, hook.sideEffects, ['None', 'NoneOnDryRun']);
        if (hook.timeoutSeconds > 30 || hook.timeoutSeconds < 1) {
          faults.invalid(
            `${at}.timeoutSeconds`,
            hook.timeoutSeconds,
            'the timeout value must be between 1 and 30 seconds',
          );
        }
        if (!hook.admissionReviewVersions?.length)
          faults.required(`${at}.admissionReviewVersions`, 'must specify one of v1, v1beta1');
        labelSelector(faults, `${at}.namespaceSelector`, hook.namespaceSelector);
        labelSelector(faults, `${at}.objectSelector`, hook.objectSelector);
        const client: JsonObject = hook.clientConfig ?? {};
        if (!client.url === !client.service)
          faults.required(`${at}.clientConfig`, 'exactly one of url or service is required');
        if (mutating && hook.reinvocationPolicy !== undefined)
          faults.ifNot(`${at}.reinvocationPolicy`, hook.reinvocationPolicy, ['IfNeeded', 'Never']);
      });
    },
  };
}

export const validatingWebhooks = webhooks(false);
export const mutatingWebhooks = webhooks(true);

export const validatingAdmissionPolicy: Rules = {
  validate(faults, object) {
    const spec: JsonObject = object.spec ?? {};
    if (spec.failurePolicy !== undefined) faults.ifNot('spec.failurePolicy', spec.failurePolicy, ['Fail', 'Ignore']);
    if (!spec.matchConstraints) faults.required('spec.matchConstraints');
    else {
      const rules: JsonObject[] = spec.matchConstraints.resourceRules ?? [];
      if (!rules.length) faults.required('spec.matchConstraints.resourceRules');
      rules.forEach((rule, i) => ruleOperations(faults, `spec.matchConstraints.resourceRules[${i}]`, rule));
    }
    if (!spec.validations?.length && !spec.auditAnnotations?.length) {
      const words = 'validations or auditAnnotations must contain at least one item';
      faults.required('spec.validations', words);
      faults.required('spec.auditAnnotations', words);
    }
    (spec.validations ?? []).forEach((validation: JsonObject, i: number) => {
      if (!validation.expression?.trim())
        faults.required(`spec.validations[${i}].expression`, 'expression is not specified');
    });
  },
};

export const validatingAdmissionPolicyBinding: Rules = {
  validate(faults, object) {
    const spec: JsonObject = object.spec ?? {};
    if (!spec.policyName) faults.required('spec.policyName');
    else faults.check('spec.policyName', spec.policyName, isDNS1123Subdomain);
    const actions: string[] = spec.validationActions ?? [];
    if (!actions.length) faults.required('spec.validationActions', 'at least one validation action is required');
    actions.forEach((action, i) => {
      faults.ifNot(`spec.validationActions[${i}]`, action, ['Audit', 'Deny', 'Warn']);
      if (actions.indexOf(action) < i) faults.duplicate(`spec.validationActions[${i}]`, action);
    });
    if (actions.includes('Deny') && actions.includes('Warn')) {
      faults.invalid(
        'spec.validationActions',
        actions,
        'must not contain both Deny and Warn (repeating the same validation failure information in the API response and headers serves no purpose)',
      );
    }
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
    if (!spec.service) return;
    if (!spec.service.namespace) faults.required('spec.service.namespace');
    if (!spec.service.name) faults.required('spec.service.name');
    if (spec.insecureSkipTLSVerify && spec.caBundle)
      faults.invalid('spec.insecureSkipTLSVerify', true, 'may not be true if caBundle is present');
  },
};

const CSR_USAGES = [
  'any',
  'cert sign',
  'client auth',
  'code signing',
  'content commitment',
  'crl sign',
  'data encipherment',
  'decipher only',
  'digital signature',
  'email protection',
  'encipher only',
  'ipsec end system',
  'ipsec tunnel',
  'ipsec user',
  'key agreement',
  'key encipherment',
  'microsoft sgc',
  'netscape sgc',
  'ocsp signing',
  's/mime',
  'server auth',
  'signing',
  'timestamping',
];

function signerName(faults: Faults, path: string, name: string) {
  if (!name) return faults.required(path);
  const segments = name.split('/');
  if (segments.length !== 2) {
    return faults.invalid(
      path,
      name,
      "must be a fully qualified domain and path of the form 'example.com/signer-name'",
    );
  }
  if (segments[0].split('.').length < 2) {
    return faults.invalid(path, segments[0], 'should be a domain with at least two segments separated by dots');
  }
  return faults.check(path, segments[0], isDNS1123Subdomain);
}

/** The bytes of a base64 text as Go prints a []byte. */
function bytesText(base64: string): string {
  return `[]byte{${[...base64Text(base64)].map((c) => `0x${(c.codePointAt(0) as number).toString(16)}`).join(', ')}}`;
}

export const certificateSigningRequest: Rules = {
  validate(faults, object: KubeObject) {
    const spec: JsonObject = object.spec ?? {};
    if (!/^-----BEGIN CERTIFICATE REQUEST-----/m.test(base64Text(spec.request ?? ''))) {
      faults.list.push({
        type: 'FieldValueInvalid',
        field: 'spec.request',
        message: `Invalid value: ${bytesText(spec.request ?? '')}: PEM block type must be CERTIFICATE REQUEST`,
      });
    }
    if (!spec.usages?.length) faults.required('spec.usages');
    (spec.usages ?? []).forEach((usage: string, i: number) => {
      faults.ifNot(`spec.usages[${i}]`, usage, CSR_USAGES);
      if (spec.usages.indexOf(usage) < i) faults.duplicate(`spec.usages[${i}]`, usage);
    });
    const name: string = spec.signerName ?? '';
    // A name without a slash and without a dot is judged as a domain first.
    if (name && !name.includes('/') && name.length === 1) {
      faults.invalid('spec.signerName', name, 'should be a domain with at least two segments separated by dots');
    } else signerName(faults, 'spec.signerName', name);
    if (spec.expirationSeconds !== undefined && spec.expirationSeconds < 600) {
      faults.invalid(
        'spec.expirationSeconds',
        spec.expirationSeconds,
        'may not specify a duration less than 600 seconds (10 minutes)',
      );
    }
  },
};

function accessReview(faults: Faults, spec: JsonObject, withUser: boolean) {
  if (spec.resourceAttributes && spec.nonResourceAttributes) {
    faults.invalid(
      'spec.nonResourceAttributes',
      spec.nonResourceAttributes,
      'cannot be specified in combination with resourceAttributes',
    );
  }
  if (!spec.resourceAttributes && !spec.nonResourceAttributes) {
    faults.invalid(
      'spec.resourceAttributes',
      null,
      'exactly one of nonResourceAttributes or resourceAttributes must be specified',
    );
  }
  if (withUser && !spec.user && !spec.groups?.length)
    faults.invalid('spec.user', spec.user ?? '', 'at least one of user or group must be specified');
}

/** Reviews have no metadata to speak of: a name is neither needed nor looked at. */
export const selfSubjectAccessReview: Rules = {
  validate: (faults, object) => accessReview(faults, object.spec ?? {}, false),
};
export const subjectAccessReview: Rules = {
  validate: (faults, object) => accessReview(faults, object.spec ?? {}, true),
};
export const localSubjectAccessReview: Rules = {
  validate(faults, object) {
    accessReview(faults, object.spec ?? {}, true);
    const namespace = object.spec?.resourceAttributes?.namespace;
    if (namespace !== undefined && namespace !== object.metadata.namespace) {
      faults.invalid('spec.resourceAttributes.namespace', namespace, 'must match metadata.namespace');
    }
    if (object.spec?.nonResourceAttributes)
      faults.invalid(
        'spec.nonResourceAttributes',
        object.spec.nonResourceAttributes,
        'disallowed on this kind of request',
      );
  },
};
