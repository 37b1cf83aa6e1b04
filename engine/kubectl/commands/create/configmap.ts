// kubectl create configmap

import type { KubeObject } from '../../../api/types.ts';
import { encode, toBase64 } from '../../../linux/bytes.ts';
import { CommandError } from '../../errors.ts';
import { KEY_FLAGS, readKeys } from './keys.ts';
import { generator, plain } from './generator.ts';
import { hashSuffix } from '../../kustomize/hash.ts';

/** A byte that is no UTF-8 is kept as a lone surrogate (linux/bytes.ts). */
export const isBinary = (text: string) => /(?<![\ud800-\udbff])[\udc80-\udcff]/.test(text);

export const configmap = generator({
  name: 'configmap',
  aliases: ['cm'],
  short: 'Create a config map from a local file, directory or literal value',
  usage: 'NAME [--from-file=[key=]source] [--from-literal=key1=value1]',
  flags: KEY_FLAGS,
  failure: 'failed to create configmap',
  build: plain((args, name, kubectl): KubeObject => {
    const sources = {
      literals: args.strings('from-literal'),
      files: args.strings('from-file'),
      envFiles: args.strings('from-env-file'),
    };
    if (sources.envFiles.length && (sources.files.length || sources.literals.length)) {
      throw new CommandError('from-env-file cannot be combined with from-file or from-literal');
    }
    const text: Record<string, string> = {};
    const binary: Record<string, string> = {};
    const duplicate = (key: string) =>
      `cannot add key "${key}", another key by that name already exists in Data for ConfigMap "${name}"`;
    readKeys(kubectl.fs, kubectl.process.env, sources, duplicate).forEach((value, key) => {
      if (isBinary(value)) binary[key] = toBase64(encode(value));
      else text[key] = value;
    });
    const object: KubeObject = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name } };
    if (Object.keys(text).length) object.data = text;
    if (Object.keys(binary).length) object.binaryData = binary;
    if (args.bool('append-hash')) object.metadata = { name: `${name}-${hashSuffix(object)}` };
    return object;
  }),
});
