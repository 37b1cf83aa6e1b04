// Key-value data from literals, files, directories and env files: for config maps and secrets (and kustomize).

import type { FileSystem } from '../../../linux/fs.ts';
import { CommandError, quote } from '../../errors.ts';
import type { Flag } from '../../flags.ts';

export const KEY_FLAGS: readonly Flag[] = [
  { name: 'from-literal', type: 'array', usage: 'Specify a key and literal value to insert (i.e. mykey=somevalue)' },
  {
    name: 'from-file',
    type: 'strings',
    usage:
      'Key file can be specified using its file path, or a directory of files; a key name may stand before it (key=path).',
  },
  { name: 'from-env-file', type: 'strings', usage: 'Specify the path to a file to read lines of key=val pairs.' },
  { name: 'append-hash', type: 'bool', usage: 'Append a hash of the object to its name.' },
];

export interface KeySources {
  literals: readonly string[];
  files: readonly string[];
  envFiles: readonly string[];
}

/** The data in order; the same key twice is an error in the words of `duplicate`. */
export function readKeys(
  fs: FileSystem,
  env: Record<string, string>,
  sources: KeySources,
  duplicate: (key: string) => string,
): Map<string, string> {
  const data = new Map<string, string>();
  const add = (key: string, value: string) => {
    const problem = keyProblem(key);
    if (problem) throw new CommandError(`${quote(key)} is not a valid key name for a ConfigMap: ${problem}`);
    if (data.has(key)) throw new CommandError(duplicate(key));
    data.set(key, value);
  };
  for (const file of sources.files) readFileSource(fs, file, add);
  for (const literal of sources.literals) {
    const equals = literal.indexOf('=');
    if (equals < 0) throw new CommandError(`invalid literal source ${literal}, expected key=value`);
    if (equals === 0) throw new CommandError(`invalid literal source ${literal}, expected key=value`);
    add(literal.slice(0, equals), unquote(literal.slice(equals + 1)));
  }
  for (const file of sources.envFiles) for (const [key, value] of readEnvFile(fs, env, file)) add(key, value);
  return data;
}

const unquote = (text: string) =>
  text.length >= 2 && (text[0] === '"' || text[0] === "'") && text[text.length - 1] === text[0]
    ? text.slice(1, -1)
    : text;

function readFileSource(fs: FileSystem, source: string, add: (key: string, value: string) => void) {
  const parts = source.split('=');
  if (parts.length > 2) throw new CommandError("key names or file paths cannot contain '='");
  if (parts.length === 2 && !parts[0]) throw new CommandError(`key name for file path ${parts[1]} missing`);
  if (parts.length === 2 && !parts[1]) throw new CommandError(`file path for key name ${parts[0]} missing`);
  const path = parts[parts.length - 1];
  if (!fs.exists(path)) throw new CommandError(`error reading ${path}: no such file or directory`);
  if (fs.isDirectory(path)) {
    if (parts.length === 2) throw new CommandError('cannot give a key name for a directory path');
    for (const name of fs.readdir(path).slice().sort()) {
      const inner = `${path.replace(/\/+$/, '')}/${name}`;
      if (!fs.isDirectory(inner)) add(name, fs.readFile(inner));
    }
    return;
  }
  add(parts.length === 2 ? parts[0] : path.slice(path.lastIndexOf('/') + 1), fs.readFile(path));
}

/** Lines of KEY=value; a KEY alone takes its value from the environment. */
export function readEnvFile(fs: FileSystem, env: Record<string, string>, path: string): [string, string][] {
  if (!fs.exists(path)) throw new CommandError(`error reading ${path}: no such file or directory`);
  if (fs.isDirectory(path)) throw new CommandError('env config file cannot be a directory');
  const out: [string, string][] = [];
  fs.readFile(path)
    .replace(/^\ufeff/, '')
    .split('\n')
    .forEach((raw, i) => {
      const line = raw.trimStart().replace(/\r$/, '');
      if (line === '' || line[0] === '#') return;
      const equals = line.indexOf('=');
      const key = equals < 0 ? line : line.slice(0, equals);
      if (!/^[-._a-zA-Z][-._a-zA-Z0-9]*$/.test(key)) {
        throw new CommandError(
          `${quote(key)} is not a valid key name: a valid environment variable name must consist only of printable ASCII characters other than '='` +
            ` (line ${i + 1})`,
        );
      }
      out.push([key, equals >= 0 ? line.slice(equals + 1) : (env[key] ?? '')]);
    });
  return out;
}

function keyProblem(key: string): string | undefined {
  if (key.length > 253) return 'must be no more than 253 characters';
  if (!/^[-._a-zA-Z0-9]+$/.test(key)) {
    return "a valid config key must consist of alphanumeric characters, '-', '_' or '.' (e.g. 'key.name',  or 'KEY_NAME',  or 'key-name', regex used for validation is '[-._a-zA-Z0-9]+')";
  }
  if (key === '.') return "must not be '.'";
  if (key === '..') return "must not be '..'";
  return key.startsWith('..') ? "must not start with '..'" : undefined;
}
