// The images of NGINX Gateway Fabric. Nothing of it runs until somebody applies its manifests; its programs load then.

import type { Handle } from '../apiserver/types.ts';
import type { Repository } from '../images/types.ts';
import { lazyProgram, part } from '../parts/index.ts';
import { inClusterClient } from './in-cluster.ts';

const REPOSITORY = 'ghcr.io/nginx/nginx-gateway-fabric';
const VERSION = '2.3.0';

export function gatewayImages(handle: Handle): Repository[] {
  const nginx = `${REPOSITORY}/nginx`;
  const controller = lazyProgram(() =>
    part('gateway').gatewayController(
      (process) => inClusterClient(process, handle, 'nginx-gateway-fabric'),
      `${nginx}:${VERSION}`,
    ),
  );
  const nginxProgram = lazyProgram(() => part('gateway').dataPlane);
  const tags = { [VERSION]: VERSION };
  return [
    {
      names: [REPOSITORY],
      tags,
      size: 32_400_000,
      user: '101:1001',
      entrypoint: ['/usr/bin/gateway'],
      programs: { '/usr/bin/gateway': controller },
      memory: 40_000_000,
    },
    {
      names: [nginx],
      tags,
      size: 41_700_000,
      user: '101:1001',
      cmd: ['/agent/entrypoint.sh'],
      programs: { '/agent/entrypoint.sh': nginxProgram },
      memory: 50_000_000,
    },
  ];
}
