// The schema of a custom resource as clients are shown it in OpenAPI: with the fields that every object has.

import type { JsonObject, ResourceInfo } from '../../api/types.ts';
import { isObject, type Schema } from './structural.ts';

export const OBJECT_META = 'ObjectMeta';

export function published(schema: Schema, { group, version, kind }: ResourceInfo): JsonObject {
  const own = shown(schema, 0);
  return {
    ...own,
    type: 'object',
    properties: {
      ...own.properties,
      apiVersion: { type: 'string', description: API_VERSION },
      kind: { type: 'string', description: KIND },
      metadata: {
        allOf: [{ $ref: `#/components/schemas/${OBJECT_META}` }],
        description: 'Standard object metadata.',
      },
    },
    'x-kubernetes-group-version-kind': [{ group, version, kind }],
  };
}

const API_VERSION = 'The version of the API that this object is written in.';
const KIND = 'What the object is.';

function shown(schema: Schema, depth: number): Schema {
  if (depth > 60) return {};
  const { properties, items, additionalProperties, ...rest } = schema;
  const out: Schema = rest;
  if (properties) {
    out.properties = {};
    for (const key in properties) out.properties[key] = shown(properties[key], depth + 1);
  }
  if (isObject(items)) out.items = shown(items, depth + 1);
  if (additionalProperties !== undefined)
    out.additionalProperties = isObject(additionalProperties)
      ? shown(additionalProperties, depth + 1)
      : additionalProperties;
  return out;
}
