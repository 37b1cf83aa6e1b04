import { describe, expect, it } from 'vitest';
import { startTerminal } from '../sim-command/terminal.ts';

const DRIVER = 'csi.sim.example';

const start = (more: object = {}) => startTerminal({ cloud: true, ingressController: false, ...more } as never);
type Run = (line: string, on?: string) => string;

const claim = (name: string, more: object = {}, size = '3Gi') => ({
  apiVersion: 'v1',
  kind: 'PersistentVolumeClaim',
  metadata: { name },
  spec: {
    storageClassName: 'disk',
    accessModes: ['ReadWriteOnce'],
    resources: { requests: { storage: size } },
    ...more,
  },
});
const pod = (name: string, claimName: string, more: object = {}, container: object = {}) => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name },
  spec: {
    terminationGracePeriodSeconds: 1,
    volumes: [{ name: 'v', persistentVolumeClaim: { claimName } }],
    containers: [{ name: 'app', image: 'nginx', volumeMounts: [{ name: 'v', mountPath: '/data' }], ...container }],
    ...more,
  },
});
const apply = (run: Run, ...objects: object[]) => {
  const list = JSON.stringify({ apiVersion: 'v1', kind: 'List', items: objects });
  return run(`kubectl apply -f - <<'E'\n${list}\nE\nsim advance 30s`);
};
const nodeOf = (run: Run, name: string) => run(`kubectl get pod ${name} -o jsonpath='{.spec.nodeName}'`);
const calls = (run: Run, selector: string, container = 'csi-driver') =>
  [
    ...run(`kubectl -n kube-system logs -l app=${selector} -c ${container} --tail=-1`).matchAll(
      /GRPC call: \/csi\.v1\.(\S+)/g,
    ),
  ].map(([, name]) => name);
const phase = (run: Run, name: string) => run(`kubectl get pod ${name} -o jsonpath='{.status.phase}'`);

