// The provisioner of the default StorageClass: for each claim that names it, a directory on the node that the scheduler
// chose, made and removed by a helper Pod there (rancher/local-path-provisioner, as small clusters carry it).

import type { Handle } from '../apiserver/types.ts';
import { InformerFactory } from '../client/index.ts';
import { PROVISIONED_BY, PROVISIONER } from '../api/volume-claims.ts';
import type { PersistentVolume, PersistentVolumeClaim } from '../api/types.ts';
import { clock, untilSignal } from '../images/service.ts';
import type { Repository } from '../images/types.ts';
import type { Process, Program } from '../linux/index.ts';
import { part } from '../parts/index.ts';
import type { Co } from '../sim/index.ts';
import { inClusterClient } from './in-cluster.ts';
import { PROVISIONER_NAME } from './local-path-manifests.ts';
import type { LocalPathProvisioner } from './local-path-provisioner.ts';

const provisioner = (handle: Handle): Program =>
  function* (process): Co<number> {
    const say = (text: string) => process.stderr.write(`time="${clock(process).iso.slice(0, 19)}Z" ${text}\n`);
    const client = inClusterClient(process, handle, 'local-path-provisioner');
    if (!client) {
      say(
        'level=fatal msg="Error starting daemon: unable to get client config: open /var/run/secrets/kubernetes.io/serviceaccount/token: no such file or directory"',
      );
      return 1;
    }
    const identity = identityOf(process);
    const informers = new InformerFactory(client);
    let running: LocalPathProvisioner | undefined;
    const begin = ({ metadata: { annotations } }: PersistentVolume | PersistentVolumeClaim) => {
      const ours =
        annotations?.[PROVISIONER] === PROVISIONER_NAME || annotations?.[PROVISIONED_BY] === PROVISIONER_NAME;
      if (running || !ours) return;
      const { LocalPathProvisioner } = part('controllers');
      running = new LocalPathProvisioner(process.host.sim, client, informers, identity, (text) =>
        say(`level=info msg=${JSON.stringify(text)}`),
      );
    };
    informers.of<PersistentVolumeClaim>('v1', 'persistentvolumeclaims').on({ add: begin, update: begin });
    informers.of<PersistentVolume>('v1', 'persistentvolumes').on({ add: begin, update: begin });
    say('level=debug msg="Provisioner started"');
    yield* untilSignal(process);
    running?.stop();
    informers.stop();
    return 0;
  };

/** As its events name it: the Pod and an id of this run. */
function identityOf(process: Process): string {
  const id = process.host.sim.random('local-path').hex(32);
  return `${process.host.hostname}_${id.slice(0, 8)}-${id.slice(8, 12)}-${id.slice(12, 16)}-${id.slice(16, 20)}-${id.slice(20)}`;
}

export const localPathImages = (handle: Handle): Repository[] => [
  {
    names: ['docker.io/kindest/local-path-provisioner'],
    tags: { 'v20250214-acbabc1a': 'v20250214-acbabc1a' },
    size: 22_541_737,
    entrypoint: ['local-path-provisioner'],
    programs: { '/usr/local/bin/local-path-provisioner': provisioner(handle) },
    memory: 9_000_000,
  },
  {
    names: ['docker.io/kindest/local-path-helper'],
    tags: { 'v20241212-8ac705d0': 'v20241212-8ac705d0' },
    size: 3_084_671,
    userland: 'gnu',
    commands: ['mkdir', 'rm', 'sh'],
    cmd: ['/bin/sh'],
  },
];
