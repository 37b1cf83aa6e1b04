// ConfigMaps and Secrets from literals, files and env files.

import { utf8Base64 } from '../../api/base64.ts';
import { encode, toBase64 } from '../../linux/bytes.ts';
import { CommandError } from '../errors.ts';
import type { GeneratorArgs, GeneratorOptions } from './kustomization.ts';
import type { Loader } from './loader.ts';
import { type Json, Resource } from './resource.ts';

export function generate(
  kind: 'ConfigMap' | 'Secret',
  args: GeneratorArgs,
  global: GeneratorOptions | undefined,
  loader: Loader,
): Resource {
  const word = kind.toLowerCase();
  if (!args.name) throw new CommandError(`a ${word} must have a name`);
  const options = merged(global, args.options);
  const metadata: Json = { name: args.name };
  if (args.namespace) metadata.namespace = args.namespace;
  if (options.labels && Object.keys(options.labels).length) metadata.labels = { ...options.labels };
  if (options.annotations && Object.keys(options.annotations).length) metadata.annotations = { ...options.annotations };
  const object: Json = { apiVersion: 'v1', kind, metadata };
  const data: Json = {};
  const binaryData: Json = {};
  for (const [key, value] of pairs(args, loader)) {
    if (key in data || key in binaryData)
      throw new CommandError(`${word} ${args.name} illegally repeats the key \`${key}\``);
    if (kind === 'Secret') data[key] = wrapped(utf8Base64(value));
    // eslint-disable-next-line no-control-regex
    else if (/[\ud800-\udfff]/.test(value.replace(/[\ud800-\udbff][\udc00-\udfff]/g, '')))
      binaryData[key] = wrapped(toBase64(encode(value)));
    else data[key] = value;
  }
  if (Object.keys(data).length) object.data = data;
  if (Object.keys(binaryData).length) object.binaryData = binaryData;
  if (kind === 'Secret') object.type = args.type || 'Opaque';
  if (options.immutable) object.immutable = true;
  const resource = new Resource(object);
  resource.behavior = args.behavior ?? 'create';
  resource.needsHash = !options.disableNameSuffixHash;
  return resource;
}

function merged(global: GeneratorOptions = {}, own: GeneratorOptions = {}): GeneratorOptions {
  return {
    labels: { ...global.labels, ...own.labels },
    annotations: { ...global.annotations, ...own.annotations },
    disableNameSuffixHash: global.disableNameSuffixHash || own.disableNameSuffixHash,
    immutable: global.immutable || own.immutable,
  };
}

/** kustomize breaks base64 into lines of 70. */
function wrapped(base64: string): string {
  if (base64.length <= 70) return base64;
  return (base64.match(/.{1,70}/g) as string[]).join('\n') + '\n';
}

function pairs(args: GeneratorArgs, loader: Loader): [string, string][] {
  const envs = args.env ? [...(args.envs ?? []), args.env] : (args.envs ?? []);
  const list = (texts: readonly string[]) => `[${texts.join(' ')}]`;
  return [
    ...attempt(`env source files: ${list(envs)}`, () => envs.flatMap((path) => envFile(loader.read(path)))),
    ...attempt(`literal sources ${list(args.literals ?? [])}`, () => (args.literals ?? []).map(literal)),
    ...attempt(`file sources: ${list(args.files ?? [])}`, () =>
      (args.files ?? []).map((source) => file(source, loader)),
    ),
  ];
}

function attempt<T>(what: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (error instanceof CommandError) throw new CommandError(`loading KV pairs: ${what}: ${error.message}`);
    throw error;
  }
}

function literal(source: string): [string, string] {
  const equals = source.indexOf('=');
  if (equals <= 0) throw new CommandError(`invalid literal source ${source}, expected key=value`);
  const value = source.slice(equals + 1);
  const quoted = value.length > 1 && (value[0] === '"' || value[0] === "'") && value.at(-1) === value[0];
  return [source.slice(0, equals), quoted ? value.slice(1, -1) : value];
}

function file(source: string, loader: Loader): [string, string] {
  const parts = source.split('=');
  if (parts.length > 2) throw new CommandError(`source ${quoteGo(source)} key name or file path contains '='`);
  if (parts.length === 2 && !parts[0])
    throw new CommandError(`missing key name for file path ${quoteGo(parts[1])} in source ${quoteGo(source)}`);
  if (parts.length === 2 && !parts[1])
    throw new CommandError(`missing file path for key name ${quoteGo(parts[0])} in source ${quoteGo(source)}`);
  const path = parts[parts.length - 1];
  return [parts.length === 2 ? parts[0] : path.slice(path.lastIndexOf('/') + 1), loader.read(path)];
}

const quoteGo = (text: string) => JSON.stringify(text);

function envFile(text: string): [string, string][] {
  const out: [string, string][] = [];
  for (const raw of text.replace(/^\ufeff/, '').split('\n')) {
    const line = raw.trimStart().replace(/\r$/, '');
    if (line === '' || line[0] === '#') continue;
    const equals = line.indexOf('=');
    const key = equals < 0 ? line : line.slice(0, equals);
    out.push([key, equals < 0 ? '' : line.slice(equals + 1)]);
  }
  return out;
}