describe('a CSI driver', () => {
  it('registers with every kubelet, which tells it in CSINode and Node', () => {
    const { run } = start();
    const node = JSON.parse(run('kubectl get csinode worker-1 -o json'));
    const id = run('sim cloud machines').match(/worker-1 +(i-\w+)/)?.[1];
    expect(node.spec.drivers).toEqual([
      { name: DRIVER, nodeID: id, topologyKeys: [`topology.${DRIVER}/zone`], allocatable: { count: 16 } },
    ]);
    const { metadata } = JSON.parse(run('kubectl get node worker-1 -o json'));
    expect(metadata.labels[`topology.${DRIVER}/zone`]).toBe('sim-1b');
    expect(JSON.parse(metadata.annotations['csi.volume.kubernetes.io/nodeid'])).toEqual({ [DRIVER]: id });
  });

  it('leaves CSINode when its part on the node goes', () => {
    const { run } = start();
    run('kubectl -n kube-system delete daemonset csi-node; sim advance 40s');
    expect(run(`kubectl get csinode worker-1 -o jsonpath='{.spec.drivers}'`)).toBe('[]');
  });

  it('makes, attaches and mounts a disk for a claim and its Pod, in that order', () => {
    const { run } = start();
    apply(run, claim('data'), pod('app', 'data'));
    expect(phase(run, 'app')).toBe('Running');
    expect(calls(run, 'csi-controller').slice(3)).toEqual([
      'Controller/CreateVolume',
      'Controller/ControllerPublishVolume',
    ]);
    const nodes = calls(run, 'csi-node');
    expect(nodes.filter((name) => /Stage|Publish/.test(name))).toEqual([
      'Node/NodeStageVolume',
      'Node/NodePublishVolume',
    ]);
    const attachment = JSON.parse(run('kubectl get volumeattachments -o json')).items[0];
    expect(attachment).toMatchObject({
      spec: { attacher: DRIVER, nodeName: nodeOf(run, 'app') },
      status: { attached: true },
    });
    const volume = JSON.parse(run('kubectl get pv -o json')).items[0];
    expect(volume.spec.csi).toMatchObject({ driver: DRIVER, fsType: 'ext4' });
    expect(volume.spec.nodeAffinity.required.nodeSelectorTerms[0].matchExpressions[0].key).toBe(
      `topology.${DRIVER}/zone`,
    );
    expect(run('kubectl exec app -- df -h /data')).toMatch(/\/dev\/disk\/by-id\/vol-\w+ +3\.0G +0 +3\.0G +0%/);
    expect(run('kubectl get events --field-selector reason=SuccessfulAttachVolume')).toContain(
      'AttachVolume.Attach succeeded for volume "pvc-',
    );
  });

  it('keeps what is on a disk when its Pod goes to another node, and takes the disk there', () => {
    const { run } = start({ workers: 3 });
    apply(run, claim('data'), pod('app', 'data', { nodeName: 'worker-2', ...affinity('worker-2') }));
    // A Pod that names its node passes the scheduler by: the claim waits for it in vain.
    expect(phase(run, 'app')).toBe('Pending');
    run('kubectl delete pod app --force');
    apply(run, pod('app', 'data', affinity('worker-2')));
    run('kubectl exec app -- sh -c "echo kept > /data/f"');
    run('kubectl delete pod app; sim advance 10s');
    expect(run('kubectl get volumeattachments')).toContain('No resources found');
    expect(run('sim cloud disks')).toMatch(/3GiB +- /);
    apply(run, pod('app', 'data', affinity('cp-1')));
    expect(nodeOf(run, 'app')).toBe('cp-1');
    expect(run('kubectl exec app -- cat /data/f')).toBe('kept\n');
    expect(calls(run, 'csi-node').filter((name) => /Un/.test(name))).toEqual([
      'Node/NodeUnpublishVolume',
      'Node/NodeUnstageVolume',
    ]);
  });

  it('gives a Pod the device itself where the claim asks for volumeMode Block', () => {
    const { run } = start();
    const devices = { volumeMounts: [], volumeDevices: [{ name: 'v', devicePath: '/dev/xvda' }] };
    apply(run, claim('raw', { volumeMode: 'Block' }), pod('app', 'raw', {}, devices));
    expect(run('kubectl exec app -- sh -c "test -b /dev/xvda && echo block"')).toBe('block\n');
    run('kubectl exec app -- sh -c "echo bytes > /dev/xvda"');
    run('kubectl delete pod app; sim advance 10s');
    apply(run, pod('app', 'raw', {}, devices));
    expect(run('kubectl exec app -- cat /dev/xvda')).toBe('bytes\n');
    expect(run('kubectl get events')).toContain('MapVolume.MapPodDevice succeeded');
  });

  it('hands files over to the group that the Pod asks for', () => {
    const { run } = start();
    apply(run, claim('data'), pod('root', 'data'));
    run('kubectl exec root -- sh -c "mkdir /data/d; echo x > /data/d/f"; kubectl delete pod root; sim advance 5s');
    apply(run, pod('app', 'data', { securityContext: { fsGroup: 2000 } }));
    expect(run('kubectl exec app -- stat -c "%g %a" /data /data/d /data/d/f')).toBe('2000 2775\n2000 2775\n2000 664\n');
  });

  it('lets a disk be on one node at a time', () => {
    const { run } = start({ workers: 3 });
    apply(run, claim('data'), pod('first', 'data', affinity('worker-2')));
    apply(run, pod('second', 'data', affinity('cp-1')));
    expect(phase(run, 'second')).toBe('Pending');
    expect(run('kubectl events --for pod/second')).toMatch(
      /FailedAttachVolume.*Multi-Attach error for volume "pvc-\S+" Volume is already used by pod\(s\) first/,
    );
    run('sim advance 2m');
    expect(run('kubectl events --for pod/second')).toContain(
      'Unable to attach or mount volumes: unmounted volumes=[v], unattached volumes=[v]',
    );
    run('kubectl delete pod first; sim advance 30s');
    expect(phase(run, 'second')).toBe('Running');
  });

  it('lets many nodes write to a share', () => {
    const { run } = start();
    const modes = { storageClassName: 'share', accessModes: ['ReadWriteMany'] };
    apply(run, claim('files', modes), pod('a', 'files', affinity('worker-1')), pod('b', 'files', affinity('worker-2')));
    run('kubectl exec a -- sh -c "echo A > /data/a"; kubectl exec b -- sh -c "echo B > /data/b"');
    expect(run('kubectl exec a -- cat /data/a /data/b')).toBe('A\nB\n');
    expect(run('kubectl exec b -- cat /data/a /data/b')).toBe('A\nB\n');
    expect(run('kubectl exec b -- sh -c "mount | grep /data"')).toContain('type nfs4 (rw');
  });

  it('says what it cannot make', () => {
    const { run } = start();
    apply(run, claim('many', { accessModes: ['ReadWriteMany'] }), pod('app', 'many'));
    expect(run('kubectl events --for pvc/many')).toContain(
      'failed to provision volume with StorageClass "disk": rpc error: code = InvalidArgument desc = a disk with a file system can be written to by one node only',
    );
  });

  it('must say that it makes volumes for one Pod, and run on the node', () => {
    const { run } = startTerminal();
    const pod = { metadata: { name: 'p' }, spec: { containers: [{ name: 'c', image: 'busybox' }] } };
    const volumes = [{ name: 'v', csi: { driver: 'hostpath.csi.k8s.io' } }];
    const apply = (object: object) => run(`kubectl apply -f - <<'EOF'\n${JSON.stringify(object)}\nEOF`);
    apply({ apiVersion: 'v1', kind: 'Pod', ...pod, spec: { ...pod.spec, volumes } });
    const told = () => run('sleep 8; kubectl get events --field-selector reason=FailedMount');
    expect(told()).toContain(
      'volume mode "Ephemeral" not supported by driver hostpath.csi.k8s.io (no CSIDriver object)',
    );
    const metadata = { name: 'hostpath.csi.k8s.io' };
    apply({
      apiVersion: 'storage.k8s.io/v1',
      kind: 'CSIDriver',
      metadata,
      spec: { volumeLifecycleModes: ['Ephemeral'] },
    });
    expect(told()).toContain('driver name hostpath.csi.k8s.io not found in the list of registered CSI drivers');
  });

  it('has no more volumes on a node than its driver says', () => {
    const { run } = start({ workers: 0 });
    run(
      `kubectl -n kube-system patch daemonset csi-node --type=json -p '[{"op": "replace", "path": "/spec/template/spec/containers/1/args/2", "value": "--volume-attach-limit=2"}]'; sim advance 60s`,
    );
    expect(run(`kubectl get csinode cp-1 -o jsonpath='{.spec.drivers[0].allocatable.count}'`)).toBe('2');
    for (const name of ['a', 'b', 'c']) apply(run, claim(name), pod(name, name));
    expect(phase(run, 'b')).toBe('Running');
    expect(phase(run, 'c')).toBe('Pending');
    expect(run('kubectl events --for pod/c')).toContain('node(s) exceed max volume count');
  });

  it('takes a volume from a node that is gone, and not before', () => {
    const { run } = start({ workers: 3 });
    apply(run, claim('data'), pod('app', 'data', affinity('worker-2')));
    run('sim node crash worker-2; kubectl delete pod app --force; sim advance 3m');
    expect(run('kubectl get volumeattachments --no-headers')).toContain('worker-2');
    run('sim cloud terminate worker-2; sim advance 1m');
    expect(run('kubectl get volumeattachments')).toContain('No resources found');
  });

  it('lets a volume go from a node that is marked as out of service', () => {
    const { run } = start({ workers: 3 });
    apply(run, claim('data'), pod('app', 'data', affinity('worker-2')));
    run('sim cloud stop worker-2; sim advance 2m; kubectl delete pod app --wait=false; sim advance 1m');
    expect(run('kubectl get pod app --no-headers')).toContain('Terminating');
    run('kubectl taint node worker-2 node.kubernetes.io/out-of-service=nodeshutdown:NoExecute; sim advance 1m');
    expect(run('kubectl get pod app')).toContain('NotFound');
    expect(run('kubectl get volumeattachments')).toContain('No resources found');
  });

  it('is missed: nobody attaches, and the Pod is told so', () => {
    const { run } = start();
    apply(run, claim('data'), pod('app', 'data'));
    run(
      'kubectl delete pod app; sim advance 10s; kubectl -n kube-system scale deployment csi-controller --replicas=0; sim advance 40s',
    );
    apply(run, pod('app', 'data'));
    run('sim advance 2m');
    expect(run('kubectl events --for pod/app')).toMatch(
      /timed out waiting for external-attacher of csi\.sim\.example CSI driver to attach volume vol-/,
    );
  });
});

