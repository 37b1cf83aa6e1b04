// Creates a Pod's sandbox.

import type { Pod, RuntimeClass } from '../api/types.ts';
import { ApiError } from '../client/index.ts';
import { createHost, FileSystem, type Kernel, type NetworkNamespace } from '../linux/index.ts';
import { Signal, type Co } from '../sim/index.ts';
import { quote } from './format.ts';
import { openHostPorts } from './host-ports.ts';
import type { PodWorker } from './pod-worker.ts';
import { podRef } from './reference.ts';
import { hostnameOf, kernelHostname, type Sandbox } from './sandbox.ts';

const SANDBOX_MS = 160;
const SANDBOX_JITTER_MS = 120;
/** Until a sandbox that could not be made is tried again. */
const RETRY_MS = 10_000;
/** Linux: __NEW_UTS_LEN. */
const MAX_HOSTNAME = 64;

/** The kernel that each handler runs a Pod on; undefined: the node's. Kata Containers bring one along. */
const KERNELS: Readonly<Record<string, Kernel | undefined>> = {
  runc: undefined,
  kata: { release: '6.12.47', version: '#1 SMP Tue Sep 16 09:12:04 UTC 2025' },
};

/** The runtime handler that the Pod's RuntimeClass asks for, or why it cannot be had here. */
function handlerOf(worker: PodWorker): { handler: string } | { problem: string } {
  const name = worker.pod.spec?.runtimeClassName;
  if (!name) return { handler: 'runc' };
  let found: RuntimeClass | undefined;
  try {
    found = worker.kubelet.client.of<RuntimeClass>('node.k8s.io/v1', 'runtimeclasses', false).find('', name);
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    return { problem: `failed to get sandbox runtime: ${error.message}` };
  }
  if (!found) return { problem: `failed to get sandbox runtime: RuntimeClass ${quote(name)} not found` };
  const { handler } = found;
  if (handler === 'runc' || worker.kubelet.node.runtimeHandlers?.includes(handler)) return { handler };
  return {
    problem: `rpc error: code = Unknown desc = failed to get sandbox runtime: no runtime for ${quote(handler)} is configured`,
  };
}

/** With a shared process namespace, the pause container's process is number 1 in it. */
function processes(worker: PodWorker, net: NetworkNamespace, hostname: string): Pick<Sandbox, 'pids' | 'pause'> {
  const { kubelet, pod } = worker;
  if (pod.spec?.hostPID) return { pids: kubelet.machine.pids, pause: undefined };
  if (!pod.spec?.shareProcessNamespace) return { pids: undefined, pause: undefined };
  const { sim } = kubelet;
  const host = createHost({ sim, hostname, fs: new FileSystem({ now: () => sim.now }), net });
  const pause = host.spawn({ program: waits, argv: ['/pause'], uid: 65535, gid: 65535 });
  return { pids: host.pids, pause };
}

const NONE: readonly string[] = [];

function sharedNamespaces({ spec }: Pod): readonly string[] {
  if (!spec?.hostNetwork && !spec?.hostPID && !spec?.hostIPC) return NONE;
  return [
    ...(spec.hostNetwork ? ['net', 'uts'] : []),
    ...(spec.hostPID ? ['pid'] : []),
    ...(spec.hostIPC ? ['ipc'] : []),
  ];
}

function* waits(): Co<number> {
  for (;;) yield new Signal();
}

/** Makes the Pod's sandbox: an address of the node's range and a network namespace, or the node's own. */
export function* createSandbox(worker: PodWorker): Co<Sandbox> {
  const { kubelet, pod } = worker;
  const { sim } = kubelet;
  yield SANDBOX_MS + sim.random('sandbox').int(SANDBOX_JITTER_MS);
  let runtime = handlerOf(worker);
  while ('problem' in runtime) {
    const text = `Failed to create pod sandbox: ${runtime.problem}`;
    kubelet.recorder.event(podRef(pod), 'Warning', 'FailedCreatePodSandBox', text);
    yield RETRY_MS;
    runtime = handlerOf(worker);
  }
  const kernel = KERNELS[runtime.handler];
  const users = pod.spec?.hostUsers === false ? kubelet.userNamespaces.allocate() : undefined;
  const hostname = kernelHostname(pod, hostnameOf(pod, kubelet.node.name), kubelet.clusterDomain);
  if (hostname.length > MAX_HOSTNAME && pod.spec?.setHostnameAsFQDN) {
    const text = `Failed to create pod sandbox: failed to construct FQDN from pod hostname and cluster domain, FQDN ${hostname} is too long (${MAX_HOSTNAME} characters is the max, ${hostname.length} characters requested)`;
    for (;;) {
      kubelet.recorder.event(podRef(pod), 'Warning', 'FailedCreatePodSandBox', text);
      yield RETRY_MS;
    }
  }
  if (pod.spec?.hostNetwork) {
    const net = kubelet.nodeNet;
    return {
      ip: kubelet.node.ip,
      secondaryIP: kubelet.node.secondaryIP,
      net,
      hostname,
      kernel,
      shared: sharedNamespaces(pod),
      users,
      hostNetwork: true,
      hostPorts: [],
      files: {},
      ...processes(worker, net, hostname),
    };
  }
  let ip: string | undefined;
  for (;;) {
    let problem = kubelet.pluginProblem();
    if (problem === undefined) ip = kubelet.addresses.allocate();
    if (ip !== undefined) break;
    problem ??= kubelet.addressesTaken;
    const id = sim.random('sandbox').hex(64);
    const text = `Failed to create pod sandbox: rpc error: code = Unknown desc = failed to setup network for sandbox "${id}": ${problem}`;
    kubelet.recorder.event(podRef(pod), 'Warning', 'FailedCreatePodSandBox', text);
    yield RETRY_MS;
  }
  const secondaryIP = kubelet.secondaryAddresses?.allocate();
  const net = kubelet.podNetwork(pod, secondaryIP ? [ip, secondaryIP] : [ip]);
  return {
    ip,
    secondaryIP,
    net,
    hostname,
    kernel,
    shared: sharedNamespaces(pod),
    users,
    hostNetwork: false,
    // A plug-in that has wired the Pod up has mapped its ports too.
    hostPorts: net.flat ? openHostPorts(kubelet.nodeNet, pod, net) : [],
    files: {},
    ...processes(worker, net, hostname),
  };
}
