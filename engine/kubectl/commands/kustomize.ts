// kubectl kustomize: prints what a kustomization builds.

import { dirname } from '../../linux/fs.ts';
import type { Command } from '../command.ts';
import { CommandError } from '../errors.ts';
import type { Flag } from '../flags.ts';
import { buildKustomization } from '../kustomize/index.ts';

const RESTRICTORS = ['LoadRestrictionsRootOnly', 'LoadRestrictionsNone'];

/** How functions and Helm run, which are programs of their own: a kustomization that names one is refused. */
const OF_PROGRAMS: readonly Flag[] = [
  { name: 'as-current-user', type: 'bool', usage: 'use the uid and gid of the command executor in the container' },
  { name: 'enable-alpha-plugins', type: 'bool', usage: 'enable kustomize plugins' },
  { name: 'env', short: 'e', type: 'array', usage: 'a list of environment variables to be used by functions' },
  { name: 'helm-api-versions', type: 'array', usage: 'Kubernetes api versions used by Helm' },
  { name: 'helm-command', type: 'string', default: 'helm', usage: 'helm command (path to executable)' },
  { name: 'helm-debug', type: 'bool', usage: 'Enable debug output from the Helm chart inflator generator.' },
  { name: 'helm-kube-version', type: 'string', usage: 'Kubernetes version used by Helm' },
  { name: 'mount', type: 'array', usage: 'a list of storage options read from the filesystem' },
  { name: 'network', type: 'bool', usage: 'enable network access for functions that declare it' },
  { name: 'network-name', type: 'string', default: 'bridge', usage: 'the docker network to run the container in' },
];

export const kustomize: Command = {
  name: 'kustomize',
  short: 'Build a kustomization target from a directory or URL',
  group: 'Advanced Commands',
  usage: 'DIR',
  examples: ['kubectl kustomize', 'kubectl kustomize /home/config/production'],
  flags: [
    ...OF_PROGRAMS,
    { name: 'enable-helm', type: 'bool', usage: 'Enable use of the Helm chart inflator generator.' },
    {
      name: 'load-restrictor',
      type: 'string',
      default: RESTRICTORS[0],
      usage: "if set to 'LoadRestrictionsNone', local kustomizations may load files from outside their root.",
    },
    { name: 'output', short: 'o', type: 'string', usage: 'If specified, write output to this path.' },
  ],
  // eslint-disable-next-line require-yield
  *run(kubectl, args) {
    if (args.args.length > 1) throw new CommandError('specify one path to kustomization.yaml');
    const restrictor = args.string('load-restrictor');
    if (!RESTRICTORS.includes(restrictor))
      throw new CommandError(
        `illegal flag value --load-restrictor ${restrictor}; legal values: [${RESTRICTORS.join(' ')}]`,
      );
    const text = buildKustomization(kubectl, args.args[0] ?? '.', {
      loadAnywhere: restrictor === RESTRICTORS[1],
      enableHelm: args.bool('enable-helm'),
    });
    const path = args.string('output');
    if (!path) {
      kubectl.out(text);
      return;
    }
    if (!kubectl.fs.isDirectory(dirname(kubectl.fs.absolute(path))))
      throw new CommandError(`open ${path}: no such file or directory`);
    kubectl.fs.writeFile(path, text);
  },
};
