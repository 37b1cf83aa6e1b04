// Random Services, endpoints, policies and packets: where the rules of the nodes lead agrees with what the objects say,
// in every mode of kube-proxy. MODEL_SECONDS=600 looks for longer, MODEL_SEED=7 elsewhere.

import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { IPV4, IPV6 } from './model/addresses.ts';
import { ModelCluster } from './model/cluster.ts';
import { scenario } from './model/scenario.ts';

const seconds = Number(process.env.MODEL_SECONDS ?? 4);
const seed = Number(process.env.MODEL_SEED ?? 1);

const budget = (part: number) => ({
  seed,
  numRuns: 1_000_000,
  interruptAfterTimeLimit: seconds * part * 1000,
  markInterruptAsFailure: false,
});

describe.each(['iptables', 'ipvs', 'nftables'] as const)('in %s mode', (mode) => {
  it.each([IPV4, IPV6])(
    'packets of $family end where the objects say',
    (addresses) => {
      const cluster = new ModelCluster(mode, addresses);
      fc.assert(
        fc.property(scenario(addresses), (each) => {
          cluster.apply(each);
          for (const probe of each.probes) expect(cluster.send(probe)).toBe('as expected');
        }),
        budget(addresses === IPV4 ? 1 : 0.5),
      );
      expect(cluster.packets).toBeGreaterThan(100);
    },
    (seconds + 60) * 1000,
  );
});

describe('in userspace mode', () => {
  it(
    'connections reach a Pod of the Service',
    () => {
      const cluster = new ModelCluster('userspace', IPV4);
      fc.assert(
        fc.property(scenario(IPV4), ({ fronts, probes }) => {
          cluster.apply({ fronts: fronts.filter(({ service }) => service.spec?.selector), policies: [], probes });
          for (const probe of probes) expect(cluster.connect(probe)).toBe('as expected');
        }),
        budget(0.5),
      );
      expect(cluster.packets).toBeGreaterThan(20);
    },
    (seconds + 60) * 1000,
  );
});
