// Splits a script: pieces of it go to scripts that load when they are called. Node only.
//
// It keeps a stand-in for each piece, which loads its script and passes the call on. The script puts its functions in the
// places of their stand-ins: on prototypes, and at names that are only called. A function that is a value somewhere
// keeps its stand-in for ever, so that it is the same value at all times.

import { CORE, type EngineCode } from './quickjs.ts';
import type { Node, Use } from './scopes.ts';
import { exportsOf, type Edit, type Movable, type Script } from './script.ts';

/** The folders whose pieces of the core have scripts of their own, a folder inside another one after it; the others share one. */
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

export function split(script: Script, movables: Movable[]): EngineCode {
  const places = new Places(script, movables);
  const pieces = Map.groupBy(
    movables.filter(({ statement }) => !places.statements.has(statement)),
    (movable) => places.movables.get(movable)!,
  );
  const values = new Set(script.uses.filter((use) => !isCall(use)).map(({ variable }) => variable.name));
  let first = 0;
  const scripts = [...pieces].map(([name, list]) => {
    const later = ordered(name, first, list, values);
    first += list.length;
    return later;
  });
  const edits = scripts.flatMap(({ first, pieces }) => pieces.map((piece, i) => standIn(piece, first + i)));
  const moved = [...places.statements.keys()].map(({ start, end }): Edit => [start, end, '']);
  const exports = new Map(script.exports);
  const code: Record<string, string> = {};
  scripts.forEach(({ name, first, pieces }, s) => {
    const imports = ['$provide', ...places.needs(name)];
    for (const used of imports) exports.set(LATER + used, used);
    code[`${name}.js`] = [
      `import { ${imports.map((used) => `${LATER}${used} as ${used}`)} } from "./${script.file}";`,
      ...places.of(name).map((statement) => script.of(statement)),
      `$provide(${s}, ${first}, [\n${pieces.map(({ text }) => text).join(',\n')}\n]);`,
    ].join('\n');
  });
  code[script.file] = head(scripts) + script.edited([...edits, ...moved]) + methods(scripts) + exportsOf(exports);
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

/** What it starts with: the named functions' stand-ins. */
function head(scripts: Later[]): string {
  const list = scripts.map(({ name, first }) => [name, first]);
  const length = scripts.reduce((sum, { pieces }) => sum + pieces.length, 0);
  return `const $scripts = ${JSON.stringify(list)}, $length = ${length};${RUNTIME}
${scripts.map(({ first, named }) => `var [${named}] = $standIns(${first}, ${named.length});`).join('\n')}
const $bind = [${scripts.map(({ onlyCalled }) => `(list) => { [${onlyCalled}] = list; }`)}];
`;
}

/** What it ends with: the methods' stand-ins. */
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
  private readonly script: Script;
  private readonly inOrder: readonly Movable[];

  constructor(script: Script, movables: Movable[]) {
    this.script = script;
    this.inOrder = movables;
    this.movables = new Map(movables.map((movable) => [movable, scriptAt(script, movable.start)]));
    const exported = new Set(script.exports.values());
    const uses = Map.groupBy(script.uses, ({ variable }) => variable.name);
    const inside = Map.groupBy(movables, ({ statement }) => statement);
    for (let before = -1; before < this.statements.size;) {
      before = this.statements.size;
      for (const [name, statement] of script.declarations) {
        if (this.statements.has(statement) || exported.has(name)) continue;
        const { start, end } = statement;
        const others = (uses.get(name) ?? []).filter(({ node }) => node.start < start || node.end > end);
        const scripts = new Set([
          ...others.map((use) => this.scriptOf(use)),
          ...(inside.get(statement) ?? []).map((movable) => this.movables.get(movable)),
        ]);
        const [only] = scripts;
        if (others.length && only && scripts.size === 1) this.statements.set(statement, only);
      }
    }
  }

  /** The declarations of a script. */
  of(script: string): Node[] {
    return [...this.script.declarations.values()].filter((statement) => this.statements.get(statement) === script);
  }

  /** The names that a script needs of the one that is split. */
  needs(script: string): Set<string> {
    const names = this.script.uses.filter((use) => this.scriptOf(use) === script).map(({ variable }) => variable.name);
    return new Set(names.filter((name) => !this.statements.has(this.script.declarations.get(name)!)));
  }

  private scriptOf({ node: { start } }: Use): string | undefined {
    const movable = lastBefore(this.inOrder, start);
    if (movable && start < movable.end) return this.movables.get(movable);
    return this.statements.get(lastBefore(this.script.body, start)!);
  }
}

/** Pieces of the core go by their folder, those of other scripts by their file: each has to do with one command, or one image. */
function scriptAt({ file, files }: Script, at: number): string {
  const source = lastBefore(files, at)?.name ?? '';
  if (file === CORE)
    return `later-${FOLDERS.findLast((folder) => source.startsWith(`engine/${folder}/`))?.replace('/', '-') ?? OTHERS}`;
  return `${file.slice(0, -3)}-${source.replace(/^.*?(engine|node_modules)\//, '').replaceAll(/\W/g, '-')}`;
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
