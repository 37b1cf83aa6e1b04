// Quantities that a user wrote, checked before anything is sent.

import { QuantityError, canonicalQuantity } from '../../api/quantity.ts';
import { CommandError } from '../errors.ts';

/** In its shortest form; throws in the words of Kubernetes when `text` is no quantity. */
export function checkQuantity(text: string): string {
  try {
    return canonicalQuantity(text);
  } catch (error) {
    throw error instanceof QuantityError ? new CommandError(error.message) : error;
  }
}
