// Istio's own images. Their programs load when the first of them runs; nothing is there before istioctl installs it.

import type { Handle } from '../apiserver/types.ts';
import type { Repository } from '../images/types.ts';
import type { Process } from '../linux/index.ts';
import { lazyProgram, part } from '../parts/index.ts';
import { inClusterClient } from './in-cluster.ts';

const RELEASES = ['1.28.2'];
/** What of Ubuntu's tools examples use in these containers. */
const TOOLS = 'sh bash cat ls grep sed awk head tail sort uniq wc cut env id ps curl sleep'.split(' ');

export function istioImages(handle: Handle): Repository[] {
  const tags = Object.fromEntries(RELEASES.map((tag) => [tag, tag]));
  const connect = (process: Process) => inClusterClient(process, handle, process.argv[0].split('/').pop() ?? '');
  const agent = lazyProgram(() => part('istio').pilotAgent);
  return [
    {
      names: ['docker.io/istio/pilot'],
      tags,
      size: 77_300_000,
      user: '1337:1337',
      userland: 'gnu',
      commands: TOOLS,
      os: 'Ubuntu 24.04.3 LTS',
      entrypoint: ['/usr/local/bin/pilot-discovery'],
      programs: { '/usr/local/bin/pilot-discovery': lazyProgram(() => part('istio').pilotDiscovery(connect)) },
      memory: 42_000_000,
    },
    {
      names: ['docker.io/istio/proxyv2'],
      tags,
      size: 106_900_000,
      user: '1337:1337',
      userland: 'gnu',
      commands: TOOLS.concat('iptables', 'iptables-save', 'ip', 'ss'),
      os: 'Ubuntu 24.04.3 LTS',
      entrypoint: ['/usr/local/bin/pilot-agent'],
      programs: { '/usr/local/bin/pilot-agent': agent },
      memory: 45_000_000,
    },
    {
      names: ['docker.io/istio/install-cni'],
      tags,
      size: 71_000_000,
      userland: 'gnu',
      commands: TOOLS.concat('iptables', 'iptables-save'),
      os: 'Ubuntu 24.04.3 LTS',
      programs: { '/usr/bin/install-cni': lazyProgram(() => part('istio').installCni(connect)) },
      memory: 30_000_000,
    },
    {
      names: ['docker.io/istio/ztunnel'],
      tags,
      size: 24_000_000,
      userland: 'gnu',
      commands: TOOLS,
      os: 'Ubuntu 24.04.3 LTS',
      entrypoint: ['/usr/local/bin/ztunnel'],
      programs: { '/usr/local/bin/ztunnel': lazyProgram(() => part('istio').ztunnel) },
      memory: 12_000_000,
    },
  ];
}
