// The gRPC action of probes.

import { checkGrpcHealth, hostPort, type NetworkNamespace } from '../linux/index.ts';
import type { Co } from '../sim/index.ts';
import { timeoutText, untilWholeMs, type ActionResult } from './handlers.ts';

/** grpc.health.v1.Health/Check, as a gRPC probe asks it. */
export function* grpcHealth(
  net: NetworkNamespace,
  host: string,
  port: number,
  service: string,
  timeout: number,
): Co<ActionResult> {
  const { sim } = net.network;
  const began = sim.now;
  const late: ActionResult = {
    ok: false,
    output: `timeout: failed to connect service "${hostPort(host, port)}" within ${timeoutText(timeout)}: context deadline exceeded`,
  };
  const socket = yield* net.connect(host, port, { timeout });
  const deadline = began + timeout;
  if (typeof socket === 'string') {
    // A client that is refused tries again until its time is up.
    yield Math.max(0, deadline - sim.now);
    return late;
  }
  const task = sim.spawn('probe', checkGrpcHealth(socket, service));
  while (!task.done && sim.now < deadline) yield { signals: [task.exited], timeout: deadline - sim.now };
  socket.close();
  yield untilWholeMs(sim);
  if (!task.done) {
    task.kill();
    return { ok: false, output: `timeout: health rpc did not complete within ${timeoutText(timeout)}` };
  }
  const status = task.result;
  if (status === 'SERVING') return { ok: true, output: 'service healthy' };
  if (status === 'NOT_SERVING') return { ok: false, output: 'service unhealthy (responded with "NOT_SERVING")' };
  if (status === 'SERVICE_UNKNOWN') {
    return { ok: false, output: 'error: health rpc failed: rpc error: code = NotFound desc = unknown service' };
  }
  return {
    ok: false,
    output: 'error: this server does not implement the grpc health protocol (grpc.health.v1.Health): ',
  };
}
