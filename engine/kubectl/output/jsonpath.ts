// JSONPath templates as kubectl evaluates them: text with {expressions}, {range}…{end}, filters, slices, unions,
// recursive descent. Parsed once, then run over any number of objects.

import { CommandError } from '../errors.ts';

import { compactJson } from '../../api/go-json.ts';
import { type Node, JsonPathError, parseTemplate } from './jsonpath-parser.ts';

export { JsonPathError };

export class JsonPath {
  private readonly nodes: Node[];
  private readonly allowMissing: boolean;

  constructor(template: string, allowMissing: boolean) {
    this.nodes = parseTemplate(template);
    this.allowMissing = allowMissing;
  }

  /** The text that the template gives for `value`. */
  print(value: unknown): string {
    let out = '';
    for (const results of this.results(value)) out += results.map(valueText).join(' ');
    return out;
  }

  /** The values of each expression in turn. */
  results(value: unknown): unknown[][] {
    return this.run(this.nodes, [value]);
  }

  private run(nodes: Node[], input: unknown[]): unknown[][] {
    const out: unknown[][] = [];
    for (const node of nodes) {
      if (node.type === 'range') {
        for (const item of this.walk(node.over, input)) out.push(...this.run(node.body, [item]));
      } else if (node.type === 'text') out.push([node.text]);
      else if (node.type === 'list') out.push(this.walk(node.nodes, input));
    }
    return out;
  }

  private walk(nodes: Node[], input: unknown[]): unknown[] {
    let values = input;
    for (const node of nodes) values = this.step(node, values);
    return values;
  }

  private step(node: Node, values: unknown[]): unknown[] {
    switch (node.type) {
      case 'field':
        return this.field(node.name, values);
      case 'slice':
        return values.flatMap((v) => this.slice(node, v));
      case 'wildcard':
        return values.flatMap(children);
      case 'recursive': {
        const out: unknown[] = [];
        for (const value of values) descend(value, out, 0);
        return out;
      }
      case 'union':
        return node.branches.flatMap((branch) => this.walk(branch, values));
      case 'filter':
        return values.flatMap((v) => this.filter(node, v));
      case 'literal':
        return [node.value];
      case 'text':
        return [node.text];
      case 'list':
        return this.walk(node.nodes, values);
      case 'identifier':
        throw new JsonPathError(
          node.name === 'end' ? 'not in range, nothing to end' : `unrecognized identifier ${node.name}`,
        );
      case 'range':
        return values;
    }
  }

  private field(name: string, values: unknown[]): unknown[] {
    const out: unknown[] = [];
    for (const value of values) {
      if (value === null || value === undefined) continue;
      if (typeof value === 'object' && !Array.isArray(value) && Object.hasOwn(value, name)) {
        const found = (value as Record<string, unknown>)[name];
        if (found !== undefined) out.push(found);
      }
    }
    if (out.length === 0 && !this.allowMissing) throw new JsonPathError(`${name} is not found`);
    return out;
  }

  private slice(node: Node & { type: 'slice' }, value: unknown): unknown[] {
    if (value === null || value === undefined) return [];
    if (!Array.isArray(value)) throw new JsonPathError(`${goType(value)} is not array or slice`);
    const length = value.length;
    let from = node.from ?? 0;
    if (from < 0) from += length;
    let to = node.to ?? length;
    if (node.to !== undefined && (to < 0 || (to === 0 && node.from !== undefined && node.from < 0))) to += length;
    if (
      node.from !== undefined &&
      node.to === node.from + 1 &&
      node.step === undefined &&
      (from >= length || from < 0)
    ) {
      throw new JsonPathError(`array index out of bounds: index ${from}, length ${length}`);
    }
    if (to > length) to = length;
    if (from > length) from = length;
    if (from > to) throw new JsonPathError(`starting index ${from} is greater than ending index ${to}`);
    const step = node.step ?? 1;
    if (step <= 0) throw new JsonPathError('step must be > 0');
    const out: unknown[] = [];
    for (let i = Math.max(from, 0); i < to; i += step) out.push(value[i]);
    return out;
  }

