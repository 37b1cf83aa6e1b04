// A key names the state that a chain of examples leads to: equal sources in equal order, equal key. Outputs and kept
// states carry the key they belong to, so an edit makes exactly what follows it stale, and reverting makes it true again.

export function keysOf(cells: { source: string; fresh: boolean }[]): string[] {
  let before = '';
  return cells.map((cell, index) => {
    if (cell.fresh) before = `fresh ${index}`;
    before = hash(`${before}\n${index}\n${cell.source}`);
    return before;
  });
}

/** 64 bits of FNV-1a in two halves, as text. */
function hash(text: string): string {
  let a = 0x811c9dc5;
  let b = 0x1b873593;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    a = Math.imul(a ^ code, 0x01000193);
    b = Math.imul(b ^ (code + i), 0x85ebca6b);
  }
  return (a >>> 0).toString(36) + (b >>> 0).toString(36);
}
