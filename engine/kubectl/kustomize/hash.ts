// The suffix that kustomize and --append-hash give to names: ten characters of the SHA-256 of the content.

import { encode } from '../../linux/bytes.ts';
import { sha256 } from '../../linux/sha256.ts';
import type { KubeObject } from '../../api/types.ts';
import { compactJson } from '../../api/go-json.ts';

/** Of a ConfigMap or a Secret; `empty` is what stands for no data (kustomize: ''). */
export function hashSuffix(object: KubeObject, empty: object | '' = {}): string {
  const content: Record<string, unknown> = {
    kind: object.kind,
    name: object.metadata.name,
    data: object.data ?? empty,
  };
  if (object.kind === 'Secret') {
    content.type = object.type ?? '';
    if (object.stringData) content.stringData = object.stringData;
  } else if (object.binaryData && Object.keys(object.binaryData).length) content.binaryData = object.binaryData;
  return readable(sha256(encode(compactJson(content))));
}

/** No vowels and no look-alikes, so that no words come out. */
const REPLACED: Record<string, string> = { '0': 'g', '1': 'h', '3': 'k', a: 'm', e: 't' };
export const readable = (hex: string) => hex.slice(0, 10).replace(/[013ae]/g, (c) => REPLACED[c]);
