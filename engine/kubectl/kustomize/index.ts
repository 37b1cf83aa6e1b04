// kustomize: from a directory with a kustomization.yaml to the YAML of its objects. A directory's resources, generators
// and components are gathered, then its patches and transformers run over all of them; hashes and references to
// renamed objects come last, once for the whole tree.

import type { KubeObject } from '../../api/types.ts';
import { CommandError } from '../errors.ts';
import type { Kubectl } from '../kubectl.ts';
import { toYaml } from '../yaml/emit.ts';
import { YamlError, splitDocuments } from '../yaml/parse.ts';
import { generate } from './generate.ts';
import { hashSuffix } from './hash.ts';
import { type Kustomization, type Var, readKustomization } from './kustomization.ts';
import { Loader } from './loader.ts';
import { fixNameReferences } from './names.ts';
import { inOrder } from './order.ts';
import { applyPatches, mergePatches } from './patches.ts';
import { applyReplacements } from './replacements.ts';
import { type Json, Resource, copy, idText, isMap, sameId } from './resource.ts';
import { parseManifest } from './timestamps.ts';
import { addAnnotations, addLabels, rename, setImages, setNamespace, setReplicas } from './transform.ts';
import { checkVars, resolveVars } from './vars.ts';

/** Deeper nesting of directories is refused: it can only be a mistake. */
const MAX_DEPTH = 50;
const MANAGED_BY = 'kustomize-v5.7.1';

export interface BuildOptions {
  /** Files may lie outside of the directory of their kustomization. */
  loadAnywhere?: boolean;
  enableHelm?: boolean;
}

export function buildKustomization(kubectl: Kubectl, path: string, options: BuildOptions = {}): string {
  const loader = Loader.open(kubectl.fs, path, options.loadAnywhere);
  const build = new Build((line) => kubectl.warn(line), options.enableHelm ?? false);
  const kustomization = build.load(loader);
  let resources = build.accumulate(kustomization, loader, [], 0);
  for (const resource of resources) {
    if (!resource.needsHash) continue;
    resource.remember();
    // The hash is of the content alone: prefixes do not change it.
    resource.name += `-${hashSuffix({ ...resource.object, metadata: { name: '' } } as KubeObject, '')}`;
  }
  fixNameReferences(resources);
  resolveVars(resources, build.vars);
  resources = resources.filter((r) => !r.object.metadata.annotations?.['config.kubernetes.io/local-config']);
  if (kustomization.buildMetadata?.includes('managedByLabel')) {
    for (const { object } of resources)
      object.metadata.labels = { ...object.metadata.labels, 'app.kubernetes.io/managed-by': MANAGED_BY };
  }
  return inOrder(resources, kustomization.sortOptions)
    .map((r) => toYaml(withTextAnnotations(r.object)))
    .join('---\n');
}

/** Annotations are texts, whatever was copied into them. */
function withTextAnnotations(object: Json): Json {
  const { annotations } = object.metadata;
  for (const key in annotations) if (typeof annotations[key] !== 'object') annotations[key] = String(annotations[key]);
  return object;
}

class Build {
  /** Of all kustomizations of the tree. */
  readonly vars: Var[] = [];
  private readonly warn: (line: string) => void;
  private readonly helm: boolean;

  constructor(warn: (line: string) => void, helm: boolean) {
    this.warn = warn;
    this.helm = helm;
  }

  load(loader: Loader): Kustomization {
    const kustomization = readKustomization(loader.kustomization(), loader.root, this.warn);
    const unknown = kustomization.buildMetadata?.find((option) => option !== 'managedByLabel');
    if (unknown) throw new CommandError(`kustomization.yaml: buildMetadata: ${unknown} is not possible here`);
    return kustomization;
  }

  /** What a kustomization makes of its own resources and those given (a component's are its parent's). */
  accumulate(k: Kustomization, loader: Loader, given: Resource[], depth: number): Resource[] {
    if (depth > MAX_DEPTH) throw new CommandError(`kustomizations are nested more than ${MAX_DEPTH} deep`);
    let resources = given.slice();
    for (const path of k.resources ?? []) {
      try {
        this.addResource(resources, path, loader, depth);
      } catch (error) {
        throw wrap('accumulating resources', error);
      }
    }
    for (const args of k.configMapGenerator ?? [])
      absorb(resources, generate('ConfigMap', args, k.generatorOptions, loader));
    for (const args of k.secretGenerator ?? []) absorb(resources, generate('Secret', args, k.generatorOptions, loader));
    const chart = [...(k.helmChartInflationGenerator ?? []), ...(k.helmCharts ?? [])].find(() => true);
    if (chart) {
      const why = this.helm ? 'charts are not possible here: there is no helm program' : 'must specify --enable-helm';
      throw new CommandError(
        `trouble configuring builtin HelmChartInflationGenerator with config: \`\n${toYaml(chart)}\`: ${why}`,
      );
    }
    for (const path of k.components ?? []) resources = this.component(resources, path, loader, depth);
    resources = mergePatches(resources, k.patchesStrategicMerge ?? [], loader);
    resources = applyPatches(resources, k.patches ?? [], loader);
    if (k.namespace) setNamespace(resources, k.namespace);
    if (k.namePrefix || k.nameSuffix) rename(resources, k.namePrefix ?? '', k.nameSuffix ?? '');
    addLabels(resources, k.labels ?? [], k.commonLabels);
    addAnnotations(resources, k.commonAnnotations);
    resources = applyPatches(resources, k.patchesJson6902 ?? [], loader, 'PatchJson6902Transformer');
    setReplicas(resources, k.replicas ?? []);
    setImages(resources, k.images ?? []);
    applyReplacements(resources, k.replacements ?? [], loader);
    checkVars(k.vars ?? [], new Set(this.vars.map((entry) => entry.name)));
    this.vars.push(...(k.vars ?? []));
    return resources;
  }

