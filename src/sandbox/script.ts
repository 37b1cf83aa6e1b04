// A script of the engine, read for what of it could stand in another one: functions outside of any function, blocks and
// bodies of functions inside others whose variables can be handed over, and declarations that do nothing but declare. Node only.

import { parseSync } from 'rolldown/utils';
import { children, identifiers, isFunction, resolve, walk, type Node, type Use, type Variable } from './scopes.ts';

export interface Movable {
  statement: Node;
  /** What a stand-in replaces. */
  start: number;
  end: number;
  /** A block, statements of one, or an expression. */
  body: Node;
  /** As an expression: a function. */
  text: string;
  /** Of a function that the script declares. */
  name?: string;
  /** Of a method: its class and its name. */
  method?: { of: string; name: string };
  /** Of a property of an object literal: its key, before the value. */
  key?: string;
  /** Of a block: what stands before and after the call of the function that it has become, and what this is handed. */
  call?: { before: string; list: string[]; after: string };
}

export type Edit = [start: number, end: number, text: string];

/** Expressions that do nothing and are the same at any time, given that of what they are made of. */
const PURE =
  /^(Literal|Identifier|Template(Literal|Element)|Property|(Array|Object|Unary|Binary|Logical|Conditional)Expression)$/;
const TEXT = /^(Literal|TemplateLiteral|BinaryExpression)$/;
const PURE_CLASSES = ['Set', 'Map', 'RegExp', 'WeakMap', 'WeakSet'];
/** Statements after which the others of their block are perhaps not run. */
const LEAVING = /^(If|Switch|Try|Expression|While|DoWhile|For|ForOf|ForIn)Statement$/;
const LOOP = /^(While|DoWhile|For|ForOf|ForIn)Statement$/;
/** Where a statement or an expression has a value that may stand elsewhere when the whole may not. */
const VALUES: Record<string, string> = {
  LogicalExpression: 'right',
  AssignmentExpression: 'right',
  VariableDeclarator: 'init',
  ReturnStatement: 'argument',
};
/** What belongs to the class or the function that it stands in. */
const ROOTED = /^(Super|PrivateIdentifier|MetaProperty)$/;

export class Script {
  readonly file: string;
  readonly text: string;
  /** In the order of the text; those in a function after it. */
  readonly movables: Movable[] = [];
  /** Statements by the name that they declare: those that can stand elsewhere as they are. */
  readonly declarations = new Map<string, Node>();
  /** Names of its own by the names that it exports them with. */
  readonly exports = new Map<string, string>();
  /** Uses of the script's own variables but in its exports, in the order of the text. */
  readonly uses: Use[];
  readonly body: Node[];
  /** Where the text of each source file starts. */
  readonly files: readonly { name: string; start: number }[];
  private readonly allUses: Use[];
  private readonly usesOf: ReadonlyMap<Variable, Use[]>;
  /** After what is thrown in these, variables are perhaps still looked at. */
  private readonly tries: Node[] = [];
  /** Shorter blocks and bodies are left where they are. */
  private readonly shortest: number;

  constructor(file: string, text: string, shortest: number) {
    const { program, errors } = parseSync(file, text, { preserveParens: false });
    if (errors.length) throw new Error(`${file}: ${errors[0].message}`);
    this.file = file;
    this.text = text;
    this.shortest = shortest;
    const tree = program as unknown as Node;
    this.body = tree.body as Node[];
    const comments = text.matchAll(/^\/\/ (\S+\.[jt]s)$/gm);
    this.files = [...comments].map(({ index, 1: name }) => ({ name, start: index }));
    walk(tree, (node) => {
      if (node.type === 'TryStatement') this.tries.push(node.block as Node);
    });
    const uses = resolve(tree);
    this.allUses = uses;
    this.usesOf = Map.groupBy(uses, ({ variable }) => variable);
    this.uses = uses.filter(({ variable, node }) => variable.owner === tree && variable.declaredAt !== node.start);
    for (const statement of this.body) {
      if (statement.type === 'ExportNamedDeclaration') {
        for (const { local, exported } of statement.specifiers as Record<'local' | 'exported', { name: string }>[])
          this.exports.set(exported.name, local.name);
        continue;
      }
      this.noteDeclaration(statement);
      this.collect(statement, statement, tree);
    }
    this.movables.sort((a, b) => a.start - b.start || b.end - a.end);
  }

