// What a CustomResourceDefinition may not say, and in which words and order that is said.

import { expect, test } from 'vitest';
import { serve } from '../apiserver/support.ts';
import { DEFINITIONS, definition } from './support.ts';

const { send } = serve();

function faults(body: object): string[] {
  const answer = send('POST', DEFINITIONS, body, { query: { dryRun: 'All' } });
  return (answer.body.details?.causes ?? []).map(
    ({ field, message }: { field: string; message: string }) =>
      `${field.replace('spec.validation.openAPIV3Schema', '#')}: ${message}`,
  );
}

const schema = (properties: object, more: object = {}) =>
  definition(undefined, { schema: { openAPIV3Schema: { type: 'object', properties, ...more } } });

test.each([
  [
    'keys of a list that are no scalars, or twice there',
    {
      a: {
        type: 'array',
        'x-kubernetes-list-type': 'map',
        'x-kubernetes-list-map-keys': ['k', 'k', 'o'],
        items: { type: 'object', required: ['k', 'o'], properties: { k: { type: 'string' }, o: { type: 'object' } } },
      },
    },
    {},
    [
      '#.properties[a].x-kubernetes-list-map-keys: Invalid value: ["k","k","o"]: must not contain duplicate entries',
      '#.properties[a].items.properties[o].type: Invalid value: "object": must be a scalar type if parent array\'s x-kubernetes-list-type is map',
    ],
  ],
  [
    'combinations that declare something, sorted',
    { a: { type: 'string' } },
    { not: { description: 'x', items: {} }, allOf: [{ properties: { b: {}, metadata: {} } }] },
    [
      '#.allOf[0].properties[metadata]: Forbidden: must not be specified in a nested context',
      '#.items: Required value: because it is defined in #.not.items'.replace(
        'in #',
        'in spec.validation.openAPIV3Schema',
      ),
      '#.not.description: Forbidden: must be empty to be structural',
      '#.properties[b]: Required value: because it is defined in spec.validation.openAPIV3Schema.allOf[0].properties[b]',
      '#.properties[metadata]: Required value: because it is defined in spec.validation.openAPIV3Schema.allOf[0].properties[metadata]',
    ],
  ],
  [
    'fields around all objects, and expressions that Go does not read',
    { a: { type: 'string', pattern: '[a' }, b: { type: 'string', pattern: '(?=x)' } },
    { additionalProperties: true },
    [
      '#.additionalProperties: Forbidden: must not be used at the root',
      '#.properties[a].pattern: Invalid value: "[a": must be a valid regular expression, but isn\'t: error parsing regexp: missing closing ]: `[a`',
      '#.properties[b].pattern: Invalid value: "(?=x)": must be a valid regular expression, but isn\'t: error parsing regexp: invalid or unsupported Perl syntax: `(?=`',
    ],
  ],
  [
    'defaults in metadata',
    { apiVersion: { type: 'string', default: 'x' }, metadata: { type: 'object', description: 'x' } },
    {},
    [
      '#.properties[metadata]: Forbidden: must not specify anything other than name and generateName, but metadata is implicitly specified',
      '#.properties[apiVersion].default: Forbidden: must not be set in top-level apiVersion',
    ],
  ],
  [
    'rules, which are compiled only where the schema is sound',
    { a: { type: 'integer', 'x-kubernetes-validations': [{ rule: 'self.x' }, { rule: 'true', reason: 'No' }] } },
    {},
    [
      '#.properties[a].x-kubernetes-validations[1].reason: Unsupported value: "No": supported values: "FieldValueDuplicate", "FieldValueForbidden", "FieldValueInvalid", "FieldValueRequired"',
    ],
  ],
])('a schema is refused for %s', (_what, properties, more, expected) => {
  expect(faults(schema(properties, more))).toEqual(expected);
});

