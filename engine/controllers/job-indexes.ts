// Sets of completion indexes as texts: "0,2-5" (kubernetes/pkg/controller/job: indexed_job_utils).

/** Reads "0,2-5"; what is not below `limit` is left out. */
export function parseIndexes(text: string | undefined, limit: number): Set<number> {
  const set = new Set<number>();
  for (const part of text ? text.split(',') : []) {
    const [first, last = first] = part.split('-').map(Number);
    for (let i = first; i <= last && i < limit; i++) set.add(i);
  }
  return set;
}

export function formatIndexes(set: ReadonlySet<number>): string {
  const sorted = [...set].sort((a, b) => a - b);
  const parts: string[] = [];
  for (let i = 0; i < sorted.length;) {
    let end = i;
    while (end + 1 < sorted.length && sorted[end + 1] === sorted[end] + 1) end++;
    // Two neighbours stand apart, three and more as a range.
    if (end - i >= 2) parts.push(`${sorted[i]}-${sorted[end]}`);
    else for (let k = i; k <= end; k++) parts.push(String(sorted[k]));
    i = end + 1;
  }
  return parts.join(',');
}
