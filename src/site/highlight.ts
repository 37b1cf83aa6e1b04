// Highlights code at build time into spans with classes (`t-string`, `t-comment`…): colours live in our stylesheet, follow
// dark and light, and need no inline styles, which the site's Content-Security-Policy forbids.
import { escapeHtml } from '../cells/escape.ts';
import { bundledLanguages, createCssVariablesTheme, createHighlighter, type BundledLanguage } from 'shiki';

const theme = createCssVariablesTheme({ name: 'kubebook', variablePrefix: '--', variableDefaults: {} });
const highlighter = await createHighlighter({ themes: [theme], langs: [] });
const aliases: Record<string, string> = { console: 'bash', sh: 'bash', jq: 'text', text: 'text' };

/** HTML for one piece of code; unknown languages come out as plain text. */
export async function highlight(code: string, lang: string): Promise<string> {
  const name = aliases[lang] ?? lang;
  if (!(name in bundledLanguages)) return escapeHtml(code);
  if (!highlighter.getLoadedLanguages().includes(name)) await highlighter.loadLanguage(name as BundledLanguage);
  const { tokens } = highlighter.codeToTokens(code, { lang: name as BundledLanguage, theme: 'kubebook' });
  return tokens.map((line) => line.map(({ content, color }) => span(content, color)).join('')).join('\n');
}

function span(content: string, color: string | undefined): string {
  const token = /--token-([a-z]+)/.exec(color ?? '')?.[1];
  const text = escapeHtml(content);
  return token ? `<span class="t-${token}">${text}</span>` : text;
}
