// metav1.Time and MicroTime: RFC 3339 in UTC, with whole seconds or with microseconds.

const RFC3339 = /^(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)(\.\d+)?(Z|[+-]\d\d:\d\d)$/;

/** The second written last: many things happen in one. */
let written = { second: NaN, text: '' };

/** metav1.Time of a moment in ms since the epoch. */
export function formatTime(ms: number): string {
  const second = Math.floor(ms / 1000);
  if (written.second !== second) written = { second, text: new Date(second * 1000).toISOString().slice(0, 19) + 'Z' };
  return written.text;
}

/** metav1.MicroTime of a moment in ms since the epoch. */
export function formatMicroTime(ms: number): string {
  return new Date(ms).toISOString().slice(0, 23) + '000Z';
}

/** Normalises a timestamp that a client sent; undefined when it is none. */
export function normalizeTime(text: string, micro: boolean): string | undefined {
  if (text.length === (micro ? 27 : 20) && text[text.length - 1] === 'Z' && RFC3339.test(text)) return text;
  const match = RFC3339.exec(text);
  if (!match) return undefined;
  const ms = Date.parse(text);
  if (ms !== ms) return undefined;
  const seconds = formatTime(Math.floor(ms / 1000) * 1000);
  if (!micro) return seconds;
  return `${seconds.slice(0, 19)}${(match[7] ?? '.').padEnd(7, '0').slice(0, 7)}Z`;
}