  /** The text with some parts replaced, and without its exports. */
  edited(edits: Edit[]): string {
    const exports = this.body.filter(({ type }) => type === 'ExportNamedDeclaration');
    const all = [...edits, ...exports.map(({ start, end }): Edit => [start, end, ''])].sort((a, b) => a[0] - b[0]);
    let text = '';
    let at = 0;
    for (const [start, end, by] of all) {
      text += this.text.slice(at, start) + by;
      at = end;
    }
    return text + this.text.slice(at);
  }

  of({ start, end }: Node): string {
    return this.text.slice(start, end);
  }

  private noteDeclaration(statement: Node) {
    const names = declaredBy(statement);
    const [first] = (statement.declarations ?? []) as { init: Node | null }[];
    if (names.length !== 1 || (first && !(first.init && isPure(first.init)))) return;
    const { start, end } = statement;
    const isVariable = ({ variable: { owner, assigned } }: Use) => owner.type === 'Program' && assigned.length > 0;
    if (!this.usesIn(start, end).some(isVariable)) this.declarations.set(names[0], statement);
  }

  /** Finds what can move in and below `node`, which stands in the function `owner`. */
  private collect(statement: Node, node: Node, owner: Node, parent?: Node, className?: string) {
    if (isFunction(node)) {
      const body = node.body as Node;
      const { type, method, computed, kind, value } = (parent ?? {}) as { [key: string]: unknown };
      const key = parent?.key as Node;
      const inLiteral = type === 'Property' && value === node;
      const accessor = kind === 'get' || kind === 'set';
      const free = !className && owner.type === 'Program' && type !== 'MethodDefinition' && !(inLiteral && accessor);
      if (node.type === 'FunctionDeclaration' && free) this.add(statement, node, { name: declaredBy(node)[0] });
      else if (free && inLiteral && method && !computed)
        this.add(statement, node, { start: parent!.start, key: this.of(key) }, 'function');
      else if (free && !method) this.add(statement, node);
      else if (
        className &&
        kind === 'method' &&
        !computed &&
        !parent!.static &&
        key.type === 'Identifier' &&
        owner.type === 'Program'
      ) {
        const { start, end } = parent!;
        this.add(statement, node, { start, end, method: { of: className, name: this.of(key) } }, 'function');
      } else if (body.type === 'BlockStatement' && kind !== 'constructor') this.addBlock(statement, body, node, true);
      if (body.type === 'BlockStatement') this.inBlock(statement, body, node, true);
      else {
        if (owner.type !== 'Program') this.addBlock(statement, expression(body), node, false);
        this.collect(statement, body, node, node);
      }
      return;
    }
    if (node.type === 'BlockStatement' && owner.type !== 'Program') {
      this.addBlock(statement, node, owner, false);
      this.inBlock(statement, node, owner, false);
      return;
    }
    if (node.type === 'ClassExpression') {
      const own = (node.id as { name?: string } | null)?.name ?? className;
      // A class may call itself otherwise than its variable.
      const name = own === className ? className : undefined;
      for (const member of (node.body as Node).body as Node[])
        if (member.value) this.collect(statement, member.value as Node, owner, member, name);
      return;
    }
    for (const arm of armsOf(node)) if (owner.type !== 'Program') this.addBlock(statement, arm, owner, false);
    this.below(statement, node, owner);
  }

  /** What is in a block: after a statement that may leave it, the others are one piece. */
  private inBlock(statement: Node, block: Node, owner: Node, whole: boolean) {
    const inner = block.body as Node[];
    inner.forEach((child, i) => {
      if (child.type === 'ExpressionStatement') this.addBlock(statement, statements([child]), owner, false);
      this.collect(statement, child, owner, block);
      if (!LEAVING.test(child.type) || i + 1 === inner.length) return;
      this.addBlock(statement, statements(inner.slice(i + 1)), owner, whole);
    });
  }

  private below(statement: Node, node: Node, owner: Node) {
    const name = node.type === 'VariableDeclarator' ? (identifiers(node.id as Node)[0]?.name as string) : undefined;
    for (const [key, child] of children(node))
      this.collect(
        statement,
        child,
        owner,
        node,
        key === 'init' && child.type === 'ClassExpression' ? name : undefined,
      );
  }

