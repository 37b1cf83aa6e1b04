// Port numbers and names.

import { Faults } from './field.ts';
import { isValidPortName, isValidPortNum } from './names.ts';

export function portNumber(faults: Faults, path: string, port: number) {
  for (const fault of isValidPortNum(port)) faults.invalid(path, port, fault);
}

/** A port by number or by name. */
export function portNumberOrName(faults: Faults, path: string, port: number | string | undefined) {
  if (typeof port === 'string') faults.check(path, port, isValidPortName);
  else portNumber(faults, path, port ?? 0);
}
