// Generates engine/api/generated/types.ts: TypeScript interfaces of the stable kinds, from the official
// OpenAPI of a Kubernetes release. Structure only. Usage: node src/tools/generate-types.ts OPENAPI.json
import { readFileSync, writeFileSync, mkdirSync } from 'node:fs';

type Schema = {
  type?: string;
  format?: string;
  $ref?: string;
  items?: Schema;
  properties?: Record<string, Schema>;
  additionalProperties?: Schema;
  required?: string[];
  'x-kubernetes-group-version-kind'?: { group: string; version: string; kind: string }[];
};

const openapi = JSON.parse(readFileSync(process.argv[2], 'utf8')) as { definitions: Record<string, Schema> };
const stable = Object.keys(openapi.definitions).filter((n) => !/\.v\d+(alpha|beta)\d+\./.test(n));

// Where two groups share a name, the one that people mean keeps it and the other gets its group and version.
const preferred: Record<string, string> = {
  Event: 'io.k8s.api.core.v1.Event',
  Subject: 'io.k8s.api.rbac.v1.Subject',
  Eviction: 'io.k8s.api.policy.v1.Eviction',
};
const names = new Map<string, string>();
const taken = new Map<string, string[]>();
for (const full of stable) {
  const short = full.split('.').at(-1) as string;
  taken.set(short, [...(taken.get(short) ?? []), full]);
}
for (const [short, fulls] of taken) {
  const best =
    preferred[short] ??
    fulls.find((f) => f.includes('autoscaling.v2')) ??
    fulls.find((f) => f.includes('.core.')) ??
    fulls[0];
  for (const full of fulls) {
    const [group, version] = full.split('.').slice(-3);
    const cap = group[0].toUpperCase() + group.slice(1) + version.toUpperCase();
    names.set(full, full === best ? short : cap + short);
  }
}

function typeOf(s: Schema): string {
  if (s.$ref) {
    const full = s.$ref.replace('#/definitions/', '');
    const target = openapi.definitions[full];
    if (full.endsWith('.IntOrString')) return 'number | string';
    if (full.endsWith('.Quantity')) return 'Quantity';
    if (!target.properties) {
      if (target.type === 'string') return 'string';
      if (target.type === 'object' || !target.type) return 'JsonObject';
    }
    return names.get(full) ?? 'JsonObject';
  }
  if (s.type === 'array') return `${paren(typeOf(s.items as Schema))}[]`;
  if (s.type === 'object')
    return s.additionalProperties ? `Record<string, ${typeOf(s.additionalProperties)}>` : 'JsonObject';
  if (s.type === 'integer' || s.type === 'number') return 'number';
  if (s.type === 'boolean') return 'boolean';
  return 'string';
}
const paren = (t: string) => (t.includes('|') ? `(${t})` : t);

let out = `// Generated from the OpenAPI of Kubernetes by src/tools/generate-types.ts; do not edit.

/** A quantity as written ("100m", "64Mi"); a number only in what a user sent. */
export type Quantity = string;
// eslint-disable-next-line @typescript-eslint/no-explicit-any
export type JsonObject = Record<string, any>;
`;
for (const full of stable.sort()) {
  const s = openapi.definitions[full];
  if (!s.properties) continue;
  const top =
    s['x-kubernetes-group-version-kind'] !== undefined && s.properties.metadata?.$ref?.endsWith('.ObjectMeta');
  out += `\nexport interface ${names.get(full)} {\n`;
  for (const [key, p] of Object.entries(s.properties)) {
    const need = s.required?.includes(key) || (top && key === 'metadata');
    out += `  ${/^[A-Za-z_$][\w$]*$/.test(key) ? key : JSON.stringify(key)}${need ? '' : '?'}: ${typeOf(p)};\n`;
  }
  out += '}\n';
}
mkdirSync('engine/api/generated', { recursive: true });
writeFileSync('engine/api/generated/types.ts', out);
