// The examples of a page as one notebook without hidden state: an example always runs from the state that the examples
// before it leave behind. The states are kept, so running one replays only what is missing since the nearest of them.
import type { ClusterOptions, ClusterPicture, Sandbox } from '../sandbox/types.ts';
import { Cell } from './cell.ts';
import { happenedElement } from './happened.ts';
import { keysOf } from './keys.ts';
import type { Editor } from './editor.ts';
import { loadEdits, saveEdits, shareLink, sharedEdits } from './edits.ts';
import { clockTime, pictureHtml, pictureSummary } from './picture.ts';
import { Rewind } from './rewind.ts';

/** Kept states; the oldest are dropped beyond this. */
const keptSnapshots = 24;

export class Notebook {
  readonly cells: Cell[];
  private readonly cluster: ClusterOptions;
  private readonly panel: HTMLElement | null;
  private readonly rewind: Rewind | undefined;
  private sandbox: Promise<Sandbox> | undefined;
  /** Key of the state that the cluster is in now; undefined after a stop or a crash. */
  private current: string | undefined;
  private snapshots = new Map<string, number>();
  /** For each cell the key for which its shown output is true; at first the recorded one. */
  private readonly outputKeys: string[];
  private readonly recordedKeys: string[];
  private work: Promise<void> = Promise.resolve();
  /** Counts stops: work begun before the last stop ends itself. */
  private stops = 0;
  private born = 0;
  private editsAreMine = true;

  constructor(root: Document) {
    this.cells = [...root.querySelectorAll<HTMLElement>('kb-cell')].map((el) => new Cell(el));
    this.panel = root.querySelector('kb-cluster');
    this.cluster = JSON.parse(this.panel?.dataset.cluster ?? '{}') as ClusterOptions;
    const slider = this.panel?.querySelector<HTMLElement>('[data-part=rewind]');
    if (slider) this.rewind = new Rewind(slider, (picture) => this.show(picture));
    this.recordedKeys = this.keys();
    this.outputKeys = [...this.recordedKeys];
  }

  private keys(): string[] {
    return keysOf(this.cells.map((cell) => ({ source: cell.source, fresh: cell.fresh })));
  }

  cellOf(node: Element): Cell | undefined {
    const el = node.closest('kb-cell');
    return this.cells.find((cell) => cell.el === el);
  }

  // Running

  /** Loads the sandbox before it is needed. */
  warm(): void {
    void this.open().catch(() => undefined);
  }

  private open(): Promise<Sandbox> {
    this.sandbox ??= import('../sandbox/client.ts').then(({ createSandbox }) => createSandbox());
    return this.sandbox;
  }

  /** Runs a cell, and first whatever it needs. */
  run(cell: Cell): Promise<void> {
    cell.setState('queued', 'starting');
    return this.enqueue(() => this.runUpTo(this.cells.indexOf(cell)));
  }

  runAll(): Promise<void> {
    return this.enqueue(async (stopped) => {
      for (let index = 0; index < this.cells.length && !stopped(); index++) await this.runUpTo(index);
    });
  }

  private enqueue(task: (stopped: () => boolean) => Promise<void>): Promise<void> {
    const stopsAtStart = this.stops;
    const stopped = () => this.stops !== stopsAtStart;
    this.work = this.work.then(async () => {
      if (stopped()) return;
      this.showBusy(true);
      try {
        await task(stopped);
      } catch (error) {
        this.discard();
        announce(error instanceof Error ? error.message : String(error));
      } finally {
        for (const cell of this.cells)
          if (cell.state === 'queued' || cell.state === 'running') cell.setState('stopped', 'stopped');
        this.showBusy(false);
      }
    });
    return this.work;
  }

  /** Ends the running command and forgets what was still to run. */
  stop(): void {
    this.stops++;
    void this.sandbox?.then((sandbox) => sandbox.stop());
  }

  /** Stops, and waits until nothing runs any more. */
  private async stopped(): Promise<void> {
    this.stop();
    await this.work;
  }

