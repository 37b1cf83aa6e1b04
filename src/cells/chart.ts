// Charts of numbers as SVG text: scales and shapes are d3's, words and classes ours. Colours live in the stylesheet.

import { scaleLinear, scaleLog } from 'd3-scale';
import { line, stack } from 'd3-shape';
import { escapeHtml } from './escape.ts';

const WIDTH = 520;
const HEIGHT = 260;
/** Room for numbers on the left and below, and for names on the right. */
const LEFT = 52;
const RIGHT = 96;
const BOTTOM = 34;
const TOP = 10;
const LABEL = 13;
/** Of bars: a row, and where they begin and end. */
const ROW = 22;
const FIRST = 130;
const END = 460;

const place = (value: number): string => value.toFixed(1);

/**
 * A table of numbers as lines over its first column, both axes by powers of ten: what grows with the first number is a rising
 * line, what does not is level. Undefined for what is not heads in capitals over three rows of numbers or more.
 */
export function lines(output: string): string | undefined {
  const [first, ...rest] = output.trimEnd().split('\n');
  const heads = first.trim().split(/\s+/);
  if (heads.length < 2 || !heads.every((head) => /^[A-Z][A-Z-]*$/.test(head))) return undefined;
  const rows = rest.map((row) => row.trim().split(/\s+/).map(Number));
  if (rows.length < 3 || !rows.every((row) => row.length === heads.length && row.every((value) => value > 0)))
    return undefined;
  const extent = (values: number[]): [number, number] => [Math.min(...values), Math.max(...values)];
  const x = scaleLog(extent(rows.map(([value]) => value)), [LEFT, WIDTH - RIGHT]).nice();
  const y = scaleLog(extent(rows.flatMap((row) => row.slice(1))), [HEIGHT - BOTTOM, TOP]).nice();
  const powers = (scale: typeof x) => scale.ticks().filter((tick) => Number.isInteger(Math.log10(tick)));
  const grid = [
    ...powers(x).map(
      (tick) =>
        `<path class="kb-grid" d="M${place(x(tick))} ${TOP}V${HEIGHT - BOTTOM}"/>` +
        `<text x="${place(x(tick))}" y="${HEIGHT - BOTTOM + 16}" text-anchor="middle">${tick.toLocaleString('en')}</text>`,
    ),
    ...powers(y).map(
      (tick) =>
        `<path class="kb-grid" d="M${LEFT} ${place(y(tick))}H${WIDTH - RIGHT}"/>` +
        `<text x="${LEFT - 6}" y="${place(y(tick) + 4)}" text-anchor="end">${tick.toLocaleString('en')}</text>`,
    ),
  ];
  // Names stand at the ends of their lines, and not on each other.
  const last = rows[rows.length - 1];
  const names = new Map<number, number>();
  let lowest = Infinity;
  for (const column of heads
    .map((_head, i) => i)
    .slice(1)
    .sort((a, b) => last[a] - last[b])) {
    lowest = Math.min(y(last[column]) + 4, lowest - LABEL);
    names.set(column, lowest);
  }
  const drawn = heads.slice(1).map((head, i) => {
    const column = i + 1;
    const path = line<number[]>(
      (row) => x(row[0]),
      (row) => y(row[column]),
    ).digits(1)(rows);
    const dots = rows.map(
      (row) =>
        `<circle data-part="${i}" cx="${place(x(row[0]))}" cy="${place(y(row[column]))}" r="3"><title>${escapeHtml(`${head}: ${row[column]} at ${row[0]}`)}</title></circle>`,
    );
    const name = `<text data-part="${i}" x="${WIDTH - RIGHT + 8}" y="${place(names.get(column)!)}">${escapeHtml(head)}</text>`;
    return `<path class="kb-line" data-part="${i}" d="${path}"/>${dots.join('')}${name}`;
  });
  const title = `<text x="${(LEFT + WIDTH - RIGHT) / 2}" y="${HEIGHT - 2}" text-anchor="middle">${escapeHtml(heads[0])}</text>`;
  return `<svg class="kb-chart" viewBox="0 0 ${WIDTH} ${HEIGHT}">${grid.join('')}${drawn.join('')}${title}</svg>`;
}

/** A bar for each name, of parts of which each has a value for every name; `total` stands at its end. */
export function stackedBars(
  names: readonly string[],
  parts: readonly { label: string; values: Record<string, number>; hint: (name: string) => string }[],
  total: (name: string) => string,
): string {
  const series = stack<string, number>()
    .keys(parts.map((_part, i) => i))
    .value((name, part) => parts[part].values[name] ?? 0)(names);
  const longest = Math.max(1, ...(series.at(-1) ?? []).map(([, end]) => end));
  const x = scaleLinear([0, longest], [FIRST, END]);
  const bars = names.map((name, row) => {
    const y = row * ROW;
    const rects = series.map((points, part) => {
      const [from, to] = points[row];
      return `<rect data-part="${part % 6}" x="${place(x(from))}" y="${y + 3}" width="${place(x(to) - x(from))}" height="${ROW - 6}"><title>${escapeHtml(parts[part].hint(name))}</title></rect>`;
    });
    const end = x(series.at(-1)?.[row][1] ?? 0);
    return (
      `<text x="${FIRST - 8}" y="${y + ROW - 7}" text-anchor="end">${escapeHtml(name)}</text>${rects.join('')}` +
      `<text x="${place(end + 6)}" y="${y + ROW - 7}">${escapeHtml(total(name))}</text>`
    );
  });
  const key = parts.map(({ label }, i) => `<li data-part="${i % 6}">${escapeHtml(label)}</li>`).join('');
  const box = `0 0 ${END + 60} ${names.length * ROW}`;
  return `<svg class="kb-scores" viewBox="${box}">${bars.join('')}</svg><ul class="kb-scores-key">${key}</ul>`;
}
