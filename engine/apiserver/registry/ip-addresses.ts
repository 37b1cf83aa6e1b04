// IPAddresses: since v1.33 every cluster IP is an object of its own that names the Service which has it.

import type { KubeObject, ResourceInfo } from '../../api/types.ts';
import type { Core } from '../handlers/types.ts';
import { familyOf } from './service-ranges.ts';

/** Who has an address. */
export interface Owner {
  namespace: string;
  name: string;
}

const MANAGED_BY = 'ipallocator.k8s.io';
/** The API server's repair loop. */
const REPAIR_MS = 180_000;

export class IPAddresses {
  private readonly core: Core;
  private readonly info: ResourceInfo;
  private readonly ownerOf: (ip: string) => Owner | undefined;
  private readonly changed = new Set<string>();

  constructor(core: Core, info: ResourceInfo, ownerOf: (ip: string) => Owner | undefined) {
    this.core = core;
    this.info = info;
    this.ownerOf = ownerOf;
    core.storage.etcd.watch(info.storagePrefix, ({ kv, prev }) => {
      const name = (prev?.value as KubeObject | undefined)?.metadata.name;
      // Somebody has deleted what a Service holds: it is made again when that is noticed.
      if (!kv && name && ownerOf(name)) core.sim.after(REPAIR_MS, () => this.settle(name));
    });
  }

  /** Whether somebody else than a Service holds the address. */
  has(ip: string): boolean {
    const stored = this.core.storage.get(this.info, '', ip);
    return stored !== undefined && !isOurs(stored);
  }

  /** A Service has got or left an address. */
  touch(ip: string) {
    if (!this.changed.size) {
      this.core.sim.after(0, () => {
        const all = [...this.changed];
        this.changed.clear();
        for (const one of all) this.settle(one);
      });
    }
    this.changed.add(ip);
  }

  /** Makes the object say what is so. */
  private settle(ip: string) {
    const { core, info } = this;
    const owner = this.ownerOf(ip);
    const stored = core.storage.get(info, '', ip);
    if (!owner) {
      if (stored && isOurs(stored)) core.storage.remove(info, stored);
      return;
    }
    const ref = stored?.spec.parentRef;
    if (ref && ref.name === owner.name && ref.namespace === owner.namespace) return;
    if (stored) core.storage.remove(info, stored);
    const time = `${new Date(core.sim.now).toISOString().slice(0, 19)}Z`;
    const object: KubeObject = {
      apiVersion: 'networking.k8s.io/v1',
      kind: 'IPAddress',
      metadata: {
        name: ip,
        uid: core.sim.random('uid/ipaddress').uuid(),
        creationTimestamp: time,
        labels: {
          'ipaddress.kubernetes.io/ip-family': familyOf(ip),
          'ipaddress.kubernetes.io/managed-by': MANAGED_BY,
        },
      },
      spec: { parentRef: { group: '', namespace: owner.namespace, name: owner.name, resource: 'services' } },
    };
    core.storage.put(info, object, (result) =>
      core.ledger.note(info, result, undefined, { manager: 'kube-apiserver', subresource: '', time }),
    );
  }
}

const isOurs = ({ metadata }: KubeObject): boolean =>
  metadata.labels?.['ipaddress.kubernetes.io/managed-by'] === MANAGED_BY;
