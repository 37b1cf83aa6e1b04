// What the rules of a kind are.

import type { KubeObject } from '../types.ts';
import type { Faults } from './field.ts';
import type { Format } from './names.ts';

export interface Rules {
  /** What the name must be like, where it is not a DNS subdomain. */
  name?: Format;
  /** `old` is given on an update. */
  validate?(faults: Faults, object: KubeObject, old?: KubeObject): void;
  /** Beyond `validate`, on an update. */
  validateUpdate?(faults: Faults, object: KubeObject, old: KubeObject): void;
  /** All of an update, in place of the two above. */
  ownUpdate?(faults: Faults, object: KubeObject, old: KubeObject, subresource?: string): void;
  validateStatus?(faults: Faults, object: KubeObject, old: KubeObject): void;
}
