// kubectl set env: environment variables of the containers of a pod template, set, removed, imported or listed.

import { base64Text } from '../../../api/base64.ts';
import type { JsonObject, KubeObject } from '../../../api/types.ts';
import type { Co } from '../../../sim/index.ts';
import type { Command } from '../../command.ts';
import { CommandError } from '../../errors.ts';
import type { Args } from '../../flags.ts';
import type { Kubectl } from '../../kubectl.ts';
import { podSpecOf } from '../../pod-spec.ts';
import { type Info, findAll, hasFiles, selectionOf } from '../../resource/builder.ts';
import { readStdin } from '../../resource/manifest.ts';
import { getObject } from '../../resource/rest.ts';
import { changeAll, changeFlags } from '../change.ts';
import { containerMatcher, findForSet, noTemplate, withContainers } from './containers.ts';

interface EnvVar {
  name: string;
  value?: string;
  valueFrom?: JsonObject;
}

const ENV_NAME = /^[-._a-zA-Z][-._a-zA-Z0-9]*$/;

export const env: Command = {
  name: 'env',
  short: 'Update environment variables on a pod template',
  usage: 'RESOURCE/NAME KEY_1=VAL_1 ... KEY_N=VAL_N',
  flags: [
    ...changeFlags('kubectl-set'),
    {
      name: 'containers',
      short: 'c',
      type: 'string',
      default: '*',
      usage: 'The names of containers in the selected pod templates to change - may use wildcards',
    },
    {
      name: 'env',
      short: 'e',
      type: 'array',
      usage: 'Specify a key-value pair for an environment variable to set into each container.',
    },
    { name: 'from', type: 'string', usage: 'The name of a resource from which to inject environment variables' },
    { name: 'keys', type: 'strings', usage: 'Comma-separated list of keys to import from specified resource' },
    { name: 'list', type: 'bool', usage: 'If true, display the environment and any changes in the standard format.' },
    {
      name: 'overwrite',
      type: 'bool',
      default: true,
      usage:
        'If true, allow environment to be overwritten, otherwise reject updates that overwrite existing environment.',
    },
    { name: 'prefix', type: 'string', usage: 'Prefix to append to variable names' },
    { name: 'resolve', type: 'bool', usage: 'If true, show secret or configmap references when listing variables' },
  ],
  *run(kubectl, args): Co {
    const { resources, words } = split(args);
    const given = [...args.strings('env'), ...words];
    if (resources.length === 0 && !hasFiles(selectionOf(args)))
      throw new CommandError('one or more resources must be specified as <resource> <name> or <resource>/<name>');
    if (args.bool('local') && args.bool('resolve')) throw new CommandError('--resolve cannot be used with --local');
    const set = new Map<string, EnvVar>();
    const removed: string[] = [];
    for (const word of given) {
      if (word !== '-') readWord(word, set, removed);
      else {
        const lines = (yield* readStdin(kubectl)).split('\n').map((line) => line.trim());
        for (const line of lines) if (line && !line.startsWith('#')) readWord(line, set, removed);
      }
    }
    if (args.string('from')) {
      const list = yield* imported(kubectl, args);
      for (const one of list) set.set(one.name, one);
    }
    if (args.changed('keys') && !args.string('from'))
      throw new CommandError('when specifying --keys, a configmap or secret must be provided with --from');
    const found = yield* findForSet(kubectl, args, resources);
    const matches = containerMatcher(args.string('containers'));
    if (args.bool('list')) {
      for (const info of found.infos)
        yield* list(
          kubectl,
          args,
          { ...info, object: change(info, args, info.object, matches, set, removed) },
          matches,
        );
      return;
    }
    const { infos } = found;
    found.infos = infos.filter((info) => hasContainer(kubectl, args, info.object, matches));
    yield* changeAll(
      kubectl,
      args,
      found,
      'env updated',
      (object, info) => {
        if (!podSpecOf(object)) throw noTemplate(args, info);
        return change(info, args, object, matches, set, removed);
      },
      'failed to patch env update to pod template:',
    );
  },
};

function split(args: Args): { resources: string[]; words: string[] } {
  const resources: string[] = [];
  const words: string[] = [];
  for (const arg of args.args) {
    if (arg.includes('=') || arg.endsWith('-')) words.push(arg);
    else if (words.length) throw new CommandError(`environment variables must be of the form key=value: ${arg}`);
    else resources.push(arg);
  }
  return { resources, words };
}

function readWord(word: string, set: Map<string, EnvVar>, removed: string[]) {
  const equals = word.indexOf('=');
  const name = equals < 0 ? word.slice(0, -1) : word.slice(0, equals);
  if (!ENV_NAME.test(name)) {
    throw new CommandError(
      `"${name}" is not a valid key name: a valid environment variable name must consist of alphabetic characters, digits, '_', '-', or '.', and must not start with a digit (e.g. 'my.env-name',  or 'MY_ENV.NAME',  or 'MyEnvName1', regex used for validation is '[-._a-zA-Z][-._a-zA-Z0-9]*')`,
    );
  }
  if (equals < 0) removed.push(name);
  else set.set(name, { name, value: word.slice(equals + 1) });
}

