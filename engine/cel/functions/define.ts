// How the function libraries of Kubernetes' CEL are written: a table of signatures and what they do.

import type { Environment } from '../library.ts';

// eslint-disable-next-line @typescript-eslint/no-explicit-any
export type Functions = Readonly<Record<string, (...args: any[]) => unknown>>;

/** The library's word for functions whose results come later; these have them at once. */
const LATER = 'async';

/** A failure that an expression reports. */
export class FunctionError extends Error {}

// eslint-disable-next-line @typescript-eslint/no-explicit-any
type Class = new (...args: any[]) => object;

/** Types of their own that values of these classes have. */
export function types(environment: Environment, classes: Readonly<Record<string, Class>>) {
  for (const name in classes) environment.registerType(name, classes[name]);
}

export function define(environment: Environment, functions: Functions) {
  for (const signature in functions)
    environment.registerFunction(signature, { handler: functions[signature], [LATER]: false });
}
