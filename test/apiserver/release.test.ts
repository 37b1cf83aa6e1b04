// What API servers of older releases answer differently.

import { describe, expect, it } from 'vitest';
import { pod, serve } from './support.ts';

const PODS = '/api/v1/namespaces/default/pods';
const resourcesOf = ({ send }: ReturnType<typeof serve>, path: string): string[] =>
  send('GET', path).body.resources.map(({ name }: { name: string }) => name);

describe('an API server of v1.28', () => {
  const old = serve('v1.28.4');
  const present = serve();

  it('counts no generations of Pods, which v1.34 began with', () => {
    const image = { spec: { containers: [{ name: 'c', image: 'nginx:2' }] } };
    const seen = [old, present].map((one) => {
      const { generation } = one.send('POST', PODS, pod('p')).body.metadata;
      return [generation, one.patch(`${PODS}/p`, 'strategic-merge', image).body.metadata.generation];
    });
    expect(seen).toEqual([
      [undefined, undefined],
      [1, 2],
    ]);
  });

  it('serves admission policies as v1beta1, as releases did until v1.33', () => {
    const group = '/apis/admissionregistration.k8s.io';
    const policy = {
      metadata: { name: 'p' },
      spec: {
        matchConstraints: {
          resourceRules: [{ apiGroups: [''], apiVersions: ['v1'], operations: ['CREATE'], resources: ['configmaps'] }],
        },
        validations: [{ expression: 'false' }],
      },
    };
    const at = (version: string, one = serve(version)) => {
      const { code, headers, body } = one.send('POST', `${group}/v1beta1/validatingadmissionpolicies`, policy);
      return [code, body.apiVersion, headers.warning ? 'warned' : ''];
    };
    expect(['v1.27.0', 'v1.28.4', 'v1.32.0', 'v1.34.0'].map((version) => at(version))).toEqual([
      [404, 'v1', ''],
      [201, 'admissionregistration.k8s.io/v1beta1', ''],
      [201, 'admissionregistration.k8s.io/v1beta1', 'warned'],
      [404, 'v1', ''],
    ]);
    const bound = serve('v1.28.4');
    at('', bound);
    bound.send('POST', `${group}/v1beta1/validatingadmissionpolicybindings`, {
      metadata: { name: 'b' },
      spec: { policyName: 'p', validationActions: ['Deny'] },
    });
    expect(bound.send('POST', '/api/v1/namespaces/default/configmaps', { metadata: { name: 'c' } }).code).toBe(422);
    expect(resourcesOf(bound, `${group}/v1`)).not.toContain('validatingadmissionpolicies');
  });

  it('prints values in Go’s syntax where v1.34 prints JSON of the internal type', () => {
    const budget = { metadata: { name: 'b' }, spec: { minAvailable: 1, maxUnavailable: 1 } };
    const said = [old, present].map(
      (one) =>
        one.send('POST', '/apis/policy/v1/namespaces/default/poddisruptionbudgets', budget).body.details.causes[0],
    );
    expect(said.map(({ message }) => message.replace(/0xc\w+/g, '…'))).toEqual([
      'Invalid value: policy.PodDisruptionBudgetSpec{MinAvailable:(*intstr.IntOrString)(…), Selector:(*v1.LabelSelector)(nil), MaxUnavailable:(*intstr.IntOrString)(…), UnhealthyPodEvictionPolicy:(*policy.UnhealthyPodEvictionPolicyType)(nil)}: minAvailable and maxUnavailable cannot be both set',
      'Invalid value: {"MinAvailable":1,"Selector":null,"MaxUnavailable":1,"UnhealthyPodEvictionPolicy":null}: minAvailable and maxUnavailable cannot be both set',
    ]);
  });

  it('tells of no ServiceCIDRs, in no list and in no role', () => {
    expect(resourcesOf(present, '/apis/networking.k8s.io/v1')).toContain('servicecidrs');
    expect(resourcesOf(old, '/apis/networking.k8s.io/v1')).toEqual([
      'ingressclasses',
      'ingresses',
      'ingresses/status',
      'networkpolicies',
    ]);
    expect(resourcesOf(old, '/api/v1')).not.toContain('pods/resize');
    const roles = (one: typeof old) =>
      JSON.stringify(one.send('GET', '/apis/rbac.authorization.k8s.io/v1/clusterroles').body);
    expect(roles(present)).toContain('"servicecidrs"');
    expect(roles(old)).not.toMatch(/servicecidrs|service-cidrs/);
  });

  it('words limits as it did', () => {
    const name = 'a'.repeat(64);
    const messages = [old, present].map(({ send }) => [
      send('POST', '/api/v1/namespaces', { apiVersion: 'v1', kind: 'Namespace', metadata: { name } }).body.message,
      send('PATCH', `${PODS}/p`, pod('p'), {
        headers: { 'content-type': 'application/apply-patch+yaml' },
        query: { fieldManager: 'm'.repeat(129) },
      }).body.message,
    ]);
    expect(messages[0][0]).toContain('must be no more than 63 characters');
    expect(messages[0][1]).toContain('Too long: must have at most 128 bytes');
    expect(messages[1][0]).toContain('must be no more than 63 bytes');
    expect(messages[1][1]).toContain('Too long: may not be more than 128 bytes');
  });

  it('prints values in the syntax of Go', () => {
    const deployment = (spec: object) => ({
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: { name: 'w' },
      spec: {
        selector: { matchLabels: { app: 'w' } },
        template: { metadata: { labels: { app: 'w' } }, spec: { containers: [{ name: 'c', image: 'nginx' }] } },
        ...spec,
      },
    });
    const causes = (one: typeof old, spec: object) =>
      one
        .send('POST', '/apis/apps/v1/namespaces/default/deployments', deployment(spec))
        .body.details.causes.map(({ message }: { message: string }) => message);
    const other = { selector: { matchLabels: { b: '2', a: '1' } } };
    expect(causes(old, other)[0]).toBe(
      'Invalid value: map[string]string{"app":"w"}: `selector` does not match template `labels`',
    );
    expect(causes(present, other)[0]).toBe('Invalid value: {"app":"w"}: `selector` does not match template `labels`');
    expect(causes(old, { selector: {} })[0]).toBe(
      'Invalid value: v1.LabelSelector{MatchLabels:map[string]string(nil), MatchExpressions:[]v1.LabelSelectorRequirement(nil)}: empty selector is invalid for deployment',
    );
    expect(causes(old, { strategy: { rollingUpdate: { maxSurge: '5' } } })[0]).toContain(
      'Invalid value: intstr.IntOrString{Type:1, IntVal:0, StrVal:"5"}',
    );
  });
});
