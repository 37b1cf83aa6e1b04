// Pod templates compared: what makes a revision of a Deployment.

import type { PodTemplateSpec } from '../api/types.ts';

export const POD_TEMPLATE_HASH = 'pod-template-hash';

const MAX_DEPTH = 64;

const texts = new WeakMap<PodTemplateSpec, string>();

/** One text for all templates that mean the same: keys sorted, empty lists and the hash label left out. */
export function canonicalTemplate(template: PodTemplateSpec): string {
  let text = texts.get(template);
  if (text === undefined) {
    const labels = template.metadata?.labels;
    const plain = labels && POD_TEMPLATE_HASH in labels ? withoutHash(template) : template;
    texts.set(template, (text = canonical(plain, 0)));
  }
  return text;
}

export function sameTemplate(a: PodTemplateSpec, b: PodTemplateSpec): boolean {
  return a === b || canonicalTemplate(a) === canonicalTemplate(b);
}

/** The template with `label: value` added. */
export function withLabel(template: PodTemplateSpec, label: string, value: string): PodTemplateSpec {
  return { ...template, metadata: { ...template.metadata, labels: { ...template.metadata?.labels, [label]: value } } };
}

function withoutHash(template: PodTemplateSpec): PodTemplateSpec {
  const { [POD_TEMPLATE_HASH]: _, ...labels } = template.metadata?.labels ?? {};
  return { ...template, metadata: { ...template.metadata, labels } };
}

function canonical(value: unknown, depth: number): string {
  if (depth > MAX_DEPTH) throw new Error('pod template is nested too deeply');
  if (Array.isArray(value)) {
    let out = '[';
    for (let i = 0; i < value.length; i++) out += (i ? ',' : '') + canonical(value[i], depth + 1);
    return out + ']';
  }
  if (value === null || typeof value !== 'object') return JSON.stringify(value);
  const record = value as Record<string, unknown>;
  let out = '{';
  for (const key of Object.keys(record).sort()) {
    const field = record[key];
    if (field === undefined || field === null || (Array.isArray(field) && field.length === 0)) continue;
    out += `${key}:${canonical(field, depth + 1)},`;
  }
  return out + '}';
}
