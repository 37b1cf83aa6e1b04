// kubectl explain from OpenAPI v3: a kind or a field of it, what it means, and its fields. A field's schema may stand
// behind references, `allOf`, lists and maps; all that is met on the way is described.

import { noField, sameKind, valuesOf, type GroupVersionKind, type Schema } from './schema.ts';

export interface Document {
  paths: Readonly<Record<string, Readonly<Record<string, Operation | undefined>> | undefined>>;
  components: { schemas: Readonly<Record<string, Schema>> };
}
interface Operation {
  'x-kubernetes-group-version-kind'?: GroupVersionKind;
}

export interface Explained {
  text: string;
  /** What went wrong after that was printed. */
  error?: string;
}

const METHODS = ['get', 'post', 'put', 'patch', 'delete'];
/** Of a field's values in a list of fields. */
const SHOWN_VALUES = 4;

/** `path`: the names of the fields that lead to the one asked for. `api`: '/api/v1', '/apis/apps/v1'. */
export function explainResource(
  document: Document,
  resource: { api: string; resource: string; gvr: string },
  path: readonly string[],
  recursive: boolean,
): Explained {
  const gvk = kindOf(document, resource.api, resource.resource);
  if (!gvk) return { text: '', error: `GVR (${resource.gvr}) not found in OpenAPI schema` };
  const { group, kind, version } = gvk;
  const heading = `${group ? `GROUP:      ${group}\n` : ''}KIND:       ${kind}\nVERSION:    ${version}\n\n`;
  const { schemas } = document.components;
  const name = Object.keys(schemas)
    .sort()
    .find((key) => schemas[key]['x-kubernetes-group-version-kind']?.some((one) => sameKind(one, gvk)));
  if (name === undefined) {
    return {
      text: heading,
      error: `GVK map[group:${group} kind:${kind} version:${version}] not found in OpenAPI schema`,
    };
  }
  const text = new Printer(schemas, recursive).field(schemas[name], path, new Set());
  return text === '' ? { text: heading, error: noField(path.at(-1) as string) } : { text: `${heading}${text}\n` };
}

function kindOf({ paths }: Document, api: string, resource: string): GroupVersionKind | undefined {
  for (const at of [`${api}/${resource}`, `${api}/namespaces/{namespace}/${resource}`]) {
    for (const path of [at, `${at}/{name}`]) {
      for (const method of METHODS) {
        const kind = paths[path]?.[method]?.['x-kubernetes-group-version-kind'];
        if (kind) return kind;
      }
    }
  }
  return undefined;
}

class Printer {
  private readonly schemas: Document['components']['schemas'];
  private readonly recursive: boolean;

  constructor(schemas: Document['components']['schemas'], recursive: boolean) {
    this.schemas = schemas;
    this.recursive = recursive;
  }

  private resolve(schema: Schema): Schema {
    return (schema.$ref !== undefined && this.schemas[schema.$ref.slice(schema.$ref.lastIndexOf('/') + 1)]) || schema;
  }

  /** The field at the end of `path`; '' when there is none. `seen`: references since the last field. */
  field(schema: Schema, path: readonly string[], seen: ReadonlySet<string>): string {
    const resolved = this.resolve(schema);
    if (path.length === 0) return this.whole(resolved);
    const { $ref } = schema;
    if ($ref !== undefined && seen.has($ref)) return '';
    const [name, ...rest] = path;
    const property = resolved.properties?.[name];
    if (property) {
      const own = rest.length === 0 ? `FIELD: ${name} <${this.typeName(property)}>\n${longEnum(property)}\n\n` : '';
      const below = this.field(property, rest, new Set());
      return rest.length === 0 || below ? own + below : '';
    }
    const next = $ref === undefined ? seen : new Set(seen).add($ref);
    if (resolved.items) return this.field(resolved.items, path, next);
    const values = valuesOf(resolved);
    if (values) return this.field(values, path, next);
    for (const one of resolved.allOf ?? []) {
      const found = this.field(one, path, next);
      if (found) return found;
    }
    return '';
  }

  private whole(schema: Schema): string {
    const text = `DESCRIPTION:\n${indent(wrap(this.description(schema, new Set()) || '<empty>', 76), 4)}\n`;
    const fields = this.fields(schema, 1, new Set());
    return `${text}${externalDocs(schema, 76, 2)}${fields && `FIELDS:\n${fields}`}`;
  }

