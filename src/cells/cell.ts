// One example on the page: its source (as written or as edited), its outputs, and the DOM that shows both. Knows nothing
// of clusters; src/cells/notebook.ts decides when it runs.
import { OutputPane } from './output.ts';
import { commandsText, parseCommands, type Step } from './commands.ts';
import { jqCommand } from './jq-command.ts';
import type { Cell as PageCell } from './parse.ts';
import type { Editor } from './editor.ts';

export type CellState = 'idle' | 'queued' | 'running' | 'ok' | 'failed' | 'stopped';

export class Cell {
  readonly el: HTMLElement;
  readonly id: string;
  readonly kind: PageCell['kind'];
  readonly number: number;
  readonly file: string;
  readonly input: string;
  readonly on: string | undefined;
  readonly fresh: boolean;
  readonly fails: boolean;
  /** What the reader sees when editing: commands, file contents or a jq filter. */
  source: string;
  readonly original: string;
  readonly recorded: string;
  state: CellState = 'idle';
  editor: Editor | undefined;
  private readonly body: HTMLElement;
  private readonly bodyAsBuilt: string;
  private readonly stateLabel: HTMLElement;
  private panes: OutputPane[] = [];
  private happened: HTMLElement | undefined;
  /** The source that the commands on the page were drawn from. */
  private drawn: string;

  constructor(el: HTMLElement) {
    this.el = el;
    this.id = el.id;
    const { kind, number, file, input, on, fresh, fails } = el.dataset;
    this.kind = kind as PageCell['kind'];
    this.number = Number(number);
    this.file = file ?? '';
    this.input = input ?? '';
    this.on = on || undefined;
    this.fresh = fresh !== undefined;
    this.fails = fails !== undefined;
    this.body = el.querySelector('[data-part=body]')!;
    this.stateLabel = el.querySelector('[data-part=state]')!;
    this.bodyAsBuilt = this.body.innerHTML;
    this.original = this.kind === 'console' ? commandsText(this.builtSteps(), this.on) : this.text('.kb-source');
    this.source = this.original;
    this.drawn = this.original;
    this.recorded = this.outputText();
  }

  get edited(): boolean {
    return this.source !== this.original;
  }

  get steps(): Step[] {
    if (this.kind === 'console') return parseCommands(this.source, this.on);
    return [{ command: jqCommand(this.input, this.source) }];
  }

  private builtSteps(): Step[] {
    return [...this.body.querySelectorAll<HTMLElement>('.kb-step')].map((step) => {
      const code = step.querySelector('.kb-cmd code')!.cloneNode(true) as HTMLElement;
      for (const prompt of code.querySelectorAll('.kb-prompt')) prompt.remove();
      return { on: step.dataset.on ?? this.on, command: code.textContent ?? '' };
    });
  }

  private text(selector: string): string {
    return this.body.querySelector(selector)?.textContent ?? '';
  }

  /** All outputs that stand on the page, one after the other. */
  outputText(): string {
    return [...this.body.querySelectorAll('.kb-out')].map((out) => out.textContent!.replace(/\n$/, '')).join('\n');
  }

  /** Draws the source anew, without outputs, and returns a pane for each command. */
  prepare(): OutputPane[] {
    this.dropPanes();
    this.drawn = this.source;
    const shown = this.editor ? [...this.body.children].filter((child) => child.classList.contains('kb-editor')) : [];
    if (this.kind === 'file') {
      if (!this.editor && this.edited) this.body.replaceChildren(element('pre', 'kb-source', this.source));
      else if (!this.edited && !this.editor) this.body.innerHTML = this.bodyAsBuilt;
      return [];
    }
    if (this.kind === 'jq') {
      const out = element('pre', 'kb-out', '');
      this.body.replaceChildren(...(this.editor ? shown : [element('pre', 'kb-source', this.source)]), out);
      this.panes = [new OutputPane(out)];
      return this.panes;
    }
    const built = this.edited ? [] : asBuilt(this.bodyAsBuilt);
    const nodes = this.steps.map((step, index) => {
      const node = element('div', 'kb-step', '');
      node.append(built[index] ?? commandElement(step), element('pre', 'kb-out', ''));
      return node;
    });
    this.body.replaceChildren(...shown, ...nodes);
    this.panes = nodes.map((node) => new OutputPane(node.querySelector('.kb-out')!));
    return this.panes;
  }

