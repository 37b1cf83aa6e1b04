// What a rule may cost at most, estimated from its schema: how often quantifiers go round, how long texts can be. In the
// units of cel-go, where most steps cost one; a rule that could keep the API server busy is refused with its definition.

import type { ASTNode } from './library.ts';

// eslint-disable-next-line @typescript-eslint/no-explicit-any
type Schema = Record<string, any>;
type Schemas = Record<string, Schema | undefined>;

/** What one rule may cost, and all of a schema together. */
export const RULE_LIMIT = 10_000_000;
export const SCHEMA_LIMIT = 100_000_000;

const MAX_REQUEST_BYTES = 3 * 1024 * 1024;
const STRING_FACTOR = 0.1;
const REGEX_FACTOR = 0.25;
const MAX_BYTES_OF_CHARACTER = 4;
const MAX_DEPTH = 200;
/** Of a round of a quantifier, beside its condition: whether to go on, and the joining of results. */
const ROUND = 3;
const TIMES: Record<string, number> = { date: 12, 'date-time': 30, datetime: 30, duration: 30 };
/** Of the keys of a map nothing is said, and the API server reckons them as empty. */
const KEY: Schema = { type: 'string', maxLength: 0 };
const QUANTIFIERS = new Set(['all', 'exists', 'exists_one', 'map', 'filter']);

/** The least that a value takes in JSON, with what separates it from the next. */
function leastBytes(schema: Schema | undefined, depth = 0): number {
  switch (schema?.type) {
    case 'string':
      return 2 + (schema.minLength ?? 0);
    case 'boolean':
      return 4;
    case 'object': {
      let size = 2;
      if (depth < 20)
        for (const name of (schema.required ?? []) as string[])
          size += name.length + 4 + leastBytes(schema.properties?.[name], depth + 1);
      return size;
    }
    case 'array':
      return 2;
    default:
      return 1;
  }
}

/** How many elements a list or map can have, or bytes a text; 1 where nothing is known. */
function sizeOf(schema: Schema | undefined): number {
  switch (schema?.type) {
    case 'array':
      return schema.maxItems ?? Math.floor(MAX_REQUEST_BYTES / (leastBytes(schema.items) + 1));
    case 'object':
      if (typeof schema.additionalProperties !== 'object') return 1;
      return schema.maxProperties ?? Math.floor(MAX_REQUEST_BYTES / (leastBytes(schema.additionalProperties) + 5));
    case 'string':
      if (schema.enum) return Math.max(...(schema.enum as string[]).map((text) => String(text).length));
      if (TIMES[schema.format]) return TIMES[schema.format];
      return schema.maxLength === undefined ? MAX_REQUEST_BYTES - 2 : schema.maxLength * MAX_BYTES_OF_CHARACTER;
    default:
      return 1;
  }
}

/** How many values a schema below the root can have in one object, given how many its parent can have. */
export function cardinality(parent: Schema, inner: Schema, times: number): number {
  const many = parent.items === inner || parent.additionalProperties === inner;
  if (!many) return times;
  const bounded = parent.type === 'array' ? parent.maxItems : parent.maxProperties;
  return bounded === undefined ? Math.max(times, sizeOf(parent)) : times * bounded;
}

interface Estimate {
  cost: number;
  /** Of the value, for its size. */
  schema?: Schema;
}

/** The most that an expression costs; `schemas`: of the variables. */
export function estimate(node: ASTNode, schemas: Schemas): number {
  return of(node, schemas, 0).cost;
}

function literal(node: ASTNode): Schema | undefined {
  if (node.op !== 'value' || typeof node.args !== 'string') return undefined;
  return { type: 'string', maxLength: node.args.length / MAX_BYTES_OF_CHARACTER };
}

