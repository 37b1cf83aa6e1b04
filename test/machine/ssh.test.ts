// ssh and scp from the reader's machine, and sshd on the nodes.

import { beforeAll, describe, expect, it } from 'vitest';
import { startTerminal } from '../sim-command/terminal.ts';

let run: ReturnType<typeof startTerminal>['run'];
beforeAll(() => ({ run } = startTerminal()));

describe('a command on a node', () => {
  it('runs with the streams and the status of the client', () => {
    expect(run("ssh worker-1 'hostname; exit 3'; echo $?")).toBe('worker-1\n3\n');
    expect(run("printf 'b\\na\\n' | ssh worker-1 sort")).toBe('a\nb\n');
    expect(run("ssh worker-1 'echo out; echo err >&2' 2> err; cat err")).toBe('out\nerr\n');
    expect(run("ssh worker-1 'kill -9 $$'; echo $?")).toBe('255\n');
  });

  it('may be a shell that reads its lines, without a terminal', () => {
    const text = run("ssh worker-1 <<'END'\ncd /etc\nx=1; pwd; echo $x $USER\nEND");
    expect(text).toBe('Pseudo-terminal will not be allocated because stdin is not a terminal.\n/etc\n1 root\n');
    expect(run('ssh -tt worker-1 tty')).toBe('/dev/pts/0\nConnection to worker-1 closed.\r\n');
  });

  it('leaves its mark in the journal, and a process as long as it runs', () => {
    run('ssh worker-2 sleep 60 & sleep 1');
    expect(run('pgrep -af sshd', 'worker-2')).toMatch(/^690 sshd: .*listener.*\n\d+ sshd: root@notty\n$/);
    expect(run('journalctl -u ssh -n1 -o cat', 'worker-2')).toMatch(
      /^Accepted publickey for root from 10\.0\.255\.1 port \d+ ssh2: ED25519 SHA256:/,
    );
    expect(run('ss -tlnp', 'worker-2')).toMatch(/0\.0\.0\.0:22 .*\(\("sshd",pid=690,fd=3\)\)/);
    expect(run('kill %1; sleep 1; systemctl is-active ssh', 'worker-2')).toContain('active\n');
  });
});

describe('a connection that fails', () => {
  const status = (command: string) => run(`${command}; echo $?`);

  it('says why in the words of OpenSSH, with status 255', () => {
    expect(status('ssh nosuch true')).toBe('ssh: Could not resolve hostname nosuch: Name or service not known\n255\n');
    expect(status('ssh -p 2222 worker-1 true')).toBe(
      'ssh: connect to host worker-1 port 2222: Connection refused\n255\n',
    );
    expect(status('ssh nobody@worker-1 true')).toBe('nobody@worker-1: Permission denied (publickey).\n255\n');
    expect(status('ssh -p 10250 worker-1 true')).toBe(
      'kex_exchange_identification: Connection closed by remote host\nConnection closed by 10.0.0.11 port 10250\n255\n',
    );
    expect(status('ssh -o BatchMode=perhaps worker-1 true')).toBe(
      'command-line line 0: unsupported option "perhaps".\n255\n',
    );
    expect(status('ssh -R 1:a:2 worker-1')).toBe('ssh: -R is not modelled by this engine\n255\n');
  });

  it('waits for a node that nothing comes from', () => {
    run('sim node partition worker-2');
    expect(status('ssh -o ConnectTimeout=1 worker-2 true')).toContain('Connection timed out\n255\n');
    expect(status('ssh worker-2 true')).toContain('port 22: No route to host\n255\n');
    run('sim node heal worker-2; iptables -I INPUT -p tcp --dport 22 -j DROP');
    run('iptables -I INPUT -p tcp --dport 22 -j DROP', 'worker-2');
    expect(status('ssh worker-2 true')).toContain('port 22: Connection timed out\n255\n');
    run('iptables -D INPUT 1', 'worker-2');
    expect(status('ssh worker-2 true')).toBe('0\n');
  });

  it('is noticed in the middle by who asks for signs of life', () => {
    run('sim node partition worker-2');
    run('sim node heal worker-2');
    const text = run(
      "ssh -o ServerAliveInterval=5 worker-2 'sleep 1000' & sleep 1; sim node partition worker-2; wait $!; echo $?; sim node heal worker-2",
    );
    expect(text).toContain('Timeout, server worker-2 not responding.\r\n');
    expect(text).toMatch(/^255$/m);
  });

  it('asks no further when a host key is unknown or another one', () => {
    expect(status('ssh worker-1 ssh worker-2 true')).toBe('Host key verification failed.\n255\n');
    run("sed -i '/worker-2/s/AAAAI.../AAAAIAAA/' .ssh/known_hosts");
    expect(status('ssh worker-2 true')).toMatch(
      /REMOTE HOST IDENTIFICATION HAS CHANGED!.*verification failed\.\n255\n$/s,
    );
    run('ssh-keygen -R worker-2');
    expect(status('ssh -o StrictHostKeyChecking=accept-new worker-2 hostname')).toBe(
      "Warning: Permanently added 'worker-2' (ED25519) to the list of known hosts.\nworker-2\n0\n",
    );
  });
});

