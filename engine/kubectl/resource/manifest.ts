// Manifests: files, directories, globs, standard input, multi-document YAML, JSON and Lists, as objects with the
// name of where each came from.

import type { KubeObject } from '../../api/types.ts';
import { FsError } from '../../linux/fs.ts';
import { readWhole } from '../../linux/io.ts';
import type { Co } from '../../sim/index.ts';
import { CommandError, ConnectionError, quote } from '../errors.ts';
import { fetchText } from '../fetch.ts';
import type { Kubectl } from '../kubectl.ts';
import { buildKustomization } from '../kustomize/index.ts';
import { compactJson } from '../../api/go-json.ts';
import { JsonError, parseJsonStream } from './json.ts';
import { type YamlValue, YamlError, parseYaml, splitDocuments } from '../yaml/parse.ts';

export interface Manifest {
  /** What messages call it: the path, or STDIN. */
  source: string;
  object: KubeObject;
}

export interface ManifestOptions {
  filenames: readonly string[];
  kustomize: string;
  recursive: boolean;
  /** Check apiVersion and kind before anything else, as commands with --validate do. */
  validate?: boolean;
}

const EXTENSIONS = ['.json', '.yaml', '.yml'];

/** All objects that the options name. A broken file does not keep the others from being read. */
export function* readManifests(
  kubectl: Kubectl,
  options: ManifestOptions,
): Co<{ manifests: Manifest[]; errors: Error[]; single: boolean }> {
  const manifests: Manifest[] = [];
  const errors: Error[] = [];
  const sources = listSources(kubectl, options);
  let single = sources.length === 1 && !sources[0].directory;
  if (options.kustomize) {
    single = true;
    try {
      readText(options.kustomize, buildKustomization(kubectl, options.kustomize), options, manifests);
    } catch (error) {
      errors.push(error as Error);
    }
  }
  for (const source of sources) {
    try {
      const { path } = source;
      if (path === '-') readText('STDIN', yield* readStdin(kubectl), options, manifests);
      else if (isUrl(path)) readText(path, yield* fetchText(kubectl.process, path), options, manifests);
      else readText(path, yield* readWhole(kubectl.fs.openRead(path), kubectl.process), options, manifests);
      if (path === '-' || isUrl(path)) single = false;
    } catch (error) {
      if (error instanceof FsError)
        errors.push(new CommandError(`open ${source.path}: ${error.message.toLowerCase()}`));
      else if (error instanceof CommandError || error instanceof ConnectionError) errors.push(error);
      else throw error;
    }
  }
  return { manifests, errors, single };
}

export function* readStdin(kubectl: Kubectl): Co<string> {
  let text = '';
  for (;;) {
    const chunk = yield* kubectl.process.stdin.read();
    if (chunk === undefined) return text;
    text += chunk;
  }
}

const isUrl = (name: string) => /^https?:\/\//.test(name);

interface Source {
  path: string;
  directory: boolean;
}

function listSources(kubectl: Kubectl, options: ManifestOptions): Source[] {
  const sources: Source[] = [];
  const { fs } = kubectl;
  for (const name of options.filenames) {
    if (name === '-') sources.push({ path: '-', directory: false });
    else if (isUrl(name)) sources.push({ path: name, directory: false });
    else if (!fs.exists(name)) {
      const matches = glob(kubectl, name);
      if (matches.length === 0) throw new CommandError(`the path ${quote(name)} does not exist`);
      for (const match of matches) sources.push({ path: match, directory: false });
    } else if (fs.isDirectory(name)) {
      const before = sources.length;
      walk(kubectl, name, options.recursive, sources);
      if (sources.length === before) {
        throw new CommandError(`error reading [${name}]: recognized file extensions are [${EXTENSIONS.join(' ')}]`);
      }
    } else sources.push({ path: name, directory: false });
  }
  return sources;
}

