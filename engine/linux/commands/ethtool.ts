// ethtool: what drives an interface, and what its driver counts.

import { capable } from '../capabilities.ts';
import type { Link, LinkKind } from '../net/index.ts';
import type { Program } from '../types.ts';
import { counted } from './link-counters.ts';
import { fail, parseOptions, put } from './options.ts';

interface Driver {
  name: string;
  version: string;
  firmware: string;
  bus: string;
  statistics: boolean;
}

const DRIVERS: Partial<Record<LinkKind, Driver>> = {
  device: { name: 'virtio_net', version: '1.0.0', firmware: '', bus: '0000:00:03.0', statistics: true },
  veth: { name: 'veth', version: '1.0', firmware: '', bus: '', statistics: true },
  bridge: { name: 'bridge', version: '2.3', firmware: 'N/A', bus: 'N/A', statistics: false },
  dummy: { name: 'dummy', version: '6.12.57+deb13-amd64', firmware: '', bus: '', statistics: false },
};

export const ethtool: Program = function* (process) {
  const options = parseOptions(process, {
    short: 'iSkKgGcCaAlLpPtTxXmMsrednNfh',
    long: { driver: 'i', statistics: 'S', 'show-features': 'k', 'show-offload': 'k', version: 'V' },
    usage: 'DEVNAME',
  });
  if (options.has('V')) {
    put(process, 'ethtool version 6.14.2\n');
    return 0;
  }
  const asked = options.given[0]?.[0];
  if (asked !== undefined && asked !== 'i' && asked !== 'S') fail(process, `-${asked} is not modelled by this engine`);
  const [name] = options.args;
  if (name === undefined) fail(process, 'bad command line argument(s)\nFor more information run ethtool -h');
  const link = counted(process.host.net).find((one) => one.name === name);
  if (!link) {
    const words = { i: 'Cannot get driver information', S: 'Cannot get stats strings information' };
    const what = asked === 'i' || asked === 'S' ? words[asked] : 'netlink error';
    process.stderr.write(`${what}: No such device\n`);
    return asked === undefined ? 75 : 71;
  }
  if (asked === 'i')
    return driver(
      link,
      (text) => put(process, text),
      (text) => process.stderr.write(text),
    );
  if (asked === 'S') {
    const lines = statistics(link);
    if (!lines) {
      process.stderr.write('no stats available\n');
      return 94;
    }
    put(process, `NIC statistics:\n${lines.map(([key, value]) => `     ${key}: ${value}\n`).join('')}`);
    return 0;
  }
  put(process, settings(link, capable(process, 'NET_ADMIN')));
  return 0;
};

function driver(link: Link, say: (text: string) => void, complain: (text: string) => void): number {
  const found = DRIVERS[link.kind];
  if (!found) {
    complain('Cannot get driver information: Operation not supported\n');
    return 71;
  }
  const { name, version, firmware, bus, statistics } = found;
  say(
    `driver: ${name}\nversion: ${version}\nfirmware-version: ${firmware}\nexpansion-rom-version: \nbus-info: ${bus}\n` +
      `supports-statistics: ${statistics ? 'yes' : 'no'}\nsupports-test: no\nsupports-eeprom-access: no\nsupports-register-dump: no\nsupports-priv-flags: no\n`,
  );
  return 0;
}

/** A veth pair tells the number of its other end; a driver of virtio counts by queue. */
function statistics(link: Link): [string, number][] | undefined {
  if (link.kind === 'veth') {
    return [['peer_ifindex', link.peer?.index ?? 0]];
  }
  if (link.kind !== 'device') return undefined;
  return [
    ['rx_queue_0_packets', link.receivedPackets],
    ['rx_queue_0_bytes', link.receivedBytes],
    ['rx_queue_0_drops', 0],
    ['tx_queue_0_packets', link.sentPackets],
    ['tx_queue_0_bytes', link.sentBytes],
  ];
}

function settings(link: Link, admin: boolean): string {
  const speed = link.kind === 'veth' || link.kind === 'bridge' ? '10000Mb/s' : 'Unknown!';
  let out = `Settings for ${link.name}:\n`;
  if (link.kind !== 'loopback' && link.kind !== 'dummy') {
    out += '\tSupported ports: [  ]\n\tSupported link modes:   Not reported\n\tSupported pause frame use: No\n';
    out +=
      '\tSupports auto-negotiation: No\n\tSupported FEC modes: Not reported\n\tAdvertised link modes:  Not reported\n';
    out +=
      '\tAdvertised pause frame use: No\n\tAdvertised auto-negotiation: No\n\tAdvertised FEC modes: Not reported\n';
    const duplex = link.kind === 'veth' ? 'Full' : 'Unknown! (255)';
    const port = link.kind === 'veth' ? 'Twisted Pair' : 'Other';
    out += `\tSpeed: ${speed}\n\tDuplex: ${duplex}\n\tAuto-negotiation: off\n\tPort: ${port}\n\tPHYAD: 0\n\tTransceiver: internal\n`;
  }
  // Without the right to it, one part is missing.
  if (!admin) out = `netlink error: Operation not permitted\n${out}`;
  return `${out}\tLink detected: ${link.up ? 'yes' : 'no'}\n`;
}
