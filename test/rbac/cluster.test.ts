import { X509Certificate } from 'node:crypto';
import { beforeAll, describe, expect, it } from 'vitest';
import { keyFrom, pem, privateKeyDer, signRequest } from '../../engine/pki/index.ts';
import { ROOT_CA } from '../../engine/pki/well-known.ts';
import { cluster } from './cluster.ts';

const base64 = (text: string) => Buffer.from(text).toString('base64');
const key = (name: string) => pem('EC PRIVATE KEY', privateKeyDer(keyFrom(name)));

const csr = (name: string, commonName: string, organizations: string[], spec = '') => `
apiVersion: certificates.k8s.io/v1
kind: CertificateSigningRequest
metadata: {name: ${name}}
spec:
  request: ${base64(pem('CERTIFICATE REQUEST', signRequest({ commonName, organizations }, {}, keyFrom(name))))}
  ${spec || 'signerName: kubernetes.io/kube-apiserver-client\n  usages: [client auth]\n  expirationSeconds: 3600'}
`;

const GIZMOS = `
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: {name: gizmos, labels: {rbac.authorization.k8s.io/aggregate-to-view: "true"}}
rules: [{apiGroups: [example.com], resources: [gizmos], verbs: [get]}]
`;

let all: ReturnType<typeof cluster>;
beforeAll(() => {
  all = cluster();
});

/** The certificate that a request has been given, in PEM. */
const certificateOf = (name: string) =>
  Buffer.from(all.run(`kubectl get csr ${name} -o jsonpath='{.status.certificate}'`), 'base64').toString();

it('the components of a cluster may do what they do', () => {
  expect(all.run('kubectl get pods -A --no-headers')).not.toMatch(/Pending|CrashLoop|Error/);
  expect(all.run('kubectl create deployment web --image=nginx && kubectl rollout status deployment/web')).toContain(
    'successfully rolled out',
  );
  expect(all.run('kubectl get --raw /metrics | grep \'code="403"\'')).toBe('');
});

describe('a user of a kubeconfig', () => {
  it('is who the client certificate says', () => {
    expect(all.run('kubectl auth whoami')).toMatch(
      /^ATTRIBUTE +VALUE\nUsername +kubernetes-admin\nGroups +\[kubeadm:cluster-admins system:authenticated\]\nExtra: authentication.kubernetes.io\/credential-id +\[X509SHA256=[0-9a-f]{64}\]\n$/,
    );
  });

  it('may come from a request that an administrator approved', () => {
    all.write('jane.yaml', csr('jane', 'jane', ['devs']));
    all.run('kubectl apply -f jane.yaml && kubectl certificate approve jane && sleep 1');
    expect(all.run('kubectl get csr jane --no-headers')).toContain('Approved,Issued');
    const text = certificateOf('jane');
    const read = new X509Certificate(text);
    expect(read.verify(new X509Certificate(ROOT_CA).publicKey)).toBe(true);
    expect(read.subject).toBe('O=devs\nCN=jane');
    all.write('jane.crt', text);
    all.write('jane.key', key('jane'));
    all.write('other.key', key('other'));
    all.run('kubectl config set-credentials jane --client-certificate=jane.crt --client-key=jane.key --embed-certs');
    expect(all.run('kubectl --user=jane auth whoami -o jsonpath={.status.userInfo.username}')).toBe('jane');
    expect(all.run('kubectl --user=jane get pods')).toBe(
      'Error from server (Forbidden): pods is forbidden: User "jane" cannot list resource "pods" in API group "" in the namespace "default"\n',
    );
    all.run('kubectl config set-credentials files --client-certificate=jane.crt --client-key=jane.key');
    expect(all.run('cd /; kubectl --user=files auth whoami -o jsonpath={.status.userInfo.groups}; cd')).toBe(
      '["devs","system:authenticated"]',
    );
    all.run('kubectl create rolebinding jane --clusterrole=view --group=devs');
    expect(all.run('kubectl --user=jane get deployments -o name')).toBe('deployment.apps/web\n');
    all.run('kubectl config set-credentials thief --client-certificate=jane.crt --client-key=other.key --embed-certs');
    expect(all.run('kubectl --user=thief get pods')).toContain('tls: private key does not match public key');
    expect(all.run('sleep 1h; kubectl --user=jane get pods')).toBe(
      'error: You must be logged in to the server (Unauthorized)\n',
    );
  });

  it('may be a token, or nobody', () => {
    const fresh = cluster({ birth: '2027-03-01T00:00:00Z', workers: 0 });
    fresh.run(
      'kubectl create serviceaccount bot; kubectl config set-credentials bot --token=$(kubectl create token bot)',
    );
    const name = '-o jsonpath={.status.userInfo.username}';
    expect(fresh.run(`kubectl --user=bot auth whoami ${name}`)).toBe('system:serviceaccount:default:bot');
    fresh.run('kubectl config set-credentials nobody --username=');
    expect(fresh.run('kubectl --user=nobody --token=unknown get pods')).toBe(
      'error: You must be logged in to the server (Unauthorized)\n',
    );
    expect(fresh.run('kubectl --user=nobody get --raw /api/v1/pods')).toContain(
      'User "system:anonymous" cannot list resource "pods"',
    );
    expect(fresh.run('kubectl --user=nobody get --raw /healthz')).toBe('ok');
    // The server asks the certificate first.
    expect(fresh.run(`kubectl --token=unknown auth whoami ${name}`)).toBe('kubernetes-admin');
    // The administrator's certificate is of this cluster's time.
    expect(fresh.run(`kubectl auth whoami ${name}`)).toBe('kubernetes-admin');
  });
});