  /** A file of objects, or a directory with a kustomization of its own. */
  private addResource(resources: Resource[], path: string, loader: Loader, depth: number) {
    let failure: Error;
    try {
      for (const resource of readResources(loader.read(path), path)) append(resources, resource);
      return;
    } catch (error) {
      if (!(error instanceof CommandError)) throw error;
      failure = wrap(`accumulating resources from '${path}'`, error);
      if (error.message.startsWith('MalformedYAMLError')) throw failure;
    }
    try {
      const inner = loader.enter(path);
      const kustomization = this.loadAt(inner);
      if (kustomization.kind === 'Component')
        throw new CommandError(`expected kind != 'Component' for path '${inner.root}'`);
      let made: Resource[];
      try {
        made = this.accumulate(kustomization, inner, [], depth + 1);
      } catch (error) {
        throw wrap(`recursed accumulation of path '${inner.root}'`, error);
      }
      try {
        for (const resource of made) append(resources, resource);
      } catch (error) {
        throw wrap(`recursed merging from path '${inner.root}'`, error);
      }
    } catch (error) {
      throw wrap(`accumulation err='${failure.message}'`, error);
    }
  }

  private loadAt(loader: Loader): Kustomization {
    try {
      return this.load(loader);
    } catch (error) {
      throw wrap(`couldn't make target for path '${loader.root}'`, error);
    }
  }

  private component(resources: Resource[], path: string, loader: Loader, depth: number): Resource[] {
    let inner: Loader;
    try {
      inner = loader.enter(path);
    } catch (error) {
      throw new CommandError(`accumulating components: loader.New ${JSON.stringify((error as Error).message)}`);
    }
    try {
      const kustomization = this.loadAt(inner);
      if (kustomization.kind !== 'Component')
        throw new CommandError(`expected kind 'Component' for path '${inner.root}' but got '${kustomization.kind}'`);
      try {
        return this.accumulate(kustomization, inner, resources, depth + 1);
      } catch (error) {
        throw wrap(`recursed accumulation of path '${inner.root}'`, error);
      }
    } catch (error) {
      if (!(error instanceof CommandError)) throw error;
      throw new CommandError(`accumulating components: accumulateDirectory: ${JSON.stringify(error.message)}`);
    }
  }
}

function wrap(prefix: string, error: unknown): Error {
  return error instanceof CommandError ? new CommandError(`${prefix}: ${error.message}`) : (error as Error);
}

function readResources(text: string, path: string): Resource[] {
  const out: Resource[] = [];
  for (const document of splitDocuments(text)) {
    let value: Json;
    try {
      value = parseManifest(document);
    } catch (error) {
      if (error instanceof YamlError) throw new CommandError(`MalformedYAMLError: ${error.message} in File: ${path}`);
      throw error;
    }
    if (value === null) continue;
    if (!isMap(value) || !value.kind || !value.apiVersion) throw new CommandError('missing Resource metadata');
    const items = value.kind.endsWith('List') && Array.isArray(value.items) ? value.items : [value];
    for (const item of items as Json[]) {
      const object = copy(item);
      if (!object.metadata?.name) {
        throw new CommandError(
          `missing metadata.name in object {{${String(object.apiVersion)} ${String(object.kind)}} {{ } map[] map[]}}`,
        );
      }
      out.push(new Resource(object));
    }
  }
  return out;
}

function append(resources: Resource[], resource: Resource) {
  const { id } = resource;
  if (resources.some((other) => sameId(other.id, id)))
    throw new CommandError(`may not add resource with an already registered id: ${idText(id)}`);
  resources.push(resource);
}

/** Adds a generated object, or lets it change the one that is there. */
function absorb(resources: Resource[], made: Resource) {
  const { id } = made;
  const found = resources.filter((r) => r.ids.some((other) => sameId(other, id)));
  const fail = (why: string) => new CommandError(`merging from generator ${made.object.kind}: ${why}`);
  const shown = `resid.ResId{Gvk:resid.Gvk{Group:"", Version:"v1", Kind:${JSON.stringify(id.kind)}, isClusterScoped:false}, Name:${JSON.stringify(id.name)}, Namespace:${JSON.stringify(id.namespace)}}`;
  const change = made.behavior === 'merge' || made.behavior === 'replace';
  if (found.length === 0) {
    if (change) throw fail(`id ${shown} does not exist; cannot merge or replace`);
    resources.push(made);
    return;
  }
  if (found.length > 1)
    throw fail(
      `found multiple objects [${found.map((r) => idText(r.id)).join(' ')}] that could accept merge of ${idText(id)}`,
    );
  const [old] = found;
  if (!change) throw fail(`id ${shown} exists; behavior must be merge or replace`);
  const metadata: Json = { ...made.object.metadata, name: old.object.metadata.name };
  if (old.object.metadata.namespace) metadata.namespace = old.object.metadata.namespace;
  for (const map of ['labels', 'annotations']) {
    if (old.object.metadata[map] || metadata[map]) metadata[map] = { ...old.object.metadata[map], ...metadata[map] };
  }
  const object: Json = { ...made.object, metadata };
  if (made.behavior === 'merge') {
    for (const map of ['data', 'binaryData'])
      if (old.object[map] || object[map]) object[map] = { ...old.object[map], ...object[map] };
  }
  old.object = object;
}
