// kubectl explain: the structure of a kind and of its fields.

import { EXPLANATIONS } from '../../api/explanations.ts';
import { type Field, type StructType, type TypeRef, structNameOf, structType } from '../../api/schema.ts';
import type { Command } from '../command.ts';
import { BareError, CommandError } from '../errors.ts';
import { builtinScheme, type Kubectl } from '../kubectl.ts';

const SIMPLE: Record<string, string> = {
  s: 'string',
  b: 'boolean',
  i: 'integer',
  l: 'integer',
  d: 'number',
  y: 'string',
  q: 'Quantity',
  t: 'string',
  m: 'string',
  x: 'IntOrString',
  o: 'Object',
  j: 'JSON',
};

/** 'apps/v1' Deployment's struct is written with its group only where two share a name. */
const plainName = (struct: string) => struct.split('.').at(-1) as string;

function typeText(ref: TypeRef): string {
  if (ref.code === '@') return plainName(ref.struct as string);
  if (ref.code === '[') return `[]${typeText(ref.element as TypeRef)}`;
  if (ref.code === '{') return `map[string]${typeText(ref.element as TypeRef)}`;
  return SIMPLE[ref.code];
}

const fieldsOf = (struct: string): readonly Field[] => (structType(struct) as StructType).fieldList;
const byName = (fields: readonly Field[]) => fields.slice().sort((a, b) => (a.name < b.name ? -1 : 1));

/** The struct at the end of lists and maps. */
function structOf(ref: TypeRef): string | undefined {
  if (ref.code === '@') return ref.struct;
  return ref.element && structOf(ref.element);
}

export const explain: Command = {
  name: 'explain',
  short: 'Get documentation for a resource',
  group: 'Basic Commands (Intermediate)',
  usage: 'TYPE [--recursive=FALSE|TRUE] [--api-version=api-version-group] [-o|--output=plaintext|plaintext-openapiv2]',
  examples: ['kubectl explain pods', 'kubectl explain deployment.spec.strategy', 'kubectl explain pod --recursive'],
  flags: [
    { name: 'api-version', type: 'string', usage: 'Use given api-version (group/version) of the resource.' },
    {
      name: 'output',
      short: 'o',
      type: 'string',
      default: 'plaintext',
      usage: 'Format in which to render the schema. Valid values are: (plaintext, plaintext-openapiv2).',
    },
    { name: 'recursive', type: 'bool', usage: 'When true, print the name of all the fields recursively.' },
  ],
  *run(kubectl, args) {
    if (args.args.length === 0) {
      throw new CommandError(
        'You must specify the type of resource to explain. Use "kubectl api-resources" for a complete list of supported resources.\n',
      );
    }
    if (args.args.length > 1) throw new CommandError('We accept only this format: explain RESOURCE');
    if (!args.string('output').startsWith('plaintext'))
      throw new CommandError(`unrecognized format: ${args.string('output')}`);
    const [resource, ...path] = args.args[0].split('.');
    const mapping = yield* kubectl.discover((discovery) => discovery.find(resource));
    if (!mapping) throw new BareError(`the server doesn't have a resource type "${resource}"`);
    const [group, version] = args.string('api-version')
      ? splitVersion(args.string('api-version'))
      : [mapping.group, mapping.version];
    const info = builtinScheme().kind(group, version, mapping.kind);
    const struct = info && structType(structNameOf(group, version, mapping.kind));
    if (!struct)
      throw new CommandError(`couldn't find resource for "${group}/${version}, Resource=${mapping.resource}"`);
    let name = mapping.kind;
    let fields: readonly Field[] = struct.fieldList;
    let field: Field | undefined;
    let parent = name;
    for (const step of path) {
      field = fields.find((f) => f.name === step);
      if (!field) {
        kubectl.out(heading(group, mapping.kind, version));
        throw new CommandError(`field "${step}" does not exist`);
      }
      const inner = structOf(field);
      parent = name;
      name = inner ?? '';
      fields = inner ? fieldsOf(inner) : [];
    }
    show(kubectl, {
      group,
      version,
      kind: mapping.kind,
      name,
      parent,
      field,
      fields,
      recursive: args.bool('recursive'),
    });
  },
};

function splitVersion(text: string): [string, string] {
  const slash = text.indexOf('/');
  return slash < 0 ? ['', text] : [text.slice(0, slash), text.slice(slash + 1)];
}

interface Shown {
  group: string;
  version: string;
  kind: string;
  /** The struct that `fields` are of; '' for a simple field. */
  name: string;
  /** The struct that has `field`. */
  parent: string;
  field?: Field;
  fields: readonly Field[];
  recursive: boolean;
}

const heading = (group: string, kind: string, version: string) =>
  `${group ? `GROUP:      ${group}\n` : ''}KIND:       ${kind}\nVERSION:    ${version}\n\n`;

function show(kubectl: Kubectl, { group, version, kind, name, parent, field, fields, recursive }: Shown) {
  let out = heading(group, kind, version);
  if (field) out += `FIELD: ${field.name} <${typeText(field)}>\n\n\n`;
  out += `DESCRIPTION:\n${describe(name, field && sentence(parent, field.name))}`;
  if (fields.length) {
    out += 'FIELDS:\n';
    for (const f of byName(fields)) out += recursive ? tree(f, 1, [name]) : one(f, name);
  }
  kubectl.out(out + '\n');
}

/** What is known of the field, then what is known of its type. */
function describe(struct: string, ofField: string | undefined): string {
  const ofType = EXPLANATIONS[plainName(struct)];
  const texts = [ofField, ofType === ofField ? undefined : ofType].filter((text) => text !== undefined);
  return texts.length ? `${texts.map((text) => `${wrap(text, 4)}\n`).join('')}    \n` : '    <empty>\n';
}

function one(field: Field, struct: string): string {
  return `${line(field, 1)}${wrap(sentence(struct, field.name) ?? '<no description>', 4)}\n\n`;
}

const sentence = (struct: string, field: string): string | undefined =>
  EXPLANATIONS[`${plainName(struct)}.${field}`] ?? EXPLANATIONS[`*.${field}`];
const line = (field: Field, level: number) =>
  `${'  '.repeat(level)}${field.name}\t<${typeText(field)}>${field.required ? ' -required-' : ''}\n`;

const MAX_DEPTH = 12;

function tree(field: Field, level: number, above: readonly string[]): string {
  let out = line(field, level);
  const inner = structOf(field);
  // A type inside itself (JSONSchemaProps) is named, not opened again.
  if (!inner || above.includes(inner) || level > MAX_DEPTH) return out;
  for (const f of byName(fieldsOf(inner))) out += tree(f, level + 1, [...above, inner]);
  return out;
}

function wrap(text: string, indent: number): string {
  const rows: string[] = [];
  let row = '';
  for (const word of text.split(' ')) {
    if (row && row.length + word.length + 1 > 80 - indent) {
      rows.push(row);
      row = word;
    } else row = row ? `${row} ${word}` : word;
  }
  rows.push(row);
  return rows.map((r) => ' '.repeat(indent) + r).join('\n');
}