  private async runUpTo(target: number): Promise<void> {
    const stopsAtStart = this.stops;
    const keys = this.keys();
    let start = target;
    while (start > 0 && !this.cells[start]!.fresh) start--;
    let from = target;
    while (from > start && this.current !== keys[from - 1] && !this.snapshots.has(keys[from - 1]!)) from--;
    const sandbox = await this.open();
    if (from === start) {
      await sandbox.boot(this.cluster);
      // A new cluster forgets the snapshots of the old one.
      this.snapshots.clear();
      const newborn = await sandbox.inspect();
      this.born = newborn.now;
      this.rewind?.clear();
      this.rewind?.add('a new cluster', newborn);
    } else if (this.current !== keys[from - 1]) {
      await sandbox.restore(this.snapshots.get(keys[from - 1]!)!);
      this.rewind?.forgetAfter(from - start);
    }
    this.current = undefined;
    if (from < target)
      announce(`Running ${target - from} ${target - from === 1 ? 'example' : 'examples'} that this one needs`);
    for (let index = from; index <= target; index++) {
      if (this.stops !== stopsAtStart) return;
      const done = await this.runOne(sandbox, index, keys[index]!);
      if (!done) return;
    }
  }

  /** Runs one cell in the cluster as it is; false if it was stopped. */
  private async runOne(sandbox: Sandbox, index: number, key: string): Promise<boolean> {
    const cell = this.cells[index]!;
    const panes = cell.prepare();
    cell.setState('running', 'running');
    const ticker = setInterval(() => void this.draw(sandbox), 400);
    const behind: Parameters<typeof happenedElement>[0] = [];
    let exitCode = 0;
    let clusterTime = 0;
    let stopped = false;
    try {
      if (cell.kind === 'file')
        await sandbox.writeFile(cell.file, cell.source.endsWith('\n') ? cell.source : `${cell.source}\n`);
      else {
        for (const [number, step] of cell.steps.entries()) {
          const pane = panes[number]!;
          const result = await sandbox.run(step.command, {
            on: step.on,
            onOutput: (stream, text) => pane.append(stream, text),
          });
          pane.flush();
          await pane.draw(step.command);
          behind.push({ command: step.command, happened: await sandbox.happened() });
          clusterTime += result.endedAt - result.startedAt;
          exitCode ||= result.exitCode;
          stopped = result.stopped;
          if (stopped) break;
        }
      }
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      (panes.at(-1) ?? panes[0])?.append('stderr', `${message}\n`);
      panes.at(-1)?.flush();
      cell.setState('failed', 'the sandbox ended');
      announce(message);
      this.discard();
      return false;
    } finally {
      clearInterval(ticker);
    }
    this.outputKeys[index] = key;
    cell.showHappened(happenedElement(behind));
    const lines = panes.reduce((sum, pane) => sum + pane.lines, 0);
    this.finish(cell, { exitCode, clusterTime, stopped, lines, original: key === this.recordedKeys[index] });
    if (!stopped) {
      this.keep(key, await sandbox.snapshot());
      this.current = key;
    }
    const picture = await this.draw(sandbox);
    if (picture) this.rewind?.add(`after example ${cell.number}`, picture);
    this.showMarks();
    return !stopped;
  }

  private finish(
    cell: Cell,
    run: { exitCode: number; clusterTime: number; stopped: boolean; lines: number; original: boolean },
  ): void {
    if (cell.kind === 'file') {
      cell.setState('ok', 'written');
      announce(`${cell.file} written`);
      return;
    }
    const words = [run.stopped ? 'stopped' : `exit ${run.exitCode}`];
    if (run.clusterTime >= 1000) words.push(`${duration(run.clusterTime)} of cluster time`);
    if (run.original && !run.stopped && cell.recorded && cell.outputText() !== cell.recorded)
      words.push('differs from the recorded output');
    cell.setState(run.stopped ? 'stopped' : run.exitCode === 0 || cell.fails ? 'ok' : 'failed', words.join(' · '));
    announce(`${words[0]}, ${run.lines} ${run.lines === 1 ? 'line' : 'lines'}`);
  }

  private keep(key: string, snapshot: number): void {
    this.snapshots.delete(key);
    this.snapshots.set(key, snapshot);
    if (this.snapshots.size > keptSnapshots) this.snapshots.delete(this.snapshots.keys().next().value!);
  }

  /** After a crash: the next run begins with a new worker and replays. */
  private discard(): void {
    void this.sandbox?.then((sandbox) => sandbox.terminate()).catch(() => undefined);
    this.sandbox = undefined;
    this.current = undefined;
    this.snapshots.clear();
  }

  // What the page shows

  private async draw(sandbox: Sandbox): Promise<ClusterPicture | undefined> {
    const picture = this.panel ? await sandbox.inspect().catch(() => undefined) : undefined;
    if (picture) this.show(picture);
    return picture;
  }

