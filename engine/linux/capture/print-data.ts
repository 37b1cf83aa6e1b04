// A packet's bytes to read: -A, -x and -X.

/** Letters as they are, everything else but blanks as a dot. */
export function readable(bytes: Uint8Array): string {
  let out = '\n';
  for (let i = 0; i < bytes.length; i++) {
    const byte = bytes[i];
    if (byte === 13) {
      if (bytes[i + 1] !== 10) out += '.';
    } else if ((byte >= 0x20 && byte < 0x7f) || byte === 9 || byte === 10) out += String.fromCharCode(byte);
    else out += '.';
  }
  return out;
}

const PER_LINE = 16;
/** Five columns for every two bytes. */
const HEX_WIDTH = 40;

export function hexDump(bytes: Uint8Array, letters: boolean): string {
  let out = '';
  for (let at = 0; at < bytes.length; at += PER_LINE) {
    let hex = '';
    let text = '';
    for (let i = at; i < Math.min(at + PER_LINE, bytes.length); i++) {
      hex += `${i % 2 === 0 ? ' ' : ''}${bytes[i].toString(16).padStart(2, '0')}`;
      text += bytes[i] > 0x20 && bytes[i] < 0x7f ? String.fromCharCode(bytes[i]) : '.';
    }
    const offset = `\n\t0x${at.toString(16).padStart(4, '0')}: `;
    out += letters ? `${offset}${hex.padEnd(HEX_WIDTH)}  ${text}` : `${offset}${hex}`;
  }
  return out;
}

/** A protocol of lines of text (HTTP): its first line, or with -v all of them. */
export function textProtocol(name: string, bytes: Uint8Array, starts: RegExp, verbose: boolean): string {
  const head = String.fromCharCode(...bytes.subarray(0, 64));
  if (!starts.test(head)) return `${name}, length: ${bytes.length}`;
  if (!verbose) return name + textLine(bytes, 0, ': ', name).text;
  let out = `${name}, length: ${bytes.length}`;
  for (let at: number | undefined = 0; at !== undefined && at < bytes.length;) {
    const line = textLine(bytes, at, '\n\t', name);
    out += line.text;
    at = line.next;
  }
  return out;
}

/** `next`: where the next line begins; undefined when this one does not end, or is no text. */
function textLine(
  bytes: Uint8Array,
  start: number,
  before: string,
  name: string,
): { text: string; next: number | undefined } {
  let line = '';
  for (let i = start; i < bytes.length; i++) {
    const byte = bytes[i];
    if (byte === 10) return { text: before + line, next: i + 1 };
    if (byte === 13 && bytes[i + 1] === 10) return { text: before + line, next: i + 2 };
    if ((byte < 0x20 || byte >= 0x7f) && byte !== 9) return { text: '', next: undefined };
    line += String.fromCharCode(byte);
  }
  return { text: `${before}${line} [|${name.toLowerCase()}]`, next: undefined };
}
