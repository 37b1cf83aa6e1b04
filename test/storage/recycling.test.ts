// The reclaim policy Recycle on a whole cluster: the Pod that empties the directory, and the volume that is free again.

import { expect, test } from 'vitest';
import { startTerminal } from '../sim-command/terminal.ts';

const start = () => {
  const terminal = startTerminal({ workers: 0, ingressController: false });
  terminal.run(`kubectl apply -f - <<'E'
apiVersion: v1
kind: PersistentVolume
metadata: { name: old }
spec:
  capacity: { storage: 1Gi }
  accessModes: [ReadWriteOnce]
  persistentVolumeReclaimPolicy: Recycle
  storageClassName: recycled
  hostPath: { path: /srv/old }
---
apiVersion: v1
kind: PersistentVolumeClaim
metadata: { name: data }
spec:
  storageClassName: recycled
  accessModes: [ReadWriteOnce]
  resources: { requests: { storage: 1Gi } }
E
sim advance 2s`);
  terminal.run('mkdir -p /srv/old/deep; echo x > /srv/old/deep/file; echo x > /srv/old/.hidden', 'cp-1');
  return terminal;
};

const phase = `kubectl get pv old -o jsonpath='{.status.phase}'`;

test('a Pod empties the directory, and the volume is offered again', () => {
  const { run } = start();
  run('kubectl delete pvc data');
  expect(run('sleep 1; kubectl get pod recycler-for-old -o name')).toBe('pod/recycler-for-old\n');
  expect(run(phase)).toBe('Released');
  run('sim advance 20s');
  expect(run('ls -A /srv/old', 'cp-1')).toBe('');
  expect(run(phase)).toBe('Available');
  expect(run('kubectl get pods')).toContain('No resources found');
  const events = run('kubectl events --for pv/old');
  expect(events).toContain('Recycler pod: Successfully assigned default/recycler-for-old to cp-1');
  expect(events).toContain('Volume recycled');
});

test('a Pod that cannot do it leaves the volume failed, and another one tries again', () => {
  const { run } = start();
  run('rm -r /srv/old', 'cp-1');
  run('echo "no directory" > /srv/old', 'cp-1');
  run('kubectl delete pvc data; sim advance 12s');
  expect(run(phase)).toBe('Failed');
  expect(run('kubectl events --for pv/old')).toContain('Recycle failed: failed to recycle volume: ');
  run('rm /srv/old; mkdir /srv/old', 'cp-1');
  run('sim advance 40s');
  expect(run(phase)).toBe('Available');
});
