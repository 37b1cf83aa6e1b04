// Under an example that has run: the API requests behind it, who sent them and when, for readers who open the list.
import type { Happened } from '../sandbox/types.ts';

/** The list of one example's commands; undefined when nothing reached the API server. */
export function happenedElement(commands: { command: string; happened: Happened }[]): HTMLElement | undefined {
  const count = commands.reduce((sum, { happened }) => sum + happened.requests.length + happened.more, 0);
  if (count === 0) return undefined;
  const details = document.createElement('details');
  details.className = 'kb-happened';
  const summary = document.createElement('summary');
  summary.textContent = `What happened: ${count} API ${count === 1 ? 'request' : 'requests'}`;
  details.append(summary);
  // Most readers never look: the rows are made for those who do.
  details.addEventListener('toggle', () => details.append(...commands.flatMap(tables)), { once: true });
  return details;
}

const COLUMNS = ['After', 'Who', 'Verb', 'Path', 'Status'];

function tables({ command, happened }: { command: string; happened: Happened }): HTMLElement[] {
  if (happened.requests.length === 0) return [];
  const box = document.createElement('div');
  box.className = 'kb-wide';
  box.tabIndex = 0;
  box.setAttribute('role', 'region');
  box.setAttribute('aria-label', `Requests of ${command}`);
  const table = document.createElement('table');
  const caption = table.createCaption();
  caption.textContent = command;
  const head = table.createTHead().insertRow();
  for (const name of COLUMNS) {
    const cell = document.createElement('th');
    cell.scope = 'col';
    cell.textContent = name;
    head.append(cell);
  }
  const body = table.createTBody();
  for (const { after, who, verb, path, code } of happened.requests) {
    const row = body.insertRow();
    for (const text of [afterText(after), who, verb, path, String(code)]) row.insertCell().textContent = text;
  }
  box.append(table);
  if (happened.more === 0) return [box];
  const rest = document.createElement('p');
  rest.textContent = `and ${happened.more} more`;
  return [box, rest];
}

const afterText = (ms: number) => (ms < 10_000 ? `${ms} ms` : `${Math.round(ms / 1000)} s`);
