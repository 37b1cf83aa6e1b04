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

  it('are listed with a warning when they never run', () => {
    const { run } = startTerminal();
    run(plugin('kubectl-fine', 'echo'));
    expect(run('kubectl plugin list; echo $?')).toBe(
      'The following compatible plugins are available:\n\n/usr/local/bin/kubectl-fine\n0\n',
    );
    run(`${plugin('kubectl-create-ns', 'echo')}; sudo touch /usr/local/bin/kubectl-plain; mkdir own`);
    run('cp /usr/local/bin/kubectl-fine own/; export PATH=$PWD/own:$PATH');
    const list = run('kubectl plugin list');
    expect(list).toContain('warning: kubectl-create-ns overwrites existing command: "kubectl create namespace"\n');
    expect(list).toContain('kubectl-plain identified as a kubectl plugin, but it is not executable\n');
    expect(list).toMatch(/local\/bin\/kubectl-fine is overshadowed by a similarly named plugin: .*own\/kubectl-fine\n/);
    expect(list).toContain('error: 3 plugin warnings were found\n');
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

describe('containers that come later', () => {
  it('stand in the order in which they came, their statuses by name', () => {
    const { run } = startTerminal();
    run('kubectl run app --image=busybox --restart=Never -- sleep 1d; sleep 3');
    run('kubectl debug app --image=busybox --profile=general -c second -- sleep 1d');
    run('kubectl debug app --image=busybox --profile=general -c first -- sleep 1d; sleep 3');
    const names = '{.spec.ephemeralContainers[*].name} {.status.ephemeralContainerStatuses[*].name}';
    expect(run(`kubectl get pod app -o jsonpath='${names}'`)).toBe('second first first second');
  });
});

describe('a session without a terminal', () => {
  it('goes on without one, and the end of the process is not the end of kubectl', () => {
    const { run } = startTerminal();
    const said = run(
      "kubectl run app -it --restart=Never --image=busybox -- sh -c 'sleep 2; exit 3' < /dev/null; echo $?",
    );
    expect(said).toContain('Unable to use a TTY - input is not a terminal or the right kind of file\n');
    expect(said).toContain('pod default/app terminated (Error)\n3\n');
    expect(said).not.toContain('command terminated');
  });
});

it('an object that may be missing is no list without elements', () => {
  const { run } = startTerminal();
  run("printf '{apiVersion: v1, kind: ConfigMap, metadata: {name: gone}}' > gone.yaml");
  expect(run('kubectl get -f gone.yaml -o yaml --ignore-not-found')).toBe('');
});

describe('an ApplySet', () => {
  const file = (kind: string, name: string) =>
    `mkdir -p d; printf '{apiVersion: v1, kind: ${kind}, metadata: {name: ${name}}}' > d/${name}.yaml`;
  const APPLY = 'KUBECTL_APPLYSET=true kubectl apply -n default -f d --prune --applyset=mine';

  it('remembers its members in a Secret and takes away what the files no longer say', () => {
    const { run } = startTerminal();
    run(`${file('ConfigMap', 'a')}; ${file('Secret', 'b')}; kubectl create configmap other`);
    expect(run(APPLY)).toBe('configmap/a created\nsecret/b created\n');
    // The name of the set is a hash of its parent's, which the real kubectl makes, too.
    const labels = { 'applyset.kubernetes.io/id': 'applyset-ys5EGYi_BUuUvnOWurgroZiPpCfcP_mpZ8wXIg4nomo-v1' };
    expect(JSON.parse(run("kubectl get secret mine -o jsonpath='{.metadata.labels}'"))).toEqual(labels);
    run(`rm d/a.yaml; ${file('Service', 'c')}; sed -i 's/}}$/}, spec: {ports: [{port: 80}]}}/' d/c.yaml`);
    expect(run(APPLY)).toBe('secret/b unchanged\nservice/c created\nconfigmap/a pruned\n');
    const kinds = "kubectl get secret mine -o yaml | grep -o 'group-kinds: .*'";
    expect(run(kinds)).toBe('group-kinds: Secret,Service\n');
    expect(run('kubectl get configmap other -o name')).toBe('configmap/other\n');
  });

  it('is for who has asked for the alpha, and for an object that is made for it', () => {
    const { run } = startTerminal();
    run(`${file('ConfigMap', 'a')}; kubectl create secret generic mine`);
    expect(run(APPLY.replace('KUBECTL_APPLYSET=true ', ''))).toContain('error: unknown flag: --applyset\n');
    expect(run(APPLY)).toBe(
      'error: ApplySet parent object "secrets./mine" already exists and is missing required annotation "applyset.kubernetes.io/tooling"\n',
    );
    expect(run(APPLY.replace('mine', 'pods/mine'))).toContain('is not permitted as an ApplySet parent\n');
  });
});

describe('completion', () => {
  it('is code that a shell loads and that asks kubectl for what may stand next', () => {
    const { run } = startTerminal();
    run('source <(kubectl completion bash); alias k=kubectl; complete -o default -F __start_kubectl k');
    expect(run('complete -p k')).toBe('complete -o default -F __start_kubectl k\n');
    const next = (words: string) =>
      run(`COMP_WORDS=(${words}); COMP_CWORD=$((\${#COMP_WORDS[@]}-1)); __start_kubectl; echo "\${COMPREPLY[@]}"`);
    expect(next('kubectl rollout re')).toBe('restart resume\n');
    expect(next('k get persistentvolumec')).toBe('persistentvolumeclaims\n');
    expect(next('k describe node wor')).toBe('worker-1 worker-2\n');
    expect(next('k logs -n kube-system etcd')).toBe('etcd-cp-1\n');
    expect(next('k get pods --all-n')).toBe('--all-namespaces\n');
  });
});

describe('preferences', () => {
  it('are read from the home directory, unless switched off', () => {
    const { run } = startTerminal();
    run('kubectl alpha kuberc set --section aliases --name names --command get --option output=name');
    expect(run('kubectl names ns default')).toBe('namespace/default\n');
    expect(run('KUBERC=off kubectl names ns default')).toContain('unknown command "names"');
  });
});

describe('manifests', () => {
  it('come from pipes and substituted processes as from files', () => {
    const { run } = startTerminal();
    const make = (name: string) => `kubectl create configmap ${name} --dry-run=client -o yaml`;
    expect(run(`${make('a')} | kubectl apply -f /dev/stdin; kubectl apply -f <(${make('b')})`)).toBe(
      'configmap/a created\nconfigmap/b created\n',
    );
  });
});

describe('kubectl in a Pod', () => {
  it('works in the namespace that POD_NAMESPACE names, unless the command line names one', () => {
    const { run } = startTerminal();
    run('kubectl create clusterrolebinding see --clusterrole=view --serviceaccount=default:default');
    run('kubectl run k --image=bitnami/kubectl --command -- sleep 1d; kubectl wait --for=condition=Ready pod/k');
    const dns = (flags: string) =>
      run(`kubectl exec k -- env POD_NAMESPACE=kube-system kubectl get services -o name ${flags}`);
    expect(dns('')).toContain('service/kube-dns\n');
    expect(dns('-n default')).toBe('service/kubernetes\n');
  });
});

describe('kubectl port-forward', () => {
  it('does not listen on an address that the machine has not', () => {
    const { run } = startTerminal();
    run('kubectl run web --image=nginx; kubectl wait --for=condition=Ready pod/web');
    expect(run('kubectl port-forward --address localhost,192.0.2.7 pod/web 8080:80')).toContain(
      'Error listen tcp4 192.0.2.7:8080: bind: cannot assign requested address]\n',
    );
  });
});
