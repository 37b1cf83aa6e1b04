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
