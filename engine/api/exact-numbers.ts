// JSON with whole numbers as they stand in the text, or not at all: beyond 2^53 a number of JavaScript is another one.

/** Why such a number is refused. */
export const INEXACT = 'whole numbers beyond 2^53 are not modelled by this engine';

export class InexactNumber extends Error {
  constructor() {
    super(INEXACT);
  }
}

/** Whole numbers of 16 digits and more, perhaps within a string. */
const LONG_NUMBER = /(?:^|[[:,\s-])\d{16,}(?=[\s,\]}]|$)/;

const check = (_: string, value: unknown): unknown => {
  // What does not fit 64 bits is no whole number to an API server either: fields refuse it in their own words.
  if (Number.isInteger(value) && !Number.isSafeInteger(value) && Math.abs(value as number) < 2 ** 63)
    throw new InexactNumber();
  return value;
};

/** JSON.parse; throws InexactNumber, too. */
export const exactJson = (text: string): unknown =>
  LONG_NUMBER.test(text) ? JSON.parse(text, check) : JSON.parse(text);

/** `value` as it has been read from `text`; throws InexactNumber. */
export function exact<T>(value: T, text: string): T {
  if (LONG_NUMBER.test(text)) JSON.stringify(value, check);
  return value;
}
