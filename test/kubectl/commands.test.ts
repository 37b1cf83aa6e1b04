import { describe, expect, test } from 'vitest';
import { Machine } from './support.ts';

const CM = 'apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: cm\ndata:\n  a: "1"\n';
const fails = (stderr: string) => ({ stdout: '', stderr, exitCode: 1 });
const says = (stdout: string) => ({ stdout, stderr: '', exitCode: 0 });

describe('the command line', () => {
  const machine = new Machine();

  test.each([
    ['kubectl gett', 'error: unknown command "gett" for "kubectl"\n\nDid you mean this?\n\tset\n\tget\n'],
    ['kubectl get pods --nope', "error: unknown flag: --nope\nSee 'kubectl get --help' for usage.\n"],
    ['kubectl get pods -Z', "error: unknown shorthand flag: 'Z' in -Z\nSee 'kubectl get --help' for usage.\n"],
    ['kubectl get pods -n', "error: flag needs an argument: 'n' in -n\nSee 'kubectl get --help' for usage.\n"],
    [
      'kubectl scale --replicas=x deploy/a',
      `error: invalid argument "x" for "--replicas" flag: strconv.ParseInt: parsing "x": invalid syntax\nSee 'kubectl scale --help' for usage.\n`,
    ],
    [
      'kubectl wait --timeout=5 pods/x',
      `error: invalid argument "5" for "--timeout" flag: time: missing unit in duration "5"\nSee 'kubectl wait --help' for usage.\n`,
    ],
    ['kubectl create deployment a', 'error: required flag(s) "image" not set\n'],
    ['kubectl rollout foo', `error: unknown command "foo"\nSee 'kubectl rollout -h' for help and examples\n`],
    ['kubectl get nope', 'error: the server doesn\'t have a resource type "nope"\n'],
    [
      'kubectl get pods -o nope',
      'error: unable to match a printer suitable for the output format "nope", allowed formats are: custom-columns,custom-columns-file,go-template,go-template-file,json,jsonpath,jsonpath-as-json,jsonpath-file,kyaml,name,template,templatefile,wide,yaml\n',
    ],
    ['kubectl get cm x', 'Error from server (NotFound): configmaps "x" not found\n'],
    ['kubectl apply', 'error: must specify one of -f and -k\n'],
    ['kubectl get pods -l a=b c', 'error: name cannot be provided when a selector is specified\n'],
    [
      'kubectl --context=other get pods',
      'Error in configuration: context was not found for specified context: other\n',
    ],
  ])('%s', (line, stderr) => {
    expect(machine.run(line)).toEqual(fails(stderr));
  });

  test('a flag may stand before the command', () => {
    expect(machine.run('kubectl -n kube-system get pods').stderr).toBe(
      'No resources found in kube-system namespace.\n',
    );
  });

  test('help lists the flags of a command', () => {
    expect(machine.run('kubectl get --help').stdout).toContain('    -A, --all-namespaces=false:');
  });

  test('every request is shown from verbosity 6 on', () => {
    expect(machine.run('kubectl get pods -v=6').stderr).toContain(
      '"Response" verb="GET" url="https://10.0.0.1:6443/api/v1/namespaces/default/pods?limit=500" status="200 OK"',
    );
  });

  test('the token of the kubeconfig is sent with every request', () => {
    expect(machine.store.requests.every((r) => r.headers?.authorization === 'Bearer secret')).toBe(true);
  });

  test('a missing kubeconfig means a server that does not answer', () => {
    expect(machine.run('kubectl get pods --kubeconfig=none')).toEqual(
      fails('error: stat none: no such file or directory\n'),
    );
  });
});

