import { describe, expect, it } from 'vitest';
import { startTerminal } from '../sim-command/terminal.ts';

const CCM = 'cloud-controller-manager';

const start = (cloud: unknown = { csiDriver: false }, more: object = {}) =>
  startTerminal({ cloud, ingressController: false, ...more } as never);

const expose = (run: (line: string) => string, patch = '') => {
  run('kubectl create deployment web --image=nginx --replicas=2');
  run('kubectl create service loadbalancer web --tcp=80');
  if (patch) run(`kubectl patch service web -p '${patch}'`);
  run('sim advance 45s');
  return run(`kubectl get service web -o jsonpath='{.status.loadBalancer.ingress[0].ip}'`);
};

describe('a node of a cloud', () => {
  it('keeps ordinary Pods away until a cloud-controller-manager has seen it', () => {
    const { run } = start({ controllerManagers: 0, csiDriver: false });
    const taints = `kubectl get nodes -o jsonpath='{.items[*].spec.taints[*].key}'`;
    expect(run(taints).split(' ')).toHaveLength(3);
    expect(run(taints)).toContain('node.cloudprovider.kubernetes.io/uninitialized');
    run('kubectl run web --image=nginx; sim advance 30s');
    expect(run('kubectl get pod web --no-headers')).toContain('Pending');
    run(`kubectl -n kube-system scale deployment ${CCM} --replicas=1; sim advance 30s`);
    expect(run(taints)).toBe('');
    expect(run('kubectl get pod web --no-headers')).toContain('Running');
  });

  it('is described by the provider: id, zone, region, type, addresses', () => {
    const { run } = start();
    const node = JSON.parse(run('kubectl get node worker-1 -o json'));
    expect(node.spec.providerID).toMatch(/^sim:\/\/sim-1b\/i-[0-9a-f]{10}$/);
    expect(node.metadata.labels).toMatchObject({
      'topology.kubernetes.io/zone': 'sim-1b',
      'topology.kubernetes.io/region': 'sim-1',
      'node.kubernetes.io/instance-type': 'standard-4',
    });
    expect(node.status.addresses.map(({ type }: { type: string }) => type)).toEqual([
      'InternalIP',
      'InternalDNS',
      'Hostname',
    ]);
    expect(run('kubectl get events --field-selector reason=Synced -o name').split('\n').length).toBeGreaterThan(2);
  });

  it('goes from the API when its machine is terminated, and only then', () => {
    const { run } = start();
    run('sim cloud terminate worker-2; sim node crash worker-1; sim advance 2m');
    expect(run('kubectl get nodes -o name')).toBe('node/cp-1\nnode/worker-1\n');
    expect(run('kubectl get events --field-selector reason=DeletingNode')).toContain(
      'Deleting node worker-2 because it does not exist in the cloud provider',
    );
    expect(run('sim cloud routes')).not.toContain('worker-2');
    expect(run('sim cloud start worker-2')).toContain('machine worker-2 is terminated');
    expect(run('sim node start worker-2')).toContain('its machine is terminated at the provider');
  });

  it('stays without a cloud-controller-manager, whatever becomes of its machine', () => {
    const { run } = start();
    run(`kubectl -n kube-system scale deployment ${CCM} --replicas=0; sim advance 40s`);
    run('sim cloud terminate worker-2; sim advance 3m');
    expect(run('kubectl get node worker-2 --no-headers')).toContain('NotReady');
  });

  it('is tainted while its machine is off', () => {
    const { run } = start();
    run('sim cloud stop worker-2; sim advance 2m');
    const taints = `kubectl get node worker-2 -o jsonpath='{.spec.taints[*].key}'`;
    expect(run(taints)).toContain('node.cloudprovider.kubernetes.io/shutdown');
    run('sim cloud start worker-2; sim advance 1m');
    expect(run(taints)).toBe('');
  });
});

