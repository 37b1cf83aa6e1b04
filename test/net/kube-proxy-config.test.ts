import { describe, expect, it } from 'vitest';
import { parseConfiguration } from '../../engine/kube-proxy/config.ts';
import { flagProblem } from '../../engine/kube-proxy/flags.ts';
import { kubeProxyConfiguration } from '../../engine/addons/kube-proxy.ts';

describe("kube-proxy's configuration", () => {
  const text = kubeProxyConfiguration('10.244.0.0/16', 'ipvs');

  it('is taken as kubeadm writes it', () => {
    expect(parseConfiguration(text)).toMatchObject({ mode: 'ipvs', clusterCIDR: '10.244.0.0/16', scheduler: 'rr' });
  });

  it('is refused for a setting that would have no effect', () => {
    const refused = (from: string, to: string) => () => parseConfiguration(text.replace(from, to));
    expect(refused('strictARP: false', 'strictARP: true')).toThrow(
      'the setting ipvs.strictARP is not modelled by this engine',
    );
    expect(refused('excludeCIDRs: null', 'excludeCIDRs: [10.0.0.0/8]')).toThrow('ipvs.excludeCIDRs');
    expect(refused('verbosity: 0', 'verbosity: 4')).toThrow('logging.verbosity');
  });

  it('has periods and marks in the section of its mode', () => {
    const read = (mode: string) =>
      parseConfiguration(
        `mode: ${mode}\niptables: {syncPeriod: 1m, masqueradeBit: 13}\nipvs: {syncPeriod: 2m}\nnftables: {syncPeriod: 3m, masqueradeBit: 12}\nhostnameOverride: other`,
      );
    expect(read('iptables')).toMatchObject({ syncPeriod: 60_000, masqueradeBit: 13, hostnameOverride: 'other' });
    expect(read('ipvs')).toMatchObject({ syncPeriod: 120_000, masqueradeBit: 13 });
    expect(read('nftables')).toMatchObject({ syncPeriod: 180_000, masqueradeBit: 12 });
    expect(() => parseConfiguration('iptables: {syncPeriod: 500ms}')).toThrow(
      'KubeProxyConfiguration.KubeProxyIPTablesConfiguration.SyncPeriod: Invalid value: 500ms: must be greater than or equal to KubeProxyConfiguration.KubeProxyIPTablesConfiguration.MinSyncPeriod',
    );
  });
});

describe("kube-proxy's command line", () => {
  const said = (...flags: string[]) => flagProblem(['kube-proxy', ...flags], 35);

  it('has what kubeadm writes, and is refused for the rest', () => {
    expect(said('--config=/x', '--hostname-override=worker-1', '--proxy-mode', 'ipvs')).toBeUndefined();
    expect(said('--masquerade-all')).toBe('kube-proxy: the flag --masquerade-all is not modelled by this engine');
    expect(said('--udp-timeout=1s')).toBe('Error: unknown flag: --udp-timeout');
  });
});
