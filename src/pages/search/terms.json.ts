// The search's first tier as data, fetched when the search is first opened.
import { searchEntries } from '../../search/entries.ts';
import { readContent } from '../../site/content.ts';

export const GET = () => Response.json(searchEntries(readContent()));