describe('keys', () => {
  it('are what lets a node in to another', () => {
    run("ssh-keygen -q -t ed25519 -N '' -f ~/.ssh/id_ed25519", 'worker-1');
    const go = 'ssh -o StrictHostKeyChecking=no worker-2 hostname 2>&1 | tail -1';
    expect(run(go, 'worker-1')).toBe('root@worker-2: Permission denied (publickey).\n');
    run('ssh worker-1 cat .ssh/id_ed25519.pub | ssh worker-2 "cat >> .ssh/authorized_keys"');
    expect(run(go, 'worker-1')).toBe('worker-2\n');
  });

  it('are ignored when others may read them', () => {
    const text = run('cp .ssh/id_ed25519 open; chmod 644 open; ssh -i open worker-1 true');
    expect(text).toContain('WARNING: UNPROTECTED PRIVATE KEY FILE!');
    expect(text).toContain('Load key "open": bad permissions\nroot@worker-1: Permission denied (publickey).\n');
  });
});

describe('ports and files', () => {
  it('come through: -L, -J and scp both ways', () => {
    expect(run('ssh -fN -L 8080:localhost:10248 worker-1; curl -s localhost:8080/healthz')).toBe('ok');
    expect(run('pkill -f 8080; ssh -J worker-1 worker-2 hostname')).toBe('worker-2\n');
    expect(run('echo hello > f; scp f worker-1:/tmp/g && scp worker-1:/tmp/g h && cat h')).toBe('hello\n');
    expect(run('scp -r worker-1:/etc/cni . && ls cni/net.d')).toContain('.conflist');
    expect(run('scp worker-1:/nope .; echo $?')).toBe('scp: /nope: No such file or directory\n1\n');
    expect(run('scp -P 1 f worker-1:; echo $?')).toBe(
      'ssh: connect to host worker-1 port 1: Connection refused\nscp: Connection closed\n255\n',
    );
  });
});

describe('sshd', () => {
  it('stops with its unit and starts with what its file says', () => {
    run('systemctl stop ssh', 'worker-1');
    expect(run('ssh worker-1 true')).toContain('Connection refused');
    run("echo 'Port 2222' >> /etc/ssh/sshd_config; systemctl start ssh; sleep 1", 'worker-1');
    expect(run('ssh -o StrictHostKeyChecking=no -p 2222 worker-1 hostname')).toContain('worker-1\n');
    run("echo 'Nonsense yes' >> /etc/ssh/sshd_config; systemctl restart ssh; sleep 1", 'worker-1');
    expect(run('systemctl is-active ssh; journalctl -u ssh -o cat | tail -1', 'worker-1')).toMatch(
      /^failed\n.*Nonsense is not modelled by this engine, or no option of sshd\n$/,
    );
  });
});