/** --from=configmap/x or secret/x: one reference a key. */
function* imported(kubectl: Kubectl, args: Args): Co<EnvVar[]> {
  const [{ mapping, name, object }] = yield* findAll(kubectl, { args: [args.string('from')], latest: true });
  const source =
    mapping.kind === 'ConfigMap' ? 'configMapKeyRef' : mapping.kind === 'Secret' ? 'secretKeyRef' : undefined;
  if (!source) throw new CommandError(`unsupported resource specified in --from`);
  const keys = args.strings('keys');
  return Object.keys((object.data ?? {}) as JsonObject)
    .filter((key) => keys.length === 0 || keys.includes(key))
    .sort()
    .map((key) => {
      const variable = key.replace(/[^A-Za-z0-9_]/g, '_').toUpperCase();
      if (variable !== key) kubectl.warn(`Warning: key ${key} transferred to ${variable}`);
      return { name: args.string('prefix') + variable, valueFrom: { [source]: { name, key } } };
    });
}

function hasContainer(kubectl: Kubectl, args: Args, object: KubeObject, matches: (name: string) => boolean): boolean {
  const spec = podSpecOf(object);
  if (!spec) return true;
  const containers = [...(spec?.initContainers ?? []), ...(spec?.containers ?? [])] as { name: string }[];
  if (containers.some((c) => matches(c.name))) return true;
  kubectl.warn(
    `Warning: ${object.kind}/${object.metadata.name} does not have any containers matching "${args.string('containers')}"`,
  );
  return false;
}

function change(
  info: Info,
  args: Args,
  object: KubeObject,
  matches: (name: string) => boolean,
  set: Map<string, EnvVar>,
  removed: string[],
): KubeObject {
  return withContainers(object, (container) => {
    if (!matches(container.name) || (set.size === 0 && removed.length === 0)) return container;
    const old = (container.env ?? []) as EnvVar[];
    if (!args.bool('overwrite')) {
      for (const { name } of old)
        if (set.has(name))
          throw new CommandError(
            `${info.mapping.resource}/${info.name} '${name}' already has a value (${old.find((e) => e.name === name)?.value ?? ''}), and --overwrite is false`,
          );
    }
    const next = old.filter((e) => !removed.includes(e.name)).map((e) => set.get(e.name) ?? e);
    set.forEach((one, name) => {
      if (!next.some((e) => e.name === name)) next.push(one);
    });
    const { env: _, ...rest } = container;
    return next.length ? { ...rest, name: container.name, env: next } : { ...rest, name: container.name };
  });
}

function* list(kubectl: Kubectl, args: Args, info: Info, matches: (name: string) => boolean): Co {
  const spec = podSpecOf(info.object);
  if (!spec) return;
  for (const container of [...(spec.initContainers ?? []), ...(spec.containers ?? [])] as {
    name: string;
    env?: EnvVar[];
  }[]) {
    if (!matches(container.name)) continue;
    kubectl.line(`# ${info.object.kind} ${info.name}, container ${container.name}`);
    for (const one of container.env ?? []) {
      if (!one.valueFrom) kubectl.line(`${one.name}=${one.value ?? ''}`);
      else if (args.bool('resolve')) kubectl.line(`${one.name}=${yield* resolved(kubectl, one.valueFrom)}`);
      else kubectl.line(`# ${one.name} from ${reference(one.valueFrom)}`);
    }
  }
}

function reference(from: JsonObject): string {
  if (from.fieldRef) return `field path ${from.fieldRef.fieldPath}`;
  if (from.resourceFieldRef)
    return `resource field ${from.resourceFieldRef.containerName ? from.resourceFieldRef.containerName + '.' : ''}${from.resourceFieldRef.resource}`;
  if (from.secretKeyRef) return `secret ${from.secretKeyRef.name}, key ${from.secretKeyRef.key}`;
  if (from.configMapKeyRef) return `configmap ${from.configMapKeyRef.name}, key ${from.configMapKeyRef.key}`;
  return 'invalid valueFrom';
}

function* resolved(kubectl: Kubectl, from: JsonObject): Co<string> {
  const ref = from.secretKeyRef ?? from.configMapKeyRef;
  if (!ref) return '';
  const mapping = yield* kubectl.mappingFor(from.secretKeyRef ? 'secrets' : 'configmaps');
  const object = yield* getObject(kubectl, mapping, kubectl.namespace, ref.name);
  const value = object.data?.[ref.key];
  if (value === undefined)
    throw new CommandError(`key ${ref.key} not found in ${mapping.kind.toLowerCase()} ${ref.name}`);
  return from.secretKeyRef ? base64Text(value) : value;
}
