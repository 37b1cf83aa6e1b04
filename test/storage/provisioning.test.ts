// Storage as the reader of a whole cluster meets it: the default class, its provisioner, and data that outlives Pods.

import { describe, expect, test } from 'vitest';
import { startTerminal } from '../sim-command/terminal.ts';

const CLAIM = `cat > claim.yaml <<'EOF'
apiVersion: v1
kind: PersistentVolumeClaim
metadata: {name: data}
spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Gi}}}
EOF
kubectl apply -f claim.yaml`;
const POD = (name: string, command: string) => `cat > ${name}.yaml <<'EOF'
apiVersion: v1
kind: Pod
metadata: {name: ${name}}
spec:
  restartPolicy: Never
  containers: [{name: c, image: busybox, command: [sh, -c, "${command}"], volumeMounts: [{name: d, mountPath: /data}]}]
  volumes: [{name: d, persistentVolumeClaim: {claimName: data}}]
EOF
kubectl apply -f ${name}.yaml`;

describe('a claim of the default class', () => {
  test('that names it in the annotation of old is served as well', () => {
    const terminal = startTerminal();
    const annotated = 'metadata: {name: data, annotations: {volume.beta.kubernetes.io/storage-class: standard}}';
    terminal.run(CLAIM.replace('metadata: {name: data}', annotated));
    terminal.run(POD('user', 'echo kept > /data/file'));
    terminal.run('kubectl wait --for=jsonpath={.status.phase}=Succeeded pod/user --timeout=120s');
    expect(terminal.status).toBe(0);
  });

  test('waits for a Pod, gets a directory on its node, keeps the data for the next Pod, and goes with the claim', () => {
    const terminal = startTerminal();
    terminal.run(CLAIM);
    expect(terminal.run('sleep 20; kubectl get pvc data -o jsonpath={.status.phase}')).toBe('Pending');
    terminal.run(POD('writer', 'echo kept > /data/file'));
    terminal.run('kubectl wait --for=jsonpath={.status.phase}=Succeeded pod/writer --timeout=120s');
    expect(terminal.status).toBe(0);
    expect(
      terminal.run('kubectl get events --field-selector involvedObject.name=data -o jsonpath="{.items[*].reason}"'),
    ).toMatch(/^WaitForFirstConsumer.* Provisioning .*ProvisioningSucceeded/);
    const node = terminal.run('kubectl get pod writer -o jsonpath={.spec.nodeName}');
    terminal.run('kubectl delete pod writer');
    terminal.run(POD('reader', 'cat /data/file'));
    terminal.run('kubectl wait --for=jsonpath={.status.phase}=Succeeded pod/reader --timeout=120s');
    expect(terminal.run('kubectl logs reader')).toBe('kept\n');
    expect(terminal.run('kubectl get pod reader -o jsonpath={.spec.nodeName}')).toBe(node);
    expect(terminal.run('ls /var/local-path-provisioner', node)).toMatch(/^pvc-.*_default_data\n$/);
    terminal.run('kubectl delete pod reader; kubectl delete pvc data; sleep 30');
    expect(terminal.run('kubectl get pv')).toBe('No resources found\n');
    expect(terminal.run('ls /var/local-path-provisioner', node)).toBe('');
  });

  test('that wants to be shared is refused in the words of its provisioner', () => {
    const terminal = startTerminal();
    terminal.run(CLAIM.replace('ReadWriteOnce', 'ReadWriteMany'));
    terminal.run(POD('p', 'true'));
    terminal.run('sleep 20');
    expect(terminal.run('kubectl describe pvc data')).toContain(
      'failed to provision volume with StorageClass "standard": NodePath only supports ReadWriteOnce and ReadWriteOncePod (1.22+) access modes',
    );
  });
});

describe('kubectl top', () => {
  test('shows what a busy container uses, and nothing once metrics-server is gone', () => {
    const terminal = startTerminal();
    terminal.run('kubectl run busy --image=polinux/stress -- stress --cpu 1; sleep 60');
    expect(terminal.run('kubectl top pod busy --no-headers')).toMatch(/^busy +\d{3,4}m +\d+Mi +\n$/);
    terminal.run('kubectl scale deployment metrics-server -n kube-system --replicas=0; sleep 60');
    expect(terminal.run('kubectl top pod busy')).toBe('error: Metrics API not available\n');
  });
});

describe('a second scheduler', () => {
  const CONFIG = `apiVersion: kubescheduler.config.k8s.io/v1
kind: KubeSchedulerConfiguration
profiles:
- schedulerName: packing
  pluginConfig:
  - name: NodeResourcesFit
    args: {scoringStrategy: {type: MostAllocated}}
  plugins: {score: {disabled: [{name: PodTopologySpread}, {name: NodeResourcesBalancedAllocation}]}}
leaderElection: {leaderElect: false}
`;
  test('runs as a Deployment and packs its Pods as its configuration says', () => {
    const terminal = startTerminal();
    terminal.run(`kubectl create serviceaccount packing -n kube-system
for role in kube-scheduler volume-scheduler; do kubectl create clusterrolebinding packing-$role --clusterrole=system:$role --serviceaccount=kube-system:packing; done
cat > config.yaml <<'EOF'
${CONFIG}EOF
kubectl create configmap packing -n kube-system --from-file=config.yaml
cat > scheduler.yaml <<'EOF'
apiVersion: apps/v1
kind: Deployment
metadata: {name: packing, namespace: kube-system}
spec:
  selector: {matchLabels: {app: packing}}
  template:
    metadata: {labels: {app: packing}}
    spec:
      serviceAccountName: packing
      containers:
      - name: scheduler
        image: registry.k8s.io/kube-scheduler:v1.35.0
        command: [kube-scheduler, --config=/etc/packing/config.yaml]
        volumeMounts: [{name: config, mountPath: /etc/packing}]
      volumes: [{name: config, configMap: {name: packing}}]
EOF
kubectl apply -f scheduler.yaml
cat > web.yaml <<'EOF'
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  replicas: 4
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      schedulerName: packing
      containers: [{name: c, image: nginx, resources: {requests: {cpu: 200m, memory: 64Mi}}}]
EOF
kubectl apply -f web.yaml`);
    expect(terminal.run('kubectl rollout status deployment/web --timeout=60s')).toContain('successfully rolled out');
    const nodes = terminal.run('kubectl get pods -l app=web -o jsonpath="{.items[*].spec.nodeName}"').split(' ');
    expect(new Set(nodes).size).toBe(1);
    expect(
      terminal.run('kubectl get events -o jsonpath="{.items[?(@.reason==\'Scheduled\')].reportingComponent}"'),
    ).toBe('packing packing packing packing');
  });
});
