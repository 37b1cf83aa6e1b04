// RSA: keys, and signatures by PKCS #1 v1.5 with SHA-256, as openssl and kubeadm's users make them.

import { sha256 } from '@noble/hashes/sha2.js';
import { concat, fromBase64 } from '../linux/bytes.ts';
import { integer, octets, oid, only, read, sequence, type Bytes } from './der.ts';

export interface RsaKey {
  readonly modulus: bigint;
  readonly exponent: bigint;
  /** The private exponent. */
  readonly secret: bigint;
  readonly primes: readonly [bigint, bigint];
}

const EXPONENT = 65537n;
const NULL = new Uint8Array([5, 0]);
const SHA256 = sequence(oid('2.16.840.1.101.3.4.2.1'), NULL);
export const RSA_ENCRYPTION = sequence(oid('1.2.840.113549.1.1.1'), NULL);
export const SHA256_WITH_RSA = sequence(oid('1.2.840.113549.1.1.11'), NULL);

// To search for primes takes the interpreter seconds (and a minute at 4,096 bits), so a new key has two of these, each half
// as long as the key. prettier-ignore
const PRIMES: Readonly<Record<number, readonly string[]>> = {
  2048: [
    'w0aA9DP/Xwhvw5EyzYAAz+k+uHobr3IlsMYzdQclHKghQ169UFRX0l80zZ2HkpteDX5nMc3Q1lbyGtZF9QL4vy8x9foRAu+s5sL6GIevUhcge48PjOeY2Iy7GgyQkDdAiqWZERqaCm1QjMqrVJkxS7xjYeNG59+6oQpQkayuamU=',
    '00a87DT3r4aCTPE/ysfirvWm3/tlHyy5MK+P8mOzgpbiFGlvdfpsItHfY6tvQatgnnS/sbLtyps5rsyh1vNJ0i84DFIWF5f+6w/m5B4vVuA+kOZo4TFXcK2TNSmN7kTbxlrJsgSFEzx5XGhzbxUJbj0/No5tesKvQ2tib1Wkccs=',
    '3d0LIiAMwMRbHXgtLIA7r1VymjYYvR7g5p5R5BFz5BsIzBf5YoIPhfJIzjg+x97J9R4ErqKlLhXQlymqRI2fHCZDTiAQycxWCLjCj1DLyvQmgJs4qqYj36fMmtmoCaeaxC1fGa+OlWINMgoeDHzEI+hLpgBdbilMAWmtI3FWS28=',
    '3aRl9S3gfHVC8qez92nKTrukuJOCzYGe9ymdW0CkOnfQFne/y4USVaEY2NDj0q+4Y9nC4IdaKxEox/RqbP9aF64PrE9w/Wv8ZUckByfv59nEiqTcM70ojycDufFq0tdVakZNo7hPbQRQaHZ8fI+geKBqUqnrQsxHis+G8FmvgCU=',
    '5l32MdytZOyqLPcM3F0JbDVN4KBCcpxHLIQwsXYMSTwKlL6o3HRb1zv4lJ2beQTtnDf+30jn4v88+unl18G4IkujEiSh7ygh5fuvC0/d1fRpJSjWRbao+A2+NdTJlTYZJStHOn+QLoDnqaxepDownBv12BtIncBDP3x8rz+gVbk=',
    '6Re3QIKPagF7BwlTm1vO7z9N7smJukHYIlmUy3wu/jiaOJd39azAXc/OZqULksvUrT1AMaXSGOqo/uT/NEjkU5qkJl/0qNEnlzRe1/qf+AJZ5alKy05a7SsDyabDoB/eS+Gu3H1swaz5RfNLalFAS+S56N6jhc2n4W1wweEnrek=',
  ],
  3072: [
    '3iy9UgMb0JsScrVCTHZMy5DTaHbbHL4bDbiOwuLWj8G6r0iAoEWhsuIlk0Mv6mj0KZSMIoTp8IsSVn4wcyEItEnxvhVh7ukDo+UBJ9ndui/F8Y9JkzD/jY5B+tq29LVAuZ1QjQXoAeyuEpxRu67OWsbbKPdSnQ4+0DO+qAkVFBp+bYEIZVFqZH77qbwDTXzNcjPiODfRPqSOWbRlKS5ip2XgIFqzVUfIRRKqzTYrclghLjwhh3Ym/xodJZUjpwDh',
    '857n1J+V4Q5Ea8Prtoi0WbguAQEQ0moqAA6W2n0Eu0lsdvuFeNcwYHMdVkmajZ4gJw7g6suhsyIfxU/VuKjyahSo0D1UI5X214ca4W7kIV6ugR80WIhRCaZx92LL3kN03ruo2yJXqHeI9cpA/mwBnpc7giCcrA8X1F8iZhIcQoKiIqwhMjOLzWLkVWyg7VEOTcIOZFjvAu6SxDET+LOM8fN/5iUJfHvAIvjbXjLctPd438Axyjy53/oUSSMYtCAl',
    '3QcHeV9l/igEopTIfEoXY4bN6YztJcrapmn9oSLXv+LMiN+oSq4Dedy16IJphhWBngtdE/rnik+IgHGjMA5RCnKIGiBA/zeYch2oGGpqN3qeNfInfK52wAv5MyxW0y8UVVa1PvBcm6u0A1oGFfW2uKffTrYiCeAKVHrWqJcZduz0X1ZE42hx3Tqiht1BHXrgBmjy2OV8cyhFV328iG55yHg9gxWeuVDaWC8G0daxGMd5B6S3cYExxE4fU6GJ91ER',
    '5M4vkuCjbIUvt30hgFRAlI3wQ4yamRll/TH8XM6aneBB5ZLQl6q8hfzpBq3ADagzjwDMuRB29kD7nhpx0foTkyf58LhDZSRemwOBdsebyxFUoGGRAwxhogNSeJC/Qs+JIvqCRAUsvIT2uvZw4X7pIJYQOxOjR4/Nb+3UzkOjjZZO7p6/5aeCRxsh6uzz/ky92Ust/FIpuc/3dlh9K8MUTg2soY/ope+HsTpKC3uFcf+HaY1Q21WgD/DvMb6hdaNp',
  ],
  4096: [
    '/OiG7xkdlXOcKVyyRz5f6pQ/eyviRg4qnEEHMpMRDJ9GJHw2qEdhn/+H21uYMd5ezm4B4mOvR5g/FoK/QG8ENSk2hKexq9xVCIS9Y9QXx3hIuNUfcXhS8iVIhF3Kfy3EZFg05TzEl44a1KsSQRVANRAlP7yeHKKnYeHjTPkOJyZJ982gBFqcF4jNBQBymY76Jy/0LaJSfc8brEqsFwZ+0p36gz4Ie3VkDIeCq2OPvy7Tiq6KCvPHuUDL86H0gT57Hj9SqhMqIzps5rmEA4RUKSsUlYeH3gCBSHmG8XaydYKj8aeLbsUlYyUYOimuvMPcSU4ue/9eOo7R4bcHDMzMXQ==',
    '8npeRDbmHFlzO5F4QfuMOX0reolTeHYhlQdBH2Cvp43h+VMJSSK+w78NLeuMsc7bzb93T/dDPQSLT/t0XbhHKjbMeM2glWeO2mUO7uZ4PGuhXwXHE947gPiGO4RSHTflEvhxG7xpN9ytePO3nbaTJeEVKWyCNhtTn9brfVk6dKJLI/PSevmC6N0em7LdNEtQS0gXbAak99s11MAifnkPji1C4dNPc6VKfkg5fy31s2MU/pIUq37fYKp/0wOmKmpgkK7dDgkSA4ApBYvHhFg4Nk8Fn+y+Y/iMOIJS09yj8yB7/ixeDb1rzwSUn5JJGn9YXCcAUX70rHhQcUuxfZbXsQ==',
    '2yev2b1Z46w2LE8oY5aLERvgLslwmU3nIcTaDB0vLsbAS5g8p0n+doOg2MhDZH06tyqLq/2lVguWWrlLY/bXiuTgiN5xclbdu29fa41zJPJ0bsV5jjel6uX4XQuIta+25UsoOZO3/eoo+kuoLo+q8sBCDIPFEnPsebeQf+JLL6MgWa8R/Shg5WGHxKXTKgWd6pmpdTdXQILV/C+3UGLnyYLm+NsBc5ND4k6dSA1ZoFSxXwq7OqV9JlZ/Vln3TBgrN1XwAMDazE1DSVGaMS+PeZpN01aXjHw8QfMAIS44k7wH5m1URBmH++bzYnk3cD6kHiYVEJdVfUSLHEfaeY9sNw==',
    '+BMdxTKxOGEN4j0g+KvFJO1srkpXThqJXvB/OTil0hA5OJH2C1Lsnph4MjP5Bp2Poc61IhLpVJOgQCzaSEIg1/JLTQUER/U6bqIV8oxPquN/9ot8nz4d4rNU6AEYoytHtEISj54tqeT28dsrEIZmHz/AjKlq85mDYCPQa0ccaT/0mAtnrgFLt4VlQFKNVWVAi3TOA22N7qv6eDeW2/z7O+Y3OvX3929dIiIw2J57XI66NarhwZ9nMKAZ9+JiEAUpe/4dxFnFSq2lYw3reAWTGGAWpPLWHphgQgf9zh7mnp3NYaxdAQt/SAvt4nlCpBRiY/j1fW3rN7aKVizZgUI9pw==',
  ],
};

