// Generates engine/api/generated/schema.ts and further-schema.ts: the structure of every stable kind, those that most
// clusters have apart from the others, and the served resources, as compact text, from the official OpenAPI of a Kubernetes release. Structure only; engine/api/schema.ts reads it and
// documents the notation. The fields stand in the order of Go's structs, which is that of its JSON and which only a
// program has: a real kubectl of the same release. Usage: node src/tools/generate-schema.ts OPENAPI.json KUBECTL
import { readFileSync, writeFileSync } from 'node:fs';
import { GoStructs, type GoType } from './go-structs.ts';
import { ALWAYS_PRINTED, VALUE_BOOLEANS, VALUE_INTEGERS, VALUE_STRUCTS } from './go-types.ts';

interface Gvk {
  group: string;
  version: string;
  kind: string;
}
interface Schema {
  type?: string;
  format?: string;
  $ref?: string;
  items?: Schema;
  properties?: Record<string, Schema>;
  additionalProperties?: Schema;
  required?: string[];
  'x-kubernetes-group-version-kind'?: Gvk[];
  'x-kubernetes-list-type'?: string;
  'x-kubernetes-list-map-keys'?: string[];
  'x-kubernetes-map-type'?: string;
  'x-kubernetes-patch-strategy'?: string;
  'x-kubernetes-patch-merge-key'?: string;
}
type Operation = { 'x-kubernetes-action'?: string; 'x-kubernetes-group-version-kind'?: Gvk };
interface OpenApi {
  definitions: Record<string, Schema>;
  paths: Record<string, Record<string, Operation>>;
}

const openapi = JSON.parse(readFileSync(process.argv[2], 'utf8')) as OpenApi;
const go = new GoStructs(process.argv[3]);
const unstable = /\bv\d+(alpha|beta)\d+\b/;
const words = (text: string) => new Set(text.trim().split(/\s+/));
const sets = {
  int: words(VALUE_INTEGERS),
  bool: words(VALUE_BOOLEANS),
  struct: words(VALUE_STRUCTS),
  printed: words(ALWAYS_PRINTED),
};

/** Types whose zero is no pointer's absence. */
const SCALAR = /^[sbild]$/;
const SCALARS: Record<string, string> = {
  'integer:int32': 'i',
  'integer:int64': 'l',
  'integer:': 'l',
  'number:double': 'd',
  'number:': 'd',
  'string:byte': 'y',
  'string:': 's',
  'boolean:': 'b',
};
const SPECIAL: Record<string, string> = {
  Quantity: 'q',
  Time: 't',
  MicroTime: 'm',
  IntOrString: 'x',
  FieldsV1: 'o',
  RawExtension: 'o',
  Patch: 'o',
};

/** 'io.k8s.api.core.v1.Pod' to 'v1.Pod' where no other stable group has one, else 'core.v1.Pod'. */
const fullNames = Object.keys(openapi.definitions).filter((n) => !unstable.test(n));
const byShort = new Map<string, string[]>();
for (const full of fullNames) {
  const short = full.split('.').slice(-2).join('.');
  byShort.set(short, [...(byShort.get(short) ?? []), full]);
}
const nameOf = (full: string): string => {
  const parts = full.split('.');
  const clash = (byShort.get(parts.slice(-2).join('.')) ?? []).length > 1 && !full.includes('.api.core.');
  return parts
    .slice(clash ? -3 : -2)
    .join('.')
    .replace(/^v1\./, '');
};

function typeOf(s: Schema): string {
  if (s.$ref) {
    const full = s.$ref.replace('#/definitions/', '');
    const last = full.split('.').at(-1) as string;
    if (SPECIAL[last]) return SPECIAL[last];
    const target = openapi.definitions[full];
    if (!target.properties) return target.type === 'object' ? '@' + nameOf(full) : target.type === 'string' ? 's' : 'j';
    return '@' + nameOf(full);
  }
  if (s.type === 'array') return '[' + typeOf(s.items as Schema);
  if (s.type === 'object') return s.additionalProperties ? '{' + typeOf(s.additionalProperties) : 'o';
  if (!s.type) return 'j';
  return SCALARS[`${s.type}:${s.format ?? ''}`] ?? 's';
}

const PATCH_MARKS: Record<string, string> = { merge: '^', retainKeys: '>', 'merge,retainKeys': '^>', replace: '<' };

/** Whether a field's absence is printed and whether its zero is kept, as its Go type and tag say. */
function goMarks({ type: go, options }: GoJson, type: string, required: boolean): string {
  const omitted = options.includes('omitzero') || (options.includes('omitempty') && go.kind !== 'struct');
  const pointer = go.kind === 'ptr';
  // Selectors are there once they have been validated.
  if (omitted || (pointer && type === '@LabelSelector'))
    return required ? '?' : pointer && SCALAR.test(type) ? '*' : '';
  return (required ? '!' : '=') + (pointer ? '*' : '');
}

