import { describe, expect, it } from 'vitest';
import { type DnsMessage, header, serveHttp, stringReader } from '../../engine/linux/index.ts';
import { TestMachine } from './machine.ts';

function withServer(): TestMachine {
  const machine = new TestMachine();
  const server = machine.network.namespace(['10.0.0.2']);
  serveHttp(machine.sim, server, 80, function* (request) {
    if (request.target === '/stream') return { status: 200, body: stringReader('chunk\n') };
    if (request.target === '/moved') return { status: 302, headers: [['Location', '/there']] };
    if (request.target === '/slow') yield 60_000;
    if (request.target === '/none') return { status: 404, body: 'nothing here\n' };
    return {
      status: 200,
      headers: [['Content-Type', 'text/plain']],
      body: `${request.method} ${request.target} ${header(request.headers, 'host')} ${request.body}\n`,
    };
  });
  const secure = { ca: '-----BEGIN CERTIFICATE-----\nroot\n-----END CERTIFICATE-----', names: ['10.0.0.2'] };
  // eslint-disable-next-line require-yield
  serveHttp(
    machine.sim,
    server,
    443,
    function* () {
      return { status: 200, body: 'secret\n' };
    },
    { tls: secure },
  );
  machine.host.fs.writeFile('/root/ca.pem', secure.ca);
  return machine;
}

describe('curl', () => {
  it('asks servers and shows what they answer', () => {
    const machine = withServer();
    expect(machine.run('curl -s http://10.0.0.2/path?q=1').stdout).toBe('GET /path?q=1 10.0.0.2 \n');
    expect(machine.run('curl -s -d a=b 10.0.0.2').stdout).toBe('POST / 10.0.0.2 a=b\n');
    expect(machine.run('curl -s 10.0.0.2/stream').stdout).toBe('chunk\n');
    expect(machine.run('curl -sL 10.0.0.2/moved').stdout).toBe('GET /there 10.0.0.2 \n');
    expect(machine.run("curl -s -o /dev/null -w '%{http_code}\\n' 10.0.0.2/none").stdout).toBe('404\n');
    expect(machine.run('curl -sI 10.0.0.2/none').stdout).toMatch(/^HTTP\/1\.1 404 Not Found\r\n/);
  });

  it('fails as curl does', () => {
    const machine = withServer();
    expect(machine.run('curl 10.0.0.2:81')).toMatchObject({ status: 7 });
    expect(machine.run('curl -sS -m 2 10.0.0.2/slow').stderr).toBe(
      'curl: (28) Operation timed out after 2000 milliseconds with 0 bytes received\n',
    );
    expect(machine.run('curl -s nowhere.example')).toMatchObject({ status: 6 });
    expect(machine.run('curl -sf 10.0.0.2/none')).toMatchObject({ status: 22, stdout: '' });
  });

  it('trusts certificates only of an authority that it knows', () => {
    const machine = withServer();
    expect(machine.run('curl -s https://10.0.0.2')).toMatchObject({ status: 60 });
    expect(machine.run('curl -sk https://10.0.0.2').stdout).toBe('secret\n');
    expect(machine.run('curl -s --cacert ca.pem https://10.0.0.2').stdout).toBe('secret\n');
    expect(machine.run('curl -s https://10.0.0.2:80')).toMatchObject({ status: 35 });
  });
});

describe('other network commands', () => {
  it('fetch with wget and test ports with nc and /dev/tcp', () => {
    const machine = withServer();
    expect(machine.run('wget -qO- http://10.0.0.2/x').stdout).toBe('GET /x 10.0.0.2 \n');
    expect(machine.run('nc -z 10.0.0.2 80; echo $?; nc -z 10.0.0.2 81; echo $?').stdout).toBe('0\n1\n');
    expect(machine.run('(echo > /dev/tcp/10.0.0.2/80) && echo open').stdout).toBe('open\n');
  });

  it('say nothing to a silent address until the time is up', () => {
    const machine = withServer();
    const before = machine.sim.now;
    expect(machine.run('nc -z -w 3 10.9.9.9 80').status).toBe(1);
    expect(Math.round((machine.sim.now - before) / 1000)).toBe(3);
  });

  it('carry a conversation between two nc', () => {
    const machine = withServer();
    expect(
      machine.run('nc -l -p 9000 > got & sleep 0.1; echo hello | nc -N localhost 9000; wait; cat got').stdout,
    ).toBe('hello\n');
  });

  it('resolve names by /etc/hosts and then by the name server of /etc/resolv.conf', () => {
    const machine = withServer();
    const server = machine.network.namespace(['10.0.0.53']);
    const socket = server.bind(53, ({ from, payload }) => {
      const message = payload as DnsMessage;
      const { name, type } = message.question;
      const known = name === 'svc.example.' && type === 'A';
      const answers = known ? [{ name, type, ttl: 30, data: '10.0.0.2' }] : [];
      const code = known ? 'NOERROR' : 'NXDOMAIN';
      socket?.send(from, { ...message, response: true, authoritative: true, code, answers }, 60);
    });
    const { fs } = machine.host;
    fs.writeFile('/etc/hosts', '10.0.0.2 web\n');
    fs.writeFile('/etc/resolv.conf', 'search example\nnameserver 10.0.0.53\n');
    expect(machine.run('curl -s http://web/a; curl -s http://svc/b').stdout).toBe('GET /a web \nGET /b svc \n');
    expect(machine.run('nslookup svc.example').stdout).toContain('Name:\tsvc.example\nAddress: 10.0.0.2\n');
    expect(machine.run('nslookup nope').status).toBe(1);
  });
});
