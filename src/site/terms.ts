// Finds glossary terms in prose: longest term first, whole words only; a term with a capital letter is met in that
// spelling alone (Service, not service), others in any.

export interface TermLike {
  slug: string;
  term: string;
  aliases: string[];
}

export interface TermMatch {
  slug: string;
  start: number;
  end: number;
}

export interface TermMatcher {
  /** Every mention in reading order, without overlaps. */
  find(text: string): TermMatch[];
  /** Slugs mentioned at least once, in the order of their first mention. */
  slugsIn(text: string): string[];
}

export function termMatcher(terms: TermLike[]): TermMatcher {
  const exact = new Map<string, string>();
  const folded = new Map<string, string>();
  for (const { slug, term, aliases } of terms) {
    for (const word of [term, ...aliases]) {
      const map = /[A-Z]/.test(word) ? exact : folded;
      if (!map.has(word)) map.set(word, slug);
    }
  }
  // A capital that only begins an ordinary word ("Taint") is met in lower case as well, unless a kind claims it.
  for (const { slug, term } of terms) {
    const lower = term.toLowerCase();
    if (/^[A-Z][a-z]+ /.test(term) && !folded.has(lower)) folded.set(lower, slug);
  }
  const words = [...exact.keys(), ...folded.keys()].sort((a, b) => b.length - a.length || (a < b ? -1 : 1));
  if (words.length === 0) return { find: () => [], slugsIn: () => [] };
  const pattern = new RegExp(
    `(?<![\\p{L}\\p{N}_/.-])(?:${words.map(escapeRegExp).join('|')})(?![\\p{L}\\p{N}_/]|-[\\p{L}\\p{N}]|\\.[\\p{L}\\p{N}])`,
    'giu',
  );
  const find = (text: string): TermMatch[] => {
    const found: TermMatch[] = [];
    for (const match of text.matchAll(pattern)) {
      const slug = exact.get(match[0]) ?? folded.get(match[0].toLowerCase());
      if (slug) found.push({ slug, start: match.index, end: match.index + match[0].length });
    }
    return found;
  };
  return { find, slugsIn: (text) => [...new Set(find(text).map((match) => match.slug))] };
}

function escapeRegExp(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\/]/g, '\\$&');
}