describe('the size of a claim', () => {
  it('grows in a running Pod, with its disk and file system', () => {
    const { run } = start();
    apply(run, claim('data'), pod('app', 'data'));
    expect(
      run(`kubectl patch pvc data -p '{"spec":{"resources":{"requests":{"storage":"8Gi"}}}}'; sim advance 5s`),
    ).toContain('patched');
    const status = () => JSON.parse(run('kubectl get pvc data -o json')).status;
    expect(status()).toMatchObject({
      capacity: { storage: '3Gi' },
      conditions: [{ type: 'FileSystemResizePending', status: 'True' }],
    });
    run('sim advance 2m');
    expect(status().capacity.storage).toBe('8Gi');
    expect(status().conditions).toBeUndefined();
    expect(run('kubectl exec app -- df -h /data')).toMatch(/8\.0G/);
    const events = run('kubectl events --for pvc/data');
    for (const reason of ['ExternalExpanding', 'Resizing', 'FileSystemResizeRequired', 'FileSystemResizeSuccessful'])
      expect(events).toContain(reason);
  });

  it('stays where the class does not allow it, or the claim is not bound', () => {
    const { run } = start();
    apply(run, claim('later'), claim('local', { storageClassName: 'standard' }), pod('app', 'local'));
    const grow = (name: string) =>
      run(`kubectl patch pvc ${name} -p '{"spec":{"resources":{"requests":{"storage":"8Gi"}}}}'`);
    expect(grow('local')).toContain(
      'only dynamically provisioned pvc can be resized and the storageclass that provisions the pvc must support resize',
    );
    expect(grow('later')).toContain('spec is immutable after creation');
  });
});

