// istio-init (`pilot-agent istio-iptables`): the rules that send a Pod's connections through its proxy.

import {
  match,
  parseCidr,
  redirect,
  RETURN,
  Rule,
  type Chain,
  type Cidr,
  type NetworkNamespace,
  type Program,
  type RuleSpec,
  waitFor,
} from '../linux/index.ts';
import { flagValue } from '../images/service.ts';
import type { Co } from '../sim/index.ts';

export interface Interception {
  /** Where connections out of the Pod and into it go. */
  outbound: number;
  inbound: number;
  /** Ports that are left alone, in and out. */
  withoutIn: readonly number[];
  withoutOut: readonly number[];
  /** '*', or the only ports that are taken. */
  onlyIn: readonly number[] | '*';
  /** Ranges that are taken, or all; and those that are not. */
  ranges: readonly string[] | '*';
  withoutRanges: readonly string[];
  /** Who the proxy runs as. */
  owner: number;
}

const OWN = parseCidr('127.0.0.1/32') as Cidr;
/** The address from which the proxy speaks to the application. */
export const TO_APPLICATION = '127.0.0.6';
/** ztunnel's port, which nothing may redirect. */
const TUNNEL = 15008;

const tcp = (dport?: number, not = false) =>
  dport === undefined ? [] : [match.ports('tcp', { from: dport, to: dport, not })];

/** Writes the ISTIO_* chains. */
function intercept(net: NetworkNamespace, options: Interception) {
  const table = net.rules().table('nat');
  const chain = (name: string) => table.ensure(name);
  const add = (to: Chain, spec: RuleSpec) => to.append(new Rule(spec));
  const [inbound, output, inRedirect, outRedirect] = ['INBOUND', 'OUTPUT', 'IN_REDIRECT', 'REDIRECT'].map((name) =>
    chain(`ISTIO_${name}`),
  );
  add(outRedirect, { protocol: 'tcp', target: redirect(options.outbound) });
  add(inRedirect, { protocol: 'tcp', target: redirect(options.inbound) });
  add(chain('PREROUTING'), { protocol: 'tcp', jump: inbound });
  add(inbound, { protocol: 'tcp', matches: tcp(TUNNEL), target: RETURN });
  if (options.onlyIn === '*') {
    for (const port of options.withoutIn) add(inbound, { protocol: 'tcp', matches: tcp(port), target: RETURN });
    add(inbound, { protocol: 'tcp', jump: inRedirect });
  } else for (const port of options.onlyIn) add(inbound, { protocol: 'tcp', matches: tcp(port), jump: inRedirect });
  add(chain('OUTPUT'), { protocol: 'tcp', jump: output });
  for (const port of options.withoutOut) add(output, { protocol: 'tcp', matches: tcp(port), target: RETURN });
  add(output, { source: parseCidr(`${TO_APPLICATION}/32`), out: 'lo', target: RETURN });
  for (const which of ['uid', 'gid'] as const) {
    const own = match.owner(which, options.owner);
    add(output, {
      protocol: 'tcp',
      destination: OWN,
      notDestination: true,
      out: 'lo',
      matches: [...tcp(TUNNEL, true), own],
      jump: inRedirect,
    });
    add(output, { out: 'lo', matches: [match.owner(which, options.owner, true)], target: RETURN });
    add(output, { matches: [own], target: RETURN });
  }
  add(output, { destination: OWN, target: RETURN });
  for (const range of options.withoutRanges) add(output, { destination: parseCidr(range), target: RETURN });
  if (options.ranges === '*') add(output, { jump: outRedirect });
  else for (const range of options.ranges) add(output, { destination: parseCidr(range), jump: outRedirect });
}

const list = (text: string | undefined) => (text ? text.split(',').map((word) => word.trim()) : []);

/** `pilot-agent istio-iptables -p 15001 -z 15006 …` */
export const istioIptables: Program = function* (process): Co<number> {
  const value = (flag: string) => flagValue(process.argv, flag);
  yield 30;
  if (process.uid !== 0) {
    process.stderr.write(
      'iptables v1.8.10 (nf_tables): Could not fetch rule set generation id: Permission denied (you must be root)\n',
    );
    return 1;
  }
  const mode = value('-m') ?? 'REDIRECT';
  if (mode !== 'REDIRECT') {
    process.stderr.write(`Error: the mode ${mode} is not modelled by this engine; there is REDIRECT\n`);
    return 1;
  }
  const ports = (flag: string) => list(value(flag)).map(Number);
  const [onlyIn, ranges] = [value('-b') ?? '*', value('-i') ?? '*'];
  intercept(process.host.net, {
    outbound: Number(value('-p') ?? 15001),
    inbound: Number(value('-z') ?? 15006),
    owner: Number(value('-u') ?? 1337),
    withoutIn: ports('-d'),
    withoutOut: ports('-o'),
    onlyIn: onlyIn === '*' ? '*' : list(onlyIn).map(Number),
    ranges: ranges === '*' ? '*' : list(ranges),
    withoutRanges: list(value('-x')),
  });
  // What has become of it stands in the log.
  const { host, stdout } = process;
  const program = host.program('iptables-save');
  if (program) yield* waitFor(host.spawn({ program, argv: ['iptables-save', '-t', 'nat'], parent: process, stdout }));
  return 0;
};
