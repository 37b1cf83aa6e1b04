// What people wrote under content/: every link, term and claim leads somewhere.
import { describe, expect, test } from 'vitest';
import { readContent, topics } from '../../src/site/content.ts';

const { notes, terms } = readContent();
const urls = new Set([
  ...notes.map(({ url }) => url),
  ...terms.map(({ url }) => url),
  '/',
  '/notes/',
  '/glossary/',
  '/evidence/',
]);

describe('the notes', () => {
  test('stand under a known topic, each with a title and a description', () => {
    const known = new Set(topics.map(({ id }) => id));
    expect(notes.length).toBeGreaterThan(0);
    expect(
      notes
        .filter(({ topic, title, description }) => !known.has(topic) || !title || !description)
        .map(({ path }) => path),
    ).toEqual([]);
  });

  test('link only to pages that exist', () => {
    const broken: string[] = [];
    for (const { path, source } of notes) {
      for (const [, href] of source.matchAll(/\]\((\/[^)\s#]*)/g))
        if (!urls.has(href!)) broken.push(`${path}: ${href}`);
    }
    expect(broken).toEqual([]);
  });
});

describe('the glossary', () => {
  test('explains each term in a sentence and sends the reader to pages that exist', () => {
    const wrong = terms.filter(({ short, see }) => !short || see.some((path) => !urls.has(`/notes/${path}/`)));
    expect(wrong.map(({ slug, see }) => `${slug}: ${see.join(', ')}`)).toEqual([]);
  });

  test('gives no word to two terms', () => {
    const owners = new Map<string, string[]>();
    for (const { slug, term, aliases } of terms) {
      for (const word of new Set([term, ...aliases])) owners.set(word, [...(owners.get(word) ?? []), slug]);
    }
    expect(
      [...owners].filter(([, slugs]) => slugs.length > 1).map(([word, slugs]) => `${word}: ${slugs.join(', ')}`),
    ).toEqual([]);
  });
});
