// The search box: names first, full text (Pagefind) below, by keyboard and with announced counts. Loaded when first opened.
import { termSearch, type TermSearch } from './terms.ts';
import type { SearchEntry } from './entries.ts';

interface PagefindResult {
  url: string;
  meta: { title?: string };
  excerpt: string;
  sub_results?: { url: string; title: string; excerpt: string }[];
}

interface Pagefind {
  options(options: Record<string, unknown>): Promise<void>;
  debouncedSearch(query: string): Promise<{ results: { data(): Promise<PagefindResult> }[] } | null>;
}

const dialog = document.querySelector<HTMLDialogElement>('#kb-search')!;
const input = dialog.querySelector('input')!;
const list = dialog.querySelector<HTMLElement>('[role=listbox]')!;
const status = dialog.querySelector<HTMLElement>('[role=status]')!;
const fullTextShown = 6;

let terms: Promise<TermSearch> | undefined;
/** Undefined where there is no index: the development server has none. */
let pagefind: Promise<Pagefind | undefined> | undefined;
let asked = 0;
let active = -1;

/** Loads the indexes; what was typed into the dialog meanwhile is searched for at once. */
export function start(): void {
  terms ??= fetch('/search/terms.json')
    .then((answer) => answer.json() as Promise<SearchEntry[]>)
    .then(termSearch);
  pagefind ??= loadPagefind().catch(() => undefined);
  const typed = input.value.trim();
  if (typed) void search(typed);
}

async function loadPagefind(): Promise<Pagefind> {
  const loaded = (await import(/* @vite-ignore */ new URL('/pagefind/pagefind.js', location.href).href)) as Pagefind;
  await loaded.options({ excerptLength: 18 });
  return loaded;
}

input.addEventListener('input', () => void search(input.value.trim()));
dialog.addEventListener('click', (event) => {
  if (event.target === dialog || (event.target as Element).closest('a, .kb-search-close')) dialog.close();
});
input.addEventListener('keydown', (event) => {
  const moves: Record<string, () => number> = {
    ArrowDown: () => active + 1,
    ArrowUp: () => active - 1,
    PageDown: () => active + 5,
    PageUp: () => active - 5,
  };
  if (moves[event.key]) {
    event.preventDefault();
    select(moves[event.key]!());
  } else if (event.key === 'Enter') {
    event.preventDefault();
    (options()[active] ?? options()[0])?.click();
  }
});

const options = () => [...list.querySelectorAll<HTMLAnchorElement>('[role=option]')];

function select(index: number): void {
  const all = options();
  if (all.length === 0) return;
  active = index < 0 ? all.length - 1 : index >= all.length ? (index === active + 1 ? 0 : all.length - 1) : index;
  all.forEach((option, each) => option.setAttribute('aria-selected', String(each === active)));
  all[active]!.scrollIntoView({ block: 'nearest' });
  input.setAttribute('aria-activedescendant', all[active]!.id);
}

async function search(query: string): Promise<void> {
  const mine = ++asked;
  if (!query) {
    show([], [], query);
    return;
  }
  const { entries: named, query: corrected } = (await terms!)(query);
  if (mine !== asked) return;
  show(named, [], query);
  const engine = await pagefind;
  const found = await engine?.debouncedSearch(corrected);
  if (mine !== asked || !found) return;
  const pages = await Promise.all(found.results.slice(0, fullTextShown).map((result) => result.data()));
  if (mine === asked) show(named, pages, query);
}

function show(named: SearchEntry[], pages: PagefindResult[], query: string): void {
  const selected = options()[active]?.getAttribute('href');
  const groups: HTMLElement[] = [];
  if (named.length > 0) {
    groups.push(
      group(
        'Names',
        named.map(({ kind, title, url, text }) => option({ kind, title, url, text })),
      ),
    );
  }
  if (pages.length > 0) {
    const found = pages.map((page) => {
      const best = page.sub_results?.[0];
      const title =
        best && best.title !== page.meta.title ? `${page.meta.title} › ${best.title}` : (page.meta.title ?? page.url);
      return option({ kind: 'Text', title, url: best?.url ?? page.url, excerpt: best?.excerpt ?? page.excerpt });
    });
    groups.push(group('In the text', found));
  }
  list.replaceChildren(...groups);
  active = -1;
  input.setAttribute('aria-expanded', String(groups.length > 0));
  input.removeAttribute('aria-activedescendant');
  options().forEach((each, index) => (each.id = `kb-hit-${index}`));
  const again = selected ? options().findIndex((each) => each.getAttribute('href') === selected) : -1;
  if (again >= 0) select(again);
  const total = named.length + pages.length;
  status.textContent = !query
    ? ''
    : total === 0
      ? `Nothing found for “${query}”`
      : `${total} ${total === 1 ? 'result' : 'results'}`;
}

function group(label: string, children: HTMLElement[]): HTMLElement {
  const el = document.createElement('div');
  el.setAttribute('role', 'group');
  el.setAttribute('aria-label', label);
  const head = document.createElement('p');
  head.setAttribute('aria-hidden', 'true');
  head.className = 'kb-eyebrow';
  head.textContent = label;
  el.append(head, ...children);
  return el;
}

function option({
  kind,
  title,
  url,
  text,
  excerpt,
}: {
  kind: string;
  title: string;
  url: string;
  text?: string;
  excerpt?: string;
}): HTMLElement {
  const link = document.createElement('a');
  link.href = url;
  link.tabIndex = -1;
  link.setAttribute('role', 'option');
  link.setAttribute('aria-selected', 'false');
  link.dataset.kind = kind;
  const head = document.createElement('span');
  head.className = 'kb-hit-title';
  head.textContent = title;
  const tag = document.createElement('span');
  tag.className = 'kb-hit-kind';
  tag.textContent = kind;
  const below = document.createElement('span');
  below.className = 'kb-hit-text';
  // Pagefind's excerpts are escaped text with <mark> around the words found.
  if (excerpt) below.innerHTML = excerpt;
  else below.textContent = text ?? '';
  link.append(head, tag, below);
  return link;
}
