// Go templates (text/template) as `-o go-template` runs them.

import { FUNCTIONS, NO_VALUE, TemplateError, show, truth } from './template-functions.ts';
import { type Expr, type Node, parseTemplate } from './template-parser.ts';

export { TemplateError };

export class GoTemplate {
  private readonly nodes: Node[];
  private readonly source: string;
  private readonly allowMissing: boolean;

  constructor(source: string, allowMissing: boolean) {
    this.source = source;
    this.allowMissing = allowMissing;
    this.nodes = parseTemplate(source);
  }

  print(data: unknown): string {
    let text = '';
    this.write(data, (part) => (text += part));
    return text;
  }

  /** Writes what there is when it fails half-way, too. */
  write(data: unknown, write: (text: string) => void) {
    const out: string[] = [];
    try {
      this.run(this.nodes, data, [new Map([['$', data]])], out);
    } finally {
      write(out.join(''));
    }
  }

  private run(
    nodes: Node[],
    dot: unknown,
    scopes: Map<string, unknown>[],
    out: string[],
  ): 'break' | 'continue' | undefined {
    const scope = new Map<string, unknown>();
    const inner = [...scopes, scope];
    for (const node of nodes) {
      switch (node.type) {
        case 'text':
          out.push(node.text);
          break;
        case 'break':
        case 'continue':
          return node.type;
        case 'action': {
          const value = this.value(node.pipe, dot, inner);
          if (!node.declare) out.push(show(value));
          else if (node.assign)
            (inner.findLast((s) => s.has((node.declare as string[])[0])) ?? scope).set(node.declare[0], value);
          else scope.set(node.declare[0], value);
          break;
        }
        case 'if':
        case 'with': {
          const value = this.value(node.pipe, dot, inner);
          const own = node.declare ? [...inner, new Map([[node.declare[0], value]])] : inner;
          const flow = truth(value)
            ? this.run(node.body, node.type === 'with' ? value : dot, own, out)
            : this.run(node.otherwise, dot, own, out);
          if (flow) return flow;
          break;
        }
        case 'range':
          this.range(node, dot, inner, out);
      }
    }
    return undefined;
  }

  private range(node: Node & { type: 'range' }, dot: unknown, scopes: Map<string, unknown>[], out: string[]) {
    const value = this.value(node.pipe, dot, scopes);
    const pairs: [unknown, unknown][] = [];
    if (Array.isArray(value)) value.forEach((v, i) => pairs.push([i, v]));
    else if (typeof value === 'number') for (let i = 0; i < value; i++) pairs.push([i, i]);
    else if (value !== null && typeof value === 'object') {
      const map = value as Record<string, unknown>;
      for (const key of Object.keys(map).sort()) pairs.push([key, map[key]]);
    } else if (value !== null && value !== undefined && value !== NO_VALUE) {
      throw this.fail(node.pipe, `range can't iterate over ${show(value)}`);
    }
    if (pairs.length === 0) {
      this.run(node.otherwise, dot, scopes, out);
      return;
    }
    for (const [key, item] of pairs) {
      const scope = new Map<string, unknown>();
      if (node.declare?.length === 1) scope.set(node.declare[0], item);
      if (node.declare?.length === 2) {
        scope.set(node.declare[0], key);
        scope.set(node.declare[1], item);
      }
      if (this.run(node.body, item, [...scopes, scope], out) === 'break') break;
    }
  }

  private fail(expr: Expr, message: string): TemplateError {
    const at = 'at' in expr ? expr.at : 0;
    const before = this.source.slice(0, at);
    const line = before.split('\n').length;
    const column = at - (before.lastIndexOf('\n') + 1);
    return new TemplateError(
      `template: output:${line}:${column}: executing "output" at <${sourceOf(expr)}>: ${message}`,
    );
  }

  private value(expr: Expr, dot: unknown, scopes: Map<string, unknown>[]): unknown {
    switch (expr.type) {
      case 'dot':
        return dot;
      case 'literal':
        return expr.value;
      case 'variable': {
        const scope = scopes.findLast((s) => s.has(expr.name));
        if (!scope) throw new TemplateError(`template: output:1: undefined variable "${expr.name}"`);
        return this.fields(expr, scope.get(expr.name), expr.fields);
      }
      case 'field':
        return this.fields(expr, expr.base ? this.value(expr.base, dot, scopes) : dot, expr.fields);
      case 'call': {
        if (expr.name === 'and' || expr.name === 'or') {
          let value: unknown;
          for (const arg of expr.args) {
            value = this.value(arg, dot, scopes);
            if (truth(value) === (expr.name === 'or')) return value;
          }
          return value;
        }
        const args = expr.args.map((a) => this.value(a, dot, scopes));
        try {
          return FUNCTIONS[expr.name](...args);
        } catch (error) {
          if (error instanceof TemplateError) throw this.fail(expr, `error calling ${expr.name}: ${error.message}`);
          throw error;
        }
      }
    }
  }

  private fields(expr: Expr, value: unknown, fields: string[]): unknown {
    for (const name of fields) {
      if (value === NO_VALUE) return NO_VALUE;
      if (value === null || value === undefined) {
        if (this.allowMissing) return NO_VALUE;
        throw this.fail(expr, `nil data; no entry for key "${name}"`);
      }
      if (typeof value !== 'object' || Array.isArray(value))
        throw this.fail(expr, `can't evaluate field ${name} in type interface {}`);
      if (Object.hasOwn(value, name)) value = (value as Record<string, unknown>)[name];
      else if (this.allowMissing) value = NO_VALUE;
      else throw this.fail(expr, `map has no entry for key "${name}"`);
    }
    return value;
  }
}

function sourceOf(expr: Expr): string {
  if (expr.type === 'field') return (expr.base ? sourceOf(expr.base) : '') + expr.fields.map((f) => '.' + f).join('');
  if (expr.type === 'variable') return expr.name + expr.fields.map((f) => '.' + f).join('');
  if (expr.type === 'literal') return JSON.stringify(expr.value);
  if (expr.type === 'call') return [expr.name, ...expr.args.map(sourceOf)].join(' ');
  return '.';
}