function of(node: ASTNode, schemas: Schemas, depth: number): Estimate {
  if (depth > MAX_DEPTH) return { cost: 0 };
  const inner = (one: ASTNode, more: Schemas = schemas) => of(one, more, depth + 1);
  const sum = (nodes: readonly ASTNode[]) => nodes.reduce((total, one) => total + inner(one).cost, 0);
  switch (node.op) {
    case 'value':
      return { cost: 0, schema: literal(node) };
    case 'id':
      return { cost: 1, schema: schemas[node.args] };
    case '.':
    case '.?': {
      const { cost, schema } = inner(node.args[0]);
      const field = schema?.properties?.[node.args[1]] ?? schema?.additionalProperties;
      return { cost: cost + 1, schema: typeof field === 'object' ? field : undefined };
    }
    case '[]':
    case '[?]': {
      const { cost, schema } = inner(node.args[0]);
      const item = schema?.items ?? schema?.additionalProperties;
      return { cost: cost + 1 + inner(node.args[1]).cost, schema: typeof item === 'object' ? item : undefined };
    }
    case '==':
    case '!=':
    case '<':
    case '<=':
    case '>':
    case '>=': {
      const [left, right] = node.args.map((one) => inner(one));
      const text = left.schema?.type === 'string' && right.schema?.type === 'string';
      const compared = text ? Math.min(sizeOf(left.schema), sizeOf(right.schema)) * STRING_FACTOR : 1;
      return { cost: left.cost + right.cost + Math.ceil(compared) };
    }
    case 'in': {
      const [item, list] = node.args.map((one) => inner(one));
      return { cost: item.cost + list.cost + (list.schema?.type === 'array' ? sizeOf(list.schema) : 1) };
    }
    case '?:': {
      const [condition, yes, no] = node.args.map((one) => inner(one));
      return { cost: condition.cost + Math.max(yes.cost, no.cost) };
    }
    case 'rcall':
      return method(node.args, schemas, inner);
    case 'call':
      return { cost: 1 + sum(node.args[1]) };
    case 'list':
      return { cost: 10 + sum(node.args) };
    case 'map':
      return { cost: 30 + sum(node.args.flat()) };
    case '!_':
    case '-_':
      return { cost: 1 + inner(node.args).cost };
    case '&&':
    case '||':
      return { cost: sum(node.args) };
    default:
      return { cost: 1 + sum(node.args) };
  }
}

function method(
  [name, receiver, args]: [string, ASTNode, ASTNode[]],
  schemas: Schemas,
  inner: (node: ASTNode, schemas?: Schemas) => Estimate,
): Estimate {
  const on = inner(receiver);
  if (QUANTIFIERS.has(name) && args.length >= 2 && args[0].op === 'id') {
    const element = on.schema?.items ?? (on.schema?.additionalProperties ? KEY : undefined);
    const bound = { ...schemas, [args[0].args]: element };
    let round = ROUND;
    for (const one of args.slice(1)) round += inner(one, bound).cost;
    return { cost: on.cost + sizeOf(on.schema) * round, schema: on.schema };
  }
  const given = args.map((one) => inner(one));
  let cost = on.cost + given.reduce((total, one) => total + one.cost, 0);
  const length = (schema: Schema | undefined) => (schema?.type === 'string' ? sizeOf(schema) : 1);
  switch (name) {
    case 'matches':
    case 'find':
    case 'findAll':
      // One more than its length: a costly expression on an empty text costs something too.
      cost +=
        Math.ceil((length(on.schema) + 1) * STRING_FACTOR) *
        Math.max(1, Math.ceil(length(given[0]?.schema) * REGEX_FACTOR));
      break;
    case 'contains':
      cost +=
        Math.ceil(length(on.schema) * STRING_FACTOR) * Math.max(1, Math.ceil(length(given[0]?.schema) * STRING_FACTOR));
      break;
    case 'startsWith':
    case 'endsWith':
      cost += Math.ceil(length(given[0]?.schema) * STRING_FACTOR);
      break;
    case 'isSorted':
    case 'sum':
    case 'min':
    case 'max':
    case 'indexOf':
    case 'lastIndexOf':
      cost += on.schema?.type === 'array' ? sizeOf(on.schema) : Math.ceil(length(on.schema) * STRING_FACTOR);
      break;
    default:
      cost += 1;
  }
  return { cost };
}
