// A server of webhooks in a Pod of the cluster, behind the Service of its name, with a certificate of its own.

import { expect } from 'vitest';
import { startTerminal } from '../sim-command/terminal.ts';

const manifest = (name: string, args: string) => `
apiVersion: apps/v1
kind: Deployment
metadata: {name: ${name}}
spec:
  replicas: 1
  selector: {matchLabels: {app: ${name}}}
  template:
    metadata: {labels: {app: ${name}}}
    spec:
      containers:
      - name: ${name}
        image: registry.k8s.io/e2e-test-images/agnhost:2.53
        args: [${args}, --tls-cert-file=/tls/tls.crt, --tls-private-key-file=/tls/tls.key, --port=8444]
        readinessProbe: {httpGet: {scheme: HTTPS, port: 8444, path: /readyz}, periodSeconds: 1}
        volumeMounts: [{name: tls, mountPath: /tls}]
      volumes: [{name: tls, secret: {secretName: ${name}-tls}}]
---
apiVersion: v1
kind: Service
metadata: {name: ${name}}
spec: {selector: {app: ${name}}, ports: [{port: 443, targetPort: 8444}]}
`;

/** The command that makes a key and a certificate for a name: FILE.key, FILE.crt. */
export const certificate = (file: string, name: string) =>
  `openssl ecparam -name prime256v1 -genkey -noout -out ${file}.key; openssl req -new -x509 -key ${file}.key -out ${file}.crt -days 30 -subj /CN=${name} -addext subjectAltName=DNS:${name}`;

/** A cluster in which agnhost serves with these arguments; its certificate is in tls.crt. The result runs a command line. */
export function serveWebhooks(name: string, args: string): (command: string) => string {
  const shell = startTerminal({ workers: 1 });
  const run = (command: string) => shell.run(command);
  run(certificate('tls', `${name}.default.svc`));
  run(`kubectl create secret tls ${name}-tls --cert=tls.crt --key=tls.key`);
  run(`cat > server.yaml <<'Y'${manifest(name, args)}Y\nkubectl apply -f server.yaml`);
  expect(run(`kubectl rollout status deployment ${name}`)).toContain('successfully rolled out');
  return run;
}
