// kubectl config: what it prints, and what it writes into the kubeconfig.

import { expect, test } from 'vitest';
import { Machine } from './support.ts';

const CONFIG = `apiVersion: v1
clusters:
- cluster:
    certificate-authority-data: REFUQQ==
    server: https://10.0.0.10:6443
  name: kubernetes
contexts:
- context:
    cluster: kubernetes
    user: admin
  name: admin@kubernetes
- context:
    cluster: other
    namespace: dev
    user: bob
  name: dev
current-context: admin@kubernetes
kind: Config
users:
- name: admin
  user:
    client-key-data: REFUQQ==
- name: bob
  user:
    token: abc
`;
const run = (line: string, files: Record<string, string> = {}) => {
  const machine = new Machine({ k: CONFIG, ...files });
  const result = machine.run(`kubectl config ${line}`, { env: { KUBECONFIG: 'k' } });
  return { ...result, file: machine.fs.readFile('/srv/k') };
};

test.each([
  ['current-context', 'admin@kubernetes\n'],
  ['get-contexts -o name', 'admin@kubernetes\ndev\n'],
  [
    'get-contexts',
    'CURRENT   NAME               CLUSTER      AUTHINFO   NAMESPACE\n*         admin@kubernetes   kubernetes   admin      \n          dev                other        bob        dev\n',
  ],
  ['get-users', 'NAME\nadmin\nbob\n'],
  [
    'view --minify',
    'apiVersion: v1\nclusters:\n- cluster:\n    certificate-authority-data: DATA+OMITTED\n    server: https://10.0.0.10:6443\n  name: kubernetes\ncontexts:\n- context:\n    cluster: kubernetes\n    user: admin\n  name: admin@kubernetes\ncurrent-context: admin@kubernetes\nkind: Config\nusers:\n- name: admin\n  user:\n    client-key-data: DATA+OMITTED\n',
  ],
  ["view -o jsonpath='{.users[1].user.token}'", 'REDACTED'],
  ["view --raw -o jsonpath='{.users[1].user.token}'", 'abc'],
])('%s', (line, stdout) => {
  expect(run(line)).toMatchObject({ stdout, stderr: '', exitCode: 0, file: CONFIG });
});

test.each([
  ['use-context dev', 'Switched to context "dev".\n', ['current-context: admin@kubernetes', 'current-context: dev']],
  [
    'set-context --current --namespace=x',
    'Context "admin@kubernetes" modified.\n',
    ['    cluster: kubernetes\n    user', '    cluster: kubernetes\n    namespace: x\n    user'],
  ],
  ['set-cluster kubernetes --server=https://a', 'Cluster "kubernetes" set.\n', ['https://10.0.0.10:6443', 'https://a']],
  [
    'set-credentials bob --username=u --password=p',
    'User "bob" set.\n',
    ['    token: abc', '    password: p\n    username: u'],
  ],
  ['rename-context dev prod', 'Context "dev" renamed to "prod".\n', ['name: dev', 'name: prod']],
  ['set users.bob.token zz', 'Property "users.bob.token" set.\n', ['token: abc', 'token: zz']],
  ['unset contexts.dev.namespace', 'Property "contexts.dev.namespace" unset.\n', ['    namespace: dev\n', '']],
  ['delete-user bob', 'deleted user bob from k\n', ['- name: bob\n  user:\n    token: abc\n', '']],
])('%s changes the file', (line, stdout, [before, after]) => {
  expect(run(line)).toMatchObject({ stdout, stderr: '', exitCode: 0, file: CONFIG.replace(before, after) });
});

test.each([
  ['use-context nope', 'error: no context exists with the name: "nope"\n'],
  ['view --minify --context=dev', 'error: cannot locate cluster other\n'],
  ['delete-cluster nope', 'error: cannot delete cluster nope, not in k\n'],
  ['set foo.bar x', 'error: unable to parse foo.bar after [] at api.Config\n'],
  [
    'set-credentials a --token=t --username=u',
    'error: you cannot specify more than one authentication method at the same time: --token, --username/--password\n',
  ],
])('%s is refused', (line, stderr) => {
  expect(run(line)).toMatchObject({ stdout: '', stderr, exitCode: 1, file: CONFIG });
});

test('a file that --kubeconfig names is made when it is not there', () => {
  const machine = new Machine({ k: CONFIG });
  machine.run('kubectl config --kubeconfig=new set-cluster c --server=https://a --certificate-authority=ca.crt');
  expect(machine.fs.readFile('/srv/new')).toBe(
    'apiVersion: v1\nclusters:\n- cluster:\n    certificate-authority: ca.crt\n    server: https://a\n  name: c\ncontexts: null\ncurrent-context: ""\nkind: Config\nusers: null\n',
  );
});
