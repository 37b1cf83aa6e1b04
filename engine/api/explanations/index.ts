// What kinds and fields mean, in a sentence or two each, for /openapi and so for `kubectl explain`. The texts stand
// beside this file: a line `Type: text`, then a line ` field text` for each of its fields. `Type < Other:` has the
// fields of the other as well, `field{A B}` names the values that a field may have, and the type '*' has the fields that
// mean the same wherever they stand. A type of a group of its own ('v2.MetricSpec') is found by its last word, too.

import { NETWORK } from './network.ts';
import { NODES } from './nodes.ts';
import { OBJECTS } from './objects.ts';
import { PODS } from './pods.ts';
import { POLICY } from './policy.ts';
import { STORAGE } from './storage.ts';
import { WORKLOADS } from './workloads.ts';

export interface Explanation {
  text: string;
  /** The values that a field may have. */
  values?: readonly string[];
}

interface Type {
  text: string;
  like?: string;
  fields: Map<string, Explanation>;
}

let types: Map<string, Type> | undefined;

function read(): Map<string, Type> {
  const found = new Map<string, Type>();
  let type: Type | undefined;
  for (const line of `${OBJECTS}${PODS}${NODES}${WORKLOADS}${NETWORK}${STORAGE}${POLICY}`.split('\n')) {
    if (line.startsWith(' ')) {
      const [, name, values, text] = /^ ([^ {]+)(?:\{(.*?)\})? (.*)$/.exec(line) as RegExpExecArray;
      type?.fields.set(name, values ? { text, values: values.split(' ').map((v) => (v === '""' ? '' : v)) } : { text });
    } else if (line) {
      const [, name, like, text] = /^(\S+?)(?: < (\w+))?:(?: (.*))?$/.exec(line) as RegExpExecArray;
      type = { text: text ?? '', like, fields: new Map() };
      found.set(name, type);
    }
  }
  return found;
}

function typeOf(name: string | undefined): Type | undefined {
  if (name === undefined) return undefined;
  types ??= read();
  return types.get(name) ?? types.get(name.slice(name.lastIndexOf('.') + 1));
}

export const explainType = (name: string): string | undefined => typeOf(name)?.text;

export function explainField(struct: string, field: string): Explanation | undefined {
  for (let type = typeOf(struct); type; type = typeOf(type.like)) {
    const found = type.fields.get(field);
    if (found) return found;
  }
  return typeOf('*')?.fields.get(field);
}
