// The first tier of the search: everything that has a name, made at build time from the glossary, the notes (pages,
// commands of the examples, fields, flags, event reasons and kinds in their text) and the claims.
import { anchorOf } from '../cells/render.ts';
import type { Content, Note } from '../site/content.ts';

export type EntryKind = 'Term' | 'Note' | 'Command' | 'Flag' | 'Field' | 'Name' | 'Claim';

export interface SearchEntry {
  kind: EntryKind;
  title: string;
  url: string;
  /** Other words that lead here. */
  also?: string;
  text?: string;
}

export function searchEntries({ terms, notes, claims }: Content): SearchEntry[] {
  const entries: SearchEntry[] = [];
  for (const { term, url, aliases, short } of terms) {
    entries.push({ kind: 'Term', title: term, url, also: aliases.join(' ') || undefined, text: short });
  }
  for (const { title, url, description } of notes) entries.push({ kind: 'Note', title, url, text: description });
  entries.push(...commandEntries(notes), ...nameEntries(notes, new Set(entries.map(({ title }) => title))));
  for (const { id, claim, note } of claims.values()) {
    if (note) entries.push({ kind: 'Claim', title: claim, url: `${note.url}#claim-${id}`, also: id });
  }
  return entries;
}

/** `kubectl rollout undo` and its like, each to the first example that runs it. */
function commandEntries(notes: Note[]): SearchEntry[] {
  const found = new Map<string, SearchEntry>();
  for (const note of notes) {
    for (const cell of note.page.cells) {
      if (cell.kind !== 'console') continue;
      for (const { command } of cell.commands) {
        for (const name of commandNames(command)) {
          if (!found.has(name)) {
            found.set(name, {
              kind: 'Command',
              title: name,
              url: `${note.url}#${anchorOf(cell)}`,
              text: `Runs in ${note.title}`,
            });
          }
        }
      }
    }
  }
  return [...found.values()];
}

/** kubectl verbs that have verbs of their own. */
const groups = new Set(['rollout', 'create', 'set', 'config', 'auth', 'certificate', 'top', 'cluster-info', 'apply']);

/** The commands of a line by name: `kubectl` with its verb, others with their first word. */
export function commandNames(line: string): string[] {
  const names: string[] = [];
  for (const part of line.split(/\|\|?|&&|;|\n/)) {
    const words = part
      .trim()
      .split(/\s+/)
      .filter((word) => !/^\w+=/.test(word));
    const [program, verb = '', second = ''] = words;
    if (!program || !/^[a-z][\w.-]*$/.test(program)) continue;
    if (program !== 'kubectl') names.push(program);
    else if (/^[a-z]/.test(verb)) {
      names.push(groups.has(verb) && /^[a-z-]+$/.test(second) ? `kubectl ${verb} ${second}` : `kubectl ${verb}`);
    }
  }
  return names;
}

/** Names in the notes' code spans: fields, flags, kinds, reasons; each leads to the page that speaks of it most. */
function nameEntries(notes: Note[], taken: Set<string>): SearchEntry[] {
  const pages = new Map<string, Map<Note, number>>();
  for (const note of notes) {
    const spans = note.source.replace(/^(`{3,})[^\n]*\n[\s\S]*?^\1\s*$/gm, '').matchAll(/`([^`\n]+)`/g);
    for (const [, name] of spans) {
      if (!nameKind(name!) || taken.has(name!)) continue;
      const counts = pages.get(name!) ?? new Map<Note, number>();
      pages.set(name!, counts.set(note, (counts.get(note) ?? 0) + 1));
    }
  }
  const entries: SearchEntry[] = [];
  for (const [title, counts] of pages) {
    const note = [...counts].reduce((best, each) => (each[1] > best[1] ? each : best))[0];
    const others = counts.size - 1;
    const where = others ? `${note.title} and ${others} more` : note.title;
    const url = `${note.url}#:~:text=${encodeURIComponent(title).replace(/-/g, '%2D')}`;
    entries.push({ kind: nameKind(title)!, title, url, text: `In ${where}` });
  }
  return entries;
}

function nameKind(name: string): EntryKind | undefined {
  if (/^--?[a-z][\w-]*(?:=\S*)?$/.test(name)) return 'Flag';
  if (/^\.?[a-z]\w*(?:\.\w+|\[\S*\])+$/.test(name) || /^[a-z]+(?:[A-Z]\w*)+$/.test(name)) return 'Field';
  if (/^[A-Z][A-Za-z]+$/.test(name)) return 'Name';
  return undefined;
}
