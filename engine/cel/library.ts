// The one door to the CEL library: parser, type checker and evaluator.

import './bytes.ts';
import { evaluate } from '@marcbachmann/cel-js';

export { Environment, Optional, type ASTNode, type ParseError, type TypeError } from '@marcbachmann/cel-js';

/** A text like 1h30m as CEL's duration. */
export const duration = (text: string): unknown => evaluate('duration(text)', { text });
