import { describe, expect, it } from 'vitest';
import { startTerminal } from '../sim-command/terminal.ts';

/** A terminal in which a Pod `box` of busybox is there; `spec` is YAML in flow style. */
function boxed(spec: string, container = '', wait = 6) {
  const terminal = startTerminal();
  const text = `{apiVersion: v1, kind: Pod, metadata: {name: box}, spec: {${spec ? `${spec}, ` : ''}containers: [{name: c, image: 'busybox:1.28', command: [sleep, 1h]${container && `, ${container}`}}]}}`;
  const said = terminal.run(`kubectl apply -f - <<'END'\n${text}\nEND\nsim advance ${wait}s`);
  const inside = (command: string) => terminal.run(`kubectl exec box -- ${command}`);
  return { ...terminal, said, inside };
}
const reasonOf = (run: (script: string) => string) =>
  run("kubectl get pod box -o jsonpath='{.status.containerStatuses[0].state.waiting.reason}'");

describe('what the kernel is told of a container', () => {
  it('shows in /proc: capabilities, no_new_privs, seccomp and the default AppArmor profile', () => {
    const { inside } = boxed(
      'securityContext: {seccompProfile: {type: RuntimeDefault}}',
      'securityContext: {allowPrivilegeEscalation: false, capabilities: {add: [NET_ADMIN, SYS_TIME]}}',
    );
    const status = inside('cat /proc/1/status');
    expect(status).toContain('Name:\tsleep\n');
    expect(status).toContain('CapPrm:\t00000000aa0435fb\n');
    expect(status).toContain('NoNewPrivs:\t1\n');
    expect(status).toContain('Seccomp:\t2\n');
    expect(inside('cat /proc/1/attr/current')).toBe('cri-containerd.apparmor.d (enforce)\n');
    expect(inside('cat /proc/self/status')).toContain('Name:\tcat\n');
  });

  it('is nothing for a privileged one, which has every capability', () => {
    const { inside } = boxed('', 'securityContext: {privileged: true}');
    const status = inside('cat /proc/1/status');
    expect(status).toContain('CapEff:\t000001ffffffffff\n');
    expect(status).toContain('Seccomp:\t0\n');
    expect(inside('cat /proc/1/attr/current')).toBe('unconfined\n');
  });

  it('cannot be a seccomp profile that the node has not', () => {
    const { run } = boxed(
      'securityContext: {seccompProfile: {type: Localhost, localhostProfile: profiles/audit.json}}',
    );
    expect(reasonOf(run)).toBe('CreateContainerError');
    const path = '/var/lib/kubelet/seccomp/profiles/audit.json';
    expect(run('kubectl describe pod box')).toContain(
      `Error: failed to create containerd container: cannot load seccomp profile "${path}": open ${path}: no such file or directory`,
    );
    const node = run("kubectl get pod box -o jsonpath='{.spec.nodeName}'");
    run(`mkdir -p ${path.replace('/audit.json', '')}; echo '{"defaultAction": "SCMP_ACT_LOG"}' > ${path}`, node);
    run('sim advance 30s');
    expect(run('kubectl exec box -- cat /proc/1/status')).toContain('Seccomp:\t2\n');
  });

  it('cannot be an AppArmor profile that is not loaded', () => {
    const { run } = boxed('', 'securityContext: {appArmorProfile: {type: Localhost, localhostProfile: deny-write}}');
    expect(reasonOf(run)).toBe('CreateContainerError');
    expect(run('kubectl describe pod box')).toContain(
      'failed to generate apparmor spec opts: apparmor profile not found deny-write',
    );
  });

  it('cannot be all of /proc', () => {
    const { run } = boxed('hostUsers: false', 'securityContext: {procMount: Unmasked}');
    expect(reasonOf(run)).toBe('CreateContainerError');
    expect(run('kubectl describe pod box')).toContain('procMount Unmasked');
  });

  it('is read from the annotation that stood for the field until v1.30', () => {
    const { run } = startTerminal();
    const key = 'container.apparmor.security.beta.kubernetes.io/c';
    const said = run(
      `kubectl apply -f - <<'END'\n{apiVersion: v1, kind: Pod, metadata: {name: box, annotations: {${key}: unconfined}}, spec: {containers: [{name: c, image: 'busybox:1.28', command: [sleep, 1h]}]}}\nEND\nsim advance 6s`,
    );
    expect(said).toContain(`metadata.annotations[${key}]: deprecated since v1.30`);
    expect(run("kubectl get pod box -o jsonpath='{.spec.containers[0].securityContext}'")).toBe(
      '{"appArmorProfile":{"type":"Unconfined"}}',
    );
    expect(run('kubectl exec box -- cat /proc/1/attr/current')).toBe('unconfined\n');
  });

  it('is users of its own for a Pod with hostUsers: false', () => {
    const { inside } = boxed('hostUsers: false');
    expect(inside('cat /proc/self/uid_map').trim().split(/\s+/)).toEqual(['0', '65536', '65536']);
    expect(inside('readlink /proc/self/ns/user')).not.toBe('user:[4026531837]\n');
    expect(boxed('').inside('readlink /proc/self/ns/user')).toBe('user:[4026531837]\n');
  });

  it('is kernel settings of its own, if they cannot do harm outside', () => {
    const { inside } = boxed("securityContext: {sysctls: [{name: net.ipv4.ip_local_port_range, value: '1024 65535'}]}");
    expect(inside('cat /proc/sys/net/ipv4/ip_local_port_range')).toBe('1024\t65535\n');
    const { run } = boxed("securityContext: {sysctls: [{name: kernel.msgmax, value: '65536'}]}");
    expect(run('kubectl get pod box')).toMatch(/box +0\/1 +SysctlForbidden/);
    expect(run('kubectl describe pod box')).toContain('forbidden sysctl: "kernel.msgmax" not allowlisted');
  });
});

