// Creates a Pod's sandbox.

import type { RuntimeClass } from '../api/types.ts';
import { ApiError } from '../client/index.ts';
import { createHost, FileSystem, type NetworkNamespace } from '../linux/index.ts';
import { Signal, type Co } from '../sim/index.ts';
import { quote } from './format.ts';
import { openHostPorts } from './host-ports.ts';
import type { PodWorker } from './pod-worker.ts';
import { podRef } from './reference.ts';
import { hostnameOf, type Sandbox } from './sandbox.ts';

const SANDBOX_MS = 160;
const SANDBOX_JITTER_MS = 120;
/** Until a sandbox that could not be made is tried again. */
const RETRY_MS = 10_000;

// kubelet: what containerd is configured with, as the node's status lists it.
const HANDLERS = ['', 'runc'];

/** The runtime handler that the Pod's RuntimeClass asks for; undefined when this node has it. */
function missingHandler(worker: PodWorker): string | undefined {
  const name = worker.pod.spec?.runtimeClassName;
  if (!name) return undefined;
  let found: RuntimeClass | undefined;
  try {
    found = worker.kubelet.client.of<RuntimeClass>('node.k8s.io/v1', 'runtimeclasses', false).find('', name);
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    return `failed to get sandbox runtime: ${error.message}`;
  }
  if (!found) return `failed to get sandbox runtime: RuntimeClass ${quote(name)} not found`;
  if (HANDLERS.includes(found.handler)) return undefined;
  return `rpc error: code = Unknown desc = failed to get sandbox runtime: no runtime for ${quote(found.handler)} is configured`;
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

function* waits(): Co<number> {
  for (;;) yield new Signal();
}

/** Makes the Pod's sandbox: an address of the node's range and a network namespace, or the node's own. */
export function* createSandbox(worker: PodWorker): Co<Sandbox> {
  const { kubelet, pod } = worker;
  const { sim } = kubelet;
  yield SANDBOX_MS + sim.random('sandbox').int(SANDBOX_JITTER_MS);
  for (let why = missingHandler(worker); why !== undefined; why = missingHandler(worker)) {
    const text = `Failed to create pod sandbox: ${why}`;
    kubelet.recorder.event(podRef(pod), 'Warning', 'FailedCreatePodSandBox', text);
    yield RETRY_MS;
  }
  const hostname = hostnameOf(pod, kubelet.node.name);
  if (pod.spec?.hostNetwork) {
    const net = kubelet.nodeNet;
    return {
      ip: kubelet.node.ip,
      net,
      hostname,
      hostNetwork: true,
      hostPorts: [],
      ...processes(worker, net, hostname),
    };
  }
  let ip = kubelet.addresses.allocate();
  while (ip === undefined) {
    const id = sim.random('sandbox').hex(64);
    const text = `Failed to create pod sandbox: rpc error: code = Unknown desc = failed to setup network for sandbox "${id}": plugin type="flannel" failed (add): failed to delegate add: failed to allocate for range 0: no IP addresses available in range set`;
    kubelet.recorder.event(podRef(pod), 'Warning', 'FailedCreatePodSandBox', text);
    yield RETRY_MS;
    ip = kubelet.addresses.allocate();
  }
  const net = kubelet.network.namespace([ip]);
  kubelet.setupNetwork(net, pod);
  return {
    ip,
    net,
    hostname,
    hostNetwork: false,
    // A plug-in that has wired the Pod up has mapped its ports too.
    hostPorts: net.flat ? openHostPorts(kubelet.nodeNet, pod, net) : [],
    ...processes(worker, net, hostname),
  };
}
