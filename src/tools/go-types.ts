// What the Go types of API extensions and API services say and the OpenAPI does not: which optional fields are plain
// values (their zero is left out of JSON) and which structs are no pointers (they are always there, if only as `{}`).
// Of all other kinds kubectl's own types say so; generate-schema.ts folds both into the compact schema.

/** Optional integers that are values, not pointers: 0 and absent are the same. */
export const VALUE_INTEGERS = `
CustomResourceColumnDefinition.priority CustomResourceDefinitionCondition.observedGeneration
CustomResourceDefinitionStatus.observedGeneration
`;

/** Optional booleans that are values: false and absent are the same. */
export const VALUE_BOOLEANS = `
CustomResourceDefinitionSpec.preserveUnknownFields CustomResourceDefinitionVersion.deprecated
JSONSchemaProps.exclusiveMaximum JSONSchemaProps.exclusiveMinimum JSONSchemaProps.nullable JSONSchemaProps.uniqueItems
JSONSchemaProps.x-kubernetes-embedded-resource JSONSchemaProps.x-kubernetes-int-or-string
APIServiceSpec.insecureSkipTLSVerify
`;

/** Structs embedded by value: `{}` even when nothing was said. */
export const VALUE_STRUCTS = `
CustomResourceDefinitionStatus.acceptedNames
`;

/** Optional fields without omitempty: their zero is printed. */
export const ALWAYS_PRINTED = `
CustomResourceDefinitionStatus.conditions CustomResourceDefinitionStatus.storedVersions
CustomResourceDefinitionCondition.lastTransitionTime APIServiceCondition.lastTransitionTime
`;
