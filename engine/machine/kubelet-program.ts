// kubelet, started by hand on a machine: its flags are read as the real one reads them, and it does not get further,
// since the machine's own kubelet has the ports.

import type { Process, Program } from '../linux/index.ts';
import type { Co } from '../sim/index.ts';
import type { SoftwareOf } from './apt.ts';
import type { KubeletOf } from './units.ts';

/** Flags that the kubelet has, as far as people write them. */
const KNOWN = new Set(
  (
    'bootstrap-kubeconfig kubeconfig config container-runtime-endpoint pod-infra-container-image hostname-override ' +
    'node-ip node-labels register-with-taints register-node cluster-dns cluster-domain fail-swap-on cgroup-driver ' +
    'max-pods pod-cidr pod-manifest-path root-dir v version help cert-dir client-ca-file address port read-only-port ' +
    'anonymous-auth authorization-mode eviction-hard eviction-soft feature-gates image-gc-high-threshold ' +
    'image-gc-low-threshold kube-reserved system-reserved rotate-certificates runtime-cgroups serialize-image-pulls ' +
    'resolv-conf provider-id cloud-provider seccomp-default'
  ).split(' '),
);
/** Flags that went, and the minor release that did it. */
const REMOVED: Readonly<Record<string, number>> = {
  'network-plugin': 24,
  'cni-bin-dir': 24,
  'cni-conf-dir': 24,
  'cni-cache-dir': 24,
  'network-plugin-mtu': 24,
  'non-masquerade-cidr': 24,
  'docker-endpoint': 24,
  'image-pull-progress-deadline': 24,
  'dynamic-config-dir': 24,
  'container-runtime': 27,
};

/** Whether the release has the flag no more. */
export const isGone = (name: string, minor: number): boolean => minor >= (REMOVED[name] ?? Infinity);

export const kubelet = (kubeletOf: KubeletOf, softwareOf: SoftwareOf): Program =>
  function* (process): Co<number> {
    const { sim } = kubeletOf(process);
    const version = softwareOf(process).release('kubelet');
    const minor = Number(version.split('.')[1]);
    const failed = (why: string): number => {
      const time = new Date(Math.floor(sim.now)).toISOString();
      const stamp = `E${time.slice(5, 7)}${time.slice(8, 10)} ${time.slice(11, 23)}000 ${String(process.pid).padStart(7)}`;
      process.stderr.write(`${stamp} run.go:72] "command failed" err=${JSON.stringify(why)}\n`);
      return 1;
    };
    yield 20;
    const words = process.argv.slice(1);
    for (let i = 0; i < words.length; i++) {
      const flag = /^--([a-z][-a-z0-9]*)(=.*)?$/.exec(words[i]);
      if (!flag) return failed(`unknown command ${words[i]}`);
      const [, name, value] = flag;
      if (isGone(name, minor) || !(KNOWN.has(name) || Object.hasOwn(REMOVED, name)))
        return refuse(process, name, failed);
      if (name === 'version') {
        process.stdout.write(`Kubernetes ${version}\n`);
        return 0;
      }
      if (value === undefined && words[i + 1] !== undefined && !words[i + 1].startsWith('-')) i++;
    }
    process.stderr.write('kubelet: a second kubelet on a machine is not modelled by this engine; see systemctl\n');
    return 1;
  };

function refuse(process: Process, name: string, failed: (why: string) => number): number {
  if (Object.hasOwn(REMOVED, name)) return failed(`failed to parse kubelet flag: unknown flag: --${name}`);
  process.stderr.write(`kubelet: the flag --${name} is not modelled by this engine\n`);
  return 1;
}