describe('routes', () => {
  it('carry Pods’ packets from node to node, and without them nothing does', () => {
    const { run } = start({ controllerManagers: 0, csiDriver: false }, { workers: 2 });
    run(`kubectl taint nodes --all node.cloudprovider.kubernetes.io/uninitialized-`);
    run(`kubectl run web --image=nginx --overrides='{"spec":{"nodeName":"worker-1"}}'`);
    run(`kubectl run client --image=busybox --overrides='{"spec":{"nodeName":"worker-2"}}' -- sleep infinity`);
    run('sim advance 20s');
    const ip = run(`kubectl get pod web -o jsonpath='{.status.podIP}'`);
    const ask = `kubectl exec client -- wget -T 2 -qO- http://${ip}`;
    expect(run(ask)).not.toContain('Welcome');
    run(`kubectl -n kube-system scale deployment ${CCM} --replicas=1; sim advance 20s`);
    expect(run(ask)).toContain('Welcome to nginx');
    expect(run('sim cloud routes')).toMatch(/10\.244\.1\.0\/24 +worker-1 +10\.0\.0\.11/);
    const condition = `{.status.conditions[?(@.type=="NetworkUnavailable")].reason}`;
    expect(run(`kubectl get node worker-1 -o jsonpath='${condition}'`)).toBe('RouteCreated');
  });
});

describe('a Service of type LoadBalancer', () => {
  it('gets a balancer whose address leads to its Pods', () => {
    const { run } = start();
    const ip = expose(run);
    expect(ip).toBe('203.0.113.10');
    expect(run(`curl -s -m 3 http://${ip}`)).toContain('Welcome to nginx');
    const events = run('kubectl events --for service/web');
    expect(events).toContain('Ensuring load balancer');
    expect(events).toContain('Ensured load balancer');
    expect(run(`kubectl get service web -o jsonpath='{.metadata.finalizers}'`)).toContain(
      'service.kubernetes.io/load-balancer-cleanup',
    );
    // Other ports are nobody's, and control planes are left out.
    expect(run(`curl -s -m 3 http://${ip}:81 || echo $?`)).toBe('28\n');
    expect(run('sim cloud balancers')).toContain('worker-1:healthy,worker-2:healthy');
  });

  it('takes its balancer with it', () => {
    const { run } = start();
    const ip = expose(run);
    expect(run('kubectl delete service web; kubectl get service web')).toContain('NotFound');
    expect(run(`curl -s -m 3 http://${ip} || echo $?`)).toBe('28\n');
    expect(run('sim cloud balancers').trim().split('\n')).toHaveLength(1);
  });

  it('loses its balancer when it becomes one of another type', () => {
    const { run } = start();
    expose(run);
    run(`kubectl patch service web -p '{"spec":{"type":"ClusterIP"}}'; sim advance 5s`);
    const service = JSON.parse(run('kubectl get service web -o json'));
    expect(service.metadata.finalizers).toBeUndefined();
    expect(service.status.loadBalancer).toEqual({});
  });

  it('waits without a cloud-controller-manager, while Deployments are reconciled', () => {
    const { run } = start();
    run(`kubectl -n kube-system scale deployment ${CCM} --replicas=0; sim advance 40s`);
    expect(expose(run)).toBe('');
    expect(run('kubectl get deployment web --no-headers')).toMatch(/^web +2\/2/);
  });

  it('shows Pods the client’s address with externalTrafficPolicy Local, by nodes that have some', () => {
    const { run } = start();
    run(`kubectl run web --image=nginx --labels=app=web --overrides='{"spec":{"nodeName":"worker-1"}}'`);
    run('kubectl create service loadbalancer web --tcp=80');
    run(`kubectl patch service web -p '{"spec":{"externalTrafficPolicy":"Local"}}'; sim advance 60s`);
    const { spec, status } = JSON.parse(run('kubectl get service web -o json'));
    const balancers = run('sim cloud balancers');
    expect(balancers).toContain(`${spec.healthCheckNodePort}/healthz`);
    expect(balancers).toContain('worker-1:healthy,worker-2:unhealthy');
    expect(run(`curl -s -m 3 http://${status.loadBalancer.ingress[0].ip}`)).toContain('Welcome');
    expect(run('kubectl logs web')).toContain('10.0.255.1 - - ');
  });

  it('goes on over the nodes that are left', () => {
    const { run } = start();
    const ip = expose(run);
    run('sim cloud stop worker-2; sim advance 50s');
    expect(run('sim cloud balancers')).toContain('worker-1:healthy,worker-2:unhealthy');
    run('kubectl scale deployment web --replicas=1; kubectl delete pod --all --force > /dev/null; sim advance 60s');
    for (let i = 0; i < 4; i++) expect(run(`curl -s -m 3 http://${ip}`)).toContain('Welcome');
  });

  it('of another class is nobody’s here', () => {
    const { run } = start();
    run(`kubectl apply -f - <<E
{"apiVersion": "v1", "kind": "Service", "metadata": {"name": "web"},
 "spec": {"type": "LoadBalancer", "loadBalancerClass": "example.com/lb", "ports": [{"port": 80}]}}
E
sim advance 1m`);
    expect(run(`kubectl get service web -o jsonpath='{.status.loadBalancer}'`)).toBe('{}');
  });

  it('says why it cannot have the address it asks for', () => {
    const { run } = start();
    run(`kubectl apply -f - <<E
{"apiVersion": "v1", "kind": "Service", "metadata": {"name": "web"},
 "spec": {"type": "LoadBalancer", "loadBalancerIP": "192.0.2.1", "ports": [{"port": 80}]}}
E
sim advance 10s`);
    expect(run('kubectl events --for service/web')).toContain(
      'Error syncing load balancer: failed to ensure load balancer: requested ip "192.0.2.1" is not available',
    );
  });
});

