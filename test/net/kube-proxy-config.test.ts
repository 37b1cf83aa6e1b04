import { describe, expect, it } from 'vitest';
import { parseConfiguration } from '../../engine/kube-proxy/config.ts';
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