/** The same, of a struct that kubectl does not know, by the lists of go-types.ts. */
function toldMarks(full: string, type: string, field: string, s: Schema, required: boolean): string {
  const last = full.split('.').at(-1) as string;
  const has = (set: Set<string>) => set.has(`${last}.${field}`);
  // A subresource called status is no status.
  const valueStruct =
    type[0] === '@' &&
    last !== 'CustomResourceSubresources' &&
    (has(sets.struct) || ((field === 'spec' || field === 'status') && s.$ref !== undefined));
  if (required) return '!';
  if (has(sets.printed) || valueStruct || (type === '@ObjectMeta' && field === 'metadata')) return '=';
  if ((type === 'i' || type === 'l' || type === 'd') && !has(sets.int)) return '*';
  return type === 'b' && !has(sets.bool) ? '*' : '';
}

/** Marks after a field's type; see engine/api/schema.ts. */
function marks(full: string, type: string, field: string, schema: Schema, required: boolean): string {
  const s = schema;
  const known = goFields(goStruct(full)).get(field);
  let out = known ? goMarks(known, type, required) : toldMarks(full, type, field, s, required);
  const keys = s['x-kubernetes-list-map-keys']?.join(',');
  const listType = s['x-kubernetes-list-type'];
  if (listType === 'map') out += `~${keys}`;
  else if (listType === 'set') out += '~';
  const mapType = s['x-kubernetes-map-type'];
  if (mapType) out += mapType === 'atomic' ? '%' : '&';
  const strategy = s['x-kubernetes-patch-strategy'];
  if (strategy) out += PATCH_MARKS[strategy] + (s['x-kubernetes-patch-merge-key'] ?? '');
  return out;
}

/** 'io.k8s.api.apps.v1.Deployment' is Deployment of k8s.io/api/apps/v1. */
function goStruct(full: string): GoType | undefined {
  const parts = full.replace(/^io\.k8s\./, 'k8s.io.').split('.');
  return go.struct([parts.slice(0, 2).join('.'), ...parts.slice(2, -1)].join('/'), parts.at(-1) as string);
}

/** A field as Go's JSON has it. */
interface GoJson {
  type: GoType;
  options: string[];
}

/** By their JSON names in the order in which Go writes them; what kubectl knows no struct of is as the OpenAPI has it. */
function goFields(type: GoType | undefined): Map<string, GoJson> {
  const out = new Map<string, GoJson>();
  for (const field of type?.fields ?? []) {
    const [json, ...options] = (/json:"([^"]*)/.exec(field.tag)?.[1] ?? '').split(',');
    if (json) out.set(json, { type: field.type, options });
    else
      goFields(field.type.kind === 'ptr' ? field.type.element : field.type).forEach((one, name) => out.set(name, one));
  }
  return out;
}

/** What a new cluster's objects and a first Deployment consist of; the structure of all else loads when it is first needed. */
const COMMON = new Set(
  `
APIService APIServiceStatus Affinity AggregationRule Capabilities ClusterRole ConfigMapVolumeSource Container
ContainerImage ContainerPort ContainerStatus DaemonEndpoint DaemonSet DaemonSetStatus Deployment DeploymentSpec
DeploymentStatus DeploymentStrategy EmptyDirVolumeSource EnvVar EnvVarSource HTTPGetAction HostIP
HostPathVolumeSource KeyToPath LabelSelector LabelSelectorRequirement LoadBalancerStatus Namespace
NamespaceStatus Node NodeAddress NodeCondition NodeDaemonEndpoints NodeFeatures NodeRuntimeHandler NodeSpec
NodeStatus NodeSwapStatus NodeSystemInfo ObjectFieldSelector ObjectMeta Pod PodAffinityTerm PodAntiAffinity
PodCondition PodIP PodSecurityContext PodSpec PodStatus PodTemplateSpec PolicyRule Probe ReplicaSet
ReplicaSetStatus ResourceRequirements SeccompProfile SecurityContext Service ServiceStatus Taint Toleration
Volume VolumeMount WeightedPodAffinityTerm
`
    .trim()
    .split(/\s+/),
);
/** Kinds whose names several packages have stand with the common types: by them a kind's name is told. */
const isCommon = (name: string, { properties }: Schema) =>
  COMMON.has(name) || (name.split('.').length > 2 && properties?.apiVersion !== undefined);

