// What a node shows of itself: memory, processes, namespaces, cgroups, the kernel's log, the runtime's own tools.

import { beforeAll, describe, expect, it } from 'vitest';
import { startTerminal } from '../sim-command/terminal.ts';

const NODE = 'worker-1';
let run: ReturnType<typeof startTerminal>['run'];
const on = (command: string) => run(command, NODE);
const pod = (name: string, image: string, resources: string, more = '') =>
  `kubectl run ${name} --image=${image} --restart=Never --overrides='{"spec":{"nodeName":"${NODE}","containers":[{"name":"${name}","image":"${image}","resources":${resources}${more}}]}}'`;

beforeAll(() => {
  ({ run } = startTerminal());
  run(pod('web', 'nginx', '{"limits":{"cpu":"500m","memory":"64Mi"}}'));
  run(
    pod(
      'hog',
      'polinux/stress',
      '{"limits":{"memory":"100Mi"}}',
      ',"command":["stress","--vm","1","--vm-bytes","250M","--vm-hang","1"]',
    ),
  );
  run('sim advance 30s');
});

describe('the tree of cgroups', () => {
  it('has each Pod where its quality of service says, with its limits', () => {
    const uid = run("kubectl get pod web -o jsonpath='{.metadata.uid}'").replaceAll('-', '_');
    const id = on('crictl ps -q --no-trunc --name web').trim();
    const slice = `/sys/fs/cgroup/kubepods.slice/kubepods-pod${uid}.slice`;
    expect(on(`cat ${slice}/cpu.max ${slice}/memory.max`)).toBe('50000 100000\n67108864\n');
    const scope = `${slice}/cri-containerd-${id}.scope`;
    expect(on(`cat ${scope}/memory.current`)).toBe(run('kubectl exec web -- cat /sys/fs/cgroup/memory.current'));
    const pid = on(`head -1 ${scope}/cgroup.procs`).trim();
    expect(on(`cat /proc/${pid}/cgroup`)).toBe(`0::${scope.slice('/sys/fs/cgroup'.length)}\n`);
    expect(run('kubectl exec web -- cat /proc/1/cgroup')).toBe('0::/\n');
    expect(on('systemd-cgls')).toContain(`─${pid} nginx: master process`);
    expect(on('ls /sys/fs/cgroup/kubepods.slice')).toContain('kubepods-burstable.slice');
  });
});

describe('the kernel', () => {
  it('tells of a container that it has ended for want of memory, once', () => {
    const killed = on('dmesg | grep -c "Killed process"');
    expect(killed).toBe('1\n');
    expect(on('journalctl -k -g "killed process"')).toMatch(
      /kernel: Memory cgroup out of memory: Killed process \d+ \(stress\) .*anon-rss:102400kB.* oom_score_adj:\d+\n$/,
    );
  });

  it('counts what containers hold', () => {
    const used = () => Number(/^Mem: +\d+ +(\d+)/m.exec(on('free'))?.[1]);
    const before = used();
    run('kubectl delete pod web --now; sim advance 5s');
    expect(used()).toBeLessThan(before);
    expect(on('grep MemTotal /proc/meminfo')).toBe('MemTotal:        8148000 kB\n');
    expect(on('uptime')).toMatch(/up \d+ min, {2}0 users, {2}load average: 0\.0/);
  });
});

describe('processes', () => {
  it('hang below the shim of their Pod', () => {
    const tree = on('ps -ef --forest');
    expect(tree).toMatch(/containerd-shim-runc-v2 -namespace k8s\.io -id [0-9a-f]{64} .*\n.* \\_ \/pause\n.* \\_ \S+/);
    expect(on('top -bn1 | sed -n "7,8p"')).toMatch(/PID USER .*\n +812 root .* kubelet\n/);
    expect(on('ps -eo comm,rss --sort=-rss | sed -n 2p')).toMatch(/^kubelet +\d+\n$/);
  });

  it('have namespaces that can be entered', () => {
    const ip = run(
      `kubectl -n kube-system get pods -l k8s-app=kube-dns --field-selector spec.nodeName=${NODE} -o jsonpath='{.items[0].status.podIP}'`,
    );
    expect(on('nsenter -t $(pgrep -f coredns) -n ip -br addr')).toContain(`${ip}/24`);
    expect(on('nsenter -t $(pgrep -f coredns) -m ls')).toBe(
      'nsenter: failed to execute ls: No such file or directory\n',
    );
    expect(on('lsns -t net -n | wc -l')).toBe(on('lsns -t uts -n | wc -l'));
    expect(on('nsenter -t 99999 -n ip addr')).toContain('No such file or directory');
  });
});

describe('the tools of systemd and of the runtime', () => {
  it('show units, the journal by time and as JSON', () => {
    expect(on('systemctl show -p MainPID,ActiveState kubelet')).toBe('MainPID=812\nActiveState=active\n');
    expect(on('systemctl list-unit-files --no-legend')).toMatch(/^kubelet\.service +enabled/m);
    expect(on('systemctl --failed')).toContain('0 loaded units listed.');
    expect(JSON.parse(on('journalctl -u ssh -n1 -o json'))).toMatchObject({ SYSLOG_IDENTIFIER: 'sshd', _PID: '690' });
    expect(on('journalctl -u kubelet --since "1 second ago"')).toBe('-- No entries --\n');
    expect(on('journalctl --since whenever')).toBe('Failed to parse timestamp: whenever\n');
  });

  it('count what containers use, and leave what is the kubelet’s to it', () => {
    expect(on('crictl stats')).toMatch(/^CONTAINER +NAME +CPU % +MEM +DISK\n[0-9a-f]{13} +\S+ +\d+\.\d\d +\S+MB/);
    expect(on('crictl statsp | grep -c kube-proxy')).toBe('1\n');
    expect(on('crictl runp pod.json')).toContain("what runs on a node is the kubelet's");
    expect(on('ctr -n k8s.io images ls -q')).toMatch(/^registry\.k8s\.io\/kube-proxy:v1\.35\.0$/m);
    expect(on('ctr containers ls')).toBe('CONTAINER    IMAGE    RUNTIME\n');
    expect(on('docker ps')).toContain('command not found');
  });
});

describe('Docker, on a cluster that has it', () => {
  it('shows the containers of Pods under the names that the kubelet gives them', () => {
    const { run: old } = startTerminal({ version: 'v1.20.15', runtime: 'docker' });
    const id = old('docker ps -q --filter name=k8s_kube-proxy', NODE).trim();
    expect(old('docker ps --filter name=kube-proxy', NODE)).toMatch(/"\/pause".* k8s_POD_kube-proxy-/);
    expect(old(`docker logs ${id}`, NODE)).toContain('Proxier');
    expect(JSON.parse(old(`docker inspect ${id}`, NODE))[0].State.Status).toBe('running');
  });
});