export const RSA_SIZES: readonly number[] = Object.keys(PRIMES).map(Number);

/** A key of `size` bits, one of RSA_SIZES; `chance(n)` gives a whole number below n. */
export function rsaKey(size: number, chance: (n: number) => number): RsaKey {
  const primes = PRIMES[size];
  const first = chance(primes.length);
  const second = (first + 1 + chance(primes.length - 1)) % primes.length;
  const numbers = [first, second].map((at) => number(fromBase64(primes[at]).bytes)).sort((a, b) => (a < b ? 1 : -1));
  return keyOfPrimes(numbers[0], numbers[1], EXPONENT);
}

function keyOfPrimes(p: bigint, q: bigint, exponent: bigint): RsaKey {
  return { modulus: p * q, exponent, secret: inverse(exponent, (p - 1n) * (q - 1n)), primes: [p, q] };
}

function number(bytes: Bytes): bigint {
  let text = '0x0';
  for (const byte of bytes) text += byte.toString(16).padStart(2, '0');
  return BigInt(text);
}

function bytesOf(value: bigint, size?: number): Bytes {
  const text = value.toString(16);
  const length = size ?? Math.ceil(text.length / 2);
  const padded = text.padStart(length * 2, '0');
  return Uint8Array.from({ length }, (_, i) => parseInt(padded.slice(2 * i, 2 * i + 2), 16));
}

