// The file kustomization.yaml: what may stand in it, read with the checks and the words of kustomize.

import { decodeStruct } from '../../api/decode.ts';
import { type StructType, registerStruct } from '../../api/schema.ts';
import { DecodeError } from '../../api/types.ts';
import { CommandError } from '../errors.ts';
import { YamlError, parseYaml } from '../yaml/parse.ts';
import type { Json } from './resource.ts';

/** The structs of the file in the notation of api/schema.ts. */
const STRUCTS = [
  'types.ObjectMeta name:s namespace:s labels:{s annotations:{s',
  'types.FieldSpec group:s version:s kind:s path:s create:b',
  'types.Label pairs:{s includeSelectors:b includeTemplates:b fields:[@types.FieldSpec',
  'types.Selector group:s version:s kind:s name:s namespace:s annotationSelector:s labelSelector:s',
  'types.Patch path:s patch:s target:@types.Selector options:{b',
  'types.Image name:s newName:s newTag:s tagSuffix:s digest:s',
  'types.Replica name:s count:l!',
  'types.FieldOptions delimiter:s index:i encoding:s create:b',
  'types.SourceSelector group:s version:s kind:s name:s namespace:s fieldPath:s options:@types.FieldOptions',
  'types.TargetSelector select:@types.Selector reject:[@types.Selector fieldPaths:[s options:@types.FieldOptions',
  'types.ReplacementField path:s source:@types.SourceSelector sourceValue:s* targets:[@types.TargetSelector',
  'types.Target apiVersion:s group:s version:s kind:s name:s! namespace:s',
  'types.FieldSelector fieldpath:s fieldPath:s',
  'types.Var name:s! objref:@types.Target! fieldref:@types.FieldSelector',
  'types.GeneratorOptions labels:{s annotations:{s disableNameSuffixHash:b immutable:b',
  'types.ConfigMapArgs name:s namespace:s behavior:s literals:[s files:[s envs:[s env:s options:@types.GeneratorOptions',
  'types.SecretArgs name:s namespace:s behavior:s type:s literals:[s files:[s envs:[s env:s options:@types.GeneratorOptions',
  'types.LegacySortOptions orderFirst:[s orderLast:[s',
  'types.SortOptions order:s legacySortOptions:@types.LegacySortOptions',
  'types.Kustomization apiVersion:s kind:s metadata:@types.ObjectMeta openapi:{s namePrefix:s nameSuffix:s namespace:s commonLabels:{s ' +
    'labels:[@types.Label commonAnnotations:{s patchesStrategicMerge:[s patchesJson6902:[@types.Patch patches:[@types.Patch images:[@types.Image ' +
    'imageTags:[@types.Image replacements:[@types.ReplacementField replicas:[@types.Replica vars:[@types.Var sortOptions:@types.SortOptions resources:[s ' +
    'components:[s crds:[s bases:[s configMapGenerator:[@types.ConfigMapArgs secretGenerator:[@types.SecretArgs helmGlobals:o helmCharts:[o ' +
    'helmChartInflationGenerator:[o generatorOptions:@types.GeneratorOptions configurations:[s generators:[s transformers:[s validators:[s ' +
    'inventory:o buildMetadata:[s',
];

let root: StructType | undefined;
function structs(): StructType {
  if (!root) for (const line of STRUCTS) root = registerStruct(line.slice(0, line.indexOf(' ')), line);
  return root as StructType;
}

export interface GeneratorOptions {
  labels?: Record<string, string>;
  annotations?: Record<string, string>;
  disableNameSuffixHash?: boolean;
  immutable?: boolean;
}
export interface GeneratorArgs {
  name?: string;
  namespace?: string;
  behavior?: string;
  type?: string;
  literals?: string[];
  files?: string[];
  envs?: string[];
  env?: string;
  options?: GeneratorOptions;
}
export interface Selector {
  group?: string;
  version?: string;
  kind?: string;
  name?: string;
  namespace?: string;
  annotationSelector?: string;
  labelSelector?: string;
}
export interface PatchEntry {
  path?: string;
  patch?: string;
  target?: Selector;
  options?: Record<string, boolean>;
}
export interface FieldOptions {
  delimiter?: string;
  index?: number;
  encoding?: string;
  create?: boolean;
}
export interface Replacement {
  path?: string;
  source?: Selector & { fieldPath?: string; options?: FieldOptions };
  sourceValue?: string;
  targets?: { select?: Selector; reject?: Selector[]; fieldPaths?: string[]; options?: FieldOptions }[];
}
export interface ImageEntry {
  name?: string;
  newName?: string;
  newTag?: string;
  tagSuffix?: string;
  digest?: string;
}
export interface LabelEntry {
  pairs?: Record<string, string>;
  includeSelectors?: boolean;
  includeTemplates?: boolean;
  fields?: { group?: string; version?: string; kind?: string; path: string; create?: boolean }[];
}

