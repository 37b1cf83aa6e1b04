// The catalogue behind the `Scheme` interface: built-in kinds from the generated schema and the tables of this
// folder, and resources that are added at run time with a codec of their own.

import { part } from '../parts/index.ts';
import { Catalogue } from './catalogue.ts';
import { convert } from './conversion.ts';
import { decodeStruct } from './decode.ts';
import { applyDefaults } from './defaults/index.ts';
import { fieldGetter, unsupportedField } from './fields.ts';
import { structNameOf, structType, type Field, type StructType, type TypeRef } from './schema.ts';
import { allowsUnconditionalUpdate, prepareForCreate, prepareForUpdate } from './strategy.ts';
import {
  DecodeError,
  type Decoded,
  type FieldError,
  type JsonObject,
  type KubeObject,
  type ListRule,
  type ResourceInfo,
  type Scheme,
  type Table,
} from './types.ts';
import { validate, validateUpdate } from './validation/index.ts';
import { kindWarning, warningsFor } from './warnings.ts';

/** What a resource added at run time does in place of the built-in tables; all of it optional but `decode`. */
export interface CustomKind {
  decode(value: unknown): Decoded;
  applyDefaults?(object: KubeObject): KubeObject;
  prepareForCreate?(object: KubeObject): KubeObject;
  prepareForUpdate?(object: KubeObject, old: KubeObject, subresource?: string): KubeObject;
  validate?(object: KubeObject): FieldError[];
  validateUpdate?(object: KubeObject, old: KubeObject, subresource?: string): FieldError[];
  warnings?(object: KubeObject, old?: KubeObject): string[];
  table?(objects: readonly KubeObject[], now: number): Table;
  field?(label: string): ((object: KubeObject) => string) | undefined;
  listRule?(path: readonly string[]): ListRule | undefined;
  /** The warning that any use brings. */
  kindWarning?: string;
  conversion?: Conversion;
  /** The OpenAPI v3 schema of an object, for clients. */
  openApi?(): JsonObject;
  scale?: CustomScale;
}

/** Where an object's replicas are, for its scale subresource. */
export interface CustomScale {
  /** As an autoscaling/v1 Scale; `strict`: fails for an object that has none. */
  read(object: KubeObject, strict: boolean): KubeObject;
  write(object: KubeObject, replicas: number): KubeObject;
}

/** How objects of a resource are kept in the store, and what of them a client of this version sees. */
export interface Conversion {
  toStored(object: KubeObject): KubeObject;
  /** `fresh`: as if nobody had read the object before. */
  fromStored(object: KubeObject, fresh?: boolean): KubeObject;
  /** Where conversion takes time: a function that calls `pass` when the object can be read; those given later, later. */
  gate?(fail: (message: string) => void): (object: KubeObject, pass: () => void) => void;
}

export interface Catalog extends Scheme {
  /** Adds a resource (or replaces it) with what it does. */
  addResource(info: ResourceInfo, kind: CustomKind): void;
  removeResource(group: string, version: string, resource: string): void;
  /** Serves a resource of v1 in another version, too, which has the same fields. */
  serveAs(info: ResourceInfo, version: string): void;
  /** The words for a field label that the kind does not support. */
  unsupportedField(info: ResourceInfo, label: string): string;
  /** The warning that any use of the kind brings in the release v1.`minor` ('v1 Endpoints is deprecated…'). */
  kindWarning(info: ResourceInfo, minor: number): string | undefined;
  /** Undefined when objects are stored as the resource serves them. */
  conversion(info: ResourceInfo): Conversion | undefined;
  /** What is known of a resource that was added at run time. */
  customKind(info: ResourceInfo): CustomKind | undefined;
  /** Whether an update without a resourceVersion is taken; custom resources never take one. */
  allowsUnconditionalUpdate(info: ResourceInfo): boolean;
  /** The struct of a built-in kind, for explain. */
  structOf(info: ResourceInfo): StructType | undefined;
}

/** Kinds that are stored in another group or version than the one they are served in. */
const STORED_AS: Record<string, [group: string, version: string, resource: string]> = {
  'autoscaling/v1/horizontalpodautoscalers': ['autoscaling', 'v2', 'horizontalpodautoscalers'],
  'events.k8s.io/v1/events': ['', 'v1', 'events'],
  'admissionregistration.k8s.io/v1beta1/validatingadmissionpolicies': [
    'admissionregistration.k8s.io',
    'v1',
    'validatingadmissionpolicies',
  ],
  'admissionregistration.k8s.io/v1beta1/validatingadmissionpolicybindings': [
    'admissionregistration.k8s.io',
    'v1',
    'validatingadmissionpolicybindings',
  ],
};

