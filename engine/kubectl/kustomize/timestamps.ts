// Times in manifests: to kustomize's YAML library an unquoted date is a time, which is written out again in full; only
// annotations are texts whatever they look like.

import { parseYaml } from '../yaml/parse.ts';
import { timeInFull } from '../yaml/timestamp.ts';
import { type Json, isMap } from './resource.ts';

/** A document of manifests. */
export function parseManifest(text: string): Json {
  const plain = parseYaml(text, true) as Json;
  if (!/\b\d{4}-\d/.test(text) || !isMap(plain)) return plain;
  const timed = parseYaml(text, (plain) => timeInFull(plain) ?? plain) as Json;
  keepAnnotations(timed, plain);
  if (Array.isArray(timed.items))
    timed.items.forEach((item, i) => isMap(item) && keepAnnotations(item, plain.items[i]));
  return timed;
}

function keepAnnotations(timed: Json, plain: Json) {
  if (isMap(timed.metadata) && plain.metadata.annotations) timed.metadata.annotations = plain.metadata.annotations;
}
