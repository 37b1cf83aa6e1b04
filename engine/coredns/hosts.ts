// The plug-in `hosts`: names from a file, and from lines in the Corefile itself.

import type { DnsRecord } from '../linux/net/index.ts';
import { type Plugin, zonesOf } from './plugin.ts';

export const hosts: Plugin = ({ args, block }, { zone, process }) => {
  const file = args[0];
  const zones = zonesOf(args.slice(1), zone);
  const fallthrough = block.some(([word]) => word === 'fallthrough');
  const inline = block.filter(([word]) => /^[\d:]/.test(word)).map((words) => words.join(' '));
  const ttl = Number(block.find(([word]) => word === 'ttl')?.[1] ?? 3600);
  const reverse = !block.some(([word]) => word === 'no_reverse');
  return {
    name: 'hosts',
    zones,
    // eslint-disable-next-line require-yield
    *answer(name, type) {
      const { fs } = process.host;
      const path = file ?? '/etc/hosts';
      const lines = [...(fs.exists(path) ? fs.readFile(path).split('\n') : []), ...inline];
      const answers: DnsRecord[] = [];
      let known = false;
      for (const line of lines) {
        const [ip, ...names] = line.split('#', 1)[0].trim().split(/\s+/);
        if (type === 'PTR' && reverse && name === `${ip.split('.').reverse().join('.')}.in-addr.arpa.`) {
          known = true;
          for (const one of names) answers.push({ name, type, ttl, data: `${one.toLowerCase()}.` });
          continue;
        }
        if (!names.some((one) => `${one.toLowerCase()}.` === name)) continue;
        known = true;
        if ((ip.includes(':') ? 'AAAA' : 'A') === type) answers.push({ name, type, ttl, data: ip });
      }
      if (!answers.length && (fallthrough || !known)) {
        if (fallthrough) return undefined;
        return { code: 'NXDOMAIN', authoritative: true, recursionAvailable: false, answers };
      }
      return { code: 'NOERROR', authoritative: true, recursionAvailable: false, answers };
    },
  };
};
