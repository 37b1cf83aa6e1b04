// The Markdown plug-ins of the notes (Sätteri, mdast): fences become cells, `<kb-claim>` and `<kb-change>` become marks and
// boxes, and the first mention of each glossary term on a page becomes a link.
import { fileURLToPath } from 'node:url';
import { defineMdastPlugin, type MdastPluginEntry, type MdxJsxAttributeUnion } from 'satteri';
import { cellKind, parseMeta, parsePage } from '../cells/parse.ts';
import { renderCell, renderCode } from '../cells/render.ts';
import { clusterPanel } from '../cells/picture.ts';
import type { Runner } from '../sandbox/runner.ts';
import type { ClusterPicture } from '../sandbox/types.ts';
import { readContent } from './content.ts';
import { escapeHtml } from '../cells/escape.ts';
import { renderClaimMark } from './claim-mark.ts';

export const markdownPlugins: MdastPluginEntry[] = [
  ({ source }) => cells(source),
  () => claims(),
  () => tables(),
  ({ fileURL }) => glossaryLinks(fileURL ? fileURLToPath(fileURL) : ''),
];

/** A node of ready HTML; in MDX that is a fragment with `set:html`. */
function html(value: string, flow: boolean): never {
  return {
    type: flow ? 'mdxJsxFlowElement' : 'mdxJsxTextElement',
    name: 'Fragment',
    attributes: [{ type: 'mdxJsxAttribute', name: 'set:html', value }],
    children: [],
  } as never;
}

function cells(source: string): MdastPluginEntry {
  const page = parsePage(source);
  let number = 0;
  return defineMdastPlugin({
    name: 'kubebook-cells',
    async code(node, ctx) {
      const { language, words } = parseMeta(`${node.lang ?? ''} ${node.meta ?? ''}`);
      const cell = cellKind(language, words) && page.cells[number++];
      ctx.replaceNode(node, html(await (cell ? renderCell(cell, number) : renderCode(node.value, language)), true));
    },
    async mdxJsxFlowElement(node, ctx) {
      if (node.name !== 'kb-cluster') return;
      ctx.replaceNode(node, html(clusterPanel(page.frontMatter.cluster, await pictureAfter(source)), true));
    },
  });
}

/** Runs a page's examples and looks at the cluster. */
async function pictureAfter(source: string): Promise<ClusterPicture | undefined> {
  const [{ checkPage }, { start }] = await Promise.all([import('../cells/check.ts'), import('../cli/host.ts')]);
  let runner: Runner | undefined;
  await checkPage(source, async (cluster) => (runner = await start({ cluster })));
  return runner?.inspect();
}

function claims(): MdastPluginEntry {
  const mark = (node: JsxElement, flow: boolean): never => {
    const attributes = attributesOf(node.attributes);
    const { claims } = readContent();
    return html(renderClaimMark((attributes.id ?? '').split(/\s+/).filter(Boolean), claims), flow);
  };
  return defineMdastPlugin({
    name: 'kubebook-claims',
    mdxJsxTextElement(node, ctx) {
      if (node.name === 'kb-claim') ctx.replaceNode(node, mark(node, false));
    },
    mdxJsxFlowElement(node, ctx) {
      if (node.name === 'kb-claim') ctx.replaceNode(node, mark(node, true));
      if (node.name !== 'kb-change') return;
      const { since = '', claim = '' } = attributesOf(node.attributes);
      const head =
        `<p class="kb-change-head">${since ? `Changed in ${escapeHtml(since)}` : 'Changed since 2020'}` +
        `${renderClaimMark(claim.split(/\s+/).filter(Boolean), readContent().claims)}</p>`;
      ctx.replaceNode(node, {
        type: 'mdxJsxFlowElement',
        name: 'div',
        attributes: attributeNodes({ class: 'kb-change', role: 'note' }),
        children: [html(head, true), ...node.children],
      } as never);
    },
  });
}

/** A wide table scrolls in a box that the keyboard reaches; an empty corner gets a name for screen readers. */
function tables(): MdastPluginEntry {
  return defineMdastPlugin({
    name: 'kubebook-tables',
    table(node, ctx) {
      const columns = node.children[0]?.children.length ?? 0;
      node.children[0]?.children.forEach((cell, index) => {
        if (cell.children.length > 0) return;
        ctx.appendChild(cell, html(`<span class="sr-only">${index === 0 ? 'Item' : 'Note'}</span>`, false));
      });
      if (columns < 3) return;
      ctx.wrapNode(node, {
        type: 'mdxJsxFlowElement',
        name: 'div',
        attributes: attributeNodes({ class: 'kb-table', tabindex: '0', role: 'group', 'aria-label': 'Table' }),
        children: [],
      } as never);
    },
  });
}

interface JsxElement {
  name?: string | null;
  attributes: readonly MdxJsxAttributeUnion[];
}

function attributeNodes(attributes: Record<string, string>): unknown[] {
  return Object.entries(attributes).map(([name, value]) => ({ type: 'mdxJsxAttribute', name, value }));
}

function attributesOf(list: readonly MdxJsxAttributeUnion[]): Record<string, string> {
  const attributes: Record<string, string> = {};
  for (const attribute of list) {
    if (attribute.type !== 'mdxJsxAttribute') continue;
    attributes[attribute.name] = typeof attribute.value === 'string' ? attribute.value : '';
  }
  return attributes;
}

/** Prose inside these is never turned into a link. */
const noLinks = new Set(['heading', 'link', 'linkReference', 'definition']);

function glossaryLinks(file: string): MdastPluginEntry {
  if (!/\/content\/notes\//.test(file)) return undefined;
  const { matcher, terms } = readContent();
  const bySlug = new Map(terms.map((term) => [term.slug, term]));
  const seen = new Set<string>();
  return defineMdastPlugin({
    name: 'kubebook-glossary-links',
    text(node, ctx) {
      const matches = matcher.find(node.value).filter(({ slug }) => !seen.has(slug));
      if (matches.length === 0) return;
      for (let parent = ctx.parent(node); parent; parent = ctx.parent(parent as never)) {
        if (noLinks.has(parent.type)) return;
        if ('name' in parent && parent.name === 'a') return;
      }
      const parts: unknown[] = [];
      let end = 0;
      for (const match of matches) {
        if (seen.has(match.slug)) continue;
        seen.add(match.slug);
        const term = bySlug.get(match.slug)!;
        if (match.start > end) parts.push({ type: 'text', value: node.value.slice(end, match.start) });
        const word = escapeHtml(node.value.slice(match.start, match.end));
        parts.push(html(`<a class="kb-term" href="${term.url}" title="${escapeHtml(term.short)}">${word}</a>`, false));
        end = match.end;
      }
      if (end < node.value.length) parts.push({ type: 'text', value: node.value.slice(end) });
      ctx.replaceNode(node, parts as never);
    },
  });
}
