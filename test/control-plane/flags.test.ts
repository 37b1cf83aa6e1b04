import { describe, expect, it } from 'vitest';
import { readFlags } from '../../engine/kubeadm/component-flags.ts';
import type { ComponentName } from '../../engine/kubeadm/control-plane-manifests.ts';
import '../../engine/parts/all.ts';
import { controlPlane } from './settings.ts';

const read = (component: ComponentName, argv: string[], minor = 35) =>
  readFlags({
    component,
    argv: [component, ...argv],
    standard: { name: 'cp-1' },
    heeded: () => new Set(['v']),
    minor,
    apart: true,
  });

describe('the flags of the control plane', () => {
  it('are refused in the program’s own words when the release has no such flag', () => {
    expect(read('kube-apiserver', ['--no-such'])).toEqual({ line: 'Error: unknown flag: --no-such' });
    expect(read('etcd', ['--no-such'])).toMatchObject({
      line: expect.stringMatching(/^flag provided but not defined: -no-such\nUsage:/),
    });
    expect(read('kube-scheduler', ['stray'])).toEqual({
      line: 'Error: "kube-scheduler" does not take any arguments, got ["stray"]',
    });
    expect(read('kube-controller-manager', ['--master'])).toEqual({ line: 'Error: flag needs an argument: --master' });
  });

  it('have gone with the release that took them away', () => {
    expect(read('kube-apiserver', ['--insecure-port=8080'])).toEqual({ line: 'Error: unknown flag: --insecure-port' });
    expect(read('kube-apiserver', ['--insecure-port=8080'], 20)).toHaveProperty('reason');
    expect(read('kube-apiserver', ['--ssh-user=x'], 22)).toEqual({ line: 'Error: unknown flag: --ssh-user' });
  });

  it('may be given as they are without being given, however that is written', () => {
    expect(read('kube-apiserver', ['--event-ttl=60m', '--profiling', '--max-requests-inflight', '400'])).toBeInstanceOf(
      Map,
    );
    expect(read('kube-apiserver', ['--event-ttl=2h'])).toEqual({
      reason: 'the flag --event-ttl=2h is not modelled by this engine',
    });
  });

  it('name controllers by what they are called, or were', () => {
    const { run, withFlag, withoutFlag } = controlPlane();
    const set = (controllers: string) => {
      withoutFlag('kube-controller-manager', 'controllers=');
      return withFlag('kube-controller-manager', `--controllers=${controllers}`);
    };
    expect(set('*,-deployment')).toContain('"Warning: controller is disabled" controller="deployment-controller"');
    run('kubectl create deployment web --image=nginx; sleep 5');
    expect(run('kubectl get replicasets')).toContain('No resources found');
    expect(set('*,-nonsense')).toContain('\\"nonsense\\" is not in the list of known controllers');
    expect(set('*,ttl')).toContain('the controller ttl-controller is not modelled by this engine');
  });

  it('end the container with one sentence in its log', () => {
    const { run, withFlag, withoutFlag } = controlPlane();
    expect(withFlag('kube-scheduler', '--kube-api-qps=5')).toMatch(
      /E0105 .*"command failed" err="the flag --kube-api-qps=5 is not modelled by this engine"\n$/,
    );
    withoutFlag('kube-scheduler', 'kube-api-qps');
    expect(withFlag('kube-apiserver', '--bogus')).toBe('Error: unknown flag: --bogus\n');
    withoutFlag('kube-apiserver', 'bogus');
    expect(run('kubectl get nodes -o name')).toContain('node/cp-1\n');
  });
});