export interface Var {
  name: string;
  objref: { apiVersion?: string; group?: string; version?: string; kind?: string; name: string };
  fieldref?: { fieldpath?: string; fieldPath?: string };
}

export interface Kustomization {
  kind: string;
  namePrefix?: string;
  nameSuffix?: string;
  namespace?: string;
  resources?: string[];
  components?: string[];
  commonLabels?: Record<string, string>;
  commonAnnotations?: Record<string, string>;
  labels?: LabelEntry[];
  patches?: PatchEntry[];
  patchesJson6902?: PatchEntry[];
  patchesStrategicMerge?: string[];
  images?: ImageEntry[];
  replicas?: { name?: string; count: number }[];
  replacements?: Replacement[];
  vars?: Var[];
  configMapGenerator?: GeneratorArgs[];
  secretGenerator?: GeneratorArgs[];
  generatorOptions?: GeneratorOptions;
  sortOptions?: { order?: string; legacySortOptions?: { orderFirst?: string[]; orderLast?: string[] } };
  buildMetadata?: string[];
  helmCharts?: Json[];
  helmChartInflationGenerator?: Json[];
}

const FIX = "Run 'kustomize edit fix' to update your Kustomization automatically.";
const DEPRECATED: [field: string, instead: string, fix: string][] = [
  ['bases', 'resources', FIX],
  ['commonLabels', 'labels', FIX],
  ['imageTags', 'images', FIX],
  ['patchesJson6902', 'patches', FIX],
  ['patchesStrategicMerge', 'patches', FIX],
  ['vars', 'replacements', `[EXPERIMENTAL] ${FIX}`],
];

/** Fields of kustomize that are not modelled: using one is an error, never silence. */
const REFUSED: Record<string, string> = {
  configurations: 'transformer configurations',
  crds: 'crds',
  generators: 'generator plugins',
  inventory: 'inventory',
  openapi: 'schemas of your own',
  transformers: 'transformer plugins',
  validators: 'validator plugins',
};

/** Reads the text of one file; deprecated fields are told to `warn`. */
export function readKustomization(text: string, directory: string, warn: (line: string) => void): Kustomization {
  let value;
  try {
    value = parseYaml(text);
  } catch (error) {
    if (error instanceof YamlError) throw new CommandError(`invalid Kustomization: ${error.message}`);
    throw error;
  }
  const raw = checked(value ?? {});
  for (const [field, instead, fix] of DEPRECATED) {
    if (raw[field] !== undefined) warn(`# Warning: '${field}' is deprecated. Please use '${instead}' instead. ${fix}`);
  }
  const fields = Object.keys(value ?? {}).filter((field) => !['apiVersion', 'kind', 'metadata'].includes(field));
  if (fields.length === 0) throw new CommandError('kustomization.yaml is empty');
  for (const field of fields) {
    if (REFUSED[field] && !isBlank(raw[field]))
      throw new CommandError(`kustomization.yaml: ${field}: ${REFUSED[field]} are not possible here`);
  }
  checkKind(raw, directory);
  const { bases, imageTags, ...rest } = raw;
  return {
    ...rest,
    kind: raw.kind || 'Kustomization',
    resources: [...(raw.resources ?? []), ...(bases ?? [])],
    images: [...(raw.images ?? []), ...(imageTags ?? [])],
  };
}

const isBlank = (value: unknown) => value === undefined || (Array.isArray(value) && value.length === 0);

function checked(value: unknown): Json {
  if (typeof value !== 'object' || Array.isArray(value)) {
    throw new CommandError(
      `invalid Kustomization: json: cannot unmarshal ${Array.isArray(value) ? 'array' : typeof value === 'boolean' ? 'bool' : typeof value} into Go value of type types.Kustomization`,
    );
  }
  try {
    const { value: raw, strict } = decodeStruct(structs(), value);
    // Go's decoder names the field alone, without the way to it.
    const unknown = strict
      .map((line) => /"(?:.*[.\]])?([^."\]]+)"$/.exec(line)?.[1])
      .find((name) => name !== undefined);
    if (unknown !== undefined) throw new CommandError(`invalid Kustomization: json: unknown field "${unknown}"`);
    return raw as Json;
  } catch (error) {
    if (error instanceof DecodeError) throw new CommandError(`invalid Kustomization: ${error.message}`);
    throw error;
  }
}

const VERSIONS: Record<string, string> = {
  Kustomization: 'kustomize.config.k8s.io/v1beta1',
  Component: 'kustomize.config.k8s.io/v1alpha1',
};

function checkKind(raw: Json, directory: string) {
  const problems: string[] = [];
  if (raw.kind && !VERSIONS[raw.kind]) problems.push('kind should be Kustomization or Component');
  const version = VERSIONS[raw.kind] ?? VERSIONS.Kustomization;
  if (raw.apiVersion && raw.apiVersion !== version)
    problems.push(`apiVersion for ${raw.kind ?? ''} should be ${version}`);
  if (problems.length)
    throw new CommandError(`Failed to read kustomization file under ${directory}:\n${problems.join('\n')}`);
}
