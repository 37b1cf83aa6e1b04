// Reads the cells out of a page: fenced blocks of its Markdown, in order. Pure text in, data out; the build,
// the check of recorded outputs and the command line share it.

import { parse as parseYaml } from 'yaml';

export interface Command {
  /** A node's name when the prompt says so ("worker-1$ "). */
  on?: string;
  /** What is typed, continuation lines joined by newlines. */
  command: string;
  /** What was recorded below it, without the last newline. */
  output: string;
  /** Lines of the page (0-based): first of the command, first of the output, one past the output. */
  line: number;
  outputLine: number;
  endLine: number;
}

export interface Meta {
  name?: string;
  fails: boolean;
  fresh: boolean;
  hidden: boolean;
  on?: string;
  proves: string[];
}

export type Cell = { id: string; meta: Meta; /** 0-based line of the opening fence. */ line: number } & (
  | { kind: 'console'; commands: Command[] }
  | { kind: 'file'; file: string; text: string; language: string }
  | { kind: 'jq'; input: string; filter: string; output: string; outputLine: number; endLine: number }
);

export interface Page {
  frontMatter: { title?: string; description?: string; cluster?: Record<string, unknown>; [key: string]: unknown };
  cells: Cell[];
  /** Claims that the page carries: id and whether the page calls it a definition. */
  claims: { id: string; definition: boolean; line: number }[];
}

/** `yaml file=web.yaml proves=a,b hidden` and `jq input="kubectl get pods -o json"` as words. */
export function parseMeta(info: string): { language: string; words: Record<string, string | true> } {
  const words: Record<string, string | true> = {};
  let language = '';
  for (const match of info.matchAll(/([^\s=]+)(?:=(?:"([^"]*)"|'([^']*)'|(\S+)))?/g)) {
    const value = match[2] ?? match[3] ?? match[4];
    if (!language && value === undefined && match.index === info.search(/\S/)) language = match[1];
    else words[match[1]] = value ?? true;
  }
  return { language, words };
}

const text = (value: string | true | undefined) => (typeof value === 'string' ? value : undefined);

/** What a fence's info string makes of it; undefined for ordinary code. */
export function cellKind(
  language: string,
  words: Record<string, string | true>,
): 'console' | 'file' | 'jq' | undefined {
  if (language === 'console') return 'console';
  if (text(words.file)) return 'file';
  if (language === 'jq' && text(words.input)) return 'jq';
  return undefined;
}

function metaOf(words: Record<string, string | true>): Meta {
  return {
    name: text(words.name),
    fails: words.fails === true,
    fresh: words.fresh === true,
    hidden: words.hidden === true,
    on: text(words.on),
    proves: text(words.proves)?.split(',').filter(Boolean) ?? [],
  };
}

const PROMPT = /^(?:([a-z0-9][a-z0-9.-]*))?\$ (.*)$/;

/** The commands and recorded outputs of a console block; `firstLine` is the page line of its first row. */
export function parseConsole(rows: string[], firstLine: number, on?: string): Command[] {
  const commands: Command[] = [];
  for (let i = 0; i < rows.length;) {
    const prompt = PROMPT.exec(rows[i]);
    if (!prompt) {
      i++;
      continue;
    }
    const line = firstLine + i;
    const typed = [prompt[2]];
    i++;
    while (i < rows.length && /^>( |$)/.test(rows[i])) typed.push(rows[i++].slice(2));
    const outputStart = i;
    while (i < rows.length && !PROMPT.test(rows[i])) i++;
    commands.push({
      on: prompt[1] ?? on,
      command: typed.join('\n'),
      output: rows.slice(outputStart, i).join('\n'),
      line,
      outputLine: firstLine + outputStart,
      endLine: firstLine + i,
    });
  }
  return commands;
}

export function parsePage(source: string): Page {
  const lines = source.split('\n');
  let frontMatter: Page['frontMatter'] = {};
  let i = 0;
  if (lines[0] === '---') {
    const end = lines.indexOf('---', 1);
    if (end > 0) {
      frontMatter = (parseYaml(lines.slice(1, end).join('\n')) ?? {}) as Page['frontMatter'];
      i = end + 1;
    }
  }
  const cells: Cell[] = [];
  const claims: Page['claims'] = [];
  const used = new Map<string, number>();
  for (; i < lines.length; i++) {
    const fence = /^(\s*)(`{3,}|~{3,})\s*(.*)$/.exec(lines[i]);
    if (!fence) {
      for (const tag of lines[i].matchAll(/<kb-(claim|change)\b([^>]*)>/g)) {
        const ids = /\b(?:id|claim)="([^"]*)"/.exec(tag[2])?.[1] ?? '';
        for (const id of ids.split(/[\s,]+/).filter(Boolean)) {
          claims.push({ id, definition: /\bdefinition\b/.test(tag[2]), line: i });
        }
      }
      continue;
    }
    const open = i;
    const closing = new RegExp(`^\\s*${fence[2][0]}{${fence[2].length},}\\s*$`);
    let end = i + 1;
    while (end < lines.length && !closing.test(lines[end])) end++;
    const indent = fence[1].length;
    const rows = lines.slice(open + 1, end).map((l) => (l.slice(0, indent).trim() === '' ? l.slice(indent) : l));
    i = end;
    const { language, words } = parseMeta(fence[3]);
    const kind = cellKind(language, words);
    if (!kind) continue;
    const meta = metaOf(words);
    const base = meta.name ?? (kind === 'file' ? slug(text(words.file) as string) : `cell-${cells.length + 1}`);
    const n = used.get(base) ?? 0;
    used.set(base, n + 1);
    const id = n ? `${base}-${n + 1}` : base;
    if (kind === 'console') {
      cells.push({ id, meta, line: open, kind, commands: parseConsole(rows, open + 1, meta.on) });
    } else if (kind === 'file') {
      cells.push({
        id,
        meta,
        line: open,
        kind,
        file: text(words.file) as string,
        text: rows.join('\n') + '\n',
        language,
      });
    } else {
      // The filter ends at a line of dashes; what follows is the recorded output.
      const rule = rows.findIndex((row) => /^-{3,}$/.test(row));
      const filter = rows.slice(0, rule < 0 ? undefined : rule).join('\n');
      const at = open + 1 + (rule < 0 ? rows.length : rule);
      cells.push({
        id,
        meta,
        line: open,
        kind,
        input: text(words.input) as string,
        filter,
        output: rule < 0 ? '' : rows.slice(rule + 1).join('\n'),
        outputLine: at,
        endLine: end,
      });
    }
  }
  return { frontMatter, cells, claims };
}

const slug = (name: string) =>
  name
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-|-$/g, '');