  private add(statement: Node, node: Node, more: Partial<Movable> = {}, keyword = '') {
    if (!this.assignsNothing(node)) return;
    const text = (keyword && `${keyword}${node.generator ? '*' : ''} `) + this.of(node);
    this.movables.push({ statement, start: node.start, end: node.end, body: node.body as Node, text, ...more });
  }

  /** Whether code means the same elsewhere: it assigns to no variable of the script, and needs no class around it. */
  private assignsNothing(node: Node): boolean {
    const { start, end } = node;
    let rooted = false;
    walk(node, ({ type }) => void (rooted ||= ROOTED.test(type)));
    return (
      !rooted &&
      !this.usesIn(start, end).some(
        ({ variable: { owner, assigned } }) =>
          owner.type === 'Program' && assigned.some(({ at }) => at >= start && at < end),
      )
    );
  }

  /**
   * A block becomes a function of the variables around it, if these stay as they are meanwhile. What it makes of those that
   * only their own function knows it gives back.
   * `whole`: nothing of the function `owner` follows it.
   */
  private addBlock(statement: Node, block: Node, owner: Node, whole: boolean) {
    const { start, end } = block;
    if (end - start < this.shortest) return;
    const flow = flowOf(block);
    if (!flow || (flow.returns && !whole && !flow.ends) || !this.assignsNothing(block)) return;
    const handed = new Set<string>();
    const changed = new Set<string>();
    for (const { variable, owner: user } of this.usesIn(start, end)) {
      const { declaredAt, assigned, hoisted, name } = variable;
      if (variable.owner.type === 'Program') continue;
      if (declaredAt >= start && declaredAt < end) {
        if (this.usedOutside(variable, block)) return;
        continue;
      }
      handed.add(name);
      if (!hoisted && (declaredAt > start || (variable.owner !== owner && mayBeEarly(variable, owner)))) return;
      if (!assigned.length || (block === owner.body && variable.owner === owner)) continue;
      if (variable.owner !== owner || user !== owner) return;
      if (assigned.some(({ by }) => by !== owner)) return;
      if (!assigned.some(({ at }) => at >= start && at < end)) continue;
      if (this.usesOf.get(variable)!.some((use) => use.owner !== owner)) return;
      changed.add(name);
    }
    const caught = ({ start: from, end: to }: Node) => from > owner.start && from <= start && to >= end;
    if (changed.size && (block.type === 'Expression' || flow.returns || this.tries.some(caught))) return;
    const list = [...handed];
    const result = changed.size ? `[${[...changed]}]` : '';
    const before = (result ? `${result} = ` : whole || flow.returns ? 'return ' : '') + (flow.yields ? 'yield* ' : '');
    let inner = block.type === 'Expression' ? `return (${this.of(block)});` : this.of(block);
    if (result) inner = `{ ${inner} return ${result}; }`;
    const text = `function${flow.yields ? '*' : ''} (${list}) ${block.type === 'BlockStatement' ? inner : `{ ${inner} }`}`;
    const [open, close] = block.type === 'Expression' ? ['(', ')'] : ['{ ', '; }'];
    const call = { before: open + before, list: flow.self ? ['this', ...list] : list, after: close };
    this.movables.push({ statement, start, end, body: block, text, call });
  }

  private usedOutside(variable: Variable, { start, end }: Node): boolean {
    return (this.usesOf.get(variable) ?? []).some(({ node }) => node.start < start || node.start >= end);
  }

  private usesIn(start: number, end: number): Use[] {
    const first = (at: number) => {
      let low = 0;
      for (let high = this.allUses.length; low < high;) {
        const middle = (low + high) >> 1;
        if (this.allUses[middle].node.start < at) low = middle + 1;
        else high = middle;
      }
      return low;
    };
    return this.allUses.slice(first(start), first(end));
  }
}

export const exportsOf = (names: ReadonlyMap<string, string>) =>
  `export { ${[...names].map(([name, own]) => `${own} as ${name}`)} };\n`;

/** Whether a function may run before a variable around it has its value. */
const mayBeEarly = (variable: Variable, { type }: Node) =>
  type === 'FunctionDeclaration' && variable.declaredAt > (variable.owner.body as Node).start;