describe('deleting', () => {
  it('a claim takes the disk with it, once it is detached', () => {
    const { run } = start();
    apply(run, claim('data'), pod('app', 'data'));
    run('kubectl delete pod app; kubectl delete pvc data; sim advance 30s');
    expect(run('kubectl get pv')).toContain('No resources found');
    expect(run('sim cloud disks').trim().split('\n')).toHaveLength(1);
    expect(calls(run, 'csi-controller').slice(-2)).toEqual([
      'Controller/ControllerUnpublishVolume',
      'Controller/DeleteVolume',
    ]);
  });
});

describe('a driver that is not there', () => {
  it('leaves the Pod waiting for somebody to attach its volume', () => {
    const { run } = startTerminal({ ingressController: false });
    const volume = {
      apiVersion: 'v1',
      kind: 'PersistentVolume',
      metadata: { name: 'far' },
      spec: {
        capacity: { storage: '1Gi' },
        accessModes: ['ReadWriteOnce'],
        csi: { driver: 'nobody.example', volumeHandle: 'v1' },
      },
    };
    apply(run, volume, claim('data', { storageClassName: '', volumeName: 'far' }, '1Gi'), pod('app', 'data'));
    run('sim advance 3m');
    expect(run('kubectl events --for pod/app')).toContain(
      'AttachVolume.Attach failed for volume "far" : timed out waiting for external-attacher of nobody.example CSI driver to attach volume v1',
    );
  });
});

function affinity(node: string) {
  return { nodeSelector: { 'kubernetes.io/hostname': node } };
}
