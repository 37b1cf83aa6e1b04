// Finds names in the first tier: typo-tolerant (`daemnoset`), by parts of a name (`loop back` finds CrashLoopBackOff), by
// short names; the nearest name first.
import MiniSearch from 'minisearch';
import type { EntryKind, SearchEntry } from './entries.ts';

export interface Found {
  entries: SearchEntry[];
  /** The query with its slips put right; the same text if there were none. */
  query: string;
}

export type TermSearch = (query: string) => Found;

/** How much a kind of entry weighs when names fit equally well. */
const weights: Record<EntryKind, number> = {
  Term: 3,
  Note: 2,
  Command: 1.8,
  Name: 1.4,
  Field: 1.4,
  Flag: 1.2,
  Claim: 0.4,
};

const shown = 8;
/** Claims are sentences: a few of them, below the names. */
const shownClaims = 3;

export function termSearch(entries: SearchEntry[]): TermSearch {
  const index = new MiniSearch<SearchEntry & { id: number }>({
    fields: ['title', 'also', 'text'],
    tokenize: words,
    processTerm: (term) => term.toLowerCase(),
    searchOptions: {
      boost: { title: 5, also: 4 },
      prefix: (term) => term.length > 1,
      // Two slips in a long word, one in a short one; a swap of neighbours counts as two.
      fuzzy: (term) => (term.length > 7 ? 2 : term.length > 4 ? 2 / term.length : term.length > 3 ? 1 : false),
      maxFuzzy: 2,
      boostDocument: (id) => weights[entries[id as number]!.kind],
    },
  });
  index.addAll(entries.map((entry, id) => ({ ...entry, id })));
  return (typed) => {
    const query = words(typed).map(correct).join(' ');
    const found = index.search(query, { combineWith: 'AND', fuzzy: false });
    const hits = (found.length > 0 ? found : index.search(query)).map((hit) => entries[hit.id as number]!);
    const wanted = query.toLowerCase();
    const same = (entry: SearchEntry) =>
      [entry.title, ...(entry.also?.split(' ') ?? [])].some((name) => name.toLowerCase() === wanted);
    const named = hits.filter((entry) => entry.kind !== 'Claim');
    const best = [...named.filter(same), ...named.filter((entry) => !same(entry))].slice(0, shown);
    const claims = hits.filter((entry) => entry.kind === 'Claim').slice(0, Math.max(shownClaims, shown - best.length));
    return { entries: [...best, ...claims].slice(0, shown + shownClaims), query };
  };

  /** A word that no name begins with becomes the nearest word that one does. */
  function correct(word: string): string {
    if (index.search(word, { fuzzy: false }).length > 0) return word;
    return index.search(word)[0]?.terms[0] ?? word;
  }
}

/** Words of a name, whole and in parts: CrashLoopBackOff, Crash, Loop, Back, Off. */
export function words(text: string): string[] {
  const all: string[] = [];
  for (const word of text.match(/[\p{L}\p{N}]+/gu) ?? []) {
    all.push(word);
    const parts = word.split(/(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])/);
    if (parts.length > 1) all.push(...parts);
  }
  return all;
}
