// The language of capture filters, on packets made for it.

import { describe, expect, it } from 'vitest';
import { dissect, type Packet } from '../../engine/linux/capture/dissect.ts';
import { arp, ethernet, ETHERTYPE, FLAG, icmp, ip, PROTOCOL, tcp, udp } from '../../engine/linux/capture/encode.ts';
import { compile, namesIn } from '../../engine/linux/capture/filter.ts';

const MAC = ['02:00:00:00:00:01', '02:00:00:00:00:02'];
const header = (protocol: number, source = '10.244.1.5', destination = '10.96.0.10') => ({
  source,
  destination,
  ttl: 64,
  protocol,
  id: 1,
  df: true,
});
const framed = (type: number, bytes: Uint8Array, to = MAC[1]): Packet =>
  dissect(ethernet(to, MAC[0], type, bytes), 'ethernet');
const segment = (flags: number, sport: number, dport: number, data = '') => {
  const around = header(PROTOCOL.tcp);
  const bytes = Uint8Array.from(data, (letter) => letter.charCodeAt(0));
  return framed(
    ETHERTYPE.ipv4,
    ip(around, tcp(around, { sport, dport, seq: 1, ack: 1, flags, window: 1, options: [] }, bytes)),
  );
};
const PACKETS: Record<string, Packet> = {
  syn: segment(FLAG.syn, 40000, 80),
  answer: segment(FLAG.syn | FLAG.ack, 80, 40000),
  get: segment(FLAG.ack | FLAG.psh, 40000, 80, 'GET / HTTP/1.1\r\n\r\n'),
  tls: segment(FLAG.ack, 40001, 443),
  dns: framed(ETHERTYPE.ipv4, ip(header(PROTOCOL.udp), udp(header(PROTOCOL.udp), 41000, 53, new Uint8Array(30)))),
  echo: framed(
    ETHERTYPE.ipv4,
    ip(header(PROTOCOL.icmp), icmp(header(PROTOCOL.icmp), 8, 0, [0, 1, 0, 1], new Uint8Array(56))),
  ),
  six: framed(
    ETHERTYPE.ipv6,
    ip(
      header(PROTOCOL.udp, 'fd00::5', 'fd00::a'),
      udp(header(PROTOCOL.udp, 'fd00::5', 'fd00::a'), 41000, 53, new Uint8Array(9)),
    ),
  ),
  who: framed(
    ETHERTYPE.arp,
    arp({ reply: false, fromMac: MAC[0], fromIp: '10.244.1.5', toMac: '00:00:00:00:00:00', toIp: '10.244.1.1' }),
    'ff:ff:ff:ff:ff:ff',
  ),
};

const matching = (filter: string, names?: Map<string, string[]>) => {
  const test = compile(filter, names);
  return Object.keys(PACKETS)
    .filter((name) => test(PACKETS[name]))
    .join(' ');
};

describe('a capture filter', () => {
  it.each([
    ['', 'syn answer get tls dns echo six who'],
    ['tcp', 'syn answer get tls'],
    ['udp', 'dns six'],
    ['ip', 'syn answer get tls dns echo'],
    ['ip6', 'six'],
    ['arp or icmp', 'echo who'],
    ['not tcp and not arp', 'dns echo six'],
    ['port 80', 'syn answer get'],
    ['dst port 80', 'syn get'],
    ['tcp src port 80 or 443', 'answer'],
    ['port 80 or 53', 'syn answer get dns six'],
    ['port http or domain', 'syn answer get dns six'],
    ['portrange 440-450', 'tls'],
    ['udp and (port 80 or port 53)', 'dns six'],
    ['host 10.96.0.10', 'syn answer get tls dns echo'],
    ['host 10.244.1.1', 'who'],
    ['src 10.244.1.5 and dst net 10.96.0.0/12', 'syn answer get tls dns echo'],
    ['src net 10.244', 'syn answer get tls dns echo who'],
    ['net 10.244.0.0 mask 255.255.0.0 and arp', 'who'],
    ['ip6 host fd00::a', 'six'],
    ['dst host fd00::5', ''],
    ['tcp[tcpflags] & (tcp-syn|tcp-fin) != 0', 'syn answer'],
    ['tcp[tcpflags] == tcp-syn', 'syn'],
    ['tcp[13] = 18', 'answer'],
    ['tcp[13] & 2 != 0 and tcp[13] & 16 = 0', 'syn'],
    ['tcp port 80 and (((ip[2:2] - ((ip[0]&0xf)<<2)) - ((tcp[12]&0xf0)>>2)) != 0)', 'get'],
    ['tcp[((tcp[12:1] & 0xf0) >> 2):4] = 0x47455420', 'get'],
    ['icmp[icmptype] = icmp-echo', 'echo'],
    ['icmp[icmptype] != icmp-echo', ''],
    ['ip[8] < 65 and len <= 60', 'syn answer tls'],
    ['greater 90', 'echo'],
    ['less 60 and not tcp', 'who'],
    ['ip proto 17', 'dns'],
    ['ip proto \\icmp', 'echo'],
    ['proto 17', 'dns six'],
    ['ether broadcast', 'who'],
    ['ether dst 02:00:00:00:00:02 and udp', 'dns six'],
    ['ether proto 0x0806', 'who'],
    ['! (tcp || udp) && ! arp', 'echo'],
    // Alike in strength, from the left.
    ['tcp or udp and port 53', 'dns six'],
  ])('%s', (filter, expected) => {
    expect(matching(filter)).toBe(expected);
  });

  it('takes names that were looked up before', () => {
    expect(namesIn('tcp and host web.default and port http')).toEqual(['web.default']);
    expect(matching('dst host dns', new Map([['dns', ['10.96.0.10', 'fd00::a']]]))).toBe(
      'syn answer get tls dns echo six',
    );
  });

  it.each([
    ['tcp port', "can't parse filter expression: syntax error"],
    ['tcp and', "can't parse filter expression: syntax error"],
    ['(tcp', "can't parse filter expression: syntax error"],
    ['host (', "can't parse filter expression: syntax error"],
    ['host nowhere', "unknown host 'nowhere'"],
    ['port 70000', 'illegal port number 70000 > 65535'],
    ['vlan 7', "'vlan' in a filter is not modelled by this engine"],
  ])('%s is refused', (filter, message) => {
    expect(() => compile(filter)).toThrow(message);
  });
});