describe('who a container is', () => {
  it('is in the groups that its image puts the user in, unless the policy is Strict', () => {
    const { run } = startTerminal();
    const pod = (name: string, policy: string) =>
      `{apiVersion: v1, kind: Pod, metadata: {name: ${name}}, spec: {securityContext: {runAsUser: 1000, runAsGroup: 3000, supplementalGroups: [4000]${policy}}, containers: [{name: c, image: 'registry.k8s.io/e2e-test-images/agnhost:2.45', command: [sleep, 1h]}]}}`;
    run(
      `kubectl apply -f - <<'END'\n${pod('merged', '')}\n---\n${pod('strict', ', supplementalGroupsPolicy: Strict')}\nEND`,
    );
    run('sim advance 10s');
    expect(run('kubectl exec merged -- id -G')).toBe('3000 4000 50000\n');
    expect(run('kubectl exec strict -- id -G')).toBe('3000 4000\n');
  });

  it('has the full name as its kernel’s host name with setHostnameAsFQDN', () => {
    const { inside } = boxed('hostname: one, subdomain: few, setHostnameAsFQDN: true');
    expect(inside('hostname')).toBe('one.few.default.svc.cluster.local\n');
  });

  it('is refused on a node of another operating system', () => {
    const { run } = boxed('os: {name: windows}');
    expect(run('kubectl get pod box')).toContain('PodOSNotSupported');
  });
});

describe('a node’s debug Pod', () => {
  it('sees the node’s files under /host, and with chroot runs its programs', () => {
    const { run } = startTerminal();
    const debug = (command: string) =>
      run(`kubectl debug node/worker-1 -it --image=ubuntu --profile=sysadmin -- ${command}`);
    expect(debug("sh -c 'sleep 1; chroot /host cat /etc/hostname'")).toContain('worker-1\n');
    expect(debug("sh -c 'sleep 1; chroot /host systemctl is-active kubelet'")).toContain('active\n');
    expect(debug("sh -c 'sleep 1; chroot /nowhere ls'")).toContain(
      "chroot: cannot change root directory to '/nowhere': No such file or directory",
    );
    expect(debug("sh -c 'sleep 1; chroot /host ps aux'")).toContain('kube-proxy');
  });
});

