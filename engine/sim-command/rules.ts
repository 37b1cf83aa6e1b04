// sim rules NODE: who wrote the packet filter's rules on a node, and because of which object.

import type { Chain, NetworkNamespace, Rule } from '../linux/index.ts';
import { table } from './values.ts';
import { SimError, type SubCommand } from './types.ts';

const HEAD = ['TABLE', 'CHAINS', 'RULES', 'WRITTEN BY', 'BECAUSE OF'];

/** Writers by the names of their chains; the first that fits. */
const WRITERS: readonly (readonly [chain: RegExp, writer: string])[] = [
  [/^KUBE-(FIREWALL|KUBELET-CANARY|IPTABLES-HINT)$/, 'kubelet'],
  [/^KUBE-/, 'kube-proxy'],
  [/^FLANNEL-/, 'flannel'],
  [/^CNI-/, 'portmap (CNI)'],
  [/^cali-/, 'calico-node'],
  [/^ISTIO_/, 'istio-init'],
];
const writerOf = (chain: string): string => WRITERS.find(([pattern]) => pattern.test(chain))?.[1] ?? '-';

/** What has one writer and one cause in one table. */
interface Group {
  chains: Set<string>;
  rules: number;
}

export const rules: SubCommand = {
  name: 'rules',
  usage: 'NODE',
  help: "Show who wrote the rules of a node's packet filter, and because of which Service or Pod",
  args: [1, 1],
  // eslint-disable-next-line require-yield
  *run({ targets: { machines }, args: [name], line }) {
    const machine = machines.get(name);
    if (!machine) throw new SimError(`there is no node ${JSON.stringify(name)}`);
    const groups = new Map<string, Group>();
    const count = (where: string, chain: string, writer: string, cause: string, rules: number) => {
      const key = [where, writer, cause].join('\t');
      let group = groups.get(key);
      if (!group) groups.set(key, (group = { chains: new Set(), rules: 0 }));
      group.chains.add(chain);
      group.rules += rules;
    };
    iptables(machine.net, count);
    nftables(machine.net, count);
    const rows = [...groups].map(([key, { chains, rules }]) => {
      const [where, writer, cause] = key.split('\t');
      return [where, String(chains.size), String(rules), writer, cause];
    });
    for (const row of table([HEAD, ...rows])) line(row);
  },
};

type Count = (where: string, chain: string, writer: string, cause: string, rules: number) => void;

function iptables({ netfilter }: NetworkNamespace, count: Count) {
  for (const table of Object.values(netfilter?.tables ?? {})) {
    table.settle();
    table.chains.forEach((chain: Chain) => {
      const own = chain.policy === undefined;
      const cause = own ? (causeIn(chain.rules.map(commentOf)) ?? '-') : '-';
      if (own && chain.rules.length === 0) count(table.name, chain.name, writerOf(chain.name), '-', 0);
      for (const rule of chain.rules) {
        const writer = writerOf(own ? chain.name : (rule.spec.jump?.name ?? ''));
        count(table.name, chain.name, writer, shared(chain.name) ? (causeIn([commentOf(rule)]) ?? '-') : cause, 1);
      }
    });
  }
}

/** Chains that have rules for many objects. */
const shared = (chain: string): boolean => !/-[A-Z0-9]{16}$/.test(chain);

const commentOf = ({ spec }: Rule): string =>
  spec.matches?.find((match) => match.save().startsWith('-m comment'))?.save() ?? '';

/** 'default/web:http', 'default/web' in a comment. */
function causeIn(comments: readonly string[]): string | undefined {
  for (const comment of comments) {
    const found = /(?:^|["\s])([a-z0-9-]+\/[a-z0-9.-]+)(?::[\w-]+)?/.exec(
      comment.replace(/^-m comment --comment /, ''),
    );
    if (found) return found[1];
  }
  return undefined;
}

function nftables({ netfilter }: NetworkNamespace, count: Count) {
  netfilter?.nft?.tables.forEach((table) => {
    const where = `nft ${table.name}`;
    table.chains.forEach((chain) => {
      // `service-ABCDEFGH-default/web/tcp/http`, `endpoint-…`.
      const cause = /^[a-z-]+-[A-Z0-9]{8}-([a-z0-9-]+\/[a-z0-9.-]+)\//.exec(chain.name)?.[1] ?? '-';
      count(where, chain.name, table.name, cause, chain.rules.length);
    });
    table.maps.forEach((map) => {
      map.elements.forEach((verdict) => {
        const to =
          typeof verdict === 'object' &&
          ('goto' in verdict ? verdict.goto : 'jump' in verdict ? verdict.jump : undefined);
        const cause = to && /-[A-Z0-9]{8}-([a-z0-9-]+\/[a-z0-9.-]+)\//.exec(to.name)?.[1];
        count(where, `map ${map.name}`, table.name, cause || '-', 1);
      });
    });
  });
}
