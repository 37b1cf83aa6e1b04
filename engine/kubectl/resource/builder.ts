// From what a user wrote (TYPE NAME, TYPE/NAME, a,b, -l, -f, --all) to the objects that are meant. All commands that
// take resources go through here, so they understand the same things and complain in the same words.

import { matchesRequirements } from '../../api/selectors.ts';
import type { KubeObject } from '../../api/types.ts';
import type { Co } from '../../sim/index.ts';
import { type Mapping, NoMatchError, qualified } from '../discovery.ts';
import { CommandError, StatusError, quote, throwAll } from '../errors.ts';
import type { Args, Flag } from '../flags.ts';
import type { Kubectl } from '../kubectl.ts';
import { readManifests } from './manifest.ts';
import { parseSelector } from './selector.ts';
import { type ReadOptions, getObject, listItems, listObjects } from './rest.ts';

/** One object that is meant, and what is known of it. */
export interface Info {
  mapping: Mapping;
  /** '' for cluster-scoped ones. */
  namespace: string;
  name: string;
  /** The file it came from, or ''. */
  source: string;
  /** As it was read: from the server, or from the file. Absent when only named. */
  object: KubeObject;
}

export interface Selection {
  args?: readonly string[];
  filenames?: readonly string[];
  kustomize?: string;
  recursive?: boolean;
  selector?: string;
  fieldSelector?: string;
  allNamespaces?: boolean;
  /** --all: every object of the type, when no names are given. */
  all?: boolean;
  /** With --all there may be neither names nor a selector. */
  onlyAll?: boolean;
  /** A type alone means all of them. */
  bareTypes?: boolean;
  /** Read what files name from the server. */
  latest?: boolean;
  /** Do not ask the server for objects that are only named. */
  nameOnly?: boolean;
  /** Nothing is asked of the server: objects come from files. */
  local?: boolean;
  /** Check manifests for apiVersion and kind. */
  validate?: boolean;
  /** More than one type is an error. */
  singleType?: boolean;
  /** Keep lists as they are, as Tables. */
  read?: ReadOptions;
  keepLists?: boolean;
}

export interface Found {
  infos: Info[];
  /** What went wrong with single objects; the others are in `infos` all the same. */
  errors: Error[];
  /** One object was asked for, or what one file says: the first error ends it, and one object is no List. */
  single: boolean;
}

export const FILENAME_FLAGS: readonly Flag[] = [
  {
    name: 'filename',
    short: 'f',
    type: 'strings',
    usage: 'Filename, directory, or URL to files identifying the resource.',
  },
  {
    name: 'kustomize',
    short: 'k',
    type: 'string',
    usage: "Process the kustomization directory. This flag can't be used together with -f or -R.",
  },
  { name: 'recursive', short: 'R', type: 'bool', usage: 'Process the directory used in -f, --filename recursively.' },
];
/** For commands that take no kustomization and read directories to the bottom. */
export const FILES_RECURSIVELY: readonly Flag[] = FILENAME_FLAGS.filter((f) => f.name !== 'kustomize').map((f) =>
  f.name === 'recursive' ? { ...f, default: true } : f,
);
export const SELECTOR_FLAG: Flag = {
  name: 'selector',
  short: 'l',
  type: 'string',
  usage:
    "Selector (label query) to filter on, supports '=', '==', '!=', 'in', 'notin'.(e.g. -l key1=value1,key2=value2,key3 in (value3)).",
};
export const FIELD_SELECTOR_FLAG: Flag = {
  name: 'field-selector',
  type: 'string',
  usage:
    "Selector (field query) to filter on, supports '=', '==', and '!='.(e.g. --field-selector key1=value1,key2=value2).",
};
export const ALL_NAMESPACES_FLAG: Flag = {
  name: 'all-namespaces',
  short: 'A',
  type: 'bool',
  usage: 'If present, list the requested object(s) across all namespaces.',
};

