// Creates a Pod's sandbox.

import type { Co } from '../sim/index.ts';
import { openHostPorts } from './host-ports.ts';
import type { PodWorker } from './pod-worker.ts';
import { podRef } from './reference.ts';
import { hostnameOf, type Sandbox } from './sandbox.ts';

const SANDBOX_MS = 160;
const SANDBOX_JITTER_MS = 120;
/** Until a sandbox that could not be made is tried again. */
const RETRY_MS = 10_000;

/** Makes the Pod's sandbox: an address of the node's range and a network namespace, or the node's own. */
export function* createSandbox(worker: PodWorker): Co<Sandbox> {
  const { kubelet, pod } = worker;
  const { sim } = kubelet;
  yield SANDBOX_MS + sim.random('sandbox').int(SANDBOX_JITTER_MS);
  const hostname = hostnameOf(pod, kubelet.node.name);
  if (pod.spec?.hostNetwork) {
    return { ip: kubelet.node.ip, net: kubelet.nodeNet, hostname, hostNetwork: true, hostPorts: [] };
  }
  let ip = kubelet.addresses.allocate();
  while (ip === undefined) {
    const id = sim.random('sandbox').hex(64);
    const text = `Failed to create pod sandbox: rpc error: code = Unknown desc = failed to setup network for sandbox "${id}": plugin type="ptp" failed (add): no IP addresses available in range set`;
    kubelet.recorder.event(podRef(pod), 'Warning', 'FailedCreatePodSandBox', text);
    yield RETRY_MS;
    ip = kubelet.addresses.allocate();
  }
  const net = kubelet.network.namespace([ip]);
  net.hosts = () => worker.hosts;
  kubelet.setupNetwork(net, pod);
  return { ip, net, hostname, hostNetwork: false, hostPorts: openHostPorts(kubelet.nodeNet, pod, net) };
}
