// sim network [NODE...]: the interfaces of the machines, and which Pod is at the other end of each.

import type { Link } from '../linux/index.ts';
import { table } from './values.ts';
import { SimError, type SubCommand } from './types.ts';

const HEAD = ['MACHINE', 'INTERFACE', 'KIND', 'ADDRESS', 'LEADS TO'];

export const network: SubCommand = {
  name: 'network',
  usage: '[NODE...]',
  help: 'Show the interfaces of the nodes, and the Pods behind them',
  flags: [{ name: 'namespace', short: 'n', value: 'NAME', help: 'Of the Pods, only those of this namespace' }],
  args: [0, Infinity],
  *run({ targets: { machines }, args, flags, line }) {
    const unknown = args.find((name) => !machines.has(name));
    if (unknown !== undefined) throw new SimError(`there is no node ${JSON.stringify(unknown)}`);
    const rows = [HEAD];
    machines.forEach((machine, name) => {
      if (args.length && !args.includes(name)) return;
      for (const link of machine.net.links) {
        if (link.kind === 'loopback') continue;
        const pod = link.peer?.namespace.name;
        if (pod !== undefined && flags.namespace !== undefined && !pod.startsWith(`${flags.namespace}/`)) continue;
        rows.push([name, link.name, kindOf(link), addresses(link), leadsTo(link)]);
      }
    });
    for (const row of table(rows)) line(row);
  },
};

function kindOf({ kind, master }: Link): string {
  if (master) return `port of ${master.name}`;
  return kind;
}

const written = ({ ip, bits }: Link['addresses'][number]): string => `${ip}/${bits}`;
const addresses = (link: Link): string => link.addresses.map(written).join(',') || '-';

function leadsTo({ kind, lan, peer, ports }: Link): string {
  if (peer) return `${peer.namespace.name} ${peer.name} ${addresses(peer)}`;
  if (kind === 'bridge') return `${ports.length} port${ports.length === 1 ? '' : 's'}`;
  return lan ? 'the other machines' : '-';
}
