// Turns one example into HTML at build time: complete without JavaScript (commands, recorded outputs, file contents),
// with the buttons and the machine-readable attributes that src/cells/notebook.ts works with in the browser.
import { escapeHtml } from './escape.ts';
import { highlight } from '../site/highlight.ts';
import { drawingOf } from './drawings.ts';
import type { Cell, Command } from './parse.ts';

/** The anchor of a cell on its page; apart from the headings' anchors. */
export function anchorOf(cell: Pick<Cell, 'id'>): string {
  return cell.id.startsWith('cell-') ? cell.id : `cell-${cell.id}`;
}

/** Ordinary code: highlighted, and a scrolling box that the keyboard reaches. */
export async function renderCode(code: string, language: string): Promise<string> {
  const label = language && language !== 'text' ? `${language} listing` : 'Listing';
  const html = await highlight(code, language);
  return `<pre class="kb-code not-content" tabindex="0" role="group" aria-label="${escapeHtml(label)}"><code>${html}</code></pre>`;
}

/** An example; `number` counts the page's examples from 1. */
export async function renderCell(cell: Cell, number: number): Promise<string> {
  const { meta, kind } = cell;
  const id = anchorOf(cell);
  const attributes: Record<string, string | undefined> = {
    id,
    'data-kind': kind,
    'data-number': String(number),
    'data-language': kind === 'file' ? cell.language : undefined,
    'data-file': kind === 'file' ? cell.file : undefined,
    'data-input': kind === 'jq' ? cell.input : undefined,
    'data-on': meta.on,
    'data-fails': meta.fails ? '' : undefined,
    'data-fresh': meta.fresh ? '' : undefined,
  };
  const title = cellTitle(cell);
  const html =
    `<kb-cell class="not-content"${attributeList(attributes)}>` +
    `<div class="kb-head"><span class="kb-title">${escapeHtml(title)}</span>${renderNotes(cell)}` +
    `<span class="kb-state" data-part="state"></span>${renderTools(cell, id, number)}</div>` +
    `<div class="kb-body" data-part="body" tabindex="0" role="group" aria-label="${escapeHtml(`Example ${number}, ${title}`)}">` +
    `${await renderBody(cell)}</div></kb-cell>`;
  return meta.hidden ? `<details class="kb-setup"><summary>Set-up: what ran before</summary>${html}</details>` : html;
}

function cellTitle(cell: Cell): string {
  if (cell.kind === 'file') return cell.file;
  if (cell.kind === 'jq') return `${cell.input} | jq`;
  return cell.meta.on ? `Terminal on ${cell.meta.on}` : 'Terminal';
}

function renderNotes({ meta }: Cell): string {
  const notes: string[] = [];
  if (meta.fresh) notes.push('<span class="kb-note">new cluster</span>');
  if (meta.fails) notes.push('<span class="kb-note">exits with an error</span>');
  return notes.join('');
}

function renderTools(cell: Cell, id: string, number: number): string {
  const button = (act: string, label: string, extra = '') =>
    `<button type="button" data-act="${act}"${extra}>${label}</button>`;
  return (
    '<span class="kb-tools">' +
    button('reset', 'Reset', ' hidden') +
    button('copy', 'Copy') +
    button('edit', 'Edit') +
    button('run', cell.kind === 'file' ? 'Write' : 'Run', ' class="kb-run"') +
    `<a class="kb-anchor" href="#${id}" aria-label="Link to example ${number}">#</a></span>`
  );
}

async function renderBody(cell: Cell): Promise<string> {
  if (cell.kind === 'file') {
    return `<pre class="kb-source"><code>${await highlight(cell.text.replace(/\n$/, ''), cell.language)}</code></pre>`;
  }
  if (cell.kind === 'jq') {
    const filter = await highlight(cell.filter, 'jq');
    return `<pre class="kb-source"><code>${filter}</code></pre><pre class="kb-out">${escapeHtml(cell.output)}</pre>`;
  }
  return (await Promise.all(cell.commands.map(renderCommand))).join('');
}

async function renderCommand({ command, on, output }: Command): Promise<string> {
  const lines = (await highlight(command, 'bash')).split('\n');
  const prompts = lines.map((line, index) => {
    const sign = index === 0 ? `${on ?? ''}$ ` : '> ';
    return `<span class="kb-prompt" aria-hidden="true">${sign}</span>${line}`;
  });
  const where = on ? ` data-on="${escapeHtml(on)}"` : '';
  const recorded = output ? `<pre class="kb-out">${escapeHtml(output)}</pre>` : '';
  const drawing = (output && drawingOf(command, output)) ?? '';
  return `<div class="kb-step"${where}><pre class="kb-cmd"><code>${prompts.join('\n')}</code></pre>${recorded}${drawing}</div>`;
}

function attributeList(attributes: Record<string, string | undefined>): string {
  return Object.entries(attributes)
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => (value === '' ? ` ${name}` : ` ${name}="${escapeHtml(value!)}"`))
    .join('');
}
