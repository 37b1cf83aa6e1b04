// The container runtimes that a machine may have, as far as one can tell them apart from outside.

export type RuntimeName = 'containerd' | 'cri-o' | 'docker';

export interface Runtime {
  name: RuntimeName;
  /** Its systemd unit. */
  unit: string;
  program: string;
  /** Where the kubelet speaks to it. */
  socket: string;
  /** As nodes report it when nothing else is known; the part before `://` is that of containers' IDs. */
  version: string;
}

export const RUNTIMES: Readonly<Record<RuntimeName, Runtime>> = {
  containerd: {
    name: 'containerd',
    unit: 'containerd',
    program: '/usr/bin/containerd',
    socket: '/run/containerd/containerd.sock',
    version: 'containerd://2.1.5',
  },
  'cri-o': {
    name: 'cri-o',
    unit: 'crio',
    program: '/usr/bin/crio',
    socket: '/var/run/crio/crio.sock',
    version: 'cri-o://1.35.0',
  },
  // By dockershim, which was part of the kubelet until v1.24.
  docker: {
    name: 'docker',
    unit: 'docker',
    program: '/usr/bin/dockerd -H fd:// --containerd=/run/containerd/containerd.sock',
    socket: '/var/run/dockershim.sock',
    version: 'docker://19.3.15',
  },
};

/** The part of a container's ID before `://`. */
export const scheme = ({ version }: Runtime): string => version.slice(0, version.indexOf(':'));
