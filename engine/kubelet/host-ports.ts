// hostPort: connections to a port of the node are handed on to the Pod, as the portmap plug-in does.

import type { Pod } from '../api/types.ts';
import type { Listener, NetworkNamespace, Socket } from '../linux/index.ts';
import type { Co } from '../sim/index.ts';

/** Opens the node's ports that the Pod's containers ask for; close them with the sandbox. */
export function openHostPorts(nodeNet: NetworkNamespace, pod: Pod, podNet: NetworkNamespace): Listener[] {
  const opened: Listener[] = [];
  for (const container of pod.spec?.containers ?? []) {
    for (const { hostPort, containerPort, hostIP } of container.ports ?? []) {
      if (!hostPort) continue;
      const { sim } = nodeNet.network;
      const onConnect = (socket: Socket) => void sim.spawn('hostPort', connect(socket, nodeNet, podNet, containerPort));
      const address = hostIP && hostIP !== '0.0.0.0' ? hostIP : undefined;
      const listener = nodeNet.listen(hostPort, onConnect, { address });
      if (listener) opened.push(listener);
    }
  }
  return opened;
}

function* connect(outside: Socket, nodeNet: NetworkNamespace, podNet: NetworkNamespace, port: number): Co {
  const inside = yield* nodeNet.connect(podNet.addresses[0], port);
  if (typeof inside === 'string') {
    outside.close();
    return;
  }
  const { sim } = nodeNet.network;
  sim.spawn('hostPort', copy(inside, outside));
  yield* copy(outside, inside);
}

function* copy(from: Socket, to: Socket): Co {
  for (;;) {
    const text = yield* from.reader.read();
    if (text === undefined || !to.writer.write(text)) break;
    yield* to.writer.drain();
  }
  to.writer.close();
}
