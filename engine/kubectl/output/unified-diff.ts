// The difference of two texts as `diff -u` prints it, with three lines of context.

const CONTEXT = 3;

interface Line {
  kind: ' ' | '-' | '+';
  text: string;
}

/** The hunks, or '' when there is no difference. */
export function unifiedDiff(before: string, after: string): string {
  const script = editScript(splitLines(before), splitLines(after));
  let out = '';
  let i = 0;
  while (i < script.length) {
    while (i < script.length && script[i].kind === ' ') i++;
    if (i >= script.length) break;
    const start = Math.max(0, i - CONTEXT);
    let end = i;
    for (let j = i; j < script.length && j <= end + 2 * CONTEXT; j++) if (script[j].kind !== ' ') end = j;
    const stop = Math.min(script.length, end + 1 + CONTEXT);
    out += hunk(script, start, stop);
    i = stop;
  }
  return out;
}

function splitLines(text: string): string[] {
  if (text === '') return [];
  const lines = text.split('\n');
  if (lines[lines.length - 1] === '') lines.pop();
  return lines;
}

function hunk(script: Line[], start: number, stop: number): string {
  let oldStart = 1;
  let newStart = 1;
  for (let i = 0; i < start; i++) {
    if (script[i].kind !== '+') oldStart++;
    if (script[i].kind !== '-') newStart++;
  }
  let oldCount = 0;
  let newCount = 0;
  let body = '';
  for (let i = start; i < stop; i++) {
    if (script[i].kind !== '+') oldCount++;
    if (script[i].kind !== '-') newCount++;
    body += script[i].kind + script[i].text + '\n';
  }
  const range = (first: number, count: number) =>
    count === 1 ? `${first}` : `${count === 0 ? first - 1 : first},${count}`;
  return `@@ -${range(oldStart, oldCount)} +${range(newStart, newCount)} @@\n${body}`;
}

/** A shortest edit script (Myers); common beginnings and ends are set aside first. */
function editScript(a: string[], b: string[]): Line[] {
  let head = 0;
  while (head < a.length && head < b.length && a[head] === b[head]) head++;
  let tail = 0;
  while (tail < a.length - head && tail < b.length - head && a[a.length - 1 - tail] === b[b.length - 1 - tail]) tail++;
  const same = (lines: string[]): Line[] => lines.map((text) => ({ kind: ' ', text }));
  return [
    ...same(a.slice(0, head)),
    ...myers(a.slice(head, a.length - tail), b.slice(head, b.length - tail)),
    ...same(a.slice(a.length - tail)),
  ];
}

function myers(a: string[], b: string[]): Line[] {
  const max = a.length + b.length;
  const reach: Map<number, number>[] = [];
  let v = new Map<number, number>([[1, 0]]);
  search: for (let d = 0; d <= max; d++) {
    reach.push(v);
    const next = new Map(v);
    for (let k = -d; k <= d; k += 2) {
      let x = k === -d || (k !== d && at(v, k - 1) < at(v, k + 1)) ? at(v, k + 1) : at(v, k - 1) + 1;
      let y = x - k;
      while (x < a.length && y < b.length && a[x] === b[y]) {
        x++;
        y++;
      }
      next.set(k, x);
      if (x >= a.length && y >= b.length) {
        v = next;
        break search;
      }
    }
    v = next;
  }
  return walkBack(a, b, reach);
}

const at = (v: Map<number, number>, k: number) => v.get(k) ?? -1;

function walkBack(a: string[], b: string[], reach: Map<number, number>[]): Line[] {
  const out: Line[] = [];
  let x = a.length;
  let y = b.length;
  for (let d = reach.length - 1; d >= 0 && (x > 0 || y > 0); d--) {
    const v = reach[d];
    const k = x - y;
    const previous = k === -d || (k !== d && at(v, k - 1) < at(v, k + 1)) ? k + 1 : k - 1;
    const fromX = d === 0 ? 0 : at(v, previous);
    const fromY = d === 0 ? 0 : fromX - previous;
    while (x > fromX && y > fromY) {
      x--;
      y--;
      out.push({ kind: ' ', text: a[x] });
    }
    if (d === 0) break;
    if (x > fromX) out.push({ kind: '-', text: a[--x] });
    else if (y > fromY) out.push({ kind: '+', text: b[--y] });
  }
  return out.reverse();
}
