// The first few bytes on a page with examples: listens for the buttons and shortcuts, and loads the notebook (and the
// engine with it) only when the reader reaches for an example, or has edits waiting.
import type { Notebook } from './notebook.ts';

let notebook: Promise<Notebook> | undefined;

function load(): Promise<Notebook> {
  notebook ??= import('./notebook.ts').then(async ({ Notebook }) => {
    const loaded = new Notebook(document);
    await loaded.restoreEdits();
    return loaded;
  });
  return notebook;
}

/** What each button does; the cell is the one that the button stands in. */
const actions: Record<string, (book: Notebook, button: Element) => void> = {
  run: (book, button) => void book.run(book.cellOf(button)!),
  stop: (book) => book.stop(),
  edit: (book, button) => void book.toggleEditor(book.cellOf(button)!),
  copy: (book, button) => void book.copy(book.cellOf(button)!),
  reset: (book, button) => void book.resetCell(book.cellOf(button)!),
  'run-all': (book) => void book.runAll(),
  'reset-page': (book) => void book.resetPage(),
  share: (book) => void book.share(),
};

if (document.querySelector('kb-cell')) {
  document.addEventListener('click', (event) => {
    const button = (event.target as Element).closest<HTMLElement>('kb-cell [data-act], kb-cluster [data-act]');
    const action = button && actions[button.dataset.act!];
    if (action) void load().then((book) => action(book, button));
  });
  document.addEventListener('keydown', (event) => {
    if (event.key !== 'Enter' || event.defaultPrevented || !(event.shiftKey || event.ctrlKey || event.metaKey)) return;
    const target = event.target as Element;
    if (!target.closest('kb-cell') || target.closest('a')) return;
    event.preventDefault();
    void load().then((book) => book.runFrom(book.cellOf(target)!, event.shiftKey));
  });
  for (const sign of ['pointerover', 'focusin']) {
    document.addEventListener(sign, (event) => {
      if ((event.target as Element).closest('kb-cell .kb-tools, kb-cluster .kb-page-tools')) {
        void load().then((book) => book.warm());
      }
    });
  }
  const waiting = localStorage.getItem(`kubebook:edits:${location.pathname}`);
  if (waiting || location.hash.startsWith('#edits=')) void load();
  window.addEventListener('hashchange', () => {
    if (location.hash.startsWith('#edits=')) void load().then((book) => book.restoreEdits());
  });
}

// The panel is a bar to open on small screens and stands open beside the text on wide ones.
const panel = document.querySelector<HTMLDetailsElement>('.kb-panel');
if (panel) {
  const wide = matchMedia('(min-width: 72rem)');
  const show = () => {
    panel.open = wide.matches || panel.closest('.sl-markdown-content') !== null;
  };
  wide.addEventListener('change', show);
  show();
}
