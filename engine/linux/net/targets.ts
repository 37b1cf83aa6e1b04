// What rules do with a packet: the targets of iptables.

import type { HookContext, Target, Verdict } from './rule.ts';
import type { Packet, Rejection } from './packet.ts';

function final(name: 'ACCEPT' | 'DROP' | 'RETURN'): Target {
  return { name, apply: () => name, save: () => '', list: () => '' };
}

export const ACCEPT = final('ACCEPT');
export const DROP = final('DROP');
export const RETURN = final('RETURN');

export function reject(how: Rejection = 'icmp-port-unreachable'): Target {
  const verdict: Verdict = { reject: how };
  return {
    name: 'REJECT',
    apply: () => verdict,
    save: () => ` --reject-with ${how}`,
    list: () => `reject-with ${how}`,
  };
}

export const hex = (number: number) => `0x${(number >>> 0).toString(16)}`;

/** MARK --set-xmark value/mask: bits under the mask are cleared, then those of the value flipped. */
export function setXmark(value: number, mask: number): Target {
  return {
    name: 'MARK',
    apply(packet) {
      packet.mark = ((packet.mark & ~mask) ^ value) >>> 0;
      return undefined;
    },
    save: () => ` --set-xmark ${hex(value)}/${hex(mask)}`,
    list() {
      if (mask === 0xffffffff) return `MARK set ${hex(value)}`;
      if (mask === value) return `MARK or ${hex(value)}`;
      return mask === 0 ? `MARK xor ${hex(value)}` : `MARK xset ${hex(value)}/${hex(mask)}`;
    },
  };
}

/** DNAT --to-destination address[:port]. */
export function dnat(address: string, port?: number): Target {
  const host = address.includes(':') ? `[${address}]` : address;
  const to = port === undefined ? address : `${host}:${port}`;
  return {
    name: 'DNAT',
    apply(packet, { namespace }) {
      namespace.netfilter?.toDestination(packet, address, port);
      return 'ACCEPT';
    },
    save: () => ` --to-destination ${to}`,
    list: () => `to:${to}`,
  };
}

export function snat(address: string): Target {
  return {
    name: 'SNAT',
    apply(packet, { namespace }) {
      namespace.netfilter?.toSource(packet, address, false);
      return 'ACCEPT';
    },
    save: () => ` --to-source ${address}`,
    list: () => `to:${address}`,
  };
}

export function masquerade(randomFully = false): Target {
  return {
    name: 'MASQUERADE',
    apply(packet: Packet, { namespace, out }: HookContext) {
      const address = namespace.sourceFor(packet.destination, out);
      if (address === undefined) return 'DROP';
      namespace.netfilter?.toSource(packet, address, randomFully);
      return 'ACCEPT';
    },
    save: () => (randomFully ? ' --random-fully' : ''),
    list: () => (randomFully ? 'random-fully' : ''),
  };
}

/** REDIRECT: to this machine itself. */
export function redirect(port: number | undefined): Target {
  return {
    name: 'REDIRECT',
    apply(packet, { namespace, hook, in: link }) {
      const six = packet.destination.includes(':');
      const first = () => namespace.link(link)?.addresses.find(({ ip }) => ip.includes(':') === six)?.ip;
      const own = (hook === 'OUTPUT' ? undefined : first()) ?? (six ? '::1' : '127.0.0.1');
      namespace.netfilter?.toDestination(packet, own, port);
      return 'ACCEPT';
    },
    save: () => (port === undefined ? '' : ` --to-ports ${port}`),
    list: () => (port === undefined ? '' : `redir ports ${port}`),
  };
}

/** NOTRACK, and CT --notrack. */
export const NOTRACK: Target = {
  name: 'NOTRACK',
  apply(packet) {
    packet.state = 'UNTRACKED';
    return undefined;
  },
  save: () => '',
  list: () => '',
};
