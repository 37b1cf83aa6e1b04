// The parts of OpenAPI documents that `kubectl explain` reads, in both versions of the format.

export interface Schema {
  type?: string;
  description?: string;
  $ref?: string;
  allOf?: readonly Schema[];
  properties?: Readonly<Record<string, Schema>>;
  required?: readonly string[];
  items?: Schema;
  additionalProperties?: Schema | boolean;
  enum?: readonly unknown[];
  externalDocs?: { description?: string; url?: string };
  'x-kubernetes-group-version-kind'?: readonly GroupVersionKind[];
}

export interface GroupVersionKind {
  group: string;
  version: string;
  kind: string;
}

export const sameKind = (a: GroupVersionKind, b: GroupVersionKind) =>
  a.kind === b.kind && a.version === b.version && a.group === b.group;

/** The values of a map; undefined when it is none, or one of anything. */
export const valuesOf = ({ additionalProperties }: Schema): Schema | undefined =>
  typeof additionalProperties === 'object' ? additionalProperties : undefined;

/** The field that has no field of this name. */
export const noField = (name: string) => `field "${name}" does not exist`;
