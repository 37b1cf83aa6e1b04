// What extends the API or guards it: custom resource definitions, webhooks, admission policies, API services, CSRs,
// and the reviews of authorization.

import { part } from '../../parts/index.ts';
import { base64Text } from '../base64.ts';
import type { JsonObject, KubeObject } from '../types.ts';
import { Faults } from './field.ts';
import { isDNS1123Label, isDNS1123Subdomain, type Format } from './names.ts';
import type { Rules } from './rules.ts';

/** Their schemas, rules and expressions are read by code that loads when the first of them comes. */
export const customResourceDefinition: Rules = {
  // The name is checked against the spec instead.
  name: () => [],
  validate: (faults, object, old) => part('extensions').validateDefinition(faults, object, old),
};

export const validatingAdmissionPolicy: Rules = {
  validate: (faults, object) => part('extensions').validatePolicy(faults, object),
};

export const validatingAdmissionPolicyBinding: Rules = {
  validate(faults, object) {
    const spec: JsonObject = object.spec ?? {};
    if (!spec.policyName) faults.required('spec.policyName');
    else faults.check('spec.policyName', spec.policyName, isDNS1123Subdomain);
    part('extensions').validateBinding(faults, object);
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

const LEGACY_SIGNER = 'kubernetes.io/legacy-unknown';

/** 'domain/path'. */
function signerName(faults: Faults, path: string, name: string) {
  if (!name) return faults.required(path);
  const parts = name.split('/');
  if (parts.length !== 2)
    return faults.invalid(
      path,
      name,
      "must be a fully qualified domain and path of the form 'example.com/signer-name'",
    );
  const [domain, rest] = parts;
  const labels = domain.split('.');
  const judge = (of: string, each: string[], format: Format) => {
    const bad = each.find((one) => format(one).length);
    if (bad === undefined) return;
    for (const fault of format(bad)) faults.invalid(path, of, `validating label ${JSON.stringify(bad)}: ${fault}`);
  };
  if (domain.length > 253) faults.tooLong(path, 253);
  judge(domain, labels, isDNS1123Label);
  if (labels.length < 2)
    faults.invalid(path, domain, 'should be a domain with at least two segments separated by dots');
  judge(rest, rest.split('.'), isDNS1123Subdomain);
  if (name.length > 571) faults.tooLong(path, 571);
  return undefined;
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
    const usages: string[] = spec.usages ?? [];
    usages.forEach((usage, i) => faults.ifNot(`spec.usages[${i}]`, usage, CSR_USAGES));
    usages.forEach((usage, i) => {
      if (usages.indexOf(usage) < i) faults.duplicate(`spec.usages[${i}]`, usage);
    });
    const name: string = spec.signerName ?? '';
    if (name === LEGACY_SIGNER)
      faults.invalid('spec.signerName', name, 'the legacy signerName is not allowed via this API version');
    else signerName(faults, 'spec.signerName', name);
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
