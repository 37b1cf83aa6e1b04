import { describe, expect, it } from 'vitest';
import { startTerminal } from '../sim-command/terminal.ts';

describe('kubectl plugins', () => {
  const plugin = (name: string, script: string) =>
    `printf '#!/bin/bash\\n${script}\\n' > ${name}; chmod +x ${name}; sudo mv ${name} /usr/local/bin`;

  it('run under the name of their file, the longest first, with what is left of the command line', () => {
    const { run } = startTerminal();
    run(`${plugin('kubectl-foo', 'echo foo $@')}; ${plugin('kubectl-foo-red_hat', 'echo hat $@')}`);
    expect(run('kubectl foo bar --all')).toBe('foo bar --all\n');
    expect(run('kubectl foo red-hat now')).toBe('hat now\n');
    expect(run('kubectl plugin list')).toContain('/usr/local/bin/kubectl-foo\n');
  });

  it('never take the place of a command', () => {
    const { run } = startTerminal();
    run(plugin('kubectl-version', 'echo mine'));
    expect(run('kubectl version')).toContain('Client Version: v1.35.0');
    expect(run('kubectl nothing')).toContain('unknown command "nothing" for "kubectl"');
  });
});

describe('kubectl whose reader has gone', () => {
  it('says nothing more', () => {
    const { run } = startTerminal();
    for (const name of 'abcd') run(`kubectl create configmap ${name}`);
    expect(run('kubectl delete configmaps a b c d | head -1')).toBe('configmap "a" deleted from default namespace\n');
  });
});

describe('the scale subresource', () => {
  it('is shown with what is wanted and what there is', () => {
    const { run } = startTerminal();
    run('kubectl create deployment web --image=nginx --replicas=2; sim advance 5s');
    expect(run('kubectl get deployment web --subresource=scale')).toMatch(
      /^NAME +DESIRED +AVAILABLE +AGE\nweb +2 +2 +5s\n$/,
    );
  });
});

describe('kubectl proxy', () => {
  it('gives people indented JSON, as the API server does', () => {
    const { run } = startTerminal();
    expect(run('kubectl proxy --port=8080 & sleep 1; curl -s localhost:8080/api')).toContain(
      '{\n  "kind": "APIVersions",\n',
    );
  });
});

describe('what example Pods meet', () => {
  const pod = (name: string, spec: string) =>
    `kubectl apply -f - <<'END'\n{apiVersion: v1, kind: Pod, metadata: {name: ${name}}, spec: {${spec}}}\nEND\nsim advance 8s`;

  it('is a curl image that takes flags alone', () => {
    const { run } = startTerminal();
    run('kubectl run curl --image=curlimages/curl --restart=Never -- -sk https://kubernetes/version; sim advance 8s');
    expect(run('kubectl logs curl')).toContain('"major"');
  });

  it('is BIND’s nslookup in agnhost, which searches the cluster’s domains', () => {
    const { run } = startTerminal();
    run(pod('dnsutils', 'containers: [{name: c, image: "registry.k8s.io/e2e-test-images/agnhost:2.39"}]'));
    expect(run('kubectl exec dnsutils -- nslookup kubernetes.default')).toBe(
      'Server:\t\t10.96.0.10\nAddress:\t10.96.0.10#53\n\nName:\tkubernetes.default.svc.cluster.local\nAddress: 10.96.0.1\n\n',
    );
  });

  it('is the first website, for who asks the node’s name server', () => {
    const { run } = startTerminal();
    const get = '[wget, -qO-, "http://info.cern.ch"]';
    run(pod('get', `dnsPolicy: Default, containers: [{name: c, image: "busybox:1.28", command: ${get}}]`));
    expect(run('kubectl logs get')).toContain('<title>http://info.cern.ch</title>');
  });
});
