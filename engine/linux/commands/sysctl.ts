// sysctl: the kernel settings of this network namespace that are modelled.

import type { NetworkNamespace } from '../net/index.ts';
import type { Program } from '../types.ts';
import { parseOptions, put } from './options.ts';

interface Setting {
  get(net: NetworkNamespace): string;
  set?(net: NetworkNamespace, value: string): void;
}

const flag = (get: (net: NetworkNamespace) => boolean, set: (net: NetworkNamespace, on: boolean) => void): Setting => ({
  get: (net) => (get(net) ? '1' : '0'),
  set: (net, value) => set(net, value === '1'),
});
const fixed = (value: string): Setting => ({ get: () => value });

const SETTINGS: Record<string, Setting> = {
  'kernel.hostname': fixed(''),
  'net.bridge.bridge-nf-call-iptables': flag(
    (net) => net.bridgeCallsIptables,
    (net, on) => (net.bridgeCallsIptables = on),
  ),
  'net.ipv4.conf.all.forwarding': flag(
    (net) => net.forwarding,
    (net, on) => (net.forwarding = on),
  ),
  'net.ipv4.ip_forward': flag(
    (net) => net.forwarding,
    (net, on) => (net.forwarding = on),
  ),
  'net.ipv4.ip_local_port_range': fixed('32768\t60999'),
  'net.netfilter.nf_conntrack_count': { get: (net) => String(net.netfilter?.conntrack.list().length ?? 0) },
  'net.netfilter.nf_conntrack_max': fixed('131072'),
  'net.netfilter.nf_conntrack_tcp_timeout_close_wait': fixed('3600'),
  'net.netfilter.nf_conntrack_tcp_timeout_established': fixed('86400'),
  'net.netfilter.nf_conntrack_udp_timeout': fixed('30'),
  'net.netfilter.nf_conntrack_udp_timeout_stream': fixed('120'),
};

export const sysctl: Program = function* (process) {
  const options = parseOptions(process, {
    short: 'anwq',
    long: { all: 'a', values: 'n', write: 'w', quiet: 'q' },
    usage: '[options] [variable[=value] ...]',
  });
  const { net, hostname } = process.host;
  const values = options.has('n');
  const show = (name: string) => {
    const value = name === 'kernel.hostname' ? hostname : SETTINGS[name].get(net);
    put(process, values ? `${value}\n` : `${name} = ${value}\n`);
  };
  if (options.has('a')) for (const name in SETTINGS) show(name);
  let status = 0;
  for (const arg of options.args) {
    const equals = arg.indexOf('=');
    const name = (equals < 0 ? arg : arg.slice(0, equals)).trim().replace(/\//g, '.');
    const setting = SETTINGS[name];
    if (!setting) {
      process.stderr.write(`sysctl: cannot stat /proc/sys/${name.replace(/\./g, '/')}: No such file or directory\n`);
      status = 1;
    } else if (equals < 0) show(name);
    else if (process.uid !== 0) {
      process.stderr.write(`sysctl: permission denied on key "${name}"\n`);
      status = 1;
    } else if (!setting.set) {
      process.stderr.write(`sysctl: setting key "${name}": Invalid argument\n`);
      status = 1;
    } else {
      const value = arg.slice(equals + 1).trim();
      setting.set(net, value);
      if (!options.has('q')) put(process, `${name} = ${value}\n`);
    }
  }
  return status;
};
