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

/** Each network and each mode of kube-proxy, with each order of families. */
const COMBINATIONS = [
  { ipFamilies: ['IPv6'], cni: 'flannel', proxyMode: 'nftables' },
  { ipFamilies: ['IPv6'], cni: 'bridge', proxyMode: 'ipvs' },
  { ipFamilies: ['IPv6'], cni: 'calico', proxyMode: 'iptables' },
  { ipFamilies: ['IPv4', 'IPv6'], cni: 'bridge', proxyMode: 'nftables' },
  { ipFamilies: ['IPv4', 'IPv6'], cni: 'calico', proxyMode: 'ipvs' },
  { ipFamilies: ['IPv6', 'IPv4'], cni: 'flannel', proxyMode: 'ipvs' },
  { ipFamilies: ['IPv6', 'IPv4'], cni: 'bridge', proxyMode: 'iptables' },
  { ipFamilies: ['IPv6', 'IPv4'], cni: 'calico', proxyMode: 'nftables' },
];

describe.each(COMBINATIONS)('with $ipFamilies, $cni and $proxyMode', (options) => {
  it('Pods, Services and nodes are reached by every address that they have', () => {
    const test = new TestCluster({ ...options, workers: 1, ingressController: false });
    test.run(`kubectl create deployment web --image=nginx --replicas=2
      kubectl run tools --image=nicolaka/netshoot --restart=Never --command -- sleep 1d`);
    test.apply(
      `${service('web', 'type: NodePort, ipFamilyPolicy: PreferDualStack, externalIPs: ["2001:db8::9"]')}
---
apiVersion: v1
kind: Pod
metadata: {name: host}
spec: {containers: [{name: c, image: nginx, ports: [{containerPort: 80, hostPort: 8088}]}]}
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: not-from-nodes}
spec:
  podSelector: {matchLabels: {run: closed}}
  ingress: [{from: [{ipBlock: {cidr: "fd00:10:244::/56", except: ["fd00:10:244::/64"]}}]}]`,
    );
    test.run('kubectl rollout status deployment web; kubectl wait --for=condition=Ready pod/tools pod/host; sleep 3');
    const count = options.ipFamilies.length;
    const host = (ip: string) => (ip.includes(':') ? `[${ip}]` : ip);
    const get = (url: string) =>
      test.run(`kubectl exec tools -- curl -g -s -m 3 -o /dev/null -w '%{http_code}' '${url}' 2>/dev/null`);
    const ips = field(test, 'service web', '.spec.clusterIPs[*]').split(' ');
    expect(ips.map((ip) => (ip.includes(':') ? 'IPv6' : 'IPv4'))).toEqual(options.ipFamilies);
    const pods = field(test, 'pods -l app=web', '.items[*].status.podIPs[*].ip').split(' ');
    expect(pods).toHaveLength(2 * count);
    for (const ip of [...ips, ...pods, '2001:db8::9']) expect([ip, get(`http://${host(ip)}/`)]).toEqual([ip, '200']);
    expect(get('http://web/')).toBe('200');
    const port = field(test, 'service web', '.spec.ports[0].nodePort');
    const nodes = field(test, 'pod host', '.status.hostIPs[*].ip').split(' ');
    expect(nodes).toHaveLength(count);
    for (const ip of nodes)
      for (const number of [port, 8088])
        expect(test.run(`curl -g -s -m 3 'http://${host(ip)}:${number}/'`)).toContain('Welcome to nginx!');
    for (const ip of pods) expect(test.run(`kubectl exec tools -- ping -c 1 ${ip}`)).toContain('1 received');
    expect(test.run(`kubectl exec tools -- dig +short AAAA web.default.svc.cluster.local`).trim()).toBe(
      ips.find((ip) => ip.includes(':')),
    );
    // Of IPv6 only what is in the block gets in; of IPv4, which has no block, nothing.
    if (options.cni === 'bridge') return;
    test.run('kubectl run closed --image=nginx; kubectl wait --for=condition=Ready pod/closed; sleep 1');
    const place = field(test, 'pod tools', '.spec.nodeName');
    for (const ip of field(test, 'pod closed', '.status.podIPs[*].ip').split(' '))
      expect([ip, get(`http://${host(ip)}/`)]).toEqual([ip, ip.includes(':') && place === 'worker-1' ? '200' : '000']);
  });
});

