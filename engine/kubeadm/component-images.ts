// The images of the control plane: etcd's releases, and of each component one for every release of Kubernetes.

import type { Repository } from '../images/types.ts';
import type { Process, Program } from '../linux/index.ts';
import type { Co } from '../sim/index.ts';
import { apiServerProgram } from './api-server-program.ts';
import { ETCD_TAG } from './control-plane-manifests.ts';
import type { ControlPlane } from './control-plane.ts';
import { controllerManagerProgram, schedulerProgram } from './elected-program.ts';
import { etcdProgram } from './etcd-program.ts';
import { releaseTags } from './releases.ts';

/** The release that kubeadm uses, and those of examples. */
const ETCD_TAGS = [ETCD_TAG, '3.6.5-0', '3.6.4-0', '3.5.21-0', '3.5.15-0', '3.5.6-0', '3.5.1-0'];

const repository = (name: string, size: number, memory: number, cpu: number): Repository => ({
  names: [`registry.k8s.io/${name}`, `k8s.gcr.io/${name}`],
  tags: {},
  size,
  memory,
  cpu,
  entrypoint: [name],
});

type ComponentProgram = (controlPlane: ControlPlane, process: Process, version: string) => Co<number>;

export function componentImages(
  controlPlane: ControlPlane,
  tools: { etcdctl: Program; etcdutl: Program },
): Repository[] {
  const { version } = controlPlane.options;
  /** An image with the version of Kubernetes in its tag: each has a program of that release. */
  const released = (name: string, size: number, memory: number, cpu: number, run: ComponentProgram): Repository => {
    const programs = (release: string): Record<string, Program> => ({
      [`/usr/local/bin/${name}`]: (process) => run(controlPlane, process, release),
    });
    return {
      ...repository(name, size, memory, cpu),
      tags: releaseTags(version),
      programs: programs(version),
      versionedPrograms: programs,
    };
  };
  return [
    {
      ...repository('etcd', 24_600_000, 45_000_000, 12),
      tags: Object.fromEntries(ETCD_TAGS.map((tag) => [tag, tag])),
      programs: {
        '/usr/local/bin/etcd': etcdProgram(controlPlane),
        '/usr/local/bin/etcdctl': tools.etcdctl,
        '/usr/local/bin/etcdutl': tools.etcdutl,
      },
    },
    released('kube-apiserver', 27_700_000, 260_000_000, 35, apiServerProgram),
    released('kube-controller-manager', 23_100_000, 58_000_000, 15, controllerManagerProgram),
    released('kube-scheduler', 17_300_000, 24_000_000, 4, schedulerProgram),
  ];
}