  private filter(node: Node & { type: 'filter' }, value: unknown): unknown[] {
    if (value === null || value === undefined) return [];
    if (!Array.isArray(value)) {
      if (typeof value === 'object') return this.matches(node, value) ? [value] : [];
      throw new JsonPathError(`${goType(value)} is not array or slice and cannot be filtered`);
    }
    return value.filter((item) => this.matches(node, item));
  }

  private matches(node: Node & { type: 'filter' }, item: unknown): boolean {
    // A bare word cannot be looked up; whether it exists is then not asked.
    if (node.operator === 'exists' && node.left[0]?.type === 'identifier') return true;
    if (node.operator === 'exists') return this.present(node.left, item).length > 0;
    const left = this.present(node.left, item);
    const right = this.present(node.right, item);
    if (left.length === 0 || right.length === 0) return false;
    if (left.length > 1 || right.length > 1) throw new JsonPathError('can only compare one element at a time');
    return compare(left[0], node.operator, right[0]);
  }

  /** In a filter what is missing is no error. */
  private present(nodes: Node[], item: unknown): unknown[] {
    try {
      return this.walk(nodes, [item]);
    } catch (error) {
      if (error instanceof JsonPathError && nodes[0]?.type !== 'identifier') return [];
      throw error;
    }
  }
}

function compare(left: unknown, operator: string, right: unknown): boolean {
  if (typeof left !== typeof right) throw new JsonPathError('incompatible types for comparison');
  switch (operator) {
    case '==':
      return left === right;
    case '!=':
      return left !== right;
    case '<':
      return (left as number) < (right as number);
    case '>':
      return (left as number) > (right as number);
    case '<=':
      return (left as number) <= (right as number);
    case '>=':
      return (left as number) >= (right as number);
  }
  throw new JsonPathError(`unrecognized filter operator ${operator}`);
}

function children(value: unknown): unknown[] {
  if (Array.isArray(value)) return value;
  if (value !== null && typeof value === 'object') {
    const map = value as Record<string, unknown>;
    return Object.keys(map)
      .sort()
      .map((k) => map[k]);
  }
  return [];
}

function descend(value: unknown, out: unknown[], depth: number) {
  if (value === null || typeof value !== 'object' || depth > 80) return;
  out.push(value);
  for (const child of children(value)) descend(child, out, depth + 1);
}

function goType(value: unknown): string {
  if (typeof value === 'string') return 'string';
  if (typeof value === 'boolean') return 'bool';
  return typeof value === 'number' ? (Number.isInteger(value) ? 'int64' : 'float64') : 'map[string]interface {}';
}

/** A value as a template prints it: strings bare, the rest as JSON. */
export function valueText(value: unknown): string {
  if (typeof value === 'string') return value;
  if (value === null || value === undefined) return 'null';
  return typeof value === 'object' ? compactJson(value) : String(value);
}

const RELAXED = /^\{\.?([^{}]+)\}$|^\.?([^{}]+)$/;
export const isPath = (text: string) => RELAXED.test(text);

/** `.metadata.name`, `metadata.name`, `{.metadata.name}`: what --sort-by and custom-columns accept, as a template. */
export function relaxedExpression(text: string): string {
  if (text === '') return '';
  const match = RELAXED.exec(text);
  if (!match) {
    throw new CommandError(
      `unexpected path string, expected a 'name1.name2' or '.name1.name2' or '{name1.name2}' or '{.name1.name2}'`,
    );
  }
  return `{.${match[1] ?? match[2]}}`;
}

/** Reads a template that a user gave; `what` names it in the error. */
export function parseJsonPath(template: string, allowMissing: boolean): JsonPath {
  try {
    return new JsonPath(template, allowMissing);
  } catch (error) {
    if (error instanceof JsonPathError) throw new CommandError(`error parsing jsonpath ${template}, ${error.message}`);
    throw error;
  }
}