describe('in a cluster with IPv6 alone', () => {
  let test: TestCluster;

  beforeAll(() => {
    test = new TestCluster({ ipFamilies: ['IPv6'], proxyMode: 'ipvs', workers: 1, ingressController: false });
    test.run('kubectl create deployment web --image=nginx; kubectl expose deployment web --port=80');
    test.run('kubectl rollout status deployment web; sleep 2');
  });

  it('nothing of IPv4 is left but the loopback', () => {
    expect(test.run('kubectl get nodes -o wide')).not.toMatch(/\b10\.\d/);
    expect(
      test.run('kubectl get pods,services,endpoints,endpointslices,servicecidrs,ipaddresses -A -o wide'),
    ).not.toMatch(/\b10\.\d/);
    expect(test.run('kubectl cluster-info')).toContain('is running at https://[fd00:10::a]:6443');
    expect(test.run('kubectl describe service kubernetes')).toMatch(/Endpoints: +\[fd00:10::a\]:6443/);
    expect(test.run('kubectl get configmap kube-proxy -n kube-system -o yaml')).toContain("bindAddress: '::'");
    const flags = test.run('cat /etc/kubernetes/manifests/*', 'cp-1');
    expect(flags).toContain('--etcd-servers=https://[::1]:2379\n');
    expect(flags).toContain('--service-cluster-ip-range=fd00:10:96::/112\n');
    expect(flags).toContain("endpoint: '[fd00:10::a]:6443'");
    expect(test.run('cat /run/flannel/subnet.env', 'worker-1')).toMatch(
      /^FLANNEL_IPV6_NETWORK=fd00:10:244::\/56\nFLANNEL_IPV6_SUBNET=fd00:10:244:1::1\/64\nFLANNEL_MTU/,
    );
  });

  it('the API server, the kubelet and Pods find each other', () => {
    const inPod = (command: string) => test.run(`kubectl exec deploy/web -- ${command}`);
    expect(inPod('env')).toContain('KUBERNETES_PORT=tcp://[fd00:10:96::1]:443\n');
    expect(inPod('cat /etc/resolv.conf')).toContain('nameserver fd00:10:96::a\n');
    expect(inPod('curl -sk https://kubernetes/version')).toContain('"major": "1"');
    expect(inPod('curl -s http://web')).toContain('Welcome to nginx!');
    expect(test.run('kubectl logs deploy/web')).toContain('start worker process');
    test.run(`kubectl run sick --image=nginx --overrides='{"spec":{"containers":[{"name":"sick","image":"nginx",
      "readinessProbe":{"httpGet":{"path":"/","port":81}}}]}}'; sleep 12`);
    const ip = field(test, 'pod sick', '.status.podIP');
    expect(test.run('kubectl describe pod sick')).toContain(
      `Get "http://[${ip}]:81/": dial tcp [${ip}]:81: connect: connection refused`,
    );
  });

  it('sets, virtual servers and connections are listed as their tools write them', () => {
    const on = (command: string) => test.run(command, 'worker-1');
    const ip = field(test, 'service web', '.spec.clusterIP');
    const pod = field(test, 'pod -l app=web', '.items[0].status.podIP');
    expect(on('ipvsadm -Ln')).toContain(`TCP  [${ip}]:80 rr\n  -> [${pod}]:80`);
    expect(on('ipset list KUBE-6-CLUSTER-IP')).toMatch(/family inet6 [^]*\nfd00:10:96::1,tcp:443\n/);
    expect(on('ipset list -n')).toContain('KUBE-6-LOAD-BALANCER-SOURCE-CID\n');
    expect(on('ip -br addr show kube-ipvs0')).toContain(`${ip}/128`);
    expect(on('ip6tables -t nat -L KUBE-SERVICES -n')).toMatch(/^RETURN +all +::1 +::\/0 +$/m);
    expect(on('ip6tables -A INPUT -s 10.0.0.0/8 -j DROP')).toContain("host/network `10.0.0.0/8' not found");
    expect(on('ip6tables -A INPUT -p ipv6-icmp -j ACCEPT; ip6tables -S INPUT')).toContain(
      '-A INPUT -p ipv6-icmp -j ACCEPT',
    );
    expect(on('ping -c 1 fd00:10::a; conntrack -L -p icmpv6')).toContain('type=128 code=0');
    expect(on('ip -6 route get fd00:10::a')).toBe(
      'fd00:10::a from :: dev eth0 proto kernel src fd00:10::b metric 256 pref medium\n',
    );
    expect(on('ip -6 route')).toMatch(/^default via fd00:10::1 dev eth0 metric 1024 pref medium\n$/m);
    expect(on('ping -c 1 -W 1 fd00:10::77')).toContain('Destination unreachable: Address unreachable');
  });

  it('a machine that does not forward IPv6 keeps Pods of others away', () => {
    const get = () => test.run('curl -s -m 2 -o /dev/null -w "%{http_code}" http://[fd00:10:96::1]:443', 'cp-1');
    const ip = field(test, 'pod -l app=web', '.items[0].status.podIP');
    const ping = () => test.run(`ping -c 1 -W 1 ${ip}`, 'cp-1');
    expect(get()).not.toBe('000');
    expect(ping()).toContain('1 received');
    test.run('sysctl -w net.ipv6.conf.all.forwarding=0', field(test, 'pod -l app=web', '.items[0].spec.nodeName'));
    expect(ping()).toContain('0 received');
  });
});

