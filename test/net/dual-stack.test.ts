// Two families of addresses: on nodes, Pods and Services, in slices, names and rules.

import { beforeAll, describe, expect, it } from 'vitest';
import { TestCluster } from './cluster.ts';

const service = (name: string, spec: string) =>
  `apiVersion: v1\nkind: Service\nmetadata: {name: ${name}}\nspec: {selector: {app: web}, ports: [{port: 80}], ${spec}}`;
const field = (test: TestCluster, what: string, path: string) =>
  test.run(`kubectl get ${what} -o jsonpath='{${path}}'`);

describe('in a cluster with both families', () => {
  let test: TestCluster;
  const inPod = (command: string) => test.run(`kubectl exec tools -- ${command}`);

  beforeAll(() => {
    test = new TestCluster({ ipFamilies: ['IPv4', 'IPv6'], ingressController: false });
    test.run(`kubectl create deployment web --image=nginx --replicas=3
      kubectl run tools --image=nicolaka/netshoot --restart=Never --command -- sleep 1d`);
    test.apply(
      [
        service('both', 'ipFamilyPolicy: PreferDualStack, type: NodePort'),
        service('six', 'ipFamilies: [IPv6]'),
        service('peers', 'ipFamilyPolicy: RequireDualStack, ipFamilies: [IPv6, IPv4], clusterIP: None'),
        service('plain', 'type: ClusterIP'),
      ].join('\n---\n'),
    );
    test.run('kubectl rollout status deployment web; kubectl wait --for=condition=Ready pod/tools; sleep 3');
  });

  it('nodes and Pods have an address of each', () => {
    expect(field(test, 'node worker-1', '.spec.podCIDRs')).toBe('["10.244.1.0/24","fd00:10:244:1::/64"]');
    expect(field(test, 'node worker-1', '.status.addresses[?(@.type=="InternalIP")].address')).toBe(
      '10.0.0.11 fd00:10::b',
    );
    const [four, six] = field(test, 'pod tools', '.status.podIPs[*].ip').split(' ');
    expect(four).toMatch(/^10\.244\./);
    expect(six).toMatch(/^fd00:10:244:/);
    expect(inPod('ip -6 route')).toMatch(/^default via fd00:10:244:\d::1 dev eth0/m);
  });

  it('Services get what their policy says', () => {
    const of = (name: string) => [
      field(test, `service ${name}`, '.spec.ipFamilyPolicy'),
      field(test, `service ${name}`, '.spec.ipFamilies[*]'),
    ];
    expect(of('both')).toEqual(['PreferDualStack', 'IPv4 IPv6']);
    expect(of('six')).toEqual(['SingleStack', 'IPv6']);
    expect(of('plain')).toEqual(['SingleStack', 'IPv4']);
    expect(field(test, 'service both', '.spec.clusterIPs[*]')).toMatch(/^10\.96\.\d+\.\d+ fd00:10:96::/);
    expect(
      test.run(
        'kubectl get endpointslices -l kubernetes.io/service-name=peers --sort-by=.addressType -o custom-columns=T:.addressType --no-headers',
      ),
    ).toBe('IPv4\nIPv6\n');
  });

  it('packets of both walk through rules of their own', () => {
    const ip = field(test, 'service both', '.spec.clusterIPs[1]');
    const get = (url: string) => inPod(`curl -g -s -m 3 -o /dev/null -w '%{http_code}' '${url}'`);
    expect(get(`http://[${ip}]/`)).toBe('200');
    expect(get('http://six/')).toBe('200');
    expect(get('http://both/')).toBe('200');
    for (const pod of field(test, 'pods -l app=web', '.items[*].status.podIPs[1].ip').split(' '))
      expect(inPod(`ping -c 1 ${pod}`)).toContain('1 received');
    const port = field(test, 'service both', '.spec.ports[0].nodePort');
    expect(test.run(`curl -g -s -m 3 'http://[fd00:10::b]:${port}/'`, 'cp-1')).toContain('Welcome to nginx!');
    expect(test.run('ip6tables-save -t nat', 'worker-1')).toContain(`-A KUBE-SERVICES -d ${ip}/128 -p tcp`);
    expect(test.run('iptables-save', 'worker-1')).not.toContain('fd00');
  });

  it('names have records of both', () => {
    const ip = field(test, 'service both', '.spec.clusterIPs[1]');
    expect(inPod('dig +short AAAA both.default.svc.cluster.local')).toBe(`${ip}\n`);
    expect(inPod('dig +short AAAA plain.default.svc.cluster.local')).toBe('');
    expect(inPod(`dig +short -x ${ip}`)).toBe('both.default.svc.cluster.local.\n');
    expect(inPod('dig +short AAAA peers.default.svc.cluster.local').trim().split('\n')).toHaveLength(3);
  });

  it('a Service becomes dual and single again by its policy', () => {
    const patch = (spec: string) => test.run(`kubectl patch service plain -p '{"spec": ${spec}}'`);
    const first = field(test, 'service plain', '.spec.clusterIP');
    patch('{"ipFamilyPolicy": "RequireDualStack"}');
    expect(field(test, 'service plain', '.spec.clusterIPs[*]')).toMatch(new RegExp(`^${first} fd00:10:96::`));
    expect(test.run(`kubectl patch service plain --type=merge -p '{"spec": {"clusterIPs": ["${first}"]}}'`)).toContain(
      "must be 'SingleStack' to release the secondary cluster IP",
    );
    patch('{"ipFamilyPolicy": "SingleStack"}');
    expect(field(test, 'service plain', '.spec.clusterIPs[*]')).toBe(first);
  });
});

describe('in a cluster with one family', () => {
  it('what asks for two is refused, what prefers two gets one', () => {
    const test = new TestCluster({ ingressController: false });
    const create = (spec: string) => test.run(`cat <<'E' | kubectl create -f -\n${service('s', spec)}\nE`);
    expect(create('ipFamilyPolicy: RequireDualStack')).toContain(
      'spec.ipFamilyPolicy: Invalid value: "RequireDualStack": this cluster is not configured for dual-stack services',
    );
    expect(create('ipFamilies: [IPv6]')).toContain(
      'spec.ipFamilies[0]: Invalid value: "IPv6": not configured on this cluster',
    );
    expect(create('clusterIPs: ["fd00::5"], clusterIP: "fd00::5"')).toContain('IPv6 is not configured on this cluster');
    expect(create('ipFamilies: [IPv4, IPv6]')).toContain(
      "must be 'RequireDualStack' or 'PreferDualStack' when multiple IP families are specified",
    );
    create('ipFamilyPolicy: PreferDualStack');
    expect(field(test, 'service s', '.spec.ipFamilies[*]')).toBe('IPv4');
  });
});
