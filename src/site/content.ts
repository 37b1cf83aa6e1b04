// Reads what people wrote under content/ (notes, glossary, claims) once and links it up: which page carries a claim,
// which example proves it, which pages mention a term. The Markdown plug-ins, the pages and the search all ask here.
import { readFileSync, readdirSync, existsSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { parsePage, type Page } from '../cells/parse.ts';
import { anchorOf } from '../cells/render.ts';
import { termMatcher, type TermMatcher } from './terms.ts';

export interface Note {
  /** Path without extension below content/, e.g. `notes/workloads/deployments`. */
  path: string;
  url: string;
  topic: string;
  title: string;
  description: string;
  order: number;
  source: string;
  page: Page;
}

export interface Term {
  slug: string;
  url: string;
  term: string;
  aliases: string[];
  /** One exact sentence. */
  short: string;
  /** Paths of notes below notes/, e.g. `workloads/deployments`. */
  see: string[];
}

export type ClaimStatus = 'holds' | 'imprecise' | 'typo' | 'outdated' | 'wrong';

/** How a claim stands on the site. */
export type Evidence = 'proven' | 'definition' | 'unproven' | 'absent';

export interface Claim {
  id: string;
  status: ClaimStatus;
  claim: string;
  correction?: string;
  evidence: Evidence;
  /** The note that carries it, absent if none does. */
  note?: Note;
  /** Links to the examples that prove it. */
  proofs: { url: string; title: string }[];
}

export interface Content {
  notes: Note[];
  terms: Term[];
  claims: Map<string, Claim>;
  matcher: TermMatcher;
  /** Term slug → the notes that mention it, in reading order. */
  mentions: Map<string, Note[]>;
}

/** The topics in reading order, with the words on the sidebar and what each is about. */
export const topics: { id: string; label: string; about: string }[] = [
  { id: 'concepts', label: 'Concepts', about: 'Objects, names, labels and the loop that everything is built on' },
  { id: 'workloads', label: 'Workloads', about: 'Pods and what keeps them running' },
  { id: 'scheduling', label: 'Scheduling', about: 'Which node a Pod lands on, and why' },
  { id: 'networking', label: 'Networking', about: 'Services, DNS, proxies and the wire below' },
  { id: 'storage', label: 'Storage', about: 'Volumes, claims and classes' },
  { id: 'security', label: 'Security', about: 'Who may do what, and what a container may do' },
  { id: 'observability', label: 'Observability', about: 'Logs, metrics, probes and events' },
  { id: 'control-plane', label: 'Control plane', about: 'API server, etcd, controllers and the kubelet' },
  { id: 'operations', label: 'Operations', about: 'Upgrades, backups, repairs' },
  { id: 'ecosystem', label: 'Ecosystem', about: 'What people add to a cluster' },
  { id: 'tools', label: 'Tools', about: 'kubectl, jq and the shell' },
];

let cached: Content | undefined;

/** Everything under content/, read once a process. */
export function readContent(root = process.cwd()): Content {
  cached ??= load(join(root, 'content'));
  return cached;
}

/** Forgets what was read: the development server calls it when a file changes. */
export function forgetContent(): void {
  cached = undefined;
}

function load(dir: string): Content {
  const notes = filesBelow(dir, 'notes').map((path) => readNote(dir, path));
  const topicRank = new Map(topics.map((topic, index) => [topic.id, index]));
  notes.sort(
    (a, b) =>
      (topicRank.get(a.topic) ?? 99) - (topicRank.get(b.topic) ?? 99) ||
      a.order - b.order ||
      (a.path < b.path ? -1 : 1),
  );
  const terms = filesBelow(dir, 'glossary').map((path) => readTerm(dir, path));
  terms.sort((a, b) => (a.term.toLowerCase() < b.term.toLowerCase() ? -1 : 1));
  const matcher = termMatcher(terms);
  return { notes, terms, claims: readClaims(dir, notes), matcher, mentions: findMentions(notes, matcher) };
}

function filesBelow(dir: string, folder: string): string[] {
  if (!existsSync(join(dir, folder))) return [];
  return readdirSync(join(dir, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.mdx'))
    .map((name) => join(folder, name))
    .sort();
}

function readNote(dir: string, file: string): Note {
  const source = readFileSync(join(dir, file), 'utf8');
  const page = parsePage(source);
  const { title, description, order } = page.frontMatter;
  const path = file.replace(/\.mdx$/, '');
  return {
    path,
    url: `/${path}/`,
    topic: path.split('/')[1] ?? '',
    title: title ?? path,
    description: description ?? '',
    order: Number(order ?? 999),
    source,
    page,
  };
}

function readTerm(dir: string, file: string): Term {
  const data = parsePage(readFileSync(join(dir, file), 'utf8')).frontMatter;
  const slug = file.replace(/^glossary\//, '').replace(/\.mdx$/, '');
  return {
    slug,
    url: `/glossary/${slug}/`,
    term: String(data.term ?? slug),
    aliases: (data.aliases as string[] | undefined)?.map(String) ?? [],
    short: String(data.short ?? ''),
    see: (data.see as string[] | undefined) ?? [],
  };
}

function readClaims(dir: string, notes: Note[]): Map<string, Claim> {
  const file = join(dir, 'claims.yaml');
  const rows = existsSync(file)
    ? ((parse(readFileSync(file, 'utf8')) ?? []) as Omit<Claim, 'evidence' | 'proofs'>[])
    : [];
  const claims = new Map<string, Claim>(rows.map((row) => [row.id, { ...row, evidence: 'absent', proofs: [] }]));
  for (const note of notes) {
    for (const { id, definition } of note.page.claims) {
      const claim = claims.get(id);
      if (!claim) continue;
      claim.note ??= note;
      if (claim.evidence === 'absent') claim.evidence = definition ? 'definition' : 'unproven';
    }
  }
  for (const note of notes) {
    for (const cell of note.page.cells) {
      for (const id of cell.meta.proves) {
        const claim = claims.get(id);
        if (!claim?.note) continue;
        claim.proofs.push({ url: `${note.url}#${anchorOf(cell)}`, title: note.title });
        claim.evidence = 'proven';
      }
    }
  }
  return claims;
}

function findMentions(notes: Note[], matcher: TermMatcher): Map<string, Note[]> {
  const mentions = new Map<string, Note[]>();
  for (const note of notes) {
    for (const slug of matcher.slugsIn(prose(note.source))) {
      const list = mentions.get(slug);
      if (list) list.push(note);
      else mentions.set(slug, [note]);
    }
  }
  return mentions;
}

/** The words of a page that a reader reads as prose: no fences, code, headings, links, tags or comments. */
export function prose(source: string): string {
  return source
    .replace(/^---\n[\s\S]*?\n---\n/, '')
    .replace(/^(`{3,}|~{3,})[^\n]*\n[\s\S]*?^\1\s*$/gm, '')
    .replace(/\{\/\*[\s\S]*?\*\/\}/g, '')
    .replace(/`[^`\n]*`/g, ' ')
    .replace(/^#{1,6} .*$/gm, '')
    .replace(/!?\[[^\]]*\]\([^)]*\)/g, ' ')
    .replace(/<[^>]*>/g, ' ');
}
