// sysctl: the kernel settings of this machine's namespaces that are modelled.

import type { NetworkNamespace } from '../net/index.ts';
import type { Host, Program } from '../types.ts';
import { parseOptions, put } from './options.ts';

interface Setting {
  get(host: Host): string;
  set?(host: Host, value: string): void;
}

/** What root has written, by the namespace, or the machine, that it holds for. */
const written = new WeakMap<object, Map<string, string>>();

function write(of: object, name: string, value: string) {
  const known = written.get(of);
  if (known) known.set(name, plain(value));
  else written.set(of, new Map([[name, plain(value)]]));
}

/** Values of several numbers, as the kernel shows them. */
const plain = (value: string) => value.trim().replace(/\s+/g, '\t');

const flag = (get: (net: NetworkNamespace) => boolean, set: (net: NetworkNamespace, on: boolean) => void): Setting => ({
  get: ({ net }) => (get(net) ? '1' : '0'),
  set: ({ net }, value) => set(net, value === '1'),
});
const fixed = (value: string): Setting => ({ get: () => value });
/** A setting that each Pod may have for itself. */
const own = (name: string, value: string): [string, Setting] => [
  name,
  {
    get: ({ net, sysctls }) => written.get(net)?.get(name) ?? (sysctls?.[name] ? plain(sysctls[name]) : value),
    set: ({ net }, text) => write(net, name, text),
  },
];
/** One that the machine has for all that run on it: its containers see it under the same facts. */
const machine = (name: string, value: string): [string, Setting] => {
  const at = (host: Host) => host.facts ?? host;
  return [
    name,
    { get: (host) => written.get(at(host))?.get(name) ?? value, set: (host, text) => write(at(host), name, text) },
  ];
};

export const SETTINGS: Readonly<Record<string, Setting>> = {
  'kernel.hostname': { get: ({ hostname }) => hostname },
  'net.bridge.bridge-nf-call-iptables': flag(
    (net) => net.bridgeCallsIptables,
    (net, on) => (net.bridgeCallsIptables = on),
  ),
  'net.bridge.bridge-nf-call-ip6tables': flag(
    (net) => net.bridgeCallsIp6tables,
    (net, on) => (net.bridgeCallsIp6tables = on),
  ),
  'net.ipv4.conf.all.forwarding': flag(
    (net) => net.forwarding,
    (net, on) => (net.forwarding = on),
  ),
  'net.ipv4.ip_forward': flag(
    (net) => net.forwarding,
    (net, on) => (net.forwarding = on),
  ),
  'net.ipv6.conf.all.forwarding': flag(
    (net) => net.forwarding6,
    (net, on) => (net.forwarding6 = on),
  ),
  'net.ipv6.conf.default.forwarding': flag(
    (net) => net.forwarding6,
    (net, on) => (net.forwarding6 = on),
  ),
  'net.netfilter.nf_conntrack_count': { get: ({ net }) => String(net.netfilter?.conntrack.list().length ?? 0) },
  'net.netfilter.nf_conntrack_max': fixed('131072'),
  'net.netfilter.nf_conntrack_tcp_timeout_close_wait': fixed('3600'),
  'net.netfilter.nf_conntrack_tcp_timeout_established': fixed('86400'),
  'net.netfilter.nf_conntrack_udp_timeout': fixed('30'),
  'net.netfilter.nf_conntrack_udp_timeout_stream': fixed('120'),
  ...Object.fromEntries([
    machine('fs.file-max', '9223372036854775807'),
    machine('fs.inotify.max_user_instances', '128'),
    machine('fs.inotify.max_user_watches', '65536'),
    machine('fs.nr_open', '1073741816'),
    machine('kernel.panic', '10'),
    machine('kernel.panic_on_oops', '1'),
    machine('kernel.pid_max', '4194304'),
    machine('vm.max_map_count', '1048576'),
    machine('vm.overcommit_memory', '1'),
    machine('vm.panic_on_oom', '0'),
    machine('vm.swappiness', '60'),
    own('kernel.msgmax', '8192'),
    own('kernel.msgmnb', '16384'),
    own('kernel.msgmni', '32000'),
    own('kernel.sem', '32000\t1024000000\t500\t32000'),
    own('kernel.shm_rmid_forced', '0'),
    own('kernel.shmall', '18446744073692774399'),
    own('kernel.shmmax', '18446744073692774399'),
    own('kernel.shmmni', '4096'),
    own('net.core.somaxconn', '4096'),
    own('net.ipv4.ip_local_port_range', '32768\t60999'),
    own('net.ipv4.ip_local_reserved_ports', ''),
    own('net.ipv4.ip_unprivileged_port_start', '1024'),
    own('net.ipv4.ping_group_range', '1\t0'),
    own('net.ipv4.tcp_fin_timeout', '60'),
    own('net.ipv4.tcp_keepalive_intvl', '75'),
    own('net.ipv4.tcp_keepalive_probes', '9'),
    own('net.ipv4.tcp_keepalive_time', '7200'),
    own('net.ipv4.tcp_rmem', '4096\t131072\t6291456'),
    own('net.ipv4.tcp_syncookies', '1'),
    own('net.ipv4.tcp_wmem', '4096\t16384\t4194304'),
  ]),
};

export const sysctl: Program = function* (process) {
  const options = parseOptions(process, {
    short: 'anwq',
    long: { all: 'a', values: 'n', write: 'w', quiet: 'q' },
    usage: '[options] [variable[=value] ...]',
  });
  const { host } = process;
  const values = options.has('n');
  const show = (name: string) => {
    const value = SETTINGS[name].get(host);
    put(process, values ? `${value}\n` : `${name} = ${value}\n`);
  };
  if (options.has('a')) for (const name of Object.keys(SETTINGS).sort()) show(name);
  let status = 0;
  for (const arg of options.args) {
    const equals = arg.indexOf('=');
    const name = (equals < 0 ? arg : arg.slice(0, equals)).trim().replace(/\//g, '.');
    const setting = SETTINGS[name];
    const fail = (gnu: string, busybox: string) => {
      process.stderr.write(`sysctl: ${host.userland === 'busybox' ? busybox : gnu}\n`);
      status = 1;
    };
    if (!setting) {
      const file = `/proc/sys/${name.replace(/\./g, '/')}`;
      fail(`cannot stat ${file}: No such file or directory`, `error: '${name}' is an unknown key`);
    } else if (equals < 0) show(name);
    else if (process.uid !== 0 || !mayWrite(host)) {
      const why = process.uid === 0 ? 'Read-only file system' : 'Permission denied';
      fail(`permission denied on key "${name}"`, `error setting key '${name}': ${why}`);
    } else if (!setting.set) {
      fail(`setting key "${name}": Invalid argument`, `error setting key '${name}': Invalid argument`);
    } else {
      const value = arg.slice(equals + 1).trim();
      setting.set(host, value);
      if (!options.has('q')) put(process, `${name} = ${value}\n`);
    }
  }
  return status;
};

/** Containers see /proc/sys read-only unless they are privileged. */
const mayWrite = ({ capabilities }: Host) => !capabilities || capabilities.has('SYS_ADMIN');
