// Seeded randomness: one small generator per named stream, and the strings that Kubernetes makes of it.

const { imul } = Math;
const FNV_PRIME = 0x01000193;

/** A 32-bit seed for the stream `name` of a cluster with `seed` (FNV-1a over the name). */
export function streamSeed(seed: number, name: string): number {
  const { length } = name;
  let h = 0x811c9dc5 ^ seed;
  for (let i = 0; i < length; i++) h = imul(h ^ name.charCodeAt(i), FNV_PRIME);
  return h >>> 0;
}

// k8s.io/apimachinery/pkg/util/rand: no vowels and no look-alikes, so that no words appear.
const SAFE = [...'bcdfghjklmnpqrstvwxz2456789'];
const HEX = '0123456789abcdef';
/** Two digits for a byte. */
const HEX_OF: string[] = [];
for (let i = 0; i < 256; i++) HEX_OF.push(HEX[i >> 4] + HEX[i & 15]);

/** mulberry32 counts on by this. */
const STEP = 0x6d2b79f5;
const UUID_DRAWS = 4;
/** Hexadecimal ones of 32 bits. */
const DIGITS = 8;

const drawn: number[] = [];

export class Random {
  private state: number;
  constructor(seed: number) {
    this.state = seed | 0;
  }

  /**
   * So many times 32 random bits as signed integers (mulberry32): QuickJS keeps these as they are, larger ones as floating
   * point. They hold until the next are drawn.
   */
  private words(count: number): readonly number[] {
    let { state } = this;
    for (let i = 0; i < count; i++) {
      state = (state + STEP) | 0;
      let t = imul(state ^ (state >>> 15), state | 1);
      t ^= t + imul(t ^ (t >>> 7), t | 61);
      drawn[i] = t ^ (t >>> 14);
    }
    this.state = state;
    return drawn;
  }

  /** 32 random bits as an unsigned integer. */
  bits(): number {
    return this.words(1)[0] >>> 0;
  }

  /** Draws what a UUID takes; a Random of the answer gives that UUID. */
  later(): number {
    const { state } = this;
    this.state = (state + UUID_DRAWS * STEP) | 0;
    return state;
  }

  /** A number in [0, 1). */
  float(): number {
    return (this.words(1)[0] >>> 0) / 4294967296;
  }

  /** An integer in [0, n). */
  int(n: number): number {
    return Math.floor(this.float() * n);
  }

  /** A suffix as generated names carry it: `length` characters of the safe alphabet. */
  suffix(length = 5): string {
    const words = this.words(length);
    let out = '';
    for (let i = 0; i < length; i++) {
      // The 32 bits, unsigned, modulo 27: by halves, which are no floating point.
      const word = words[i];
      out += SAFE[(((word >>> 1) % 27) * 2 + (word & 1)) % 27];
    }
    return out;
  }

  hex(length: number): string {
    const count = (length + DIGITS - 1) >> 3;
    const words = this.words(count);
    let out = '';
    for (let i = 0; i < count; i++) {
      const word = words[i];
      out += HEX_OF[word & 255] + HEX_OF[(word >>> 8) & 255] + HEX_OF[(word >>> 16) & 255] + HEX_OF[word >>> 24];
    }
    return out.length === length ? out : out.slice(0, length);
  }

  /** A version 4 UUID: hexadecimal digits, but for the version and the two bits of the variant. */
  uuid(): string {
    const hex = HEX_OF;
    const words = this.words(UUID_DRAWS);
    const a = words[0];
    const b = words[1];
    const c = words[2];
    const d = words[3];
    return (
      `${hex[a & 255]}${hex[(a >>> 8) & 255]}${hex[(a >>> 16) & 255]}${hex[a >>> 24]}-` +
      `${hex[b & 255]}${hex[(b >>> 8) & 255]}-${hex[((b >>> 16) & 15) | 0x40]}${hex[b >>> 24]}-` +
      `${hex[(c & 63) | 128]}${hex[(c >>> 8) & 255]}-${hex[(c >>> 16) & 255]}${hex[c >>> 24]}` +
      `${hex[d & 255]}${hex[(d >>> 8) & 255]}${hex[(d >>> 16) & 255]}${hex[d >>> 24]}`
    );
  }

  pick<T>(list: readonly T[]): T {
    return list[this.int(list.length)];
  }
}