/** What the usual flags of a command select. */
export function selectionOf(args: Args, extra: Selection = {}): Selection {
  const selection: Selection = { args: args.args, ...extra };
  if (args.has('filename')) selection.filenames = args.strings('filename');
  if (args.has('kustomize')) selection.kustomize = args.string('kustomize');
  if (args.has('recursive')) selection.recursive = args.bool('recursive');
  if (args.has('selector')) selection.selector = args.string('selector').trim();
  if (args.has('field-selector')) selection.fieldSelector = args.string('field-selector').trim();
  if (args.has('all-namespaces')) selection.allNamespaces = args.bool('all-namespaces');
  if (args.has('all')) selection.all = args.bool('all');
  if (args.has('local')) selection.local = args.bool('local');
  return selection;
}

export const hasFiles = (s: Selection) => (s.filenames?.length ?? 0) > 0 || Boolean(s.kustomize);

const MISSING = `You must provide one or more resources by argument or filename.
Example resource specifications include:
   '-f rsrc.yaml'
   '--filename=rsrc.json'
   '<resource> <name>'
   '<resource>'`;

/** Finds what the selection means; throws when it means nothing, or when every part of it failed. */
export function* find(kubectl: Kubectl, selection: Selection): Co<Found> {
  if (selection.kustomize && (selection.filenames?.length || selection.recursive)) {
    throw new CommandError('only one of -f or -k can be specified');
  }
  if (selection.onlyAll && selection.all && (selection.selector || selection.fieldSelector)) {
    throw new CommandError("setting 'all' parameter but found a non empty selector. ");
  }
  const written = yield* readArguments(kubectl, selection);
  if (hasFiles(selection)) return yield* findInFiles(kubectl, selection, written);
  const named = written.names.length > 0 || written.tuples.length > 0;
  const bySelector =
    selection.selector ||
    selection.fieldSelector ||
    (selection.all && (selection.onlyAll || !named)) ||
    (selection.bareTypes && written.types.length && !written.names.length);
  if (bySelector) return yield* findBySelector(kubectl, selection, written);
  if (written.tuples.length) {
    const mappings: Mapping[] = [];
    for (const tuple of written.tuples) mappings.push(yield* kubectl.mappingFor(tuple.type));
    if (selection.singleType && new Set(mappings).size > 1)
      throw new CommandError('you may only specify a single resource type');
    return yield* fetchAll(
      kubectl,
      selection,
      written.tuples.map((t, i) => ({ mapping: mappings[i], name: t.name })),
    );
  }
  if (written.names.length) {
    if (written.types.length > 1) throw new CommandError('you must specify only one resource');
    const mapping = yield* kubectl.mappingFor(written.types[0]);
    return yield* fetchAll(
      kubectl,
      selection,
      written.names.map((name) => ({ mapping, name })),
    );
  }
  if (written.types.length) {
    for (const type of written.types) yield* kubectl.mappingFor(type);
    throw new CommandError('resource(s) were provided, but no name was specified');
  }
  throw new CommandError(MISSING);
}

/** As `find`, but nothing may have failed. */
export function* findAll(kubectl: Kubectl, selection: Selection): Co<Info[]> {
  const found = yield* find(kubectl, selection);
  throwAll(found.errors);
  return found.infos;
}

interface Written {
  types: string[];
  names: string[];
  tuples: { type: string; name: string }[];
}

function* readArguments(kubectl: Kubectl, selection: Selection): Co<Written> {
  let args = selection.args ?? [];
  const written: Written = { types: [], names: [], tuples: [] };
  if (args.length >= 2) {
    const types = unique(args[0].split(','));
    // a,b c d means a/c a/d b/c b/d.
    if (types.length > 1) args = types.flatMap((type) => args.slice(1).map((name) => `${type}/${name}`));
  }
  const slashes = args.filter((a) => a.includes('/')).length;
  if (slashes > 0 && slashes < args.length) {
    throw new CommandError(
      "there is no need to specify a resource type as a separate argument when passing arguments in resource/name form (e.g. 'kubectl get resource/<resource_name>' instead of 'kubectl get resource resource/<resource_name>'",
    );
  }
  if (slashes > 0) {
    for (const arg of args) {
      const parts = arg.split('/');
      if (parts.length > 2) throw new CommandError('arguments in resource/name form may not have more than one slash');
      if (!parts[0] || !parts[1] || unique(parts[0].split(',')).length !== 1) {
        throw new CommandError('arguments in resource/name form must have a single resource and name');
      }
      written.tuples.push({ type: parts[0], name: parts[1] });
    }
  } else if (args.length) {
    written.types = yield* expandCategories(kubectl, selection, args[0]);
    written.names = args.slice(1);
  }
  return written;
}

