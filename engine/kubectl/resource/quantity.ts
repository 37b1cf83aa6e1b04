// Quantities that a user wrote, checked before anything is sent.

import { QuantityError, parseQuantity } from '../../api/quantity.ts';
import { CommandError } from '../errors.ts';

/** Throws in the words of Kubernetes when `text` is no quantity. */
export function checkQuantity(text: string) {
  try {
    parseQuantity(text);
  } catch (error) {
    throw error instanceof QuantityError ? new CommandError(error.message) : error;
  }
}
