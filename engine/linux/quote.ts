// Text quoted so that the shell reads it back: `set -x`, `declare -p`, `printf %q`.

/** As `set -x` shows a word. */
export function quoteForTrace(text: string): string {
  if (text === '') return "''";
  if (/^[\w@%+=:,./^-]+$/.test(text)) return text;
  return /[\x00-\x1f\x7f]/.test(text) ? ansi(text) : singleQuoted(text);
}

export function singleQuoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}

/** As `declare -p` and `export -p` show a value. */
export function doubleQuoted(text: string): string {
  if (/[\x00-\x08\x0b-\x1f\x7f\n]/.test(text)) return ansi(text);
  return `"${text.replace(/[\\"$`]/g, '\\$&')}"`;
}

/** As `printf %q` shows it. */
export function backslashed(text: string): string {
  if (text === '') return "''";
  if (/[\x00-\x1f\x7f]/.test(text)) return ansi(text);
  return text.replace(/[^\w@%+=:./^-]/gu, (c) => (c.charCodeAt(0) > 127 ? c : '\\' + c));
}

const NAMED: Record<string, string> = {
  '\n': '\\n',
  '\t': '\\t',
  '\r': '\\r',
  '\x1b': '\\E',
  '\x07': '\\a',
  '\b': '\\b',
};

function ansi(text: string): string {
  const body = text.replace(/[\\'\x00-\x1f\x7f]/g, (c) => {
    if (c === '\\' || c === "'") return '\\' + c;
    return NAMED[c] ?? '\\' + c.charCodeAt(0).toString(8).padStart(3, '0');
  });
  return `$'${body}'`;
}
