// kubectl explain --output=plaintext-openapiv2: the printed form from before OpenAPI v3, out of Swagger's definitions.

import { noField, sameKind, valuesOf, type GroupVersionKind, type Schema } from './schema.ts';

type Definitions = Readonly<Record<string, Schema>>;

const WIDTH = 80;
const FIELD_INDENT = 3;
const DESCRIPTION_INDENT = 5;

/** The text; undefined when there is no such kind. `missing` ends the command with the name of a field that is not there. */
export function explainKind(
  definitions: Definitions,
  gvk: GroupVersionKind,
  path: readonly string[],
  recursive: boolean,
  missing: (message: string) => Error,
): string | undefined {
  const found = Object.keys(definitions)
    .sort()
    .find((name) => definitions[name]['x-kubernetes-group-version-kind']?.some((one) => sameKind(one, gvk)));
  if (found === undefined) return undefined;
  const printer = new Printer(definitions, recursive);
  const target = printer.lookUp(definitions[found], path, missing);
  const version = gvk.group ? `${gvk.group}/${gvk.version}` : gvk.version;
  return `KIND:     ${gvk.kind}\nVERSION:  ${version}\n\n${printer.model(target, path.at(-1) ?? '')}`;
}

class Printer {
  private readonly definitions: Definitions;
  private readonly recursive: boolean;

  constructor(definitions: Definitions, recursive: boolean) {
    this.definitions = definitions;
    this.recursive = recursive;
  }

  /** What a reference, a list or a map leads to; undefined for the end of the way. */
  private inner(schema: Schema): Schema | undefined {
    if (schema.$ref !== undefined) return this.definitions[schema.$ref.slice(schema.$ref.lastIndexOf('/') + 1)] ?? {};
    if (schema.items) return schema.items;
    return schema.properties ? undefined : valuesOf(schema);
  }

  /** Words after a plain value lead nowhere, and are not complained of. */
  lookUp(from: Schema, path: readonly string[], missing: (message: string) => Error): Schema {
    let schema = from;
    for (const name of path) {
      for (let next = this.inner(schema); next; next = this.inner(schema)) schema = next;
      if (!schema.properties) return schema;
      const field = schema.properties[name];
      if (!field) throw missing(noField(name));
      schema = field;
    }
    return schema;
  }

  model(from: Schema, name: string): string {
    const texts: string[] = [];
    let schema = from;
    for (let next = this.inner(schema); next; next = this.inner(schema)) {
      texts.push(schema.description ?? '');
      schema = next;
    }
    texts.push(schema.description ?? '');
    const type = this.typeName(from);
    const description = describe(texts);
    if (schema.properties) {
      const fields = this.fields(schema, FIELD_INDENT, new Set());
      return `${name && `RESOURCE: ${name} <${type}>\n\n`}${description}\nFIELDS:\n${fields}`;
    }
    return schema.type && schema.type !== 'object' ? `FIELD:    ${name} <${type}>\n\n${description}` : description;
  }

  private typeName(schema: Schema): string {
    if (schema.$ref !== undefined) return this.typeName(this.inner(schema) as Schema);
    if (schema.items) return `[]${this.typeName(schema.items)}`;
    if (schema.properties) return 'Object';
    if (schema.type === 'object') return `map[string]${this.typeName(valuesOf(schema) ?? {})}`;
    return schema.type ?? '';
  }

  private fields({ properties = {}, required = [] }: Schema, depth: number, seen: ReadonlySet<string>): string {
    let text = '';
    for (const name of Object.keys(properties).sort()) {
      const field = properties[name];
      const line = `${' '.repeat(depth)}${name}\t<${this.typeName(field)}>`;
      if (this.recursive) text += `${line}\n${this.below(field, depth + FIELD_INDENT, seen)}`;
      else
        text += `${line}${required.includes(name) ? ' -required-' : ''}\n${wrapped(field.description ?? '', depth + 2)}\n`;
    }
    return text;
  }

  private below(field: Schema, depth: number, seen: ReadonlySet<string>): string {
    let schema = field;
    const inside = new Set(seen);
    for (let next = this.inner(schema); next; next = this.inner(schema)) {
      if (schema.$ref !== undefined) {
        if (inside.has(schema.$ref)) return '';
        inside.add(schema.$ref);
      }
      schema = next;
    }
    return schema.properties ? this.fields(schema, depth, inside) : '';
  }
}

function describe(texts: readonly string[]): string {
  let out = 'DESCRIPTION:\n';
  if (!texts.some(Boolean)) return `${out}${wrapped('<empty>', DESCRIPTION_INDENT)}`;
  texts.forEach((text, i) => {
    if (text) out += `${i ? '\n' : ''}${wrapped(text, DESCRIPTION_INDENT)}`;
  });
  return out;
}

/** Paragraphs keep apart, and so do items of a list; what is indented stays as it is. */
function wrapped(text: string, depth: number): string {
  const rows: string[] = [];
  let row = '';
  const flush = () => {
    if (row) rows.push(row);
    row = '';
  };
  for (const line of text.split('\n')) {
    const blank = !line.trim();
    if (line.startsWith('    ')) {
      flush();
      rows.push(line);
      continue;
    }
    if (blank || row.endsWith(':') || /^\s*(\d+\.?|-|\*)\s/.test(line)) flush();
    if (blank && rows.length) rows.push('');
    for (const word of line.split(/\s+/).filter(Boolean)) {
      if (row && row.length + 1 + word.length > WIDTH - depth) flush();
      row += row ? ` ${word}` : word;
    }
  }
  flush();
  return rows.map((r) => (r ? `${' '.repeat(depth)}${r}\n` : '\n')).join('');
}
