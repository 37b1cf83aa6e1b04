// A cluster with Istio installed by its reader, and a small service in the mesh.

import { startTerminal, type TestTerminal } from '../sim-command/terminal.ts';

export const WEB = ['v1', 'v2']
  .map(
    (version) => `
apiVersion: apps/v1
kind: Deployment
metadata: {name: web-${version}}
spec:
  replicas: 2
  selector: {matchLabels: {app: web, version: ${version}}}
  template:
    metadata: {labels: {app: web, version: ${version}}}
    spec:
      containers:
      - name: app
        image: istio/app:1.28.2
        args: [--port=80, --grpc=7070, --tcp=9090, --version=${version}]
        readinessProbe: {httpGet: {port: 80, path: /ready}}
---`,
  )
  .join('').concat(`
apiVersion: v1
kind: Service
metadata: {name: web}
spec:
  selector: {app: web}
  ports: [{name: http, port: 80}, {name: grpc, port: 7070}, {name: tcp, port: 9090}]
---
apiVersion: v1
kind: ServiceAccount
metadata: {name: front}
---
apiVersion: v1
kind: Pod
metadata: {name: front, labels: {app: front}}
spec:
  serviceAccountName: front
  containers: [{name: app, image: "istio/app:1.28.2"}]
`);

export class Mesh {
  readonly shell: TestTerminal;

  /** `install`: arguments of istioctl install. */
  constructor(install = '') {
    this.shell = startTerminal({ ingressController: false });
    this.run(`istioctl install -y ${install}`);
    this.run('kubectl create namespace plain; kubectl run client -n plain --image=istio/app:1.28.2');
  }

  run(command: string): string {
    return this.shell.run(command);
  }

  /** Applies a manifest; proxies have heard of it afterwards. */
  apply(manifest: string): string {
    const out = this.run(`kubectl apply -f - <<'Y'\n${manifest}\nY`);
    this.run('sleep 1');
    return out;
  }

  /** Starts `web` and `front`. */
  start() {
    this.apply(WEB);
    this.run('kubectl wait --for=condition=Ready pod --all; kubectl wait -n plain --for=condition=Ready pod/client');
  }

  /** How often each value of a field stood in the answers to calls of the test client. */
  calls(args: string, field = 'StatusCode', from = 'front'): Record<string, number> {
    const text = this.run(`kubectl exec ${from} -- client ${args}`);
    const counts: Record<string, number> = {};
    for (const [, value] of text.matchAll(new RegExp(`${field}=(.*)`, 'g'))) counts[value] = (counts[value] ?? 0) + 1;
    return counts;
  }

  /** The status of one request by curl; what it says when there is none. */
  status(url: string, from = 'front', more = ''): string {
    return this.run(`kubectl exec ${from} -- curl -sS -o /dev/null -w '%{http_code}' ${more} '${url}'`).split('\n')[0];
  }
}
