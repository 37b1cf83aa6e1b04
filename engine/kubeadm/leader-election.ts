// Leader election by a Lease, as client-go does it: of the copies of a component, the one that holds the Lease works.

import type { Lease } from '../api/types.ts';
import { ApiError, EventRecorder, microTimestamp, type Client } from '../client/index.ts';
import type { Process } from '../linux/index.ts';
import { type Co, Signal, type Sim } from '../sim/index.ts';

// component-base: LeaseDuration, RenewDeadline, RetryPeriod; client-go: JitterFactor.
const LEASE_SECONDS = 15;
const RENEW_DEADLINE_MS = 10_000;
const RETRY_MS = 2000;
const JITTER = 1.2;
/** How long before the end of the quiet time renewals begin. */
const QUIET_LEAD_MS = 3000;

export interface ElectionOptions {
  /** SIGTERM and SIGINT end it. */
  process: Process;
  client: Client;
  /** Of the Lease, in kube-system. */
  name: string;
  /** --leader-elect: without it the process leads at once. */
  elect: boolean;
  /** Of chance, for what stands behind the host's name in the holder's. */
  stream: string;
  /** Give the Lease up at the end, so that another need not wait. */
  releaseOnCancel: boolean;
  /** Before this time nobody looks: only the last renewals are made. */
  quietUntil: number;
  lead: () => void;
  log: (level: 'I' | 'E', where: string, text: string) => void;
}

/** Runs until the process is to end ('stopped') or the Lease could not be renewed in time ('lost'). */
export function* lead(options: ElectionOptions): Co<'stopped' | 'lost'> {
  const { process, elect, name, log } = options;
  const { sim } = process.host;
  const stop = new Signal();
  let ending = false;
  for (const signal of ['TERM', 'INT']) {
    process.handlers.set(signal, () => {
      ending = true;
      stop.fire();
    });
  }
  if (!elect) {
    options.lead();
    while (!ending) yield stop;
    return 'stopped';
  }
  const election = new Election(options);
  log('I', 'leaderelection.go:257', `attempting to acquire leader lease kube-system/${name}...`);
  const next = (wait: number) => Math.max(wait, options.quietUntil - QUIET_LEAD_MS - sim.now);
  while (!ending && !election.attempt()) {
    const retry = RETRY_MS * (1 + JITTER * sim.random('leader-election').float());
    yield { signals: [stop], timeout: election.unanswered ? retry : next(retry) };
  }
  if (ending) return 'stopped';
  log('I', 'leaderelection.go:271', `successfully acquired lease kube-system/${name}`);
  election.announce();
  options.lead();
  let renewedAt = sim.now;
  for (;;) {
    yield { signals: [stop], timeout: next(RETRY_MS) };
    if (ending) {
      if (options.releaseOnCancel) election.release();
      return 'stopped';
    }
    if (election.attempt()) renewedAt = sim.now;
    else if (sim.now - renewedAt >= RENEW_DEADLINE_MS) {
      log('I', 'leaderelection.go:297', `failed to renew lease kube-system/${name}: context deadline exceeded`);
      return 'lost';
    }
  }
}

class Election {
  private readonly options: ElectionOptions;
  private readonly sim: Sim;
  private readonly identity: string;
  private lease: Lease | undefined;
  /** When the Lease was last seen to change, by this process's clock. */
  private observed = { renewTime: '', at: 0 };
  /** The API server did not answer the last attempt. */
  unanswered = false;

  constructor(options: ElectionOptions) {
    const { sim, hostname } = options.process.host;
    this.options = options;
    this.sim = sim;
    this.identity = `${hostname}_${sim.random(options.stream).uuid()}`;
  }

  private get leases() {
    return this.options.client.of<Lease>('coordination.k8s.io/v1', 'leases');
  }

  /** Takes or renews the Lease; false when another holds it or the API server does not answer. */
  attempt(): boolean {
    const { sim, identity } = this;
    const { name, log } = this.options;
    const now = microTimestamp(sim.now);
    this.unanswered = false;
    try {
      // What this process wrote last is tried first; a conflict sends it back to look.
      let lease = this.lease ?? this.leases.find('kube-system', name);
      if (!lease) {
        const spec = this.spec(now, now, 0);
        const metadata = { name, namespace: 'kube-system' };
        this.lease = this.leases.create('kube-system', {
          apiVersion: 'coordination.k8s.io/v1',
          kind: 'Lease',
          metadata,
          spec,
        } as Lease);
        return true;
      }
      const { holderIdentity, renewTime = '', acquireTime = now, leaseTransitions = 0 } = lease.spec ?? {};
      if (renewTime !== this.observed.renewTime) this.observed = { renewTime, at: sim.now };
      const mine = holderIdentity === identity;
      const seconds = lease.spec?.leaseDurationSeconds ?? LEASE_SECONDS;
      if (holderIdentity && !mine && this.observed.at + seconds * 1000 > sim.now) return false;
      const spec = mine ? this.spec(now, acquireTime, leaseTransitions) : this.spec(now, now, leaseTransitions + 1);
      lease = this.leases.update('kube-system', name, { ...lease, spec: { ...lease.spec, ...spec } });
      this.lease = lease;
      return true;
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      this.lease = undefined;
      this.unanswered = true;
      log('E', 'leaderelection.go:448', `error retrieving resource lock kube-system/${name}: ${error.message}`);
      return false;
    }
  }

  private spec(renewTime: string, acquireTime: string, leaseTransitions: number) {
    return {
      acquireTime,
      holderIdentity: this.identity,
      leaseDurationSeconds: LEASE_SECONDS,
      leaseTransitions,
      renewTime,
    };
  }

  /** The event that tells who leads now. */
  announce() {
    const { sim, identity } = this;
    const { client, name } = this.options;
    if (this.lease)
      new EventRecorder(sim, client, name).event(this.lease, 'Normal', 'LeaderElection', `${identity} became leader`);
  }

  release() {
    const { name } = this.options;
    if (!this.lease) return;
    const now = microTimestamp(this.sim.now);
    const spec = { ...this.lease.spec, holderIdentity: '', leaseDurationSeconds: 1, renewTime: now, acquireTime: now };
    try {
      this.leases.update('kube-system', name, { ...this.lease, spec });
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
    }
  }
}
