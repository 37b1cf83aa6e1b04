// kube-proxy's command line beyond the two flags that kubeadm writes: most of what it once said stands in the configuration
// file, and what it would change beside it is refused.

/** Of v1.35; `name<26`: until that minor release. */
const KNOWN =
  'bind-address bind-address-hard-fail cleanup cleanup-iptables<26 cluster-cidr config config-sync-period conntrack-max-per-core ' +
  'conntrack-min conntrack-tcp-be-liberal conntrack-tcp-timeout-close-wait conntrack-tcp-timeout-established conntrack-udp-timeout ' +
  'conntrack-udp-timeout-stream detect-local-mode feature-gates healthz-bind-address healthz-port<26 help hostname-override init-only ' +
  'iptables-localhost-nodeports iptables-masquerade-bit iptables-min-sync-period iptables-sync-period ipvs-exclude-cidrs ' +
  'ipvs-min-sync-period ipvs-scheduler ipvs-strict-arp ipvs-sync-period ipvs-tcp-timeout ipvs-tcpfin-timeout ipvs-udp-timeout ' +
  'kube-api-burst kube-api-content-type kube-api-qps kubeconfig log-flush-frequency log-text-info-buffer-size ' +
  'log-text-split-stream logging-format masquerade-all master metrics-bind-address metrics-port<26 nodeport-addresses ' +
  'oom-score-adj pod-bridge-interface pod-interface-name-prefix profiling proxy-mode proxy-port-range<26 ' +
  'show-hidden-metrics-for-version udp-timeout<26 v version vmodule write-config-to';
const HEEDED = ['config', 'hostname-override', 'proxy-mode'];

/** The line with which the program ends; undefined: it can heed its flags. */
export function flagProblem(argv: readonly string[], minor: number): string | undefined {
  const known = new Map<string, number>();
  for (const word of KNOWN.split(' ')) {
    const [name, until] = word.split('<');
    known.set(name, Number(until ?? Infinity));
  }
  for (let i = 1; i < argv.length; i++) {
    const [, name, value] = /^--?([a-z][-a-z0-9]*)(=.*)?$/s.exec(argv[i]) ?? [];
    if (name === undefined) return `Error: unknown command ${JSON.stringify(argv[i])} for "kube-proxy"`;
    if (minor >= (known.get(name) ?? 0)) return `Error: unknown flag: --${name}`;
    if (!HEEDED.includes(name)) return `kube-proxy: the flag --${name} is not modelled by this engine`;
    if (value === undefined && ++i === argv.length) return `Error: flag needs an argument: --${name}`;
  }
  return undefined;
}