describe('objects from files', () => {
  const files = {
    'cm.yaml': CM,
    'cm2.yaml': CM.replace('"1"', '"2"\n  b: x'),
    'two.yaml': `${CM}---\n${CM.replace('name: cm', 'name: other')}`,
    'broken.yaml': 'apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: a\n labels: {}\n',
    'text.yaml': 'hello world\n',
    'typeless.yaml': 'a: b\n',
    'foo.yaml': 'apiVersion: v1\nkind: Foo\nmetadata:\n  name: x\n',
    'elsewhere.yaml': CM.replace('name: cm', 'name: cm\n  namespace: elsewhere'),
    'bad.json': '{"kind": "ConfigMap",',
  };

  test('create, get, delete say what they did', () => {
    const machine = new Machine(files);
    expect(machine.run('kubectl create -f two.yaml')).toEqual(says('configmap/cm created\nconfigmap/other created\n'));
    expect(machine.run('kubectl create -f cm.yaml')).toEqual(
      fails('Error from server (AlreadyExists): error when creating "cm.yaml": configmaps "cm" already exists\n'),
    );
    expect(machine.run('kubectl get cm')).toEqual(says('NAME    AGE\ncm      5m\nother   5m\n'));
    expect(machine.run('kubectl get cm/cm cm/nope -o name')).toEqual({
      ...fails('Error from server (NotFound): configmaps "nope" not found\n'),
      stdout: 'configmap/cm\n',
    });
    expect(machine.run('kubectl delete -f two.yaml')).toEqual(
      says('configmap "cm" deleted from default namespace\nconfigmap "other" deleted from default namespace\n'),
    );
  });

  test('apply creates, then leaves alone, then configures', () => {
    const machine = new Machine(files);
    expect(machine.run('kubectl apply -f cm.yaml').stdout).toBe('configmap/cm created\n');
    expect(machine.run('kubectl apply -f cm.yaml').stdout).toBe('configmap/cm unchanged\n');
    expect(machine.run('kubectl apply -f cm2.yaml --dry-run=client').stdout).toBe(
      'configmap/cm configured (dry run)\n',
    );
    expect(machine.run('kubectl apply -f cm2.yaml').stdout).toBe('configmap/cm configured\n');
    expect(machine.run('kubectl apply -f cm.yaml').stdout).toBe('configmap/cm configured\n');
    expect(machine.run('kubectl get cm cm -o jsonpath={.data}').stdout).toBe('{"a":"1"}');
  });

  test('apply writes the configuration as kubectl does', () => {
    const machine = new Machine(files);
    machine.run('kubectl apply -f cm.yaml');
    const annotation = machine.run(
      `kubectl get cm cm -o jsonpath='{.metadata.annotations.kubectl\\.kubernetes\\.io/last-applied-configuration}'`,
    );
    expect(annotation.stdout).toBe(
      '{"apiVersion":"v1","data":{"a":"1"},"kind":"ConfigMap","metadata":{"annotations":{},"name":"cm","namespace":"default"}}\n',
    );
  });

  test('apply warns of objects that it has not made', () => {
    const machine = new Machine(files);
    machine.run('kubectl create -f cm.yaml');
    expect(machine.run('kubectl apply -f cm.yaml').stderr).toContain(
      'Warning: resource configmaps/cm is missing the kubectl.kubernetes.io/last-applied-configuration annotation',
    );
  });

  test('diff shows what apply would change and exits with 1', () => {
    const machine = new Machine(files);
    machine.run('kubectl apply -f cm.yaml');
    expect(machine.run('kubectl diff -f cm.yaml')).toEqual(says(''));
    const diff = machine.run('kubectl diff -f cm2.yaml');
    expect(diff.exitCode).toBe(1);
    expect(diff.stdout).toContain('-  a: "1"\n+  a: "2"\n+  b: x\n');
  });

  test.each([
    [
      'broken.yaml',
      'error: error parsing broken.yaml: error converting YAML to JSON: yaml: line 4: did not find expected key\n',
    ],
    [
      'text.yaml',
      'error: error validating "text.yaml": error validating data: invalid object to validate; if you choose to ignore these errors, turn validation off with --validate=false\n',
    ],
    [
      'typeless.yaml',
      'error: error validating "typeless.yaml": error validating data: [apiVersion not set, kind not set]; if you choose to ignore these errors, turn validation off with --validate=false\n',
    ],
    [
      'foo.yaml',
      'error: resource mapping not found for name: "x" namespace: "" from "foo.yaml": no matches for kind "Foo" in version "v1"\nensure CRDs are installed first\n',
    ],
    [
      'elsewhere.yaml',
      `error: the namespace from the provided object "elsewhere" does not match the namespace "default". You must pass '--namespace=elsewhere' to perform this operation.\n`,
    ],
    ['bad.json', 'error: error parsing bad.json: unexpected EOF\n'],
    ['none.yaml', 'error: the path "none.yaml" does not exist\n'],
  ])('%s is refused in the words of kubectl', (file, stderr) => {
    expect(new Machine(files).run(`kubectl apply -n default -f ${file}`)).toEqual(fails(stderr));
  });

  test('standard input, directories and lists are read too', () => {
    const list = `apiVersion: v1\nkind: List\nitems:\n- {apiVersion: v1, kind: ConfigMap, metadata: {name: l1}}\n`;
    const machine = new Machine({ 'dir/a.yaml': list, 'dir/readme.txt': 'x', 'dir/sub/b.yml': CM });
    expect(machine.run('kubectl create -f -', { stdin: CM }).stdout).toBe('configmap/cm created\n');
    expect(machine.run('kubectl apply -f dir').stdout).toBe('configmap/l1 created\n');
    expect(machine.run('kubectl delete -R -f dir').stdout).toBe(
      'configmap "l1" deleted from default namespace\nconfigmap "cm" deleted from default namespace\n',
    );
  });
});

