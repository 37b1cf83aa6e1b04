// kubectl top: resource usage, which only a metrics server knows.

import type { Command } from '../command.ts';
import { CommandError, usageError } from '../errors.ts';
import type { Flag } from '../flags.ts';
import { ALL_NAMESPACES_FLAG, FIELD_SELECTOR_FLAG, SELECTOR_FLAG } from '../resource/builder.ts';
import { topNodes, topPods } from './top-usage.ts';

const METRICS = 'metrics.k8s.io';

const COMMON: readonly Flag[] = [
  SELECTOR_FLAG,
  { name: 'no-headers', type: 'bool', usage: 'If present, print output without headers.' },
  { name: 'show-swap', type: 'bool', usage: 'Print swap usage.' },
  {
    name: 'sort-by',
    type: 'string',
    usage: "If non-empty, sort the list using specified field. The field can be either 'cpu' or 'memory'.",
  },
  {
    name: 'use-protocol-buffers',
    type: 'bool',
    default: true,
    usage: 'Enables using protocol-buffers to access Metrics API.',
  },
];

const usage = (name: 'node' | 'pod', aliases: readonly string[], flags: readonly Flag[]): Command => ({
  name,
  aliases,
  short: `Display resource (CPU/memory) usage of ${name}s`,
  usage: '[NAME | -l label]',
  flags: [...COMMON, ...flags],
  *run(kubectl, args) {
    const sortBy = args.string('sort-by');
    if (sortBy && sortBy !== 'cpu' && sortBy !== 'memory')
      throw new CommandError('--sort-by accepts only cpu or memory');
    if (args.args.length > 1) throw usageError(kubectl.path, `${args.args.slice(1).join(' ')}`);
    if (args.args.length && args.string('selector'))
      throw new CommandError('only one of NAME or selector can be provided');
    const { body } = yield* kubectl.send({ method: 'GET', path: '/apis' });
    const served = (body as { groups?: { name: string }[] }).groups?.some((group) => group.name === METRICS);
    if (!served) throw new CommandError('Metrics API not available');
    yield* name === 'node' ? topNodes(kubectl, args) : topPods(kubectl, args);
  },
});

export const top: Command = {
  name: 'top',
  short: 'Display resource (CPU/memory) usage',
  group: 'Cluster Management Commands',
  commands: [
    usage(
      'node',
      ['nodes', 'no'],
      [
        {
          name: 'show-capacity',
          type: 'bool',
          usage: 'Print node resources based on Capacity instead of Allocatable(default) of the nodes.',
        },
      ],
    ),
    usage(
      'pod',
      ['pods', 'po'],
      [
        ALL_NAMESPACES_FLAG,
        FIELD_SELECTOR_FLAG,
        { name: 'containers', type: 'bool', usage: 'If present, print usage of containers within a pod.' },
        { name: 'sum', type: 'bool', usage: 'Print the sum of the resource usage' },
      ],
    ),
  ],
};
