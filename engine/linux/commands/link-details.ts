// What `ip -s` and `ip -d` add to an interface: its counters, and how its kind is set up.

import type { Link } from '../net/index.ts';

const LIMITS: Record<string, string> = {
  loopback: 'minmtu 0 maxmtu 0',
  dummy: 'minmtu 0 maxmtu 0',
};

const priority = (link: Link) => `8000.${link.mac}`;

/** What stands at the end of the line with the hardware address, and below. */
export function detailLines(link: Link): string {
  const promiscuous = link.master ? 1 : 0;
  let out = ` promiscuity ${promiscuous} allmulti ${promiscuous} ${LIMITS[link.kind] ?? 'minmtu 68 maxmtu 65535'} `;
  if (link.kind === 'veth' || link.kind === 'dummy') out += `\n    ${link.kind} `;
  if (link.tunnel) {
    const { vni, port, device } = link.tunnel;
    out += `\n    vxlan id ${vni} local ${device.address} dev ${device.name} srcport 0 0 dstport ${port} nolearning ttl auto ageing 300 udpcsum noudp6zerocsumtx noudp6zerocsumrx `;
  }
  if (link.kind === 'bridge') {
    out += `\n    bridge forward_delay 1500 hello_time 200 max_age 2000 ageing_time 30000 stp_state 0 priority 32768 vlan_filtering 0 vlan_protocol 802.1Q bridge_id ${priority(link)} designated_root ${priority(link)} root_port 0 root_path_cost 0 `;
  }
  const { master } = link;
  if (master) {
    const number = master.ports.indexOf(link) + 1;
    const port = `port_id 0x${(0x8000 + number).toString(16)} port_no 0x${number.toString(16)}`;
    out += `\n    bridge_slave state ${link.up ? 'forwarding' : 'disabled'} priority 32 cost 2 hairpin ${link.hairpin ? 'on' : 'off'} guard off root_block off fastleave off learning on flood on ${port} designated_port ${0x8000 + number} designated_cost 0 designated_bridge ${priority(master)} designated_root ${priority(master)} `;
  }
  const queues = link.kind === 'veth' ? 4 : 1;
  return `${out}addrgenmode eui64 numtxqueues ${queues} numrxqueues ${queues} gso_max_size 65536 gso_max_segs 65535 `;
}

/** Columns as wide as their heads, or their numbers. */
const HEADS = ['bytes', 'packets', 'errors', 'dropped'];
const REST = { RX: [' missed', '  mcast'], TX: ['carrier', 'collsns'] };

function table(name: 'RX' | 'TX', bytes: number, packets: number): string {
  const values = [String(bytes), String(packets), '0', '0', '0', '0'];
  const widths = [10, 7, 6, 7, 7, 7].map((width, i) => Math.max(width, values[i].length));
  const heads = [...HEADS, ...REST[name]].map((head, i) => head.padStart(i === 0 ? widths[0] - 4 : widths[i]));
  return (
    `    ${name}: ${heads.join(' ')}           \n` +
    `    ${values.map((value, i) => value.padStart(widths[i])).join(' ')} \n`
  );
}

export const statisticLines = (link: Link): string =>
  table('RX', link.receivedBytes, link.receivedPackets) + table('TX', link.sentBytes, link.sentPackets);