describe('nftables mode in a cluster with both families', () => {
  it('has a table of each, with chains named after the endpoints', () => {
    const test = new TestCluster({
      ipFamilies: ['IPv6', 'IPv4'],
      proxyMode: 'nftables',
      workers: 0,
      ingressController: false,
    });
    const on = (command: string) => test.run(command, 'cp-1');
    expect(on('nft list tables')).toBe('table ip6 kube-proxy\ntable ip kube-proxy\n');
    const six = on('nft list table ip6 kube-proxy');
    expect(six).toContain('type ipv6_addr . inet_proto . inet_service : verdict');
    expect(six).toContain('fd00:10:96::1 . tcp . 443 : goto service-2QRHZV4L-default/kubernetes/tcp/https');
    expect(six).toMatch(/chain endpoint-[A-Z2-7]{8}-default\/kubernetes\/tcp\/https__fd00\.10\.\.a\/6443 \{/);
    expect(six).toContain('dnat to [fd00:10::a]:6443');
    expect(on('nft list table kube-proxy')).not.toContain('ip6 ');
  });
});

describe('in a cloud with both families', () => {
  it('a Service has a balancer of each, and nodes have routes to the ranges of others', () => {
    const test = new TestCluster({
      ipFamilies: ['IPv6', 'IPv4'],
      cloud: { csiDriver: false },
      workers: 1,
      ingressController: false,
    });
    test.run('kubectl create deployment web --image=nginx --replicas=2');
    test.apply(service('web', 'type: LoadBalancer, ipFamilyPolicy: RequireDualStack'));
    test.run('sleep 50');
    const ips = field(test, 'service web', '.status.loadBalancer.ingress[*].ip').split(' ');
    expect(ips.map((ip) => ip.includes(':'))).toEqual([true, false]);
    for (const ip of ips)
      expect(test.run(`curl -g -s -m 3 'http://${ip.includes(':') ? `[${ip}]` : ip}/'`)).toContain('Welcome to nginx!');
    for (const ip of field(test, 'pods -l app=web', '.items[*].status.podIPs[*].ip').split(' '))
      for (const node of ['cp-1', 'worker-1']) expect(test.run(`ping -c 1 ${ip}`, node)).toContain('1 received');
    expect(field(test, 'node worker-1', '.status.addresses[?(@.type=="InternalIP")].address')).toBe(
      'fd00:10::b 10.0.0.11',
    );
    test.run(`kubectl patch service web -p '{"spec": {"ipFamilyPolicy": "SingleStack"}}'; sleep 30`);
    expect(field(test, 'service web', '.status.loadBalancer.ingress[*].ip')).toBe(ips[0]);
  });
});

describe('ranges in the flags of the control plane', () => {
  const test = new TestCluster({ ipFamilies: ['IPv4', 'IPv6'], workers: 0, ingressController: false });
  /** What a component says when it is started with other flags. */
  const said = (component: string, flags: string): string =>
    test.run(
      `cd /etc/kubernetes/manifests; cp ${component}.yaml /root/kept.yaml
      sed -i 's#--${flags.split('=')[0]}=.*#--${flags}#' ${component}.yaml; sleep 6
      grep -ho 'err=.*' $(ls -t /var/log/pods/kube-system_${component}*/${component}/*.log | head -1) | tail -1
      cp /root/kept.yaml ${component}.yaml; sleep 15`,
      'cp-1',
    );

  it.each([
    ['fd00:10:96::/112,10.96.0.0/16', 'service IP family \\"fd00:10:96::/112\\" must match public address family'],
    [
      '10.96.0.0/16,10.97.0.0/16',
      '--service-cluster-ip-range[0] and --service-cluster-ip-range[1] must be of different',
    ],
    ['10.96.0.0', 'service-cluster-ip-range is not a valid cidr'],
  ])('the API server refuses Services from %s', (range, words) => {
    expect(said('kube-apiserver', `service-cluster-ip-range=${range}`)).toContain(words);
  });

  it.each([
    ['fd00:10:244::/40', 'New CIDR set failed; the node CIDR size is too big'],
    ['fd00:10:244::/56,fd00:10:245::/56', 'they are not configured as dual stack (at least one from each IPFamily'],
    ['10.244.0.0/28', 'mask size of cluster CIDR must be less than or equal to --node-cidr-mask-size'],
  ])('the controller manager refuses Pods from %s', (range, words) => {
    expect(said('kube-controller-manager', `cluster-cidr=${range}`)).toContain(words);
  });

  it('nodes get ranges as wide as the flag says', () => {
    const path = '/etc/kubernetes/manifests/kube-controller-manager.yaml';
    test.run(`sed -i 's#--cluster-cidr=.*#&\\n    - --node-cidr-mask-size-ipv4=26#' ${path}; sleep 20`, 'cp-1');
    test.apply('apiVersion: v1\nkind: Node\nmetadata: {name: other}');
    expect(test.run('sleep 5; kubectl get node other -o jsonpath={.spec.podCIDRs[0]}')).toMatch(/^10\.244\..*\/26$/);
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
