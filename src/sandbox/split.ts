// Splits the core: pieces of it go to scripts that load when they are called. Node only.
//
// The core keeps a stand-in for each piece, which loads its script and passes the call on. The script puts its functions in the
// places of their stand-ins: on prototypes, and at names that are only called. A function that is a value somewhere
// keeps its stand-in for ever, so that it is the same value at all times.

import { CORE, type EngineCode } from './quickjs.ts';
import type { Node, Use } from './scopes.ts';
import { exportsOf, type Edit, type Movable, type Script } from './script.ts';

/** The folders of the engine that have scripts of their own, a folder inside another one after it; the others share one. */
const FOLDERS = [
  'api',
  'api/validation',
  'apiserver',
  'apiserver/admission',
  'apiserver/handlers',
  'controllers',
  'kubelet',
  'linux',
  'linux/net',
  'scheduler',
];
const OTHERS = 'others';

/** What stands before names that only these scripts import. */
const LATER = 'later$';

/** Pieces have numbers, those of a script from its first on. `$bind` gives the names in the core their functions. */
const RUNTIME = `
const $pieces = Array.from({ length: $length }, () => 0), $methods = [];
const $piece = (i) => $pieces[i] || $load(i);
const $load = (i) => {
  globalThis.loadPart($scripts.findLast(([, first]) => first <= i)[0]);
  return $pieces[i];
};
const $runOn = (i, self, ...list) => $piece(i).apply(self, list);
const $run = (i, ...list) => $piece(i).apply(undefined, list);
const $standIn = (i) => function () { return $piece(i).apply(this, arguments); };
const $standIns = (first, length) => Array.from({ length }, (_, i) => $standIn(first + i));
const $set = (of, name, value) => Object.defineProperty(of, name, { value, writable: true, configurable: true });
const $classes = (i, classes, names) => names.split(',').forEach((list, c) => {
  const of = classes[c].prototype;
  for (const name of list.split(' ')) {
    $methods.push([i, of, name]);
    $set(of, name, $standIn(i++));
  }
});
const $provide = (script, first, pieces) => {
  pieces.forEach((piece, i) => { $pieces[first + i] = piece; });
  $bind[script](pieces);
  for (const [i, of, name] of $methods) if (pieces[i - first]) $set(of, name, pieces[i - first]);
};
`;

interface Later {
  name: string;
  /** The number of the first piece. */
  first: number;
  /** In this order: functions whose names are only called, other named ones, what is a value or a block, methods. */
  pieces: Movable[];
  onlyCalled: string[];
  named: string[];
}

export function split(core: Script, movables: Movable[]): EngineCode {
  const places = new Places(core, movables);
  const pieces = Map.groupBy(
    movables.filter(({ statement }) => !places.statements.has(statement)),
    (movable) => places.movables.get(movable)!,
  );
  const values = new Set(core.uses.filter((use) => !isCall(use)).map(({ variable }) => variable.name));
  let first = 0;
  const scripts = [...pieces].map(([name, list]) => {
    const script = ordered(name, first, list, values);
    first += list.length;
    return script;
  });
  const edits = scripts.flatMap(({ first, pieces }) => pieces.map((piece, i) => standIn(piece, first + i)));
  const moved = [...places.statements.keys()].map(({ start, end }): Edit => [start, end, '']);
  const exports = new Map(core.exports);
  const code: Record<string, string> = {};
  scripts.forEach(({ name, first, pieces }, s) => {
    const imports = ['$provide', ...places.needs(name)];
    for (const used of imports) exports.set(LATER + used, used);
    code[`later-${name}.js`] = [
      `import { ${imports.map((used) => `${LATER}${used} as ${used}`)} } from "./${CORE}";`,
      ...places.of(name).map((statement) => core.of(statement)),
      `$provide(${s}, ${first}, [\n${pieces.map(({ text }) => text).join(',\n')}\n]);`,
    ].join('\n');
  });
  code[CORE] = head(scripts) + core.edited([...edits, ...moved]) + methods(scripts) + exportsOf(exports);
  return code;
}

function ordered(name: string, first: number, list: Movable[], values: ReadonlySet<string>): Later {
  const rank = (f: Movable) => (f.name ? Number(values.has(f.name)) : f.method ? 3 : 2);
  const pieces = list.toSorted((a, b) => rank(a) - rank(b));
  const names = (below: number) => pieces.filter((piece) => rank(piece) < below).map((piece) => piece.name!);
  return { name, first, pieces, onlyCalled: names(1), named: names(2) };
}