describe('volumes', () => {
  const pod = `{apiVersion: v1, kind: Pod, metadata: {name: box}, spec: {containers: [{name: c, image: 'busybox:1.28', command: [sleep, 1h], resources: {limits: {memory: 128Mi}}, volumeMounts: [{name: v, mountPath: /v}]}], volumes: [{name: v, VOLUME}]}}`;
  const withVolume = (volume: string) => {
    const { run } = startTerminal();
    run(`kubectl apply -f - <<'END'\n${pod.replace('VOLUME', volume)}\nEND\nsim advance 8s`);
    return run;
  };

  it('of an image show its files, and take no others', () => {
    const run = withVolume('image: {reference: "quay.io/crio/artifact:v2", pullPolicy: IfNotPresent}');
    expect(run('kubectl exec box -- cat /v/dir/file /v/file')).toBe('1\n2\n');
    expect(run('kubectl exec box -- touch /v/new')).toContain('Read-only file system');
    expect(run('kubectl describe pod box')).toContain('Successfully pulled image "quay.io/crio/artifact:v2"');
  });

  it('of an image that there is not keep the container waiting', () => {
    const run = withVolume('image: {reference: "quay.io/crio/artifact:v9"}');
    expect(run('kubectl get pod box')).toMatch(/ErrImagePull|ImagePullBackOff/);
  });

  it('in memory are as large as they may be, others as the node’s disk', () => {
    const memory = withVolume('emptyDir: {medium: Memory, sizeLimit: 64Mi}');
    expect(memory('kubectl exec box -- df -h /v')).toBe(
      'Filesystem                Size      Used Available Use% Mounted on\ntmpfs                    64.0M         0     64.0M   0% /v\n',
    );
    const disk = withVolume('emptyDir: {}');
    expect(disk('kubectl exec box -- df /v')).toMatch(/^\/dev\/vda1 +98831908 /m);
  });

  it('of kinds that are not modelled are refused, also inside a projected one', () => {
    const run = withVolume('projected: {sources: [{clusterTrustBundle: {name: a, path: b}}]}');
    expect(run('kubectl describe pod box')).toContain(
      'projected sources of kind clusterTrustBundle are not modelled by this engine',
    );
  });
});

describe('nginx', () => {
  it('is a master and workers, which its -s signals in a shared process namespace too', () => {
    const { run } = startTerminal();
    run(
      `kubectl apply -f - <<'END'\n{apiVersion: v1, kind: Pod, metadata: {name: web}, spec: {shareProcessNamespace: true, containers: [{name: nginx, image: nginx}, {name: c, image: 'busybox:1.28', command: [sleep, 1h]}]}}\nEND\nsim advance 8s`,
    );
    const list = run('kubectl exec web -c c -- ps');
    expect(list).toMatch(/root .* nginx: master process nginx -g daemon off;/);
    expect(list).toMatch(/101 .* nginx: worker process/);
    const master = /^ *(\d+) .*master/m.exec(list)?.[1];
    expect(run(`kubectl exec web -c c -- cat /proc/${master}/root/etc/nginx/nginx.conf`)).toContain('worker_processes');
    run('kubectl exec web -c nginx -- nginx -s quit; sim advance 3s');
    expect(
      run('kubectl get pod web -o jsonpath=\'{.status.containerStatuses[?(@.name=="nginx")].restartCount}\''),
    ).toBe('1');
    expect(run('kubectl exec web -c c -- ps').match(/worker process/g)).toHaveLength(4);
  });
});

describe('dd', () => {
  it('fills a volume without its bytes being held, which counts against its limit', () => {
    const { run } = startTerminal();
    run(
      `kubectl apply -f - <<'END'\n{apiVersion: v1, kind: Pod, metadata: {name: box}, spec: {containers: [{name: c, image: 'busybox:1.28', command: [sleep, 1h], volumeMounts: [{name: v, mountPath: /v}]}], volumes: [{name: v, emptyDir: {sizeLimit: 50Mi}}]}}\nEND\nsim advance 8s`,
    );
    expect(run('kubectl exec box -- dd if=/dev/zero of=/v/small bs=1M count=10')).toMatch(
      /^10\+0 records in\n10\+0 records out\n10485760 bytes \(10\.0MB\) copied/,
    );
    expect(run("kubectl exec box -- sh -c 'echo end >> /v/small; stat -c %s /v/small; tail -c 4 /v/small'")).toBe(
      '10485764\nend\n',
    );
    run('kubectl exec box -- dd if=/dev/zero of=/v/big bs=1M count=60; sim advance 60s');
    expect(run("kubectl get pod box -o jsonpath='{.status.reason}'")).toBe('Evicted');
  });
});