const unique = (list: string[]) => [...new Set(list)];

function* expandCategories(kubectl: Kubectl, selection: Selection, argument: string): Co<string[]> {
  const types = unique(argument.split(','));
  if (selection.local) return types;
  const discovery = yield* kubectl.discovery();
  return types.flatMap((type) => discovery.category(type)?.map((m) => qualified(m.resource, m.group)) ?? [type]);
}

function* findBySelector(kubectl: Kubectl, selection: Selection, written: Written): Co<Found> {
  if (written.names.length) throw new CommandError('name cannot be provided when a selector is specified');
  if (written.tuples.length)
    throw new CommandError('selectors and the all flag cannot be used when passing resource/name arguments');
  if (written.types.length === 0) throw new CommandError('at least one resource must be specified to use a selector');
  if (selection.read?.subresource)
    throw new CommandError('subresource cannot be used when bulk resources are specified');
  if (selection.singleType && written.types.length > 1)
    throw new CommandError('you may only specify a single resource type');
  const mappings: Mapping[] = [];
  for (const type of written.types) {
    const mapping = yield* kubectl.mappingFor(type);
    if (!mappings.includes(mapping)) mappings.push(mapping);
  }
  const infos: Info[] = [];
  const errors: Error[] = [];
  const namespace = selection.allNamespaces ? '' : kubectl.namespace;
  for (const mapping of mappings) {
    try {
      const list = yield* listObjects(kubectl, mapping, namespace, {
        ...selection.read,
        labelSelector: selection.selector,
        fieldSelector: selection.fieldSelector,
      });
      if (selection.keepLists)
        infos.push({ mapping, namespace: mapping.namespaced ? namespace : '', name: '', source: '', object: list });
      else for (const object of listItems(list)) infos.push(infoOf(mapping, object, ''));
    } catch (error) {
      errors.push(listFailure(mapping, selection, error));
    }
  }
  return { infos, errors, single: false };
}

/** Says what was asked for when the server cannot answer a list. */
function listFailure(mapping: Mapping, selection: Selection, error: unknown): Error {
  if (!(error instanceof StatusError) || (error.reason !== 'BadRequest' && error.reason !== 'NotFound'))
    return error as Error;
  const what = quote(`${mapping.group ? mapping.groupVersion : '/' + mapping.version}, Resource=${mapping.resource}`);
  const { selector = '', fieldSelector = '' } = selection;
  const message =
    selector || fieldSelector
      ? `Unable to find ${what} that match label selector ${quote(selector)}, field selector ${quote(fieldSelector)}: ${error.message}`
      : `Unable to list ${what}: ${error.message}`;
  return new StatusError({ ...error.status, message }, error.code);
}

export function infoOf(mapping: Mapping, object: KubeObject, source: string): Info {
  return { mapping, namespace: object.metadata.namespace ?? '', name: object.metadata.name ?? '', source, object };
}

function* fetchAll(kubectl: Kubectl, selection: Selection, wanted: { mapping: Mapping; name: string }[]): Co<Found> {
  const infos: Info[] = [];
  const errors: Error[] = [];
  for (const { mapping, name } of wanted) {
    if (mapping.namespaced && selection.allNamespaces) {
      throw new CommandError('a resource cannot be retrieved by name across all namespaces');
    }
    const namespace = mapping.namespaced ? kubectl.namespace : '';
    try {
      const object = selection.nameOnly
        ? { apiVersion: mapping.groupVersion, kind: mapping.kind, metadata: { name, namespace } }
        : yield* getObject(kubectl, mapping, namespace, name, selection.read);
      infos.push({ mapping, namespace, name, source: '', object: object as KubeObject });
    } catch (error) {
      errors.push(error as Error);
    }
  }
  return { infos, errors, single: wanted.length === 1 };
}

