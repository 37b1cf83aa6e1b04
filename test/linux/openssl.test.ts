import { describe, expect, it } from 'vitest';
import { startTerminal } from '../sim-command/terminal.ts';

describe('openssl', () => {
  const { run } = startTerminal({ workers: 0 });

  it('makes an authority and has it sign a server certificate as a configuration asks', () => {
    run('openssl genrsa -out ca.key 2048; openssl genrsa -out server.key 3072');
    run('openssl req -x509 -new -nodes -key ca.key -subj "/CN=root" -days 10000 -out ca.crt');
    run(`cat > csr.conf <<EOF
[ req ]
prompt = no
req_extensions = req_ext
distinguished_name = dn
[ dn ]
O = org
CN = 10.0.0.1
[ req_ext ]
subjectAltName = @names
[ names ]
DNS.1 = kubernetes
IP.1 = 10.96.0.1
[ v3_ext ]
basicConstraints=CA:FALSE
keyUsage=keyEncipherment,dataEncipherment
extendedKeyUsage=serverAuth,clientAuth
subjectAltName=@names
EOF`);
    run('openssl req -new -key server.key -out server.csr -config csr.conf');
    expect(run('openssl req -in server.csr -noout -text')).toContain('DNS:kubernetes, IP Address:10.96.0.1');
    const signed = run(
      'openssl x509 -req -in server.csr -CA ca.crt -CAkey ca.key -CAcreateserial -out server.crt -days 90 -extensions v3_ext -extfile csr.conf',
    );
    expect(signed).toBe('Certificate request self-signature ok\nsubject=O = org, CN = 10.0.0.1\n');
    const text = run('openssl x509 -in server.crt -noout -text');
    expect(text).toContain('Public-Key: (3072 bit)');
    expect(text).toContain('TLS Web Server Authentication, TLS Web Client Authentication');
    expect(text).toContain('Issuer: CN = root');
    expect(run('openssl verify -CAfile ca.crt server.crt')).toBe('server.crt: OK\n');
    expect(run('openssl x509 -in server.crt -noout -dates')).toBe(
      'notBefore=Jan  5 09:00:00 2026 GMT\nnotAfter=Apr  5 09:00:00 2026 GMT\n',
    );
    run('openssl req -x509 -nodes -newkey rsa:2048 -keyout other.key -out other.crt -subj /CN=root');
    expect(run('openssl verify -CAfile other.crt server.crt')).toMatch(
      /unable to get local issuer certificate\nerror server.crt: verification failed/,
    );
  });

  it('refuses what it does not model in one line', () => {
    expect(run('openssl pkcs12 -export')).toMatch(/^openssl: only .* are simulated, not "pkcs12"\n$/);
    expect(run('openssl genrsa 1000')).toBe('openssl: only RSA keys of 2048, 3072, 4096 bits are simulated\n');
    expect(run('openssl req -new -key server.key')).toContain('give the name with -subj');
    expect(run('openssl x509 -in server.crt -frob')).toContain('x509: Unknown option or cipher: frob');
  });

  it('makes pairs that kubectl takes for a TLS secret, and others that it does not', () => {
    run(
      'openssl req -x509 -nodes -newkey rsa:2048 -keyout a.key -out a.crt -subj /CN=a; openssl ecparam -name prime256v1 -genkey -noout -out ec.key',
    );
    const create = (key: string) =>
      run(`kubectl create secret tls pair --cert=a.crt --key=${key} --dry-run=client -o name`);
    expect(create('a.key')).toBe('secret/pair\n');
    expect(create('ca.key')).toBe('error: tls: private key does not match public key\n');
    expect(create('ec.key')).toBe('error: tls: private key type does not match public key type\n');
    expect(create('a.crt')).toBe('error: tls: found a certificate rather than a key in the PEM for the private key\n');
  });

  it('makes requests on RSA keys that the cluster signs and whose owner it then knows', () => {
    run('openssl genrsa -out jane.key 2048; openssl req -new -key jane.key -out jane.csr -subj "/CN=jane/O=devs"');
    run(`kubectl apply -f - <<EOF
apiVersion: certificates.k8s.io/v1
kind: CertificateSigningRequest
metadata: {name: jane}
spec:
  request: $(base64 -w0 < jane.csr)
  signerName: kubernetes.io/kube-apiserver-client
  usages: [client auth]
EOF
kubectl certificate approve jane; sleep 1
kubectl get csr jane -o jsonpath='{.status.certificate}' | base64 -d > jane.crt`);
    run(
      'kubectl config set-credentials jane --client-key=jane.key --client-certificate=jane.crt; kubectl config set-context jane --cluster=kubernetes --user=jane',
    );
    expect(run('kubectl --context jane auth whoami')).toMatch(/Username +jane\nGroups +\[devs system:authenticated\]/);
  });
});

describe('cfssl', () => {
  const { run } = startTerminal({ workers: 0 });

  it('makes keys, requests and an authority from JSON, and signs as its configuration says', () => {
    run(`echo '{"CN":"svc","hosts":["svc.example","192.0.2.24"],"key":{"algo":"ecdsa","size":256}}' > csr.json`);
    expect(run('cfssl genkey csr.json | cfssljson -bare server; ls')).toContain('server-key.pem\nserver.csr\n');
    run(`echo '{"CN":"My Signer","key":{"algo":"rsa","size":2048}}' | cfssl gencert -initca - | cfssljson -bare ca`);
    run(`echo '{"signing":{"default":{"usages":["server auth"],"expiry":"48h"}}}' > config.json`);
    run('cfssl sign -ca ca.pem -ca-key ca-key.pem -config config.json server.csr | cfssljson -bare signed');
    expect(run('openssl verify -CAfile ca.pem signed.pem')).toBe('signed.pem: OK\n');
    const text = run('openssl x509 -in signed.pem -noout -text');
    expect(text).toContain('DNS:svc.example, IP Address:192.0.2.24');
    expect(text).toContain('Not After : Jan  7 08:55:00 2026');
    expect(run('cfssl sign -ca ca.pem -ca-key server-key.pem server.csr')).toContain('does not match public key');
  });

  it('makes requests whose names kubectl shows', () => {
    run(`kubectl apply -f - <<EOF
{apiVersion: certificates.k8s.io/v1, kind: CertificateSigningRequest, metadata: {name: svc}, spec: {request: $(base64 -w0 server.csr), signerName: example.com/serving, usages: [server auth]}}
EOF`);
    expect(run('kubectl describe csr svc')).toMatch(
      /Subject Alternative Names:\n +DNS Names: +svc\.example\n +IP Addresses: +192\.0\.2\.24\n/,
    );
  });
});