function walk(kubectl: Kubectl, directory: string, recursive: boolean, out: Source[]) {
  for (const name of kubectl.fs.readdir(directory).slice().sort()) {
    const path = `${directory.replace(/\/+$/, '')}/${name}`.replace(/^\.\//, '');
    if (kubectl.fs.isDirectory(path)) {
      if (recursive) walk(kubectl, path, true, out);
    } else if (EXTENSIONS.some((e) => name.endsWith(e))) out.push({ path, directory: true });
  }
}

/** A pattern in the last part of a path ('*.json' that the shell did not expand). */
function glob(kubectl: Kubectl, pattern: string): string[] {
  const slash = pattern.lastIndexOf('/');
  const directory = slash < 0 ? '.' : pattern.slice(0, slash) || '/';
  const last = pattern.slice(slash + 1);
  if (!/[*?[]/.test(last) || !kubectl.fs.isDirectory(directory)) return [];
  const test = new RegExp(
    `^${last
      .replace(/[.+^${}()|\\]/g, '\\$&')
      .replaceAll('*', '[^/]*')
      .replaceAll('?', '[^/]')}$`,
  );
  return kubectl.fs
    .readdir(directory)
    .filter((n) => test.test(n))
    .sort()
    .map((n) => (slash < 0 ? n : `${pattern.slice(0, slash)}/${n}`));
}

function readText(source: string, text: string, options: ManifestOptions, out: Manifest[]) {
  // What begins like JSON and is none may still be YAML; when it is neither, JSON's complaint is shown.
  let problem: JsonError | undefined;
  if (/^\s*\{/.test(text)) {
    try {
      for (const value of parseJsonStream(text)) addValue(source, value as YamlValue, options, out);
      return;
    } catch (error) {
      if (!(error instanceof JsonError)) throw error;
      problem = error;
    }
  }
  for (const document of splitDocuments(text)) {
    let value: YamlValue;
    try {
      value = parseYaml(document);
    } catch (error) {
      if (!(error instanceof YamlError)) throw error;
      throw new CommandError(
        `error parsing ${source}: ${problem ? problem.message : `error converting YAML to JSON: ${error.message}`}`,
      );
    }
    if (value !== null) addValue(source, value, options, out);
  }
}

function addValue(source: string, value: YamlValue, options: ManifestOptions, out: Manifest[]) {
  if (options.validate) {
    const missing = typeless(value);
    if (missing) {
      throw new CommandError(
        `error validating ${quote(source)}: error validating data: ${missing}; if you choose to ignore these errors, turn validation off with --validate=false`,
      );
    }
  }
  const object = checkObject(source, value);
  if (object.kind.endsWith('List') && Array.isArray(object.items)) {
    for (const item of object.items) out.push({ source, object: checkObject(source, item) });
  } else out.push({ source, object });
}

function typeless(value: YamlValue): string | undefined {
  if (value === null || typeof value !== 'object' || Array.isArray(value)) return 'invalid object to validate';
  const problems: string[] = [];
  for (const field of ['apiVersion', 'kind']) {
    if (value[field] === undefined || value[field] === null) problems.push(`${field} not set`);
    else if (typeof value[field] !== 'string') problems.push(`${field} isn't string type`);
    else if (value[field] === '') problems.push(`${field} not set`);
  }
  return problems.length > 1 ? `[${problems.join(', ')}]` : problems[0];
}

function checkObject(source: string, value: YamlValue): KubeObject {
  const map = value as Record<string, YamlValue> | null;
  const broken = (why: string) => new CommandError(`unable to decode ${quote(source)}: ${why}`);
  if (map === null || typeof map !== 'object' || Array.isArray(map)) {
    const type = Array.isArray(map) ? 'array' : typeof map;
    throw broken(
      `json: cannot unmarshal ${type === 'boolean' ? 'bool' : type} into Go value of type unstructured.detector`,
    );
  }
  if (!map.kind) throw broken(`Object 'Kind' is missing in '${compactJson(map)}'`);
  const metadata = (map.metadata ?? {}) as KubeObject['metadata'];
  for (const field of ['labels', 'annotations'] as const) {
    for (const key in metadata[field]) {
      const type = typeof metadata[field][key];
      if (type !== 'string' && metadata[field][key] !== null) {
        throw broken(
          `json: cannot unmarshal ${type === 'boolean' ? 'bool' : type} into Go struct field ObjectMeta.metadata.${field} of type string`,
        );
      }
    }
  }
  return map.metadata ? (map as unknown as KubeObject) : ({ ...map, metadata } as unknown as KubeObject);
}