describe('the cloud-controller-manager', () => {
  it('runs its four controllers in one process, in the copy that holds the Lease', () => {
    const { run } = start({ controllerManagers: 2, csiDriver: false });
    const holder = () =>
      run(`kubectl -n kube-system get lease ${CCM} -o jsonpath='{.spec.holderIdentity}'`).replace(/_.*/, '');
    const node = holder();
    const pod = (of: string) =>
      run(`kubectl -n kube-system get pods -l k8s-app=${CCM} --field-selector spec.nodeName=${of} -o name`).trim();
    const started = run(`kubectl -n kube-system logs ${pod(node)}`).match(/Started "([a-z-]+)"/g);
    expect(started?.map((line) => line.slice(9, -1)).sort()).toEqual([
      'cloud-node-controller',
      'cloud-node-lifecycle-controller',
      'node-route-controller',
      'service-lb-controller',
    ]);
    const other = run(`kubectl -n kube-system get pods -l k8s-app=${CCM} -o jsonpath='{.items[*].spec.nodeName}'`)
      .split(' ')
      .find((name) => name !== node) as string;
    expect(run(`kubectl -n kube-system logs ${pod(other)}`)).not.toContain('Started');
    run(`kubectl cordon ${node}; kubectl -n kube-system delete ${pod(node)}; sim advance 40s`);
    expect(holder()).not.toBe(node);
  });

  it('leaves out what its flags switch off, and refuses flags that it does not heed', () => {
    const { run } = start();
    const set = (flags: string[]) =>
      run(
        `kubectl -n kube-system patch deployment ${CCM} --type=json -p '${JSON.stringify(
          flags.map((value) => ({ op: 'add', path: '/spec/template/spec/containers/0/command/-', value })),
        )}'; sim advance 60s`,
      );
    set(['--configure-cloud-routes=false', '--controllers=*,-service-lb-controller']);
    const log = run(`kubectl -n kube-system logs deployment/${CCM}`);
    expect(log).toContain('Skipping "node-route-controller"');
    expect(log).toContain('"service-lb-controller" is disabled');
    set(['--concurrent-service-syncs=3']);
    expect(run(`kubectl -n kube-system logs -l k8s-app=${CCM}`)).toContain(
      'the flag --concurrent-service-syncs is not modelled by this engine',
    );
  });

  it('says more with --v, and makes no routes without a range that they are for', () => {
    const { run } = start();
    const flag = (from: string, to: string) =>
      run(
        `kubectl -n kube-system get deployment ${CCM} -o yaml | sed 's#${from}#${to}#' | kubectl replace -f - > /dev/null; sim advance 60s; kubectl -n kube-system logs -l k8s-app=${CCM} --tail=-1`,
      );
    expect(flag('--leader-elect=true', '--v=1')).toContain('Starting "cloud-node-controller"');
    expect(flag('--cluster-cidr=.*', '--cluster-cidr=')).toContain('RouteController: Must specify clusterCIDR.');
    expect(flag('--cluster-cidr=.*', '--cluster-cidr=10.244')).toContain('invalid CIDR address: 10.244');
  });
});

describe('the setting', () => {
  it('refuses what it does not know', () => {
    expect(() => start({ zones: 3 })).toThrow('cluster: cloud: unknown setting zones');
    expect(() => start({ controllerManagers: 9 })).toThrow('controllerManagers must be a whole number from 0 to 3');
    expect(() => start('aws')).toThrow('cluster: cloud must be true, false or its settings');
  });

  it('is off, and then there is no cloud to speak of', () => {
    const { run } = startTerminal();
    expect(run('sim cloud machines')).toContain('this cluster is on no cloud');
    expect(run('kubectl -n kube-system get pods')).not.toContain('cloud');
  });
});
