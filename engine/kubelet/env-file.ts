// Variables from a file that an init container has left in an emptyDir (fileKeyRef): NAME='value', values in single
// quotes and taken as they are, over several lines if need be.

/** The value of `key`; undefined when the file does not have it. Throws Error where the syntax is not that one. */
export function valueFromEnvFile(text: string, key: string): string | undefined {
  let at = 0;
  let value: string | undefined;
  while (at < text.length) {
    const newline = text.indexOf('\n', at);
    const end = newline < 0 ? text.length : newline;
    const line = text.slice(at, end).trimStart();
    if (line.trim() === '' || line.startsWith('#')) {
      at = end + 1;
      continue;
    }
    const start = /^([A-Za-z_][A-Za-z0-9_]*)[ \t]*=[ \t]*'/.exec(line);
    if (!start) throw new Error('invalid environment variable format');
    const first = end - line.length + start[0].length;
    const close = text.indexOf("'", first);
    if (close < 0) throw new Error('unclosed single quote');
    const after = text.indexOf('\n', close);
    const rest = text.slice(close + 1, after < 0 ? text.length : after);
    if (rest.trim() !== '') throw new Error('unexpected character after the closing quote');
    if (start[1] === key) value = text.slice(first, close);
    at = after < 0 ? text.length : after + 1;
  }
  return value;
}