function standIn({ start, end, name, method, key, call }: Movable, number: number): Edit {
  if (name || method) return [start, end, ''];
  if (call) {
    const { before, list, after } = call;
    return [start, end, `${before}${list[0] === 'this' ? '$runOn' : '$run'}(${[number, ...list]})${after}`];
  }
  return [start, end, `${key ? `${key}: ` : ''}$standIn(${number})`];
}

/** What the core starts with: the named functions' stand-ins. */
function head(scripts: Later[]): string {
  const list = scripts.map(({ name, first }) => [`later-${name}`, first]);
  const length = scripts.reduce((sum, { pieces }) => sum + pieces.length, 0);
  return `const $scripts = ${JSON.stringify(list)}, $length = ${length};${RUNTIME}
${scripts.map(({ first, named }) => `var [${named}] = $standIns(${first}, ${named.length});`).join('\n')}
const $bind = [${scripts.map(({ onlyCalled }) => `(list) => { [${onlyCalled}] = list; }`)}];
`;
}

/** What the core ends with: the methods' stand-ins. */
const methods = (scripts: Later[]): string =>
  scripts
    .map(({ first, pieces }) => {
      const list = pieces.flatMap(({ method }) => method ?? []);
      const classes = Map.groupBy(list, ({ of }) => of);
      const names = [...classes.values()].map((methods) => methods.map(({ name }) => name).join(' '));
      return list.length
        ? `$classes(${first + pieces.length - list.length}, [${[...classes.keys()]}], "${names}");\n`
        : '';
    })
    .join('');

/** Which script has what: pieces go by their folder, and declarations that only pieces of one script need follow them. */
class Places {
  readonly movables: ReadonlyMap<Movable, string>;
  readonly statements = new Map<Node, string>();
  private readonly core: Script;
  private readonly inOrder: readonly Movable[];

  constructor(core: Script, movables: Movable[]) {
    this.core = core;
    this.inOrder = movables;
    this.movables = new Map(movables.map((movable) => [movable, scriptAt(core, movable.start)]));
    const exported = new Set(core.exports.values());
    const uses = Map.groupBy(core.uses, ({ variable }) => variable.name);
    const inside = Map.groupBy(movables, ({ statement }) => statement);
    for (let before = -1; before < this.statements.size;) {
      before = this.statements.size;
      for (const [name, statement] of core.declarations) {
        if (this.statements.has(statement) || exported.has(name)) continue;
        const { start, end } = statement;
        const others = (uses.get(name) ?? []).filter(({ node }) => node.start < start || node.end > end);
        const scripts = new Set([
          ...others.map((use) => this.scriptOf(use)),
          ...(inside.get(statement) ?? []).map((movable) => this.movables.get(movable)),
        ]);
        const [script] = scripts;
        if (others.length && script && scripts.size === 1) this.statements.set(statement, script);
      }
    }
  }

  /** The declarations of a script. */
  of(script: string): Node[] {
    return [...this.core.declarations.values()].filter((statement) => this.statements.get(statement) === script);
  }

  /** The names that a script needs of the core. */
  needs(script: string): Set<string> {
    const names = this.core.uses.filter((use) => this.scriptOf(use) === script).map(({ variable }) => variable.name);
    return new Set(names.filter((name) => !this.statements.has(this.core.declarations.get(name)!)));
  }

  private scriptOf({ node: { start } }: Use): string | undefined {
    const movable = lastBefore(this.inOrder, start);
    if (movable && start < movable.end) return this.movables.get(movable);
    return this.statements.get(lastBefore(this.core.body, start)!);
  }
}

function scriptAt({ files }: Script, at: number): string {
  const file = lastBefore(files, at)?.name ?? '';
  return FOLDERS.findLast((folder) => file.startsWith(`engine/${folder}/`))?.replace('/', '-') ?? OTHERS;
}

/** Whether a function is called there; otherwise it is a value. */
const isCall = ({ parent, key }: Use) => parent.type === 'CallExpression' && key === 'callee';

/** The last of `nodes`, which stand in order, that starts at `at` or before. */
function lastBefore<T extends { start: number }>(nodes: readonly T[], at: number): T | undefined {
  let low = 0;
  for (let high = nodes.length; low < high;) {
    const middle = (low + high) >> 1;
    if (nodes[middle].start <= at) low = middle + 1;
    else high = middle;
  }
  return nodes[low - 1];
}
