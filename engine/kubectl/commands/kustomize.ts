// kubectl kustomize: prints what a kustomization builds.

import { dirname } from '../../linux/fs.ts';
import type { Command } from '../command.ts';
import { CommandError } from '../errors.ts';
import { buildKustomization } from '../kustomize/index.ts';

export const kustomize: Command = {
  name: 'kustomize',
  short: 'Build a kustomization target from a directory or URL',
  group: 'Advanced Commands',
  usage: 'DIR',
  examples: ['kubectl kustomize', 'kubectl kustomize /home/config/production'],
  flags: [{ name: 'output', short: 'o', type: 'string', usage: 'If specified, write output to this path.' }],
  // eslint-disable-next-line require-yield
  *run(kubectl, args) {
    if (args.args.length > 1) throw new CommandError('specify one path to kustomization.yaml');
    const text = buildKustomization(kubectl, args.args[0] ?? '.');
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