test.each([
  [
    'columns',
    { additionalPrinterColumns: [{ name: 'a', type: 'foo', jsonPath: 'x' }] },
    [
      'spec.additionalPrinterColumns[0].type: Invalid value: "foo": must be one of boolean,date,integer,number,string',
      'spec.additionalPrinterColumns[0].JSONPath: Invalid value: "x": must be a simple json path starting with .',
    ],
  ],
  [
    'selectable fields',
    { selectableFields: [{ jsonPath: '.spec.none' }, { jsonPath: '.spec' }] },
    [
      'spec.selectableFields[0].jsonPath: Invalid value: ".spec.none": is an invalid path: does not refer to a valid field',
      'spec.selectableFields[1].jsonPath: Invalid value: ".spec": must point to a field of type string, boolean or integer. Enum string fields and strings with formats are allowed.',
    ],
  ],
  [
    'a root that status could not be taken from',
    { subresources: { status: {} }, schema: { openAPIV3Schema: { type: 'string' } } },
    [
      '#.type: Invalid value: "string": only "object" is allowed as the type at the root of the schema if the status subresource is enabled',
      '#.type: Invalid value: "string": must be object at the root',
    ],
  ],
  [
    'a first version that is none, which counts as the definition’s own',
    { name: 'V1' },
    ['spec.versions[0].name', 'spec.version'].map(
      (field) =>
        `${field}: Invalid value: "V1": a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, and end with an alphanumeric character (e.g. 'my-name',  or 'abc-123', regex used for validation is '[a-z]([-a-z0-9]*[a-z0-9])?')`,
    ),
  ],
  [
    'a version that is not stored, told as the internal type has it',
    { storage: false },
    [
      'spec.versions: Invalid value: [{"Name":"v1","Served":true,"Storage":false,"Deprecated":false,"DeprecationWarning":null,"Schema":null,"Subresources":null,"AdditionalPrinterColumns":null,"SelectableFields":null}]: must have exactly one version marked as storage version',
      'status.storedVersions: Invalid value: null: must have at least one stored version',
    ],
  ],
])('a version is refused for %s', (_what, version, expected) => {
  expect(faults(definition(undefined, version))).toEqual(expected);
});

test('a webhook that converts is looked at as one that admits', () => {
  const webhook = {
    clientConfig: { service: { name: '', namespace: 'n', path: 'a//b' } },
    conversionReviewVersions: ['v2', 'v2'],
  };
  expect(faults(definition(undefined, {}, { conversion: { strategy: 'Webhook', webhook } }))).toEqual([
    'spec.conversion.webhookClientConfig.service.name: Required value: service name is required',
    'spec.conversion.webhookClientConfig.service.path: Invalid value: "a//b": must start with a \'/\'',
    'spec.conversion.webhookClientConfig.service.path: Invalid value: "a//b": segment[0] may not be empty',
    'spec.conversion.webhookClientConfig.service.path: Invalid value: "a//b": segment[1] may not be empty',
    'spec.conversion.conversionReviewVersions[1]: Invalid value: "v2": duplicate version',
    'spec.conversion.conversionReviewVersions: Invalid value: ["v2","v2"]: must include at least one of v1, v1beta1',
  ]);
});

test('an object within an object is looked at as every object', () => {
  const spec = {
    properties: {
      e: { type: 'object', 'x-kubernetes-embedded-resource': true, 'x-kubernetes-preserve-unknown-fields': true },
    },
  };
  const { send: ask, sim } = serve();
  ask('POST', DEFINITIONS, definition(spec));
  sim.runUntil(sim.now + 5000);
  const e = { apiVersion: 'a/b/c', kind: 'K_', metadata: { labels: { 'a b': '' } } };
  const body = { apiVersion: 'example.com/v1', kind: 'Foo', metadata: { name: 'a' }, spec: { e } };
  const { causes } = ask('POST', '/apis/example.com/v1/namespaces/default/foos', body).body.details;
  expect(causes.map(({ field }: { field: string }) => field)).toEqual([
    'spec.e.apiVersion',
    'spec.e.kind',
    'spec.e.metadata.labels',
  ]);
});