  /** Of the schema and of all that it consists of. */
  private description(schema: Schema, seen: ReadonlySet<string>): string {
    const { $ref } = schema;
    if ($ref !== undefined && seen.has($ref)) return '';
    const below = $ref === undefined ? seen : new Set(seen).add($ref);
    const resolved = this.resolve(schema);
    let text = resolved.description ? `${resolved.description}\n` : '';
    for (const one of resolved.allOf ?? []) text += this.description(one, below);
    if (resolved.items) text += this.description(resolved.items, below);
    const values = valuesOf(resolved);
    return values ? text + this.description(values, below) : text;
  }

  /** `seen`: a type inside itself is named, not opened again. */
  private fields(schema: Schema, level: number, seen: ReadonlySet<string>): string {
    const { $ref } = schema;
    if ($ref !== undefined && seen.has($ref)) return '';
    const below = $ref === undefined ? seen : new Set(seen).add($ref);
    const resolved = this.resolve(schema);
    let text = '';
    for (const name of Object.keys(resolved.properties ?? {}).sort()) {
      const field = resolved.properties?.[name] as Schema;
      text += this.line(name, field, resolved.required?.includes(name) ?? false, level);
      if (this.recursive) text += this.fields(field, level + 1, below);
    }
    for (const one of resolved.allOf ?? []) text += this.fields(one, level, below);
    if (resolved.items) text += this.fields(resolved.items, level, below);
    const values = valuesOf(resolved);
    return values ? text + this.fields(values, level, below) : text;
  }

  private line(name: string, field: Schema, required: boolean, level: number): string {
    const depth = 2 * level;
    const line = `${indent(name, depth)}\t<${this.typeName(field)}>${required ? ' -required-' : ''}${shortEnum(field, depth)}\n`;
    if (this.recursive) return line;
    const text = indent(wrap(field.description || '<no description>', 78 - depth), depth + 2);
    return `${line}${text}\n${externalDocs(field, 76 - depth, depth + 2)}\n`;
  }

  private typeName(schema: Schema): string {
    if (schema.items) return `[]${this.typeName(schema.items)}`;
    const values = valuesOf(schema);
    if (values) return `map[string]${this.typeName(values)}`;
    if (schema.allOf?.length === 1 && !schema.properties) return this.typeName(schema.allOf[0]);
    if (schema.$ref !== undefined) {
      const { type } = this.resolve(schema);
      return !type || type === 'object' ? (schema.$ref.split(/[/.]/).at(-1) as string) : type;
    }
    return !schema.type || schema.type === 'object' ? 'Object' : schema.type;
  }
}

const shown = (value: unknown) => (value === '' ? '""' : String(value));

const longEnum = ({ enum: values }: Schema) =>
  values ? `ENUM:${values.map((v) => `\n    ${shown(v)}`).join('')}` : '';

function shortEnum({ enum: values }: Schema, depth: number): string {
  if (!values) return '';
  const text = values.slice(0, SHOWN_VALUES).map(shown).join(', ');
  return `\n${' '.repeat(depth)}enum: ${text}${values.length > SHOWN_VALUES ? ', ....' : ''}`;
}

function externalDocs({ externalDocs: docs }: Schema, width: number, depth: number): string {
  if (!docs) return '';
  const heading = depth > 2 ? indent('EXTERNAL DOCS:', depth) : 'EXTERNAL DOCS:';
  const inner = depth > 2 ? depth + 2 : 4;
  const text = docs.description ? `${indent(wrap(docs.description, width), inner)}\n` : '';
  return `\n${heading}\n${text}${docs.url ? `${indent(`URL: ${docs.url}`, inner)}\n` : ''}`;
}

const indent = (text: string, by: number) => ' '.repeat(by) + text.replaceAll('\n', `\n${' '.repeat(by)}`);

/** Breaks lines at spaces; a word that is too long stays whole. */
function wrap(text: string, width: number): string {
  return text
    .split('\n')
    .map((line) => {
      let out = '';
      let used = 0;
      for (const [, space, word] of line.matchAll(/( *)([^ ]*)/g)) {
        if (!word) continue;
        if (used > 0 && used + space.length + word.length > width && word.length < width) {
          out += `\n${word}`;
          used = word.length;
        } else {
          out += space + word;
          used += space.length + word.length;
        }
      }
      return out;
    })
    .join('\n');
}
