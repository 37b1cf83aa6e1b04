// Which objects of a resource a request wants: namespace, label selector, field selector, parsed once.

import { parseFieldSelector, parseLabelSelector, SelectorError, type LabelRequirement } from '../../api/selectors.ts';
import type { Catalog, KubeObject, ResourceInfo } from '../../api/index.ts';
import { badRequest } from '../status.ts';

export interface FieldTerm {
  label: string;
  get: (object: KubeObject) => string;
  equal: boolean;
  value: string;
}

export class Selection {
  /** '' for all. */
  readonly namespace: string;
  /** Set when only one name can match. */
  readonly name: string | undefined;
  readonly labels: readonly LabelRequirement[];
  readonly fields: readonly FieldTerm[];
  /** Everything in the namespace matches. */
  readonly everything: boolean;
  /** It asks for nothing but what a watch is found by, see ResourceCache: one field's value, a namespace, or nothing. */
  readonly placed: boolean;

  constructor(namespace: string, name: string | undefined, labels: readonly LabelRequirement[], fields: FieldTerm[]) {
    this.namespace = namespace;
    this.name = name;
    this.labels = labels;
    this.fields = fields;
    this.everything = name === undefined && labels.length === 0 && fields.length === 0;
    const [field] = fields;
    const byField = fields.length === 1 && field.equal && field.label !== 'metadata.namespace';
    const others = labels.length > 0 || fields.length > 1 || (field !== undefined && !byField);
    this.placed = !others && Number(byField) + Number(name !== undefined) + Number(namespace !== '') <= 1;
  }

  matches(object: KubeObject): boolean {
    const metadata = object.metadata;
    if (this.namespace !== '' && metadata.namespace !== this.namespace) return false;
    if (this.everything) return true;
    if (this.name !== undefined && metadata.name !== this.name) return false;
    const fields = this.fields;
    for (let i = 0; i < fields.length; i++) {
      const term = fields[i];
      if ((term.get(object) === term.value) !== term.equal) return false;
    }
    const labels = this.labels;
    for (let i = 0; i < labels.length; i++) if (!labels[i].matches(metadata.labels)) return false;
    return true;
  }
}

/** Throws BadRequest with upstream's words for selectors that cannot be read or fields that cannot be selected by. */
export function selection(
  scheme: Catalog,
  info: ResourceInfo,
  namespace: string,
  labelSelector: string,
  fieldSelector: string,
): Selection {
  if (!labelSelector && !fieldSelector) return new Selection(namespace, undefined, [], []);
  const labels = labelSelector ? read(() => parseLabelSelector(labelSelector)) : [];
  const fields: FieldTerm[] = [];
  let name: string | undefined;
  for (const { field, equal, value } of fieldSelector ? read(() => parseFieldSelector(fieldSelector)) : []) {
    const get = scheme.field(info, field);
    if (!get) throw badRequest(scheme.unsupportedField(info, field));
    if (field === 'metadata.name' && equal && name === undefined) name = value;
    else fields.push({ label: field, get, equal, value });
  }
  return new Selection(namespace, name, labels, fields);
}

function read<T>(parse: () => T): T {
  try {
    return parse();
  } catch (error) {
    if (error instanceof SelectorError) throw badRequest(error.message);
    throw error;
  }
}
