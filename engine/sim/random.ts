// Seeded randomness: one small generator per named stream, and the strings that Kubernetes makes of it.

/** A 32-bit seed for the stream `name` of a cluster with `seed` (FNV-1a over the name). */
export function streamSeed(seed: number, name: string): number {
  let h = 0x811c9dc5 ^ seed;
  for (let i = 0; i < name.length; i++) {
    h ^= name.charCodeAt(i);
    h = Math.imul(h, 0x01000193);
  }
  return h >>> 0;
}

// k8s.io/apimachinery/pkg/util/rand: no vowels and no look-alikes, so that no words appear.
const SAFE = 'bcdfghjklmnpqrstvwxz2456789';
const HEX = '0123456789abcdef';
/** Two digits for a byte. */
const HEX_OF: string[] = [];
for (let i = 0; i < 256; i++) HEX_OF.push(HEX[i >> 4] + HEX[i & 15]);

/** mulberry32 counts on by this. */
const STEP = 0x6d2b79f5;
const UUID_DRAWS = 4;

export class Random {
  private state: number;
  constructor(seed: number) {
    this.state = seed >>> 0;
  }

  /** 32 random bits as an unsigned integer (mulberry32). */
  bits(): number {
    this.state = (this.state + STEP) >>> 0;
    let t = this.state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return (t ^ (t >>> 14)) >>> 0;
  }

  /** Draws what a UUID takes; who asks the answer for one gets that. */
  later(): Random {
    const own = new Random(this.state);
    this.state = (this.state + UUID_DRAWS * STEP) >>> 0;
    return own;
  }

  /** A number in [0, 1). */
  float(): number {
    return this.bits() / 4294967296;
  }

  /** An integer in [0, n). */
  int(n: number): number {
    return Math.floor(this.float() * n);
  }

  /** A suffix as generated names carry it: `length` characters of the safe alphabet. */
  suffix(length = 5): string {
    let out = '';
    for (let i = 0; i < length; i++) out += SAFE[this.bits() % 27];
    return out;
  }

  hex(length: number): string {
    let out = '';
    while (out.length < length) {
      const bits = this.bits();
      out += HEX_OF[bits & 255] + HEX_OF[(bits >>> 8) & 255] + HEX_OF[(bits >>> 16) & 255] + HEX_OF[bits >>> 24];
    }
    return out.length === length ? out : out.slice(0, length);
  }

  /** A version 4 UUID. */
  uuid(): string {
    const h = this.hex(32);
    const variant = HEX[8 + (parseInt(h[16], 16) & 3)];
    return `${h.slice(0, 8)}-${h.slice(8, 12)}-4${h.slice(13, 16)}-${variant}${h.slice(17, 20)}-${h.slice(20)}`;
  }

  pick<T>(list: readonly T[]): T {
    return list[this.int(list.length)];
  }
}
