// Which variable each name in a script means: the rules of scope of JavaScript, for modules. Node only.

/** A node of the syntax tree (ESTree). */
export interface Node {
  type: string;
  start: number;
  end: number;
  [key: string]: unknown;
}

export interface Variable {
  name: string;
  /** The function that declares it; the script where none does. */
  owner: Node;
  declaredAt: number;
  /** Whether it has its value from the start of its scope. */
  hoisted: boolean;
  /** Where it is given another value, and by which function. */
  assigned: { at: number; by: Node }[];
}

/** A name where it means a variable. */
export interface Use {
  variable: Variable;
  node: Node;
  parent: Node;
  key: string;
  /** The function around it. */
  owner: Node;
}

type Scope = { variables: Map<string, Variable>; parent?: Scope; owner: Node };

const FUNCTION = /^(FunctionDeclaration|FunctionExpression|ArrowFunctionExpression)$/;
const BLOCK = /^(BlockStatement|For(In|Of)?Statement|SwitchStatement|CatchClause|StaticBlock)$/;

export const isFunction = ({ type }: Node) => FUNCTION.test(type);

/** All uses of variables, in the order of the text. */
export function resolve(program: Node): Use[] {
  const uses: Use[] = [];
  const script: Scope = { variables: new Map(), owner: program };
  declareIn(program, script, script);
  const visit = (node: Node, parent: Node, key: string, scope: Scope) => {
    if (node.type === 'Identifier') {
      const variable = isReference(node, parent, key) && lookUp(scope, node.name as string);
      if (!variable) return;
      uses.push({ variable, node, parent, key, owner: scope.owner });
      return;
    }
    let inner = scope;
    if (isFunction(node)) {
      if (node.type === 'FunctionDeclaration') visit(node.id as Node, node, 'id', scope);
      inner = { variables: new Map(), parent: scope, owner: node };
      if (node.type === 'FunctionExpression' && node.id) declare(inner, node.id as Node);
      for (const param of node.params as Node[]) for (const id of identifiers(param)) declare(inner, id);
      const body = node.body as Node;
      declareIn(body, inner, inner);
      for (const param of node.params as Node[]) visit(param, node, 'params', inner);
      if (body.type === 'BlockStatement') for (const [name, child] of children(body)) visit(child, body, name, inner);
      else visit(body, node, 'body', inner);
      return;
    }
    if (BLOCK.test(node.type) || node.type.startsWith('Class')) {
      inner = { variables: new Map(), parent: scope, owner: scope.owner };
      if (node.type === 'ClassExpression' && node.id) declare(inner, node.id as Node);
      if (node.type === 'CatchClause' && node.param)
        for (const id of identifiers(node.param as Node)) declare(inner, id);
      declareIn(node, inner);
    }
    for (const [name, child] of children(node)) visit(child, node, name, inner);
    for (const target of assigned(node))
      lookUp(inner, target.name as string)?.assigned.push({ at: target.start, by: inner.owner });
  };
  for (const [key, child] of children(program)) visit(child, program, key, script);
  return uses.sort((a, b) => a.node.start - b.node.start);
}

function lookUp(scope: Scope | undefined, name: string): Variable | undefined {
  for (; scope; scope = scope.parent) {
    const found = scope.variables.get(name);
    if (found) return found;
  }
  return undefined;
}

function declare({ variables, owner }: Scope, id: Node, hoisted = false) {
  const name = id.name as string;
  if (!variables.has(name)) variables.set(name, { name, owner, declaredAt: id.start, hoisted, assigned: [] });
}

/** Declares what stands directly in a block, and in a function's the `var` of all blocks. */
function declareIn(block: Node, scope: Scope, functionScope?: Scope) {
  for (const [key, child] of children(block)) {
    if (child.type === 'FunctionDeclaration') declare(scope, child.id as Node, true);
    else if (child.type === 'ClassDeclaration') declare(scope, child.id as Node);
    else if (child.type === 'ImportDeclaration')
      for (const { local } of child.specifiers as { local: Node }[]) declare(scope, local, true);
    else if (child.type === 'VariableDeclaration' && child.kind !== 'var')
      for (const { id } of child.declarations as { id: Node }[]) for (const one of identifiers(id)) declare(scope, one);
    else if (child.type === 'SwitchCase') declareIn(child, scope);
    if (functionScope && key !== 'params') declareVars(child, functionScope);
  }
}

function declareVars(node: Node, scope: Scope) {
  if (isFunction(node) || node.type.startsWith('Class')) return;
  if (node.type === 'VariableDeclaration' && node.kind === 'var')
    for (const { id } of node.declarations as { id: Node }[]) for (const one of identifiers(id)) declare(scope, one);
  for (const [, child] of children(node)) declareVars(child, scope);
}

/** The names to which an expression assigns itself. */
function assigned(node: Node): Node[] {
  const { type } = node;
  if (type === 'UpdateExpression') return identifiers(node.argument as Node);
  if (type === 'AssignmentExpression' || type === 'ForOfStatement' || type === 'ForInStatement')
    return (node.left as Node).type === 'VariableDeclaration' ? [] : identifiers(node.left as Node);
  return [];
}

/** The names in a pattern to which it gives values. */
export function identifiers(pattern: Node | null): Node[] {
  switch (pattern?.type) {
    case 'Identifier':
      return [pattern];
    case 'ArrayPattern':
      return (pattern.elements as (Node | null)[]).flatMap(identifiers);
    case 'ObjectPattern':
      return (pattern.properties as Node[]).flatMap((p) => identifiers((p.value ?? p.argument) as Node));
    case 'AssignmentPattern':
      return identifiers(pattern.left as Node);
    case 'RestElement':
      return identifiers(pattern.argument as Node);
  }
  return [];
}

/** Whether this is a variable's name, not that of a property or a label. */
function isReference(node: Node, parent: Node, key: string): boolean {
  if (key === 'property') return Boolean(parent.computed);
  if (key === 'key') return Boolean(parent.computed);
  return !/^(ExportSpecifier|ImportSpecifier|LabeledStatement|BreakStatement|ContinueStatement|MetaProperty)$/.test(
    parent.type,
  );
}

export function children(node: Node): [key: string, child: Node][] {
  const found: [string, Node][] = [];
  for (const key in node) {
    const value = node[key] as Node | Node[] | null | undefined;
    for (const child of Array.isArray(value) ? value : [value])
      if (typeof child?.type === 'string') found.push([key, child]);
  }
  return found;
}

/** Visits what is below a node. */
export function walk(node: Node, visit: (node: Node) => void) {
  for (const [, child] of children(node)) {
    visit(child);
    walk(child, visit);
  }
}
