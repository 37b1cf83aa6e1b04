// flannel as one installs it with `kubectl apply -f`: besides its daemon, two init containers put the plug-in's program and
// its configuration on each node.

import type { KubeObject } from '../api/types.ts';
import { FLANNEL_CONFLIST } from '../cni/config.ts';
import { CNI_PLUGIN_IMAGE, flannelManifests } from './flannel.ts';

interface DaemonSetLike {
  spec: { template: { spec: { containers: { name: string; image: string }[]; volumes: object[] } } };
}

export function flannelInstaller(settings: { clusterCIDR: string; cloud: boolean }): KubeObject[] {
  return flannelManifests(settings).map((object) => {
    if (object.kind === 'ConfigMap') {
      const { data, ...rest } = object as KubeObject & { data: Record<string, string> };
      return { ...rest, data: { 'cni-conf.json': FLANNEL_CONFLIST, ...data } };
    }
    return object.kind === 'DaemonSet' ? withInstallers(object) : object;
  });
}

function withInstallers(object: KubeObject): KubeObject {
  const { spec } = object as unknown as DaemonSetLike;
  const pod = spec.template.spec;
  const initContainers = [
    {
      name: 'install-cni-plugin',
      image: CNI_PLUGIN_IMAGE,
      command: ['cp'],
      args: ['-f', '/flannel', '/opt/cni/bin/flannel'],
      volumeMounts: [{ name: 'cni-plugin', mountPath: '/opt/cni/bin' }],
    },
    {
      name: 'install-cni',
      image: pod.containers[0].image,
      command: ['cp'],
      args: ['-f', '/etc/kube-flannel/cni-conf.json', '/etc/cni/net.d/10-flannel.conflist'],
      volumeMounts: [
        { name: 'cni', mountPath: '/etc/cni/net.d' },
        { name: 'flannel-cfg', mountPath: '/etc/kube-flannel/' },
      ],
    },
  ];
  const volumes = [
    ...pod.volumes,
    { name: 'cni-plugin', hostPath: { path: '/opt/cni/bin' } },
    { name: 'cni', hostPath: { path: '/etc/cni/net.d' } },
  ];
  const template = { ...spec.template, spec: { ...pod, initContainers, volumes } };
  return { ...object, spec: { ...spec, template } };
}
