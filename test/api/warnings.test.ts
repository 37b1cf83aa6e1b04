import { expect, test } from 'vitest';
import { podBody, pods, prepare, resource, scheme } from './kit.ts';

const warnings = (path: string, body: unknown, old?: unknown) => {
  const info = resource(path);
  return scheme.warnings(info, prepare(info, body), old === undefined ? undefined : prepare(info, old));
};
const ofPod = (spec: object, meta: object = {}) => scheme.warnings(pods, prepare(pods, podBody(spec, meta)));
const container = (name: string, more: object) => ({ name, image: 'nginx', ...more });
const port = (containerPort: number, more: object = {}) => ({ containerPort, ...more });

test.each<[what: string, spec: object, expected: string[]]>([
  ['nothing', {}, []],
  [
    'old node labels',
    { nodeSelector: { 'beta.kubernetes.io/os': 'linux' } },
    ['spec.nodeSelector[beta.kubernetes.io/os]: deprecated since v1.14; use "kubernetes.io/os" instead'],
  ],
  [
    'a spread without selector',
    {
      topologySpreadConstraints: [{ maxSkew: 1, topologyKey: 'zone', whenUnsatisfiable: 'DoNotSchedule' }],
    },
    ['spec.topologySpreadConstraints[0].labelSelector: a null labelSelector results in matching no pod'],
  ],
  [
    'repeated aliases and secrets',
    {
      hostAliases: [
        { ip: '10.0.0.1', hostnames: ['a'] },
        { ip: '10.0.0.1', hostnames: ['b'] },
      ],
      imagePullSecrets: [{ name: 'a' }, { name: 'a' }, { name: '' }],
    },
    [
      'spec.hostAliases[1].ip: duplicate ip "10.0.0.1"',
      'spec.imagePullSecrets[1].name: duplicate name "a"',
      'spec.imagePullSecrets[2].name: invalid empty name ""',
    ],
  ],
  [
    'a fraction of a byte',
    {
      containers: [container('c', { resources: { requests: { memory: '500m' }, limits: { memory: '1500m' } } })],
    },
    [
      'spec.containers[0].resources.limits[memory]: fractional byte value "1500m" is invalid, must be an integer',
      'spec.containers[0].resources.requests[memory]: fractional byte value "500m" is invalid, must be an integer',
    ],
  ],
  [
    'ports',
    {
      containers: [
        container('c', { ports: [port(80, { name: 'http' }), port(90)] }),
        container('d', { ports: [port(81, { name: 'http' }), port(90, { hostPort: 9000 })] }),
      ],
    },
    [
      'spec.containers[1].ports[1]: overlapping port definition with spec.containers[0].ports[1]',
      'spec.containers[1].ports[0]: duplicate port name "http" with spec.containers[0].ports[0], services and probes that select ports by name will use spec.containers[0].ports[0]',
    ],
  ],
  [
    'files over files',
    {
      volumes: [
        {
          name: 'v',
          configMap: {
            name: 'm',
            items: [
              { key: 'a', path: 'x' },
              { key: 'b', path: 'x/y' },
            ],
          },
        },
      ],
    },
    ['volume "v" (ConfigMap "m"): overlapping paths: "x/y" with "x"'],
  ],
])('a Pod with %s', (_what, spec, expected) => expect(ofPod(spec)).toEqual(expected));

test('names that are no DNS label', () => {
  expect(ofPod({}, { name: 'a.b' })).toEqual([
    "metadata.name: this is used in the Pod's hostname, which can result in surprising behavior; a DNS label is recommended: [must not contain dots]",
  ]);
});

test('updates of Pods say nothing', () => {
  const body = podBody({ imagePullSecrets: [{ name: '' }] });
  expect(warnings('v1/pods', body, body)).toEqual([]);
});

const service = (spec: object) => ({ metadata: { name: 's' }, spec: { ports: [{ port: 80 }], ...spec } });

test.each<[path: string, body: object, expected: string[]]>([
  [
    'v1/services',
    service({ clusterIP: 'None', externalIPs: ['10.0.0.9'] }),
    ['spec.externalIPs is ignored for headless services'],
  ],
  [
    'v1/services',
    service({ externalName: 'a.b' }),
    ['spec.externalName is ignored when spec.type is not "ExternalName"'],
  ],
  [
    'v1/services',
    service({ externalIPs: ['2001:DB8:0::1'], loadBalancerSourceRanges: ['10.0.0.1/8'] }),
    [
      'spec.externalIPs[0]: IPv6 address "2001:DB8:0::1" should be in RFC 5952 canonical format ("2001:db8::1")',
      'spec.loadBalancerSourceRanges[0]: CIDR value "10.0.0.1/8" is ambiguous in this context (should be "10.0.0.0/8" or "10.0.0.1/32"?)',
    ],
  ],
  [
    'v1/endpoints',
    { metadata: { name: 'e' }, subsets: [{ addresses: [{ ip: '2001:DB8:0::1' }] }] },
    ['subsets[0].addresses[0].ip: IPv6 address "2001:DB8:0::1" should be in RFC 5952 canonical format ("2001:db8::1")'],
  ],
  [
    'v1/pods',
    podBody({ hostAliases: [{ ip: '010.0.0.1' }], dnsConfig: { nameservers: ['2001:DB8:0::1'] } }) as object,
    [
      'spec.dnsConfig.nameservers[0]: IPv6 address "2001:DB8:0::1" should be in RFC 5952 canonical format ("2001:db8::1")',
      'spec.hostAliases[0].ip: non-standard IP address "010.0.0.1" will be considered invalid in a future Kubernetes release: use "10.0.0.1"',
    ],
  ],
  [
    'v1/secrets',
    { metadata: { name: 's' }, type: 'kubernetes.io/tls', data: { 'tls.crt': 'YQ==', 'tls.key': 'YQ==' } },
    ['tls: failed to find any PEM data in certificate input'],
  ],
  [
    'networking.k8s.io/v1/ingresses',
    { metadata: { name: 'i', annotations: { 'kubernetes.io/ingress.class': 'x' } }, spec: {} },
    ['annotation "kubernetes.io/ingress.class" is deprecated, please use \'spec.ingressClassName\' instead'],
  ],
  [
    'v1/persistentvolumeclaims',
    { metadata: { name: 'c' }, spec: { resources: { requests: { storage: '100m' } } } },
    ['spec.resources.requests[storage]: fractional byte value "100m" is invalid, must be an integer'],
  ],
])('%s %#', (path, body, expected) => expect(warnings(path, body)).toEqual(expected));
