// Which etcd members run, which of them reach each other, and who leads: Raft as far as it can be seen from outside.

export interface Member {
  name: string;
  ip: string;
  /** 16 hexadecimal digits. */
  id: string;
  /** It follows the others and has no vote yet. */
  isLearner?: boolean;
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

  add(member: Member) {
    this.all.push(member);
    this.changed();
  }

  /** A learner has caught up with the leader, and votes from now on. */
  promote(name: string) {
    const at = this.all.findIndex((member) => member.name === name);
    this.all[at] = { ...this.all[at], isLearner: false };
    this.changed();
  }

  remove(name: string) {
    const at = this.all.findIndex((member) => member.name === name);
    if (at >= 0) this.all.splice(at, 1);
    if (this.leader?.name === name) this.leader = undefined;
    this.changed();
  }

  /** Whether a majority of all that vote is within reach of a running one that does. */
  quorumOf(name: string): boolean {
    if (!this.running.has(name)) return false;
    let voters = 0;
    let count = 0;
    let votes = false;
    for (const { name: other, isLearner } of this.all) {
      if (isLearner) continue;
      voters++;
      if (other === name) votes = true;
      if (this.running.has(other) && this.path(name, other) && this.path(other, name)) count++;
    }
    return votes && 2 * count > voters;
  }

  /** A member or the network has come or gone: a leader without a majority is none, and the others elect one. */
  changed() {
    if (this.leader && this.quorumOf(this.leader.name)) return;
    this.leader = this.all.find(({ name }) => this.quorumOf(name));
    if (this.leader) this.term++;
  }
}
