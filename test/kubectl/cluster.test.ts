// Commands that look into a running cluster or take care of it: describe, auth, cp, debug, nodes, explain, top.

import { beforeAll, describe, expect, test } from 'vitest';
import { start } from '../../src/cli/host.ts';
import type { Runner } from '../../src/sandbox/runner.ts';

let runner: Runner;
const run = async (command: string) => {
  let output = '';
  const { exitCode } = await runner.run(command, { onOutput: (_, text) => (output += text) });
  return { output, exitCode };
};
const output = async (command: string) => (await run(command)).output;

beforeAll(async () => {
  runner = await start({ unsandboxed: true });
  runner.writeFile(
    'objects.yaml',
    `apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: np}
spec:
  podSelector: {matchLabels: {role: db}}
  policyTypes: [Ingress, Egress]
  ingress:
  - from: [{podSelector: {matchLabels: {role: web}}}]
    ports: [{port: 6379}]
---
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata: {name: pdb}
spec: {minAvailable: 1, selector: {matchLabels: {app: web}}}
---
apiVersion: storage.k8s.io/v1
kind: StorageClass
metadata: {name: fast}
provisioner: ebs.csi.aws.com
parameters: {type: gp3}
volumeBindingMode: WaitForFirstConsumer
---
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata: {name: reader}
rules: [{apiGroups: [""], resources: [pods, pods/log], verbs: [get, list]}, {apiGroups: [apps], resources: [deployments/scale], verbs: [get]}]
---
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {name: ing}
spec: {rules: [{host: a.example.com, http: {paths: [{path: /, pathType: Prefix, backend: {service: {name: nope, port: {number: 80}}}}]}}]}
`,
  );
  await run(
    'kubectl create -f objects.yaml && kubectl create rolebinding rb --role=reader --user=jane --serviceaccount=default:builder',
  );
  await run('kubectl run web --image=nginx && kubectl wait --for=condition=Ready pod/web');
}, 60_000);

describe('describe', () => {
  test.each([
    [
      'netpol np',
      [
        'Spec:\n  PodSelector:     role=db\n  Allowing ingress traffic:\n    To Port: 6379/TCP\n    From:\n      PodSelector: role=web\n' +
          '  Allowing egress traffic:\n    <none> (Selected pods are isolated for egress connectivity)\n  Policy Types: Ingress, Egress\n',
      ],
    ],
    ['pdb pdb', ['Min available:  1\nSelector:       app=web\nStatus:\n    Allowed disruptions:  0\n']],
    [
      'sc fast',
      [
        'IsDefaultClass:        No\n',
        'Parameters:            type=gp3\nAllowVolumeExpansion:  <unset>\nMountOptions:          <none>\n',
      ],
    ],
    [
      'role reader',
      [
        'PolicyRule:\n  Resources               Non-Resource URLs  Resource Names  Verbs\n  ---------               -----------------  --------------  -----\n' +
          '  pods/log                []                 []              [get list]\n  pods                    []                 []              [get list]\n' +
          '  deployments.apps/scale  []                 []              [get]\n',
      ],
    ],
    ['rolebinding rb', ['  User            jane     \n  ServiceAccount  builder  default\n']],
    [
      'ing ing',
      ['Default backend:  <default>\n', '                 /   nope:80 (<error: services "nope" not found>)\n'],
    ],
    ['sa default', ['Image pull secrets:  <none>\nEvents:']],
  ])('%s', async (what, parts) => {
    const text = await output(`kubectl describe ${what}`);
    for (const part of parts) expect(text).toContain(part);
  });
});

