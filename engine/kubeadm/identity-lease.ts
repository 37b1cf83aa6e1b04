// The Lease in kube-system by which an API server says that it lives, and the removal of those of servers that are gone.

import type { Lease } from '../api/types.ts';
import { ApiError, Heartbeat, type Client } from '../client/index.ts';
import { encode } from '../linux/bytes.ts';
import { sha256 } from '../linux/sha256.ts';
import type { Sim } from '../sim/index.ts';

// kube-apiserver: IdentityLeaseDurationSeconds, IdentityLeaseRenewIntervalPeriod, IdentityLeaseGCPeriod.
const SECONDS = 3600;
const RENEW_MS = 10_000;
const COLLECT_MS = 3_600_000;
const NAMESPACE = 'kube-system';
const LABEL = 'apiserver.kubernetes.io/identity';

const BASE32 = 'abcdefghijklmnopqrstuvwxyz234567';

/** `apiserver-` and the first 16 bytes of the host name's SHA-256 in base 32. */
function identityOf(hostname: string): string {
  const hex = sha256(encode(hostname)).slice(0, 32);
  let out = 'apiserver-';
  let number = BigInt(`0x${hex}`) << 2n;
  for (let shift = 125n; shift >= 0n; shift -= 5n) out += BASE32[Number((number >> shift) & 31n)];
  return out;
}

/** Renews the server's Lease until `stop` is called. */
export function keepIdentity(sim: Sim, client: Client, hostname: string): { stop(): void } {
  const name = identityOf(hostname);
  const heartbeat = new Heartbeat({
    sim,
    client,
    namespace: NAMESPACE,
    name,
    holder: `${name}_${sim.random(`identity/${hostname}`).uuid()}`,
    seconds: SECONDS,
    metadata: () => ({ labels: { [LABEL]: 'kube-apiserver', 'kubernetes.io/hostname': hostname } }),
  });
  heartbeat.renew();
  const timers = [sim.every(RENEW_MS, () => heartbeat.renew()), sim.every(COLLECT_MS, () => collect(sim, client))];
  return { stop: () => timers.forEach((timer) => timer.cancel()) };
}

/** Deletes Leases that nobody has renewed in their time. */
function collect(sim: Sim, client: Client) {
  const leases = client.of<Lease>('coordination.k8s.io/v1', 'leases');
  try {
    for (const { metadata, spec } of leases.list(NAMESPACE, { labelSelector: `${LABEL}=kube-apiserver` })) {
      const renewed = spec?.renewTime ? Date.parse(spec.renewTime) : 0;
      if (renewed + (spec?.leaseDurationSeconds ?? 0) * 1000 < sim.now) leases.delete(NAMESPACE, metadata?.name ?? '');
    }
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
  }
}
