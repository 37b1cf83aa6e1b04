// Generates src/cli/http/protobuf-fields.ts: the number of every field in Kubernetes' protobuf encoding, from the struct
// tags in a real kubectl of the same release. Usage: node src/tools/generate-protobuf.ts KUBECTL
import { writeFileSync } from 'node:fs';
import { createScheme } from '../../engine/api/index.ts';
import { structNameOf, structType, type TypeRef } from '../../engine/api/schema.ts';
import { GoStructs, type GoType } from './go-structs.ts';

const go = new GoStructs(process.argv[2]);
const META = 'k8s.io/apimachinery/pkg/apis/meta/v1';
const lines = new Map<string, string>();

const packageOf = (group: string, version: string) => `k8s.io/api/${group.split('.')[0] || 'core'}/${version}`;

/** The struct behind pointers, lists and maps. */
function inner(type: GoType): GoType {
  let found = type;
  while (found.element) found = found.element;
  return found;
}

function innerStruct(type: TypeRef): string | undefined {
  let found = type;
  while (found.element) found = found.element;
  return found.struct;
}

function walk(name: string, type: GoType) {
  if (lines.has(name)) return;
  lines.set(name, '');
  lines.set(name, `${name} ${fieldsOf(name, type)}`);
}

/** Names in the order of their numbers; `-` where a number is free, parentheses around what is inlined. */
function fieldsOf(name: string, type: GoType): string {
  const words: string[] = [];
  for (const field of type.fields) {
    const number = Number(/protobuf:"\w+,(\d+)/.exec(field.tag)?.[1] ?? 0);
    if (!number) continue;
    const json = /json:"([^",]*)/.exec(field.tag)?.[1] ?? '';
    words[number - 1] = json || `( ${fieldsOf(name, inner(field.type))} )`;
    const ref = json ? structType(name)?.fields[json] : undefined;
    const struct = ref && innerStruct(ref);
    if (struct) walk(struct, inner(field.type));
  }
  let text = '';
  for (let i = 0, free = 0; i < words.length; i++) {
    if (words[i] === undefined) {
      free++;
      continue;
    }
    if (free) text += ` -${free}`;
    text += ` ${words[i]}`;
    free = 0;
  }
  return text.trim();
}

for (const info of createScheme().resources()) {
  const kinds: [string, string, string][] = [[info.group, info.version, info.kind]];
  for (const sub of Object.values(info.subresources)) {
    kinds.push([sub.group ?? info.group, sub.version ?? info.version, sub.kind]);
  }
  for (const [group, version, kind] of kinds) {
    const name = structNameOf(group, version, kind);
    const type = go.struct(packageOf(group, version), kind);
    if (type && structType(name)) walk(name, type);
  }
}
walk('DeleteOptions', go.struct(META, 'DeleteOptions') as GoType);

const sorted = [...lines.keys()].sort().map((name) => lines.get(name));
writeFileSync(
  new URL('../cli/http/protobuf-fields.ts', import.meta.url),
  `// Generated from a real kubectl by src/tools/generate-protobuf.ts; do not edit. protobuf.ts explains the notation.

// prettier-ignore
export const FIELDS = \`
${sorted.join('\n')}
\`;
`,
);
