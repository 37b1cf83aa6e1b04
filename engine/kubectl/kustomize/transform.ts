// What a kustomization changes in all of its objects: namespace, names, labels, annotations, replicas, images.

import { CommandError } from '../errors.ts';
import {
  ALL_LABELS,
  ANNOTATIONS,
  FIXED_NAMES,
  type FieldSpec,
  METADATA_LABELS,
  NAMESPACES,
  REPLICAS,
  TEMPLATE_LABELS,
  visit,
} from './field-specs.ts';
import type { ImageEntry, Kustomization, LabelEntry } from './kustomization.ts';
import { isClusterScoped } from './names.ts';
import { type Json, Resource, gvkOf, gvkText, idText, isMap, isSelected, sameId } from './resource.ts';

export function setNamespace(resources: readonly Resource[], namespace: string) {
  for (const resource of resources) {
    const { object } = resource;
    const gvk = gvkOf(object);
    resource.remember();
    if (!isClusterScoped(gvk)) object.metadata.namespace = namespace;
    if (/^(Cluster)?RoleBinding$/.test(gvk.kind)) {
      for (const subject of (object.subjects ?? []) as Json[])
        if (subject.name === 'default') subject.namespace = namespace;
    }
    for (const spec of NAMESPACES) {
      visit(
        object,
        gvk,
        spec,
        () => namespace,
        () => '',
      );
    }
    const clash = resources.filter((other) => sameId(other.id, resource.id));
    if (clash.length > 1)
      throw new CommandError(
        `namespace transformation produces ID conflict: [${clash.map((r) => idText(r.id)).join(' ')}]`,
      );
  }
}

export function rename(resources: readonly Resource[], prefix: string, suffix: string) {
  for (const resource of resources) {
    if (FIXED_NAMES.some((gvk) => isSelected(resource.originalId, gvk))) continue;
    resource.remember();
    if (prefix) resource.prefixes.push(prefix);
    if (suffix) resource.suffixes.push(suffix);
    resource.name = prefix + resource.name + suffix;
  }
}

export function addLabels(
  resources: readonly Resource[],
  entries: readonly LabelEntry[],
  common: Record<string, string> | undefined,
) {
  for (const { pairs, fields = [], includeSelectors, includeTemplates } of entries) {
    const specs = includeSelectors
      ? ALL_LABELS
      : includeTemplates
        ? [...TEMPLATE_LABELS, ...METADATA_LABELS]
        : METADATA_LABELS;
    addEntries(resources, pairs, [...fields, ...specs]);
  }
  addEntries(resources, common, ALL_LABELS);
}

export const addAnnotations = (resources: readonly Resource[], annotations: Record<string, string> | undefined) =>
  addEntries(resources, annotations, ANNOTATIONS);

function addEntries(
  resources: readonly Resource[],
  entries: Record<string, string> | undefined,
  specs: readonly FieldSpec[],
) {
  if (!entries || Object.keys(entries).length === 0) return;
  for (const { object } of resources) {
    const gvk = gvkOf(object);
    for (const spec of specs) {
      visit(
        object,
        gvk,
        spec,
        (value) => (isMap(value) ? Object.assign(value, entries) : value),
        () => ({}),
      );
    }
  }
}

export function setReplicas(resources: readonly Resource[], entries: NonNullable<Kustomization['replicas']>) {
  for (const { name, count } of entries) {
    let found = false;
    for (const resource of resources) {
      const gvk = gvkOf(resource.object);
      if (!REPLICAS.some((spec) => isSelected(gvk, spec)) || !resource.ids.some((id) => id.name === name)) continue;
      found = true;
      for (const spec of REPLICAS) {
        visit(
          resource.object,
          gvk,
          spec,
          () => count,
          () => 0,
        );
      }
    }
    if (!found) {
      const kinds = ['Deployment', 'StatefulSet', 'ReplicaSet', 'ReplicationController'].map((kind) =>
        gvkText({ group: '', version: '', kind }),
      );
      throw new CommandError(
        `resource with name ${name} does not match a config with the following GVK [${kinds.join(' ')}]`,
      );
    }
  }
}

export function setImages(resources: readonly Resource[], entries: readonly ImageEntry[]) {
  for (const entry of entries) {
    for (const { object } of resources) {
      if (object.kind === 'CustomResourceDefinition') continue;
      walkContainers(object, entry);
      // Those of Pods and of their templates are gone through once more (a suffix is put on twice).
      for (const spec of [object.spec, object.spec?.template?.spec]) if (isMap(spec)) ownContainers(spec, entry);
    }
  }
}

function ownContainers(holder: Json, entry: ImageEntry) {
  for (const key of ['containers', 'initContainers']) {
    if (!Array.isArray(holder[key])) continue;
    for (const container of holder[key] as unknown[])
      if (isMap(container) && typeof container.image === 'string') container.image = newImage(container.image, entry);
  }
}

/** Containers are found wherever they stand, in objects of any kind. */
function walkContainers(value: unknown, entry: ImageEntry) {
  if (Array.isArray(value)) for (const item of value) walkContainers(item, entry);
  if (!isMap(value)) return;
  ownContainers(value, entry);
  for (const key in value) {
    const child = value[key];
    if ((key === 'containers' || key === 'initContainers') && Array.isArray(child)) continue;
    if (key === 'volumes' && Array.isArray(child)) {
      for (const volume of child)
        if (isMap(volume?.image) && typeof volume.image.reference === 'string')
          volume.image.reference = newImage(volume.image.reference, entry);
    } else if (typeof child === 'object') walkContainers(child, entry);
  }
}

function newImage(image: string, { name = '', newName, newTag, tagSuffix, digest }: ImageEntry): string {
  if (!new RegExp(`^${name}(:[a-zA-Z0-9_.{}-]*)?(@sha256:[a-zA-Z0-9_.{}-]*)?$`).test(image)) return image;
  const parts = /^(.*?)(?::([^:@/]*))?(?:@(.*))?$/.exec(image) as RegExpExecArray;
  const base = newName || parts[1];
  let tag = parts[2] ?? '';
  let sum = parts[3] ?? '';
  if (newTag || digest) {
    tag = newTag ?? '';
    sum = digest ?? '';
  }
  if (tagSuffix) {
    tag += tagSuffix;
    sum = '';
  }
  return base + (tag ? `:${tag}` : '') + (sum ? `@${sum}` : '');
}