/** Some statements of a block. */
const statements = (body: Node[]): Node => ({ type: 'Statements', start: body[0].start, end: body.at(-1)!.end, body });

const expression = (node: Node): Node => ({ type: 'Expression', start: node.start, end: node.end, body: [node] });

/** What of a statement or an expression is perhaps not run, beside blocks. */
function armsOf(node: Node): Node[] {
  const list = (key: string) => [node[key] ?? []].flat() as Node[];
  if (node.type === 'IfStatement' || LOOP.test(node.type))
    return [...list('consequent'), ...list('alternate'), ...list('body')]
      .filter(({ type }) => !/^(Block|If)Statement$/.test(type))
      .map((arm) => statements([arm]));
  if (node.type === 'SwitchCase') {
    const body = list('consequent');
    const inner = body.at(-1)?.type === 'BreakStatement' ? body.slice(0, -1) : body;
    return inner.length && inner[0].type !== 'BlockStatement' ? [statements(inner)] : [];
  }
  if (node.type === 'ConditionalExpression') return [...list('consequent'), ...list('alternate')].map(expression);
  const values = VALUES[node.type];
  return values
    ? list(values)
        .filter((value) => !isFunction(value))
        .map(expression)
    : [];
}

interface Flow {
  returns: boolean;
  yields: boolean;
  /** Whether it has `this`. */
  self: boolean;
  /** Whether nothing follows it: its last statement returns or throws. */
  ends: boolean;
}

/** How a block goes on; nothing if it leaves by other ways than a function can, or is bound to its place. */
function flowOf(block: Node): Flow | undefined {
  const last = (block.body as Node[]).at(-1);
  const ends = last?.type === 'ReturnStatement' || last?.type === 'ThrowStatement';
  const flow: Flow = { returns: false, yields: false, self: false, ends };
  let fits = true;
  const scan = (node: Node, inArrow: boolean, inLoop: boolean, inSwitch: boolean) => {
    for (const [, child] of children(node)) {
      const { type } = child;
      if (ROOTED.test(type) || (type === 'VariableDeclaration' && child.kind === 'var')) fits = false;
      if (type === 'Identifier' && child.name === 'arguments') fits = false;
      if (type === 'ThisExpression') flow.self = true;
      if (type === 'BreakStatement' && (child.label || !(inLoop || inSwitch))) fits = false;
      if (type === 'ContinueStatement' && (child.label || !inLoop)) fits = false;
      if (!inArrow && type === 'ReturnStatement') flow.returns = true;
      if (type === 'YieldExpression') flow.yields = true;
      if (type === 'ArrowFunctionExpression') scan(child, true, false, false);
      else if (isFunction(child) || type.startsWith('Class')) {
        walk(child, ({ type: below }) => {
          if (ROOTED.test(below)) fits = false;
        });
        if (type.startsWith('Class')) fits = false;
      } else scan(child, inArrow, inLoop || LOOP.test(type), inSwitch || type === 'SwitchStatement');
    }
  };
  scan(block, false, false, false);
  return fits ? flow : undefined;
}

function isPure(node: Node): boolean {
  if (isFunction(node)) return true;
  if (node.type === 'ClassExpression') {
    const members = (node.body as Node).body as Node[];
    return (
      !node.superClass &&
      members.every(({ static: isStatic, computed, type }) => !computed && (!isStatic || type === 'MethodDefinition'))
    );
  }
  if (node.type === 'NewExpression') {
    const list = node.arguments as Node[];
    const known = PURE_CLASSES.includes((node.callee as Node).name as string);
    return known && list.every((argument) => argument.type !== 'Identifier' && isPure(argument));
  }
  if (node.type === 'CallExpression') {
    const { object, property } = node.callee as { object?: Node; property?: Node };
    return (
      property?.name === 'split' && TEXT.test(object!.type) && [object!, ...(node.arguments as Node[])].every(isPure)
    );
  }
  return PURE.test(node.type) && children(node).every(([, child]) => isPure(child));
}

/** The names that a statement declares. */
function declaredBy(statement: Node): string[] {
  if (statement.type === 'VariableDeclaration')
    return (statement.declarations as { id: Node }[]).flatMap(({ id }) =>
      identifiers(id).map(({ name }) => name as string),
    );
  return statement.type === 'FunctionDeclaration' ? [(statement.id as Node).name as string] : [];
}