it('openssl makes keys and requests, and reads certificates', () => {
  all.run('openssl ecparam -name prime256v1 -genkey -noout -out bob.key');
  expect(all.run('stat -c %a bob.key')).toBe('600\n');
  all.run('openssl req -new -key bob.key -subj /CN=bob/O=devs -out bob.csr');
  expect(all.run('openssl req -in bob.csr -noout -subject')).toBe('subject=CN = bob, O = devs\n');
  const admin = '{.users[?(@.name=="kubernetes-admin")].user.client-certificate-data}';
  all.run(`kubectl config view --raw -o jsonpath='${admin}' | base64 -d > admin.crt`);
  expect(all.run('openssl x509 -in admin.crt -noout -subject -issuer -dates')).toBe(
    'subject=O = kubeadm:cluster-admins, CN = kubernetes-admin\nissuer=CN = kubernetes\n' +
      'notBefore=Jan  5 08:55:00 2026 GMT\nnotAfter=Jan  5 09:00:00 2027 GMT\n',
  );
  const text = all.run('openssl x509 -in admin.crt -noout -text');
  expect(text).toContain('X509v3 Extended Key Usage: \n                TLS Web Client Authentication\n');
});

describe('controllers', () => {
  beforeAll(() => {
    all = cluster();
  });

  it('approve and sign what a joining kubelet asks for, and no more', () => {
    const signer =
      'signerName: kubernetes.io/kube-apiserver-client-kubelet\n  usages: [client auth, digital signature]';
    all.write('node.yaml', csr('node', 'system:node:worker-9', ['system:nodes'], signer));
    const joining = '--as=system:bootstrap:abcdef --as-group=system:bootstrappers:kubeadm:default-node-token';
    all.run(`kubectl create -f node.yaml ${joining}; sleep 1`);
    expect(all.run('kubectl get csr node --no-headers')).toContain('Approved,Issued');
    expect(new X509Certificate(certificateOf('node')).subject).toBe('O=system:nodes\nCN=system:node:worker-9');
    all.write('mine.yaml', csr('mine', 'system:node:worker-9', ['system:nodes'], signer));
    all.run('kubectl create -f mine.yaml --as=jane --as-group=system:bootstrappers; sleep 1');
    all.run('kubectl create -f mine.yaml; sleep 1');
    all.write('bad.yaml', csr('bad', 'worker-9', ['system:nodes'], signer));
    all.run('kubectl create -f bad.yaml; kubectl certificate approve bad; sleep 1');
    expect(all.run("kubectl get csr bad -o jsonpath='{.status.conditions[*].message}'")).toContain(
      'subject common name does not begin with system:node: prefix',
    );
    all.run('sleep 2h');
    expect(all.run('kubectl get csr node bad').replaceAll('"', '')).toBe(
      'Error from server (NotFound): certificatesigningrequests.certificates.k8s.io node not found\n' +
        'Error from server (NotFound): certificatesigningrequests.certificates.k8s.io bad not found\n',
    );
  });

  it('keep aggregated roles the sum of their parts', () => {
    const rules = () => JSON.parse(all.run('kubectl get clusterrole sum -o json')).rules;
    all.run('kubectl create clusterrole sum --aggregation-rule=team=a; sleep 1');
    expect(rules()).toBeNull();
    all.run(
      'kubectl create clusterrole part --verb=get --resource=pods; kubectl label clusterrole part team=a; sleep 1',
    );
    expect(rules()).toEqual([{ apiGroups: [''], resources: ['pods'], verbs: ['get'] }]);
    const seesGizmos = () => all.run('kubectl auth can-i get gizmos.example.com --as=jane 2>&1').includes('yes');
    all.run('kubectl create rolebinding jane --clusterrole=admin --user=jane');
    expect(seesGizmos()).toBe(false);
    all.write('gizmos.yaml', GIZMOS);
    all.run('kubectl create -f gizmos.yaml; kubectl delete clusterrole part; sleep 1');
    expect(seesGizmos()).toBe(true);
    expect(rules()).toBeNull();
  });

  it('fill the Secret of a service account, and delete it with the account', () => {
    all.write(
      'secret.yaml',
      `apiVersion: v1
kind: Secret
metadata:
  name: bot
  annotations: {kubernetes.io/service-account.name: bot}
type: kubernetes.io/service-account-token
`,
    );
    all.run('kubectl create serviceaccount bot; kubectl create -f secret.yaml; sleep 1');
    const token = base64Text(all.run("kubectl get secret bot -o jsonpath='{.data.token}'"));
    expect(base64Text(all.run("kubectl get secret bot -o jsonpath='{.data.ca\\.crt}'"))).toBe(ROOT_CA);
    expect(JSON.parse(base64Text(token.split('.')[1]))).toMatchObject({
      iss: 'kubernetes/serviceaccount',
      'kubernetes.io/serviceaccount/secret.name': 'bot',
    });
    const name = '-o jsonpath={.status.userInfo.username}';
    all.run(`kubectl config set-credentials bot --token=${token}`);
    expect(all.run(`kubectl --user=bot auth whoami ${name}`)).toBe('system:serviceaccount:default:bot');
    expect(all.run('kubectl get secret bot --show-labels')).toContain('kubernetes.io/legacy-token-last-used=2026-01-0');
    all.run('kubectl delete serviceaccount bot; sleep 1');
    expect(all.run('kubectl get secret bot')).toContain('NotFound');
    expect(all.run('kubectl --user=bot get pods')).toContain('Unauthorized');
  });
});

const base64Text = (text: string) => Buffer.from(text, 'base64').toString();
