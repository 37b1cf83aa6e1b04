// Patches: strategic merges and JSON patches (RFC 6902), on objects that they name or that a target selects.

import { matchesRequirements } from '../../api/selectors.ts';
import { type Operation, jsonPatch } from '../../apiserver/patch/json-patch.ts';
import { CommandError, quote } from '../errors.ts';
import { parseSelector } from '../resource/selector.ts';
import { toYaml } from '../yaml/emit.ts';
import { YamlError, parseYaml, splitDocuments } from '../yaml/parse.ts';
import type { PatchEntry, Selector } from './kustomization.ts';
import type { Loader } from './loader.ts';
import { mergePatch } from './merge.ts';
import { type Gvk, type Json, Resource, copy, idText, isMap, sameId } from './resource.ts';

/** patchesStrategicMerge: paths, or patches themselves. */
export function mergePatches(resources: Resource[], entries: readonly string[], loader: Loader): Resource[] {
  for (const entry of entries) {
    let text = entry;
    if (!entry.includes('\n') && !entry.trimStart().startsWith('{')) {
      try {
        text = loader.read(entry);
      } catch (error) {
        throw new CommandError(
          `${configured('PatchStrategicMergeTransformer', { paths: [entry] })}${(error as Error).message}`,
        );
      }
    }
    for (const patch of documents(text) ?? []) resources = mergeByName(resources, patch as Json);
  }
  return resources;
}

/** patches (either form) and patchesJson6902. */
export function applyPatches(
  resources: Resource[],
  entries: readonly PatchEntry[],
  loader: Loader,
  plugin = 'PatchTransformer',
): Resource[] {
  for (const entry of entries) {
    const { text, how } = source(entry, loader, plugin);
    const values = documents(text);
    if (values && values.length && values.every((v) => isMap(v) && v.kind))
      resources = applyMerges(resources, values as Json[], entry);
    else if (values && values.length === 1 && isOperations(values[0], text))
      applyOperations(resources, parseYaml(text) as unknown as Operation[], entry, how);
    else throw new CommandError(`${configured(plugin, entry)}unable to parse SM or JSON patch from ${how}`);
  }
  return resources;
}

/** A list in brackets must be JSON. */
function isOperations(value: unknown, text: string): boolean {
  if (!Array.isArray(value) || !value.every(isMap)) return false;
  if (text[0] !== '[') return true;
  try {
    return Array.isArray(JSON.parse(text));
  } catch {
    return false;
  }
}

const configured = (plugin: string, config: object) =>
  `trouble configuring builtin ${plugin} with config: \`\n${toYaml(config)}\`: `;

function source(entry: PatchEntry, loader: Loader, plugin: string): { text: string; how: string } {
  const fail = (why: string) => new CommandError(configured(plugin, entry) + why);
  if (entry.path && entry.patch) throw fail(`patch and path can't be set at the same time\n${toYaml(entry)}`.trimEnd());
  if (entry.patch) return { text: entry.patch, how: `[patch: ${quote(entry.patch)}]` };
  if (!entry.path) throw fail(`must specify one of patch and path in\n${toYaml(entry)}`.trimEnd());
  try {
    return { text: loader.read(entry.path), how: `[path: ${quote(entry.path)}]` };
  } catch (error) {
    throw fail(`failed to get the patch file from path(${entry.path}): ${(error as Error).message}`);
  }
}

function documents(text: string): unknown[] | undefined {
  try {
    return splitDocuments(text)
      .map((document) => copy(parseYaml(document, true)))
      .filter((value) => value !== null);
  } catch (error) {
    if (error instanceof YamlError) return undefined;
    throw error;
  }
}

function mergeByName(resources: Resource[], patch: Json): Resource[] {
  const id = new Resource(patch).id;
  const found = resources.filter((r) => r.ids.some((other) => sameId(other, id)));
  if (found.length !== 1) {
    const text = idText(id);
    const why = found.length ? `multiple matches for Id ${text}` : `no matches for Id ${text}`;
    throw new CommandError(
      `no resource matches strategic merge patch ${quote(text)}: ${why}; failed to find unique target for patch ${text}`,
    );
  }
  return mergeInto(resources, found[0], patch);
}

function applyMerges(resources: Resource[], patches: readonly Json[], entry: PatchEntry): Resource[] {
  for (const patch of patches) {
    if (!entry.target) resources = mergeByName(resources, patch);
    else
      for (const resource of selected(resources, entry.target))
        resources = mergeInto(resources, resource, patch, entry.options);
  }
  return resources;
}

/** The name and the kind stay what they were unless the patch may change them. */
function mergeInto(
  resources: Resource[],
  resource: Resource,
  patch: Json,
  options: Record<string, boolean> = {},
): Resource[] {
  const { object } = resource;
  const { kind, apiVersion } = object;
  const { name, namespace } = object.metadata;
  const merged = mergePatch(object, patch);
  if (!merged) return resources.filter((r) => r !== resource);
  const renamed = options.allowNameChange && merged.metadata.name !== name;
  const retyped = options.allowKindChange && (merged.kind !== kind || merged.apiVersion !== apiVersion);
  if (renamed || retyped) resource.remember();
  resource.object = merged;
  if (!options.allowKindChange) Object.assign(merged, { kind, apiVersion });
  merged.metadata = { ...merged.metadata, name: options.allowNameChange ? merged.metadata.name : name };
  if (namespace === undefined) delete merged.metadata.namespace;
  else merged.metadata.namespace = namespace;
  return resources;
}

function applyOperations(
  resources: readonly Resource[],
  operations: readonly Operation[],
  entry: PatchEntry,
  how: string,
) {
  if (!entry.target) throw new CommandError(`must specify a target for JSON patch ${how}`);
  for (const resource of selected(resources, entry.target)) {
    const before = resource.id;
    let object: Json;
    try {
      object = jsonPatch(resource.object, operations) as Json;
    } catch (error) {
      throw new CommandError((error as Error).message);
    }
    const after = new Resource(object).id;
    if (!sameId(before, after)) resource.remember();
    resource.object = copy(object);
  }
}

/** Kinds, names and namespaces of a selector are regular expressions for the whole of what the object is called, now or earlier. */
export function selected(resources: readonly Resource[], selector: Selector): Resource[] {
  const whole = (pattern: string | undefined) => {
    if (!pattern) return undefined;
    try {
      return new RegExp(`^(?:${pattern.replace(/^\^/, '').replace(/\$$/, '')})$`);
    } catch {
      throw new CommandError(`error parsing regexp: ${quote(pattern)}`);
    }
  };
  const group = whole(selector.group);
  const version = whole(selector.version);
  const kind = whole(selector.kind);
  const name = whole(selector.name);
  const namespace = whole(selector.namespace);
  const labels = selector.labelSelector ? parseSelector(selector.labelSelector) : undefined;
  const annotations = selector.annotationSelector ? parseSelector(selector.annotationSelector) : undefined;
  return resources.filter((r) => {
    const isKind = (gvk: Required<Gvk>) =>
      (!group || group.test(gvk.group)) && (!version || version.test(gvk.version)) && (!kind || kind.test(gvk.kind));
    if (
      !r.ids.some(
        (id) =>
          isKind(id) && (!name || name.test(id.name)) && (!namespace || namespace.test(id.namespace || 'default')),
      )
    )
      return false;
    if (labels && !matchesRequirements(labels, r.object.metadata.labels)) return false;
    return !annotations || matchesRequirements(annotations, r.object.metadata.annotations);
  });
}