test.each([
  ['kubectl auth can-i get pods', 'yes\n', 0],
  ['kubectl auth can-i get foos', "Warning: the server doesn't have a resource type 'foos'\n\nyes\n", 0],
  [
    'kubectl auth whoami',
    'ATTRIBUTE                                           VALUE\nUsername                                            kubernetes-admin\nGroups                                              [kubeadm:cluster-admins system:authenticated]\nExtra: authentication.kubernetes.io/credential-id   [X509SHA256=6e5462b9ce54020e0a04d6865acb654bbe9a643224fc2bff8dfceca53d6e3aa7]\n',
    0,
  ],
  ['kubectl top nodes --sort-by=name', 'error: --sort-by accepts only cpu or memory\n', 1],
  ['kubectl explain pod.spec.nope', 'KIND:       Pod\nVERSION:    v1\n\nerror: field "nope" does not exist\n', 1],
  [
    'kubectl explain deployment.spec.strategy --recursive',
    'GROUP:      apps\nKIND:       Deployment\nVERSION:    v1\n\nFIELD: strategy <DeploymentStrategy>\n\n\nDESCRIPTION:\n    How old Pods are replaced by new ones.\n    The way of a rollout: step by step, or all at once.\n    \nFIELDS:\n  rollingUpdate\t<RollingUpdateDeployment>\n    maxSurge\t<IntOrString>\n    maxUnavailable\t<IntOrString>\n  type\t<string>\n  enum: Recreate, RollingUpdate\n\n',
    0,
  ],
  ['kubectl debug web', 'error: you must specify --image when not using --copy-to.\n', 1],
  ['kubectl cp a b', 'error: one of src or dest must be a remote file specification\n', 1],
  [
    'kubectl cordon worker-1; kubectl cordon worker-1; kubectl uncordon worker-1',
    'node/worker-1 cordoned\nnode/worker-1 already cordoned\nnode/worker-1 uncordoned\n',
    0,
  ],
  [
    'kubectl taint nodes worker-1 a=b:NoSchedule; kubectl taint nodes worker-1 a-; kubectl taint nodes worker-1 a-',
    'node/worker-1 tainted\nnode/worker-1 untainted\nerror: taint "a" not found\n',
    1,
  ],
])('%s', async (command, text, exitCode) => {
  expect(await run(command)).toEqual({ output: text, exitCode });
});

test('cp carries a directory into a container and back', async () => {
  await run('mkdir -p d/e; echo one > d/a; echo two > d/e/b; kubectl cp d web:/tmp; kubectl cp web:/tmp/d out');
  expect(await output('cat out/a out/e/b')).toBe('one\ntwo\n');
});

test('debug adds a container to a running Pod', async () => {
  await run('kubectl debug web --image=busybox -c dbg -- sleep 1d; sleep 5');
  expect(await output("kubectl get pod web -o jsonpath='{.status.ephemeralContainerStatuses[0].state}'")).toContain(
    '"running"',
  );
});

test('reconcile adds the rules that are missing and says which', async () => {
  runner.writeFile(
    'role.yaml',
    'apiVersion: rbac.authorization.k8s.io/v1\nkind: Role\nmetadata: {name: reader, namespace: default}\nrules: [{apiGroups: [""], resources: [pods], verbs: [get, delete]}]\n',
  );
  expect(await output('kubectl auth reconcile -f role.yaml')).toBe(
    'role.rbac.authorization.k8s.io/reader reconciled\n\treconciliation required update\n\tmissing rules added:\n\t\t{Verbs:[delete] APIGroups:[] Resources:[pods] ResourceNames:[] NonResourceURLs:[]}\n',
  );
});

test('a namespace that is missing is what is said first, before the object is looked at', async () => {
  const missing = 'namespaces "nowhere" not found\n';
  expect(await output('kubectl -n nowhere run web --image=nginx')).toBe(`Error from server (NotFound): ${missing}`);
  expect(await output('kubectl -n nowhere create configmap NOT_A_NAME')).toBe(
    `error: failed to create configmap: ${missing}`,
  );
});

test('jq without a filter shows what comes through a pipe', async () => {
  expect(await output(`echo '{"a":1}' | jq`)).toBe('{\n  "a": 1\n}\n');
});
