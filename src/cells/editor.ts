// CodeMirror around one example's source; loaded on the first edit. It lives in a shadow root, where its styles are
// constructed sheets, which a strict Content-Security-Policy allows.
import { defaultKeymap, history, historyKeymap, indentWithTab } from '@codemirror/commands';
import { yaml } from '@codemirror/lang-yaml';
import { HighlightStyle, StreamLanguage, indentUnit, syntaxHighlighting } from '@codemirror/language';
import { shell } from '@codemirror/legacy-modes/mode/shell';
import { EditorState, Prec, type Extension } from '@codemirror/state';
import { EditorView, drawSelection, keymap } from '@codemirror/view';
import { tags } from '@lezer/highlight';

export interface Editor {
  host: HTMLElement;
  setText(text: string): void;
  focus(): void;
  destroy(): void;
}

interface Options {
  text: string;
  language: string;
  label: string;
  onChange: (text: string) => void;
  onRun: (moveOn: boolean) => void;
}

const languages: Record<string, () => Extension> = {
  yaml: () => yaml(),
  json: () => yaml(),
  console: () => StreamLanguage.define(shell),
  sh: () => StreamLanguage.define(shell),
};

/** The page's own colours: custom properties reach into the shadow root. */
const colours = HighlightStyle.define([
  {
    tag: [tags.propertyName, tags.definition(tags.propertyName), tags.keyword, tags.atom],
    color: 'var(--kb-code-keyword)',
  },
  { tag: [tags.string, tags.content], color: 'var(--kb-code-string)' },
  { tag: [tags.number, tags.bool, tags.null], color: 'var(--kb-code-constant)' },
  { tag: tags.comment, color: 'var(--kb-code-comment)', fontStyle: 'italic' },
]);

const theme = EditorView.theme({
  '&': { fontSize: 'var(--kb-code-size)', color: 'var(--kb-ink)', backgroundColor: 'var(--kb-paper)' },
  '&.cm-focused': { outline: '2px solid var(--kb-accent)', outlineOffset: '-2px' },
  '.cm-content': { fontFamily: 'var(--kb-mono)', lineHeight: '1.55', padding: '0.7rem 0', caretColor: 'var(--kb-ink)' },
  '.cm-line': { padding: '0 1rem' },
  '.cm-cursor': { borderLeftColor: 'var(--kb-ink)' },
  '.cm-selectionBackground, &.cm-focused .cm-selectionBackground': {
    backgroundColor: 'var(--kb-selection) !important',
  },
});

export function createEditor({ text, language, label, onChange, onRun }: Options): Editor {
  const host = document.createElement('div');
  host.className = 'kb-editor';
  const root = host.attachShadow({ mode: 'open' });
  const run = (moveOn: boolean) => () => {
    onRun(moveOn);
    return true;
  };
  const view = new EditorView({
    root,
    parent: root,
    state: EditorState.create({
      doc: text,
      extensions: [
        Prec.highest(
          keymap.of([
            { key: 'Shift-Enter', run: run(true), preventDefault: true },
            { key: 'Mod-Enter', run: run(false), preventDefault: true },
          ]),
        ),
        history(),
        drawSelection(),
        indentUnit.of('  '),
        EditorState.tabSize.of(2),
        // Escape, then Tab leaves the editor (CodeMirror's own rule for a bound Tab key).
        keymap.of([...defaultKeymap, ...historyKeymap, indentWithTab]),
        languages[language]?.() ?? [],
        syntaxHighlighting(colours),
        theme,
        EditorView.contentAttributes.of({ 'aria-label': `${label}. Escape, then Tab leaves the editor.` }),
        EditorView.updateListener.of((update) => {
          if (update.docChanged) onChange(update.state.doc.toString());
        }),
      ],
    }),
  });
  return {
    host,
    setText: (next) => view.dispatch({ changes: { from: 0, to: view.state.doc.length, insert: next } }),
    focus: () => view.focus(),
    destroy: () => view.destroy(),
  };
}
