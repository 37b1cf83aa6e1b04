// Label selectors as the user writes them, read on the client's side.

import { type LabelRequirement, SelectorError, parseLabelSelector } from '../../api/selectors.ts';
import { CommandError, quote } from '../errors.ts';

export function parseSelector(text: string): LabelRequirement[] {
  try {
    return parseLabelSelector(text);
  } catch (error) {
    if (error instanceof SelectorError)
      throw new CommandError(`the provided selector ${quote(text)} is not valid: ${error.message}`);
    throw error;
  }
}
