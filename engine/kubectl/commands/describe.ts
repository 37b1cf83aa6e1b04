// kubectl describe: what a person wants to know of an object, its events among it.

import type { Command } from '../command.ts';
import { AggregateFailure, Collected, CommandError, isNotFound } from '../errors.ts';
import { describerOf } from '../describe/index.ts';
import {
  ALL_NAMESPACES_FLAG,
  FILENAME_FLAGS,
  SELECTOR_FLAG,
  find,
  hasFiles,
  selectionOf,
} from '../resource/builder.ts';
import { listItems, listObjects } from '../resource/rest.ts';

export const describe: Command = {
  name: 'describe',
  short: 'Show details of a specific resource or group of resources',
  group: 'Troubleshooting and Debugging Commands',
  usage: '(-f FILENAME | TYPE [NAME_PREFIX | -l label] | TYPE/NAME) [flags]',
  examples: ['kubectl describe pod web-0', 'kubectl describe deployment/web', 'kubectl describe nodes'],
  flags: [
    ALL_NAMESPACES_FLAG,
    SELECTOR_FLAG,
    ...FILENAME_FLAGS,
    {
      name: 'chunk-size',
      type: 'int',
      default: 500,
      usage: 'Return large lists in chunks rather than all at once. Pass 0 to disable.',
    },
    {
      name: 'show-events',
      type: 'bool',
      default: true,
      usage: 'If true, display events related to the described object.',
    },
  ],
  *run(kubectl, args) {
    const selection = selectionOf(args, { bareTypes: true, latest: true });
    if (args.args.length === 0 && !hasFiles(selection)) {
      throw new CommandError(
        'You must specify the type of resource to describe. Use "kubectl api-resources" for a complete list of supported resources.\n',
      );
    }
    const found = yield* find(kubectl, selection);
    let { infos, errors } = found;
    let begun = false;
    // A name that nothing has may be the beginning of names.
    if (errors.length === 1 && isNotFound(errors[0]) && args.args.length === 2 && !args.args[0].includes('/')) {
      if (args.args[0].includes(',')) throw new CommandError('you may only specify a single resource type');
      const mapping = yield* kubectl.mappingFor(args.args[0]);
      const namespace = args.bool('all-namespaces') ? '' : kubectl.namespace;
      const all = listItems(yield* listObjects(kubectl, mapping, namespace));
      infos = all
        .filter((object) => object.metadata.name?.startsWith(args.args[1]))
        .map((object) => ({
          mapping,
          object,
          namespace: object.metadata.namespace ?? '',
          name: object.metadata.name as string,
          source: '',
        }));
      if (infos.length) errors = [];
      begun = true;
    }
    let first = true;
    for (const { object, mapping } of infos) {
      const text = yield* describerOf(mapping.kind, mapping.group)(kubectl, object, args.bool('show-events'));
      // What only begins with the name is set off by empty lines.
      kubectl.out(begun ? `${text}\n` : first ? text : `\n\n${text}`);
      first = false;
    }
    if (errors.length) throw hasFiles(selection) ? new Collected(errors) : new AggregateFailure(errors);
    if (first)
      kubectl.warn(
        args.bool('all-namespaces') ? 'No resources found' : `No resources found in ${kubectl.namespace} namespace.`,
      );
  },
};