export function createScheme(): Catalog {
  const catalogue = new Catalogue();
  const custom = new Map<ResourceInfo, CustomKind>();
  const structs = new Map<ResourceInfo, StructType | undefined>();
  const structOf = (info: ResourceInfo) => {
    let type = structs.get(info);
    if (!type) {
      type = structType(structNameOf(info.group, info.version, info.kind));
      structs.set(info, type);
    }
    return type;
  };

  return {
    resources: catalogue.resources,
    resource: catalogue.resource,
    kind: catalogue.kind,

    addResource(info, kind) {
      catalogue.add(info);
      custom.set(info, kind);
    },
    removeResource(group, version, resource) {
      const info = catalogue.resource(group, version, resource);
      if (!info) return;
      catalogue.remove(group, version, resource);
      custom.delete(info);
    },
    serveAs(info, version) {
      if (!catalogue.resource(info.group, version, info.resource))
        catalogue.add({ ...info, version, groupVersion: `${info.group}/${version}` });
    },

    decode(info, value) {
      const own = custom.get(info);
      if (own) return own.decode(value);
      const type = structOf(info);
      if (!type) throw new DecodeError(`no kind "${info.kind}" is registered for version "${info.groupVersion}"`);
      const { value: object, strict } = decodeStruct(type, value);
      return { object: object as KubeObject, strict };
    },
    applyDefaults: (info, object) => {
      const own = custom.get(info);
      return own ? (own.applyDefaults?.(object) ?? object) : applyDefaults(info, object);
    },
    prepareForCreate: (info, object) => custom.get(info)?.prepareForCreate?.(object) ?? prepareForCreate(info, object),
    prepareForUpdate: (info, object, old, subresource) =>
      custom.get(info)?.prepareForUpdate?.(object, old, subresource) ??
      prepareForUpdate(info, object, old, subresource),
    validate: (info, object, minor) => {
      const faults = validate(info, object, minor);
      return custom.size ? faults.concat(custom.get(info)?.validate?.(object) ?? []) : faults;
    },
    validateUpdate: (info, object, old, subresource, minor) => {
      const faults = validateUpdate(info, object, old, subresource, minor);
      return custom.size ? faults.concat(custom.get(info)?.validateUpdate?.(object, old, subresource) ?? []) : faults;
    },
    warnings: (info, object, old) => custom.get(info)?.warnings?.(object, old) ?? warningsFor(info, object, old),
    table: (info, objects, now) =>
      custom.get(info)?.table?.(objects, now) ?? part('table').printTable(info, objects, now),
    field: (info, label) => custom.get(info)?.field?.(label) ?? fieldGetter(info, label),
    listRule(info, path) {
      const own = custom.get(info);
      if (own) return own.listRule?.(path);
      const type = structOf(info);
      return type && ruleAt(type, path);
    },

    unsupportedField: (info, label) =>
      custom.has(info) ? `field label not supported: ${label}` : unsupportedField(info, label),
    kindWarning: (info, minor) => custom.get(info)?.kindWarning ?? kindWarning(info, minor),
    conversion(info) {
      const own = custom.get(info);
      if (own) return own.conversion;
      const other = STORED_AS[`${info.groupVersion}/${info.resource}`];
      const stored = other && catalogue.resource(...other);
      return stored && { toStored: (object) => convert(object, stored), fromStored: (object) => convert(object, info) };
    },
    customKind: (info) => custom.get(info),
    allowsUnconditionalUpdate: (info) => !custom.has(info) && allowsUnconditionalUpdate(info),
    structOf,
  };
}

/** The rule of the field at `path`; a struct that is atomic as a type counts for the field that holds it. */
function ruleAt(root: StructType, path: readonly string[]): ListRule | undefined {
  let type: StructType | undefined = root;
  let field: Field | undefined;
  for (let i = 0; i < path.length; i++) {
    field = type?.fields[path[i]];
    if (!field) return undefined;
    let ref: TypeRef | undefined = field;
    // The keys of a map of structs take one step of the path.
    if (field.code === '{' && i + 1 < path.length) i++;
    while (ref && (ref.code === '[' || ref.code === '{')) ref = ref.element;
    type = ref?.struct === undefined ? undefined : structType(ref.struct);
  }
  if (!field) return undefined;
  if (field.code === '@' && type?.atomic && !field.rule?.mapType) return { ...field.rule, mapType: 'atomic' };
  return field.rule;
}
