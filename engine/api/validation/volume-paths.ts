// Paths and modes in volumes, and the two sources that are directories of the node.

import { compareQuantities } from '../quantity.ts';
import type { JsonObject } from '../types.ts';
import type { Faults } from './field.ts';

export type Source = (faults: Faults, path: string, source: JsonObject) => void;

export function backSteps(faults: Faults, path: string, value: string) {
  if (value.split('/').includes('..')) faults.invalid(path, value, "must not contain '..'");
}

/** A path that stays below where it begins. */
export function descendingPath(faults: Faults, path: string, value: string) {
  if (value.startsWith('/')) faults.invalid(path, value, 'must be a relative path');
  backSteps(faults, path, value);
}

/** The same, and not one of the names that the kubelet keeps for itself. */
export function localPath(faults: Faults, path: string, value: string) {
  descendingPath(faults, path, value);
  if (value.startsWith('..') && !value.startsWith('../')) faults.invalid(path, value, "must not start with '..'");
}

export const fileMode = (faults: Faults, path: string, value: number | undefined) => {
  if (value !== undefined && (value < 0 || value > 511)) {
    faults.invalid(path, value, 'must be a number between 0 and 0777 (octal), both inclusive');
  }
};

const HOST_PATH_TYPES = [
  '',
  'BlockDevice',
  'CharDevice',
  'Directory',
  'DirectoryOrCreate',
  'File',
  'FileOrCreate',
  'Socket',
];

export const hostPath: Source = (faults, path, source) => {
  if (!source.path) {
    faults.required(`${path}.path`);
    return;
  }
  backSteps(faults, `${path}.path`, source.path);
  faults.ifNot(`${path}.type`, source.type, HOST_PATH_TYPES);
};

export const emptyDir: Source = (faults, path, { sizeLimit }) => {
  if (sizeLimit !== undefined && compareQuantities(sizeLimit, '0') < 0)
    faults.forbidden(`${path}.sizeLimit`, 'SizeLimit field must be a valid resource quantity');
};
