import '../../engine/parts/all.ts';
import { serve } from '../apiserver/support.ts';

export const DEFINITIONS = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions';
export const FOOS = '/apis/example.com/v1/namespaces/default/foos';

/** A definition of Foos whose spec has this schema. */
export const definition = (
  spec: object = { 'x-kubernetes-preserve-unknown-fields': true },
  version: object = {},
  rest: object = {},
) => ({
  apiVersion: 'apiextensions.k8s.io/v1',
  kind: 'CustomResourceDefinition',
  metadata: { name: 'foos.example.com' },
  spec: {
    group: 'example.com',
    scope: 'Namespaced',
    names: { plural: 'foos', singular: 'foo', kind: 'Foo', shortNames: ['fo'] },
    versions: [
      {
        name: 'v1',
        served: true,
        storage: true,
        schema: {
          openAPIV3Schema: {
            type: 'object',
            properties: {
              spec: { type: 'object', ...spec },
              status: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true },
            },
          },
        },
        ...version,
      },
    ],
    ...rest,
  },
});

export const foo = (name: string, spec?: object, rest: object = {}) => ({
  apiVersion: 'example.com/v1',
  kind: 'Foo',
  metadata: { name },
  ...(spec && { spec }),
  ...rest,
});

/** A server that serves Foos. */
export function serveFoos(...parts: Parameters<typeof definition>) {
  const served = serve();
  const created = served.send('POST', DEFINITIONS, definition(...parts));
  if (created.code !== 201) throw new Error(created.body.message);
  served.sim.runUntil(served.sim.now + 1000);
  const apply = (manager: string, body: object, force = false) =>
    served.send('PATCH', `${FOOS}/a`, JSON.stringify(body), {
      headers: { 'content-type': 'application/apply-patch+yaml' },
      query: { fieldManager: manager, ...(force && { force: 'true' }) },
    });
  return { ...served, apply };
}
