// The reader's edits: kept in this browser page by page, and packed into a link's hash to be shared without a server.

interface Edited {
  id: string;
  source: string;
}

export type Edits = Record<string, string>;

const prefix = 'kubebook:edits:';

/** Longest text taken from a link, so that a small hash cannot unpack into gigabytes. */
const longestShared = 1_000_000;

export function loadEdits(path: string): Edits {
  try {
    const edits: unknown = JSON.parse(localStorage.getItem(prefix + path) ?? '{}');
    return isEdits(edits) ? edits : {};
  } catch {
    return {};
  }
}

export function saveEdits(path: string, cells: Edited[]): void {
  try {
    if (cells.length === 0) localStorage.removeItem(prefix + path);
    else localStorage.setItem(prefix + path, JSON.stringify(toEdits(cells)));
  } catch {
    // A full or forbidden storage: the edits live as long as the page.
  }
}

export async function shareLink(href: string, cells: Edited[]): Promise<string> {
  const packed = await pipe(
    new TextEncoder().encode(JSON.stringify(toEdits(cells))),
    new CompressionStream('deflate-raw'),
  );
  const text = btoa(String.fromCharCode(...packed))
    .replace(/\+/g, '-')
    .replace(/\//g, '_')
    .replace(/=+$/, '');
  return `${href.split('#')[0]}#edits=${text}`;
}

/** The edits in a link's hash; undefined if it carries none or they cannot be read. */
export async function sharedEdits(hash: string): Promise<Edits | undefined> {
  const packed = /^#edits=([\w-]+)$/.exec(hash)?.[1];
  if (!packed) return undefined;
  try {
    const bytes = Uint8Array.from(atob(packed.replace(/-/g, '+').replace(/_/g, '/')), (char) => char.charCodeAt(0));
    const text = new TextDecoder().decode(await pipe(bytes, new DecompressionStream('deflate-raw')));
    const edits: unknown = JSON.parse(text);
    return isEdits(edits) ? edits : undefined;
  } catch {
    return undefined;
  }
}

function toEdits(cells: Edited[]): Edits {
  return Object.fromEntries(cells.map((cell) => [cell.id, cell.source]));
}

function isEdits(value: unknown): value is Edits {
  return typeof value === 'object' && value !== null && Object.values(value).every((text) => typeof text === 'string');
}

async function pipe(bytes: Uint8Array, through: CompressionStream | DecompressionStream): Promise<Uint8Array> {
  const reader = new Blob([bytes as BlobPart]).stream().pipeThrough(through).getReader();
  const chunks: number[] = [];
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return Uint8Array.from(chunks);
    if (chunks.length + value.length > longestShared) throw new Error('too long');
    for (const byte of value) chunks.push(byte);
  }
}