  private show(picture: ClusterPicture): void {
    if (!this.panel) return;
    const part = (name: string) => this.panel!.querySelector<HTMLElement>(`[data-part=${name}]`)!;
    const html = pictureHtml(picture);
    if (part('picture').innerHTML !== html) part('picture').innerHTML = html;
    part('summary').textContent = `${pictureSummary(picture)}.`;
    const clock = clockTime(picture.now);
    part('clock').textContent = this.born ? `${clock} · +${duration(picture.now - this.born)}` : clock;
    this.panel.setAttribute('data-live', '');
  }

  private showBusy(busy: boolean): void {
    for (const act of ['run-all', 'stop'] as const) {
      const button = this.panel?.querySelector<HTMLElement>(`[data-act=${act}]`);
      if (button) button.hidden = (act === 'stop') !== busy;
    }
  }

  /** Marks every cell whose shown output is not what its source would give. */
  showMarks(): void {
    const keys = this.keys();
    this.cells.forEach((cell, index) => cell.showMarks(keys[index] !== this.outputKeys[index]));
    const share = this.panel?.querySelector<HTMLElement>('[data-act=share]');
    if (share) share.hidden = !this.cells.some((cell) => cell.edited);
  }

  // Editing

  async toggleEditor(cell: Cell): Promise<void> {
    if (cell.editor) {
      cell.closeEditor();
      this.showMarks();
      return;
    }
    const { createEditor } = await import('./editor.ts');
    const editor: Editor = createEditor({
      text: cell.source,
      language: cell.kind === 'file' ? (cell.el.dataset.language ?? '') : cell.kind,
      label: `Edit example ${cell.number}`,
      onChange: (text) => {
        cell.source = text;
        this.editsAreMine = true;
        this.showMarks();
        this.save();
      },
      onRun: (moveOn) => this.runFrom(cell, moveOn),
    });
    cell.openEditor(editor);
  }

  /** Runs a cell by keyboard and, if asked, puts the focus on the next. */
  runFrom(cell: Cell, moveOn: boolean): void {
    void this.run(cell);
    if (moveOn) (this.cells[this.cells.indexOf(cell) + 1] ?? cell).focus();
  }

  async resetCell(cell: Cell): Promise<void> {
    if (cell.state === 'running' || cell.state === 'queued') await this.stopped();
    const index = this.cells.indexOf(cell);
    cell.reset();
    this.outputKeys[index] = this.recordedKeys[index]!;
    this.showMarks();
    this.save();
    announce(`Example ${cell.number} is as written again`);
  }

  async resetPage(): Promise<void> {
    await this.stopped();
    this.cells.forEach((cell) => cell.reset());
    this.outputKeys.splice(0, this.outputKeys.length, ...this.recordedKeys);
    this.current = undefined;
    this.showMarks();
    this.save();
    announce('The page is as written again');
  }

  private save(): void {
    if (this.editsAreMine)
      saveEdits(
        location.pathname,
        this.cells.filter((cell) => cell.edited),
      );
  }

  /** Puts back the reader's edits of earlier visits, or those that a shared link carries; never runs anything. */
  async restoreEdits(): Promise<void> {
    const shared = await sharedEdits(location.hash);
    const edits = shared ?? loadEdits(location.pathname);
    this.editsAreMine = !shared;
    let applied = 0;
    for (const cell of this.cells) {
      const source = edits[cell.id];
      if (source === undefined || source === cell.source) continue;
      cell.setSource(source);
      applied++;
    }
    this.showMarks();
    if (shared)
      announce(`This link carries ${applied} edited ${applied === 1 ? 'example' : 'examples'}. Nothing has run.`, true);
  }

  async share(): Promise<void> {
    const link = await shareLink(
      location.href,
      this.cells.filter((cell) => cell.edited),
    );
    await navigator.clipboard.writeText(link);
    announce('Link with your edits copied', true);
  }

  async copy(cell: Cell): Promise<void> {
    await navigator.clipboard.writeText(cell.copyText());
    announce(`Example ${cell.number} copied`, true);
  }
}

/** One line for screen readers; `visible` shows it to everybody for a moment. */
export function announce(message: string, visible = false): void {
  const region = document.getElementById('kb-announce')!;
  region.textContent = message;
  region.classList.toggle('is-visible', visible);
  if (visible) setTimeout(() => region.classList.remove('is-visible'), 4000);
}

function duration(ms: number): string {
  const seconds = Math.round(ms / 1000);
  if (seconds < 120) return `${seconds} s`;
  const minutes = Math.floor(seconds / 60);
  return minutes < 120 ? `${minutes} min ${seconds % 60} s` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}
