// Outputs that are worth a picture, drawn from their own text: what a command printed stays the source, for readers of
// all kinds, and the drawing below it says nothing more. Used by the build for recorded outputs and by the page after a run.
//
// To add one: a function from an output to HTML, and the command that it belongs to in the table at the end.

import { lines, stackedBars } from './chart.ts';
import { escapeHtml } from './escape.ts';

/** The rows below a line of column heads, by head; until the first line that is empty. */
function rowsOf(output: string, first: string): Record<string, string>[] {
  const lines = output.split('\n');
  const at = lines.findIndex((line) => line.startsWith(`${first} `));
  if (at < 0) return [];
  const heads = [...lines[at].matchAll(/\S+(?: \S+)*/g)].map((match) => ({ name: match[0], from: match.index }));
  const rows: Record<string, string>[] = [];
  for (const line of lines.slice(at + 1)) {
    if (line.trim() === '') break;
    rows.push(
      Object.fromEntries(heads.map(({ name, from }, i) => [name, line.slice(from, heads[i + 1]?.from).trim()])),
    );
  }
  return rows;
}

/** `sim trace`: the places that a packet passes, in their order, and what each does to it. */
function wayOfPacket(output: string): string | undefined {
  const places: { where: string; steps: Record<string, string>[] }[] = [];
  for (const row of rowsOf(output, 'WHERE')) {
    const last = places.at(-1);
    if (last?.where === row.WHERE) last.steps.push(row);
    else places.push({ where: row.WHERE, steps: [row] });
  }
  if (places.length < 2) return undefined;
  const drawn = places.map(({ where, steps }) => {
    const shown = steps.map(
      ({ INTERFACE, STEP, WHAT }) =>
        `<li data-step="${escapeHtml(STEP)}"><b>${escapeHtml(INTERFACE)}</b> ${escapeHtml(WHAT)}</li>`,
    );
    return `<li class="kb-place" data-kind="${kindOf(where)}"><b>${escapeHtml(where)}</b><ul>${shown.join('')}</ul></li>`;
  });
  return `<ol class="kb-way">${drawn.join('')}</ol>`;
}

const kindOf = (where: string) => (where.includes('/') ? 'pod' : 'machine');

/** `sim network`: each machine with its interfaces, and the Pods at its bridge. */
function wires(output: string): string | undefined {
  const machines = new Map<string, Record<string, string>[]>();
  for (const row of rowsOf(output, 'MACHINE')) {
    const links = machines.get(row.MACHINE);
    if (links) links.push(row);
    else machines.set(row.MACHINE, [row]);
  }
  if (machines.size === 0) return undefined;
  const drawn = [...machines].map(([name, links]) => {
    const isPort = ({ KIND }: Record<string, string>) => /^port of|^veth$/.test(KIND);
    // The bridge comes last: the Pods hang on it.
    const own = links.filter((link) => !isPort(link));
    own.sort((a, b) => Number(a.KIND === 'bridge') - Number(b.KIND === 'bridge'));
    const pods = links.filter(isPort).map(({ 'LEADS TO': end }) => {
      const [pod, , address = ''] = end.split(' ');
      return `<li class="kb-plug"><b>${escapeHtml(pod)}</b> <span>${escapeHtml(address.replace(/\/\d+$/, ''))}</span></li>`;
    });
    const bars = own.map(
      ({ INTERFACE, KIND, ADDRESS }) =>
        `<li class="kb-link" data-kind="${escapeHtml(KIND)}"><b>${escapeHtml(INTERFACE)}</b> <span>${escapeHtml(ADDRESS)}</span></li>`,
    );
    return (
      `<li class="kb-machine"><b>${escapeHtml(name)}</b><ul class="kb-links">${bars.join('')}</ul>` +
      `${pods.length ? `<ul class="kb-plugs">${pods.join('')}</ul>` : ''}</li>`
    );
  });
  return `<ul class="kb-machines">${drawn.join('')}</ul>`;
}

/** `sim explain`: a bar for each node, with the weighted score of each plug-in as a part of it. */
function scores(output: string): string | undefined {
  const rows = rowsOf(output, 'SCORE');
  const total = rows.pop();
  if (total?.SCORE !== 'TOTAL') return undefined;
  const nodes = Object.keys(total).filter((name) => name !== 'SCORE' && name !== 'WEIGHT');
  const parts = rows.map(({ SCORE, WEIGHT, ...score }) => ({
    label: SCORE,
    values: Object.fromEntries(nodes.map((node) => [node, Math.max(0, Number(score[node]) * Number(WEIGHT))])),
    hint: (node: string) => `${SCORE}: ${score[node]} × ${WEIGHT}`,
  }));
  return stackedBars(nodes, parts, (node) => total[node]);
}

const DRAWN: readonly (readonly [command: RegExp, draw: (output: string) => string | undefined])[] = [
  [/(?:^|[;&|(]\s*)sim trace\b/, wayOfPacket],
  [/(?:^|[;&|(]\s*)sim network\b/, wires],
  [/(?:^|[;&|(]\s*)sim explain\b/, scores],
  // Any table of numbers.
  [/./, lines],
];

/** The picture of what `command` has printed; undefined for what is not drawn. */
export function drawingOf(command: string, output: string): string | undefined {
  const inner = DRAWN.find(([pattern]) => pattern.test(command))?.[1](output);
  // The text above says all of it: nobody has to hear it twice.
  return inner && `<div class="kb-drawing" aria-hidden="true">${inner}</div>`;
}
