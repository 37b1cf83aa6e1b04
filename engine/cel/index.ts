// CEL as Kubernetes has it: the language by a library, with the functions that Kubernetes adds, types from the schemas of
// custom resources, and errors in the words of the API server. Nothing else imports the library.

import { estimate } from './cost.ts';
import { compileError, runtimeError } from './errors.ts';
import { authorizers } from './functions/authorizer.ts';
import { collections } from './functions/collections.ts';
import { formats } from './functions/formats.ts';
import { networks } from './functions/network.ts';
import { quantities } from './functions/quantities.ts';
import { strings } from './functions/strings.ts';
import { Environment, Optional, type ASTNode, type ParseError, type TypeError } from './library.ts';
import { widenHas } from './has.ts';
import { escapeName } from './values.ts';

export { AUTHORIZER, AuthorizerValue } from './functions/authorizer.ts';
export { cardinality, RULE_LIMIT, SCHEMA_LIMIT } from './cost.ts';
export { escapeName, typed, untyped } from './values.ts';

// eslint-disable-next-line @typescript-eslint/no-explicit-any
type Schema = Record<string, any>;

/** A failure while an expression runs, in cel-go's words. */
export class EvaluationFailure extends Error {}

export interface Program {
  /** 'bool', 'list<string>', 'dyn'… */
  readonly type: string;
  /** Names of variables that it reads. */
  readonly reads: ReadonlySet<string>;
  /** The most that it can cost, for variables of these schemas. */
  cost(schemas: Record<string, Schema | undefined>): number;
  /** Throws EvaluationFailure. */
  run(variables: Record<string, unknown>): unknown;
}

/** CEL's optional value; undefined is none. */
export const optional = (value: unknown): unknown => (value === undefined ? Optional.none() : Optional.of(value));

let base: Environment | undefined;
let running: Environment | undefined;
const functions = new Set<string>();

function environment(): Environment {
  if (base) return base;
  base = new Environment({ enableOptionalTypes: true, homogeneousAggregateLiterals: false, limits: { maxDepth: 100 } });
  for (const library of [authorizers, collections, formats, networks, quantities, strings]) library(base);
  for (const { name } of base.getDefinitions().functions) functions.add(name);
  running = base.clone({ unlistedVariablesAreDyn: true });
  return base;
}

type Parsed = ReturnType<Environment['parse']>;

/** The expression with a `has` that takes any selection: the library's own takes chains of names only. */
function readable(expression: Parsed): Parsed {
  widenHas(expression.ast, 0);
  return expression;
}
const parsed = new Map<string, Parsed>();
const MAX_PARSED = 1000;

/** Expressions run untyped: what they were checked to be is what values are. */
function parse(expression: string): Parsed {
  let known = parsed.get(expression);
  if (!known) {
    known = readable((running as Environment).parse(expression));
    if (parsed.size < MAX_PARSED) parsed.set(expression, known);
  }
  return known;
}

/** The variables that expressions of one place may read. */
export class Scope {
  private readonly environment: Environment;

  constructor() {
    this.environment = environment().clone();
  }

  /** `type`: in the library's notation, or the name that `object` gave. */
  variable(name: string, type = 'dyn'): this {
    this.environment.registerVariable(name, type);
    return this;
  }

  /** A type of these fields, for variables. */
  type(name: string, fields: Readonly<Record<string, string>>): this {
    this.environment.registerType(name, { fields });
    return this;
  }

  /** The type of a schema's values, for variables. `root`: an object of the API. */
  object(schema: Schema, root: boolean, name = 'Object'): string {
    return this.typeOf(schema, name, root, 0);
  }

  private typeOf(schema: Schema, name: string, root: boolean, depth: number): string {
    if (schema['x-kubernetes-int-or-string'] || (schema.nullable && !root) || depth > 40) return 'dyn';
    switch (schema.type) {
      case 'integer':
        return 'int';
      case 'number':
        return 'double';
      case 'boolean':
        return 'bool';
      case 'string':
        return TEXTS[schema.format] ?? 'string';
      case 'array':
        return `list<${this.typeOf(schema.items ?? {}, `${name}.items`, false, depth + 1)}>`;
      case 'object':
        break;
      default:
        return 'dyn';
    }
    const { properties, additionalProperties } = schema;
    const embedded = root || schema['x-kubernetes-embedded-resource'] === true;
    if (!properties && !embedded) {
      if (typeof additionalProperties === 'object')
        return `map<string, ${this.typeOf(additionalProperties, `${name}.values`, false, depth + 1)}>`;
      return schema['x-kubernetes-preserve-unknown-fields'] ? 'dyn' : 'map<string, dyn>';
    }
    const fields: Record<string, string> = embedded
      ? { apiVersion: 'string', kind: 'string', metadata: this.metadata() }
      : {};
    for (const key in properties) {
      const escaped = escapeName(key);
      if (escaped === undefined || (embedded && key === 'metadata')) continue;
      fields[escaped] = this.typeOf(properties[key], `${name}.${escaped}`, false, depth + 1);
    }
    this.environment.registerType(name, { fields });
    return name;
  }

  private named = false;
  private metadata(): string {
    if (!this.named) {
      this.named = true;
      this.environment.registerType('ObjectMeta', { fields: { name: 'string', generateName: 'string' } });
    }
    return 'ObjectMeta';
  }

  /** The program, or the text of what is wrong with it. */
  compile(expression: string): Program | string {
    const failed = (error: unknown) =>
      compileError(expression, error as ParseError | TypeError, (name) => functions.has(name));
    let checked: Parsed;
    try {
      checked = readable(this.environment.parse(expression));
    } catch (error) {
      return failed(error);
    }
    const { valid, type = 'dyn', error } = checked.check();
    if (!valid) return failed(error);
    const program = parse(expression);
    const reads = new Set<string>();
    collect(program.ast, reads, 0);
    return {
      type,
      reads,
      cost: (schemas) => estimate(program.ast, schemas),
      run(variables) {
        try {
          return program(variables);
        } catch (error) {
          throw new EvaluationFailure(runtimeError(error as Error));
        }
      },
    };
  }
}

const TEXTS: Record<string, string> = {
  date: 'google.protobuf.Timestamp',
  'date-time': 'google.protobuf.Timestamp',
  datetime: 'google.protobuf.Timestamp',
  duration: 'google.protobuf.Duration',
  byte: 'bytes',
};

/** Names of all identifiers below a node; what a comprehension binds is among them. */
function collect(value: unknown, names: Set<string>, depth: number) {
  if (depth > 200 || typeof value !== 'object' || value === null) return;
  if (Array.isArray(value)) {
    for (const one of value) collect(one, names, depth + 1);
    return;
  }
  const node = value as ASTNode;
  if (node.op === 'id') names.add(node.args);
  else if ('args' in node && typeof node.args === 'object' && !(node.args instanceof Uint8Array))
    collect(node.args, names, depth + 1);
}