function* findInFiles(kubectl: Kubectl, selection: Selection, written: Written): Co<Found> {
  if (written.types.length) {
    throw new CommandError(
      'when paths, URLs, or stdin is provided as input, you may not specify resource arguments as well',
    );
  }
  if (written.tuples.length)
    throw new CommandError('resource/name arguments cannot be provided when a path is specified');
  const read = yield* readManifests(kubectl, {
    filenames: selection.filenames ?? [],
    kustomize: selection.kustomize ?? '',
    recursive: selection.recursive ?? false,
    validate: selection.validate,
  });
  const infos: Info[] = [];
  // What cannot be got is told before what cannot be read.
  const missing: Error[] = [];
  const { errors } = read;
  const requirements = selection.selector ? parseSelector(selection.selector) : undefined;
  for (const { source, object } of read.manifests) {
    if (requirements && !matchesRequirements(requirements, object.metadata.labels)) continue;
    try {
      if (selection.local) {
        infos.push(infoOf(localMapping(object), object, source));
        continue;
      }
      const mapping = yield* mappingOf(kubectl, object, source);
      let info = placed(kubectl, mapping, object, source);
      if (selection.latest)
        info = { ...info, object: yield* getObject(kubectl, mapping, info.namespace, info.name, selection.read) };
      infos.push(info);
    } catch (error) {
      (error instanceof StatusError ? missing : errors).push(error as Error);
    }
  }
  return { infos, errors: [...missing, ...errors], single: read.single };
}

function* mappingOf(kubectl: Kubectl, object: KubeObject, source: string): Co<Mapping> {
  // Without a version kubectl knows the kind, but not where the server has it.
  const bare = object.apiVersion ? undefined : (yield* kubectl.discovery()).findGroupKind('', object.kind);
  if (bare) return { ...bare, groupVersion: '' };
  try {
    return yield* kubectl.mappingForKind(object.apiVersion ?? '', object.kind);
  } catch (error) {
    if (!(error instanceof NoMatchError)) throw error;
    const { name = '', namespace = '' } = object.metadata;
    throw new CommandError(
      `resource mapping not found for name: ${quote(name)} namespace: ${quote(namespace)} from ${quote(source)}: ${error.message}\nensure CRDs are installed first`,
    );
  }
}

/** What can be said of a kind without asking a server. */
export function localMapping(object: KubeObject): Mapping {
  const parts = object.apiVersion.split('/');
  const singular = object.kind.toLowerCase();
  return {
    group: parts.length > 1 ? parts[0] : '',
    version: parts[parts.length - 1],
    groupVersion: object.apiVersion,
    kind: object.kind,
    resource: `${singular}s`,
    singular,
    namespaced: true,
    shortNames: [],
    categories: [],
    verbs: [],
    subresources: [],
  };
}

/** Puts an object from a file into the namespace of the command, or complains when it says another one. */
function placed(kubectl: Kubectl, mapping: Mapping, object: KubeObject, source: string): Info {
  const own = object.metadata.namespace;
  const name = object.metadata.name ?? '';
  if (!mapping.namespaced) {
    const { namespace: _, ...metadata } = object.metadata;
    return { mapping, namespace: '', name, source, object: own === undefined ? object : { ...object, metadata } };
  }
  const { namespace, namespaceExplicit } = kubectl.connection;
  if (own && own !== namespace && namespaceExplicit) {
    throw new CommandError(
      `the namespace from the provided object ${quote(own)} does not match the namespace ${quote(namespace)}. You must pass '--namespace=${own}' to perform this operation.`,
    );
  }
  if (own) return { mapping, namespace: own, name, source, object };
  return { mapping, namespace, name, source, object: { ...object, metadata: { ...object.metadata, namespace } } };
}
