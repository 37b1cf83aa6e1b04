// containerd, as far as people call it by hand: its version and its default configuration.

import type { Program } from '../linux/index.ts';
import type { Co } from '../sim/index.ts';
import type { SoftwareOf } from './apt.ts';
import { die } from './flags.ts';

export const containerd = (softwareOf: SoftwareOf): Program =>
  function* (process): Co<number> {
    const version = softwareOf(process).runtimeVersion.replace('containerd://', '');
    yield 30;
    const words = process.argv.slice(1).join(' ');
    if (words === '--version' || words === '-v') {
      process.stdout.write(`containerd github.com/containerd/containerd v${version}\n`);
      return 0;
    }
    if (words !== 'config default') return die(process, 'containerd: only --version and config default are modelled');
    process.stdout.write(
      version.startsWith('1.')
        ? configuration('2', 'io.containerd.grpc.v1.cri')
        : configuration('3', 'io.containerd.cri.v1.runtime'),
    );
    return 0;
  };

/** The parts that people change. */
const configuration = (version: string, plugin: string) => `version = ${version}
root = '/var/lib/containerd'
state = '/run/containerd'

[grpc]
  address = '/run/containerd/containerd.sock'

[plugins]
  [plugins.'${plugin}']
    [plugins.'${plugin}'.containerd]
      default_runtime_name = 'runc'

      [plugins.'${plugin}'.containerd.runtimes.runc.options]
        SystemdCgroup = false
`;
