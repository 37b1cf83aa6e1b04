// kubectl explain: the structure of a kind and of its fields, as the server's OpenAPI documents describe them.

import type { Command } from '../command.ts';
import { qualified, type Mapping } from '../discovery.ts';
import { BareError, CommandError } from '../errors.ts';
import { explainKind } from '../explain/plaintext-openapiv2.ts';
import { explainResource, type Document } from '../explain/plaintext.ts';
import type { Schema } from '../explain/schema.ts';
import type { Kubectl } from '../kubectl.ts';
import type { Co } from '../../sim/index.ts';

export const explain: Command = {
  name: 'explain',
  short: 'Get documentation for a resource',
  group: 'Basic Commands (Intermediate)',
  usage: 'TYPE [--recursive=FALSE|TRUE] [--api-version=api-version-group] [--output=plaintext|plaintext-openapiv2]',
  examples: ['kubectl explain pods', 'kubectl explain deployment.spec.strategy', 'kubectl explain pod --recursive'],
  flags: [
    { name: 'api-version', type: 'string', usage: 'Use given api-version (group/version) of the resource.' },
    {
      name: 'output',
      short: 'o',
      type: 'string',
      default: 'plaintext',
      usage: 'Format in which to render the schema. Valid values are: (plaintext, plaintext-openapiv2).',
    },
    { name: 'recursive', type: 'bool', usage: 'When true, print the name of all the fields recursively.' },
  ],
  *run(kubectl, args) {
    if (args.args.length === 0) {
      throw new CommandError(
        'You must specify the type of resource to explain. Use "kubectl api-resources" for a complete list of supported resources.\n',
      );
    }
    if (args.args.length > 1) throw new CommandError('We accept only this format: explain RESOURCE');
    const apiVersion = args.string('api-version');
    const { mapping, path } = yield* resourceAndPath(kubectl, args.args[0].replace(/\.$/, ''), apiVersion !== '');
    const [group, version] = apiVersion ? splitVersion(apiVersion) : [mapping.group, mapping.version];
    const gvr = `${group}/${version}, Resource=${mapping.resource}`;
    const output = args.string('output');
    if (output === 'plaintext-openapiv2') {
      const { definitions } = (yield* kubectl.send({ method: 'GET', path: '/openapi/v2' })).body as {
        definitions: Record<string, Schema>;
      };
      const gvk = { group, version, kind: mapping.kind };
      const text = explainKind(definitions, gvk, path, args.bool('recursive'), (message) => new CommandError(message));
      if (text === undefined) {
        throw new CommandError(`couldn't find resource for "${group}/${version}, Kind=${mapping.kind}"`);
      }
      kubectl.out(text);
      return;
    }
    const api = group ? `apis/${group}/${version}` : `api/${version}`;
    const index = (yield* kubectl.send({ method: 'GET', path: '/openapi/v3' })).body as {
      paths: Record<string, { serverRelativeURL: string }>;
    };
    const at = index.paths[api]?.serverRelativeURL.split('?hash=');
    if (!at) throw new CommandError(`couldn't find resource for "${gvr}"`);
    const { body } = yield* kubectl.send({ method: 'GET', path: at[0], query: { hash: at[1] } });
    if (output !== 'plaintext') throw new CommandError(`unrecognized format: ${output}`);
    const { text, error } = explainResource(
      body as Document,
      { api: `/${api}`, resource: mapping.resource, gvr },
      path,
      args.bool('recursive'),
    );
    kubectl.out(text);
    if (error) throw new CommandError(error);
  },
};

/** 'deployments.apps.spec': a group may stand between the resource and the fields, unless the version says it. */
function* resourceAndPath(kubectl: Kubectl, text: string, grouped: boolean): Co<{ mapping: Mapping; path: string[] }> {
  const [name, ...path] = text.split('.');
  const starts = (one: Mapping) => !grouped && text.startsWith(qualified(one.resource, one.group));
  const mapping = yield* kubectl.discover((discovery) => {
    const all = discovery.named(name);
    return all.find(starts) ?? all[0];
  });
  if (!mapping) throw new BareError(`the server doesn't have a resource type "${name}"`);
  if (!starts(mapping)) return { mapping, path };
  const own = qualified(mapping.resource, mapping.group);
  return { mapping, path: text.slice(own.length).split('.').slice(1) };
}

function splitVersion(text: string): [string, string] {
  const slash = text.indexOf('/');
  return slash < 0 ? ['', text] : [text.slice(0, slash), text.slice(slash + 1)];
}