const types: string[] = [];
const further: string[] = [];
for (const full of fullNames.sort()) {
  const s = openapi.definitions[full];
  const name = nameOf(full);
  if (/List$/.test(name) && s.properties?.items) continue;
  const last = full.split('.').at(-1) as string;
  if (SPECIAL[last] || (!s.properties && s.type !== 'object')) continue;
  const order = [...goFields(goStruct(full)).keys()];
  const place = ([f]: [string, Schema]) => (order.includes(f) ? order.indexOf(f) : order.length);
  const properties = Object.entries(s.properties ?? {}).sort((a, b) => place(a) - place(b));
  const fields = properties.map(([f, p]) => {
    const type = typeOf(p);
    return `${f}:${type}${marks(full, type, f, p, s.required?.includes(f) ?? false)}`;
  });
  (isCommon(name, s) ? types : further).push(
    `${name}${s['x-kubernetes-map-type'] === 'atomic' ? '%' : ''} ${fields.join(' ')}`,
  );
}

// Resources: 'pods Pod n' + verbs unless they are the usual eight, then one '/sub Kind group/version verbs' each.
const ALL = 'create,delete,deletecollection,get,list,patch,update,watch';
const VERB: Record<string, string> = {
  post: 'create',
  put: 'update',
  list: 'list',
  get: 'get',
  patch: 'patch',
  delete: 'delete',
  deletecollection: 'deletecollection',
  watch: 'watch',
  watchlist: 'watch',
};
const METHOD: Record<string, string> = { get: 'get', post: 'create', put: 'update', patch: 'patch', delete: 'delete' };
interface Res {
  kind: string;
  namespaced: boolean;
  verbs: Set<string>;
  subs: Map<string, { gvk: Gvk; verbs: Set<string> }>;
}
const groups = new Map<string, Map<string, Res>>();
for (const [path, operations] of Object.entries(openapi.paths)) {
  const m = path.match(
    /^\/(?:api|apis\/([^/]+))\/(v\d+)\/(watch\/)?(namespaces\/\{namespace\}\/)?([a-z]+)(\/\{name\}(?:\/([a-z]+)(\/\{path\})?)?)?$/,
  );
  if (!m || m[8]) continue;
  const [, group = '', version, watch, inNamespace, resource, , sub] = m;
  const gv = group ? `${group}/${version}` : version;
  const resources = groups.get(gv) ?? new Map<string, Res>();
  groups.set(gv, resources);
  const res = resources.get(resource) ?? { kind: '', namespaced: false, verbs: new Set<string>(), subs: new Map() };
  resources.set(resource, res);
  if (inNamespace) res.namespaced = true;
  for (const [method, op] of Object.entries(operations)) {
    if (method === 'parameters') continue;
    const action = op['x-kubernetes-action'] as string;
    const gvk = op['x-kubernetes-group-version-kind'] as Gvk;
    if (sub) {
      const entry = res.subs.get(sub) ?? { gvk, verbs: new Set<string>() };
      res.subs.set(sub, entry);
      const verb = METHOD[method];
      if (verb) entry.verbs.add(verb);
    } else {
      if (!watch) res.kind = gvk.kind;
      res.verbs.add(VERB[action]);
    }
  }
}
const served: string[] = [];
const core = (gv: string) => (gv === 'v1' ? '' : gv);
for (const gv of [...groups.keys()].sort((a, b) => (core(a) < core(b) ? -1 : 1))) {
  served.push(`# ${gv}`);
  const resources = groups.get(gv) as Map<string, Res>;
  for (const name of [...resources.keys()].sort()) {
    const res = resources.get(name) as Res;
    const verbs = [...res.verbs].sort().join(',');
    let line = `${name} ${res.kind} ${res.namespaced ? 'n' : 'c'}${verbs === ALL ? '' : ' ' + verbs}`;
    for (const sub of [...res.subs.keys()].sort()) {
      const { gvk, verbs } = res.subs.get(sub) as { gvk: Gvk; verbs: Set<string> };
      const foreign = `${gvk.group}/${gvk.version}` !== (gv === 'v1' ? '/v1' : gv) ? `${gvk.group}/${gvk.version}` : '';
      const v = [...verbs].sort().join(',');
      line +=
        sub === 'status' && v === 'get,patch,update' ? ';status' : `;${sub} ${gvk.kind} ${v} ${foreign}`.trimEnd();
    }
    served.push(line);
  }
}
const quote = (lines: string[]) => '`\n' + lines.join('\n') + '\n`';
const HEAD =
  '// Generated from the OpenAPI of Kubernetes by src/tools/generate-schema.ts; do not edit. engine/api/schema.ts explains the notation.';
writeFileSync(
  'engine/api/generated/further-schema.ts',
  `${HEAD}

// prettier-ignore
export const FURTHER_TYPES = ${quote(further)};
`,
);
writeFileSync(
  'engine/api/generated/schema.ts',
  `${HEAD}

// prettier-ignore
export const TYPES = ${quote(types)};

// prettier-ignore
export const RESOURCES = ${quote(served)};
`,
);
