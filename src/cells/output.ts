// A command's output while it streams: written once a frame, and never more than the page can carry.

/** Characters shown of one command's output; the rest is counted. */
const shownCharacters = 200_000;

export class OutputPane {
  private readonly el: HTMLElement;
  private waiting: [stream: string, text: string][] = [];
  private frame = 0;
  private shown = 0;
  private hiddenCharacters = 0;
  private note: HTMLElement | undefined;
  lines = 0;

  constructor(el: HTMLElement) {
    this.el = el;
  }

  append(stream: string, text: string): void {
    for (let i = text.indexOf('\n'); i >= 0; i = text.indexOf('\n', i + 1)) this.lines++;
    const room = shownCharacters - this.shown;
    if (room > 0) this.waiting.push([stream, text.length > room ? text.slice(0, room) : text]);
    this.shown += Math.min(room, text.length);
    this.hiddenCharacters += Math.max(0, text.length - Math.max(room, 0));
    this.frame ||= requestAnimationFrame(() => this.flush());
  }

  /** Writes what has come in since the last frame. */
  flush(): void {
    cancelAnimationFrame(this.frame);
    this.frame = 0;
    for (const [stream, text] of this.waiting) {
      const clean = text.replace(/\x1b\[[0-9;?]*[A-Za-z]/g, '');
      if (stream === 'stdout') this.el.append(clean);
      else {
        const span = document.createElement('span');
        span.className = 'kb-stderr';
        span.textContent = clean;
        this.el.append(span);
      }
    }
    this.waiting = [];
    if (this.hiddenCharacters === 0) return;
    if (!this.note) {
      this.note = document.createElement('span');
      this.note.className = 'kb-cut';
      this.el.append('\n', this.note);
    }
    this.note.textContent = `… and ${sizeWords(this.hiddenCharacters)} more, not shown`;
  }

  /** Puts the picture of what `command` has printed below it, where there is one. */
  async draw(command: string): Promise<void> {
    // Loaded with the first run: most who read do not run.
    const { drawingOf } = await import('./drawings.ts');
    const drawing = drawingOf(command, this.el.textContent ?? '');
    if (drawing) this.el.insertAdjacentHTML('afterend', drawing);
  }

  close(): void {
    this.flush();
  }
}

function sizeWords(characters: number): string {
  if (characters < 10_000) return `${characters} characters`;
  if (characters < 10_000_000) return `${Math.round(characters / 1000)} kB`;
  return `${Math.round(characters / 1_000_000)} MB`;
}