describe('changing objects', () => {
  const machine = new Machine({ 'cm.yaml': CM });
  machine.run('kubectl create -f cm.yaml');

  test.each([
    ['kubectl label cm cm tier=front', says('configmap/cm labeled\n')],
    ['kubectl label cm cm tier=front', says('configmap/cm not labeled\n')],
    ['kubectl label cm cm tier=back', fails("error: 'tier' already has a value (front), and --overwrite is false\n")],
    ['kubectl label cm cm tier=back --overwrite', says('configmap/cm labeled\n')],
    ['kubectl get cm -l tier=back -o name', says('configmap/cm\n')],
    ['kubectl label cm cm --list', says('tier=back\n')],
    ['kubectl label cm cm tier-', says('configmap/cm unlabeled\n')],
    ['kubectl annotate cm cm note=x', says('configmap/cm annotated\n')],
    ['kubectl annotate cm cm note=x', says('configmap/cm annotated\n')],
    [`kubectl patch cm cm --type=merge -p '{"data":{"z":"1"}}'`, says('configmap/cm patched\n')],
    [`kubectl patch cm cm --type=merge -p '{"data":{"z":"1"}}'`, says('configmap/cm patched (no change)\n')],
    ['kubectl get cm cm -o go-template={{.data.z}}', says('1')],
    ['kubectl delete cm cm --dry-run=client', says('configmap "cm" deleted from default namespace (dry run)\n')],
    ['kubectl wait --for=delete cm/nothing', says('')],
  ])('%s', (line, result) => {
    expect(machine.run(line)).toEqual(result);
  });
});

describe('generators', () => {
  const machine = new Machine({ 'app.properties': 'x=1\n', 'vars.env': 'A=1\n# no\nB=2\n' });
  const yaml = (line: string) => machine.run(`kubectl ${line} --dry-run=client -o yaml`).stdout;

  test('a config map from literals, files and env files', () => {
    expect(yaml('create configmap c --from-literal=k=v --from-file=app.properties')).toBe(
      'apiVersion: v1\ndata:\n  app.properties: |\n    x=1\n  k: v\nkind: ConfigMap\nmetadata:\n  name: c\n',
    );
    expect(yaml('create configmap c --from-env-file=vars.env')).toBe(
      'apiVersion: v1\ndata:\n  A: "1"\n  B: "2"\nkind: ConfigMap\nmetadata:\n  name: c\n',
    );
  });

  test('a hash of the content as a suffix, as real kubectl counts it', () => {
    expect(yaml('create configmap x --append-hash')).toContain('name: x-62ctbmbfd2\n');
  });

  test('a deployment has the label app in its three places', () => {
    expect(yaml('create deployment web --image=nginx:1.25 --port=80')).toBe(
      'apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  labels:\n    app: web\n  name: web\nspec:\n  replicas: 1\n  selector:\n    matchLabels:\n      app: web\n  strategy: {}\n  template:\n    metadata:\n      labels:\n        app: web\n    spec:\n      containers:\n      - image: nginx:1.25\n        name: nginx\n        ports:\n        - containerPort: 80\n        resources: {}\nstatus: {}\n',
    );
  });

  test('an ingress rule becomes host, path and TLS', () => {
    const ingress = yaml(`create ingress i --rule='foo.com/b*=svc:http,tls=cert'`);
    expect(ingress).toContain('        path: /b\n        pathType: Prefix\n');
    expect(ingress).toContain('  tls:\n  - hosts:\n    - foo.com\n    secretName: cert\n');
  });

  test('run makes a Pod; the words after -- are its arguments', () => {
    expect(yaml('run b --image=busybox --restart=Never').split('\n')).toContain('  restartPolicy: Never');
    expect(
      machine.run('kubectl run b --image=busybox --dry-run=client -o jsonpath={.spec.containers[0].args} -- sleep 5')
        .stdout,
    ).toBe('["sleep","5"]');
  });

  test('the namespace of the command line is written into the object', () => {
    expect(yaml('-n prod create serviceaccount robot')).toContain('  namespace: prod\n');
  });
});