  /** What stood behind the outputs of this run. */
  showHappened(details: HTMLElement | undefined): void {
    this.happened?.remove();
    this.happened = details;
    if (details) this.el.append(details);
  }

  private dropPanes(): void {
    for (const pane of this.panes) pane.close();
    this.panes = [];
    this.showHappened(undefined);
  }

  setState(state: CellState, label = ''): void {
    this.state = state;
    this.el.dataset.state = state;
    this.stateLabel.textContent = label;
    this.el.setAttribute('aria-busy', String(state === 'running'));
    const run = this.el.querySelector<HTMLButtonElement>('[data-act=run], [data-act=stop]')!;
    const busy = state === 'running' || state === 'queued';
    run.dataset.act = busy ? 'stop' : 'run';
    run.textContent = busy ? 'Stop' : this.kind === 'file' ? 'Write' : 'Run';
    this.showMarks(this.el.dataset.stale !== undefined);
  }

  showMarks(stale: boolean): void {
    this.el.toggleAttribute('data-edited', this.edited);
    this.el.toggleAttribute('data-stale', stale);
    this.el.querySelector<HTMLElement>('[data-act=reset]')!.hidden = !this.edited && this.state === 'idle';
  }

  /** Shows another source without running it; the outputs below stay and are stale. */
  setSource(source: string): void {
    this.source = source;
    if (this.editor) this.editor.setText(source);
    else this.redrawSource();
  }

  private redrawSource(): void {
    if (!this.edited && this.state === 'idle') this.body.innerHTML = this.bodyAsBuilt;
    else if (this.kind === 'console') this.prepare();
    else if (!this.body.querySelector('.kb-source')) this.body.prepend(element('pre', 'kb-source', this.source));
    else this.body.querySelector('.kb-source')!.replaceChildren(element('code', '', this.source));
  }

  /** Back to what the page was built with. */
  reset(): void {
    this.closeEditor();
    this.dropPanes();
    this.source = this.original;
    this.drawn = this.original;
    this.body.innerHTML = this.bodyAsBuilt;
    this.setState('idle');
  }

  openEditor(editor: Editor): void {
    this.editor = editor;
    for (const el of this.body.querySelectorAll('.kb-source')) el.remove();
    if (this.kind === 'console') for (const el of this.body.querySelectorAll('.kb-cmd')) el.classList.add('kb-echo');
    this.body.prepend(editor.host);
    this.editButton().textContent = 'Done';
    editor.focus();
  }

  closeEditor(): void {
    if (!this.editor) return;
    this.editor.host.remove();
    this.editor.destroy();
    this.editor = undefined;
    this.editButton().textContent = 'Edit';
    if (this.kind === 'console')
      for (const el of this.body.querySelectorAll('.kb-echo')) el.classList.remove('kb-echo');
    if (this.kind !== 'console' || this.drawn !== this.source) this.redrawSource();
  }

  private editButton(): HTMLElement {
    return this.el.querySelector<HTMLElement>('[data-act=edit]')!;
  }

  focus(): void {
    if (this.editor) this.editor.focus();
    else this.body.focus({ preventScroll: true });
    this.el.scrollIntoView({ block: 'nearest' });
  }

  /** What *Copy* puts on the clipboard: what one would type, never the outputs. */
  copyText(): string {
    return this.source;
  }
}

function asBuilt(html: string): Element[] {
  const template = document.createElement('template');
  template.innerHTML = html;
  return [...template.content.querySelectorAll('.kb-cmd')];
}

function commandElement(step: Step): HTMLElement {
  const code = document.createElement('code');
  step.command.split('\n').forEach((line, index) => {
    const prompt = element('span', 'kb-prompt', index === 0 ? `${step.on ?? ''}$ ` : '> ');
    prompt.setAttribute('aria-hidden', 'true');
    code.append(index ? '\n' : '', prompt, line);
  });
  const pre = element('pre', 'kb-cmd', '');
  pre.append(code);
  return pre;
}

function element(tag: string, className: string, text: string): HTMLElement {
  const el = document.createElement(tag);
  if (className) el.className = className;
  if (text) el.textContent = text;
  return el;
}