function inverse(value: bigint, modulus: bigint): bigint {
  let [a, b, x, y] = [value % modulus, modulus, 1n, 0n];
  while (a > 1n) [a, b, x, y] = [b % a, a, y - (b / a) * x, x];
  return ((x % modulus) + modulus) % modulus;
}

function power(base: bigint, exponent: bigint, modulus: bigint): bigint {
  let out = 1n;
  let square = base % modulus;
  for (let rest = exponent; rest > 0n; rest >>= 1n) {
    if (rest & 1n) out = (out * square) % modulus;
    square = (square * square) % modulus;
  }
  return out;
}

/** What is signed: the digest, filled up to the length of the modulus (EMSA-PKCS1-v1_5). */
function padded(message: Bytes, length: number): bigint {
  const info = sequence(SHA256, octets(sha256(message)));
  const fill = new Uint8Array(length - info.length - 3).fill(255);
  return number(concat(new Uint8Array([0, 1]), fill, new Uint8Array([0]), info));
}

const sizeOf = ({ modulus }: Pick<RsaKey, 'modulus'>): number => Math.ceil(modulus.toString(16).length / 2);

export function rsaSign(message: Bytes, key: RsaKey): Bytes {
  const size = sizeOf(key);
  const [p, q] = key.primes;
  const text = padded(message, size);
  // By the Chinese remainder theorem: two powers of half the length.
  const a = power(text % p, key.secret % (p - 1n), p);
  const b = power(text % q, key.secret % (q - 1n), q);
  return bytesOf(b + (((((a - b) * inverse(q, p)) % p) + p) % p) * q, size);
}

export function rsaVerify(signature: Bytes, message: Bytes, key: Pick<RsaKey, 'modulus' | 'exponent'>): boolean {
  const size = sizeOf(key);
  return signature.length === size && power(number(signature), key.exponent, key.modulus) === padded(message, size);
}

/** RSAPublicKey, and back. */
export const rsaPublicDer = ({ modulus, exponent }: Pick<RsaKey, 'modulus' | 'exponent'>): Bytes =>
  sequence(integer(bytesOf(modulus)), integer(bytesOf(exponent)));

export function readRsaPublic(der: Bytes): Pick<RsaKey, 'modulus' | 'exponent'> {
  const [modulus, exponent] = read(only(der).content).map(({ content }) => number(content));
  return { modulus, exponent };
}

/** RSAPrivateKey (PKCS #1), and back. */
export function rsaPrivateDer({ modulus, exponent, secret, primes: [p, q] }: RsaKey): Bytes {
  const parts = [modulus, exponent, secret, p, q, secret % (p - 1n), secret % (q - 1n), inverse(q, p)];
  return sequence(integer(0), ...parts.map((part) => integer(bytesOf(part))));
}

export function readRsaPrivate(der: Bytes): RsaKey {
  const [, modulus, exponent, secret, p, q] = read(only(der).content).map(({ content }) => number(content));
  return { modulus, exponent, secret, primes: [p, q] };
}
