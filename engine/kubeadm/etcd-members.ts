// Which etcd members run, which of them reach each other, and who leads: Raft as far as it can be seen from outside.

export interface Member {
  name: string;
  ip: string;
  /** 16 hexadecimal digits. */
  id: string;
}

export class EtcdMembers {
  readonly all: Member[] = [];
  readonly clusterId: string;
  leader: Member | undefined;
  /** Raft: goes up with each election. */
  term = 1;
  private readonly running = new Set<string>();
  /** Whether the network leads from one machine to another. */
  private readonly path: (from: string, to: string) => boolean;

  constructor(clusterId: string, path: (from: string, to: string) => boolean) {
    this.clusterId = clusterId;
    this.path = path;
  }

  runs(name: string): boolean {
    return this.running.has(name);
  }

  join(name: string) {
    this.running.add(name);
    this.changed();
  }

  leave(name: string) {
    this.running.delete(name);
    this.changed();
  }

  /** Whether a majority of all members is within reach of a running one. */
  quorumOf(name: string): boolean {
    if (!this.running.has(name)) return false;
    let count = 0;
    for (const other of this.running) if (this.path(name, other) && this.path(other, name)) count++;
    return 2 * count > this.all.length;
  }

  /** A member or the network has come or gone: a leader without a majority is none, and the others elect one. */
  changed() {
    if (this.leader && this.quorumOf(this.leader.name)) return;
    this.leader = this.all.find(({ name }) => this.quorumOf(name));
    if (this.leader) this.term++;
  }
}
