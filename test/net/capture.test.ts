// tcpdump: the packets of a cluster as they pass its interfaces.

import { beforeAll, describe, expect, it } from 'vitest';
import { startTerminal } from '../sim-command/terminal.ts';

let terminal: ReturnType<typeof startTerminal>;
let serviceIP: string;
let podIP: string;
let clientIP: string;

beforeAll(() => {
  terminal = startTerminal({});
  terminal.run(
    `kubectl run web --image=nginx --overrides='{"spec":{"nodeName":"worker-2"}}' --labels=app=web
     kubectl expose pod web --port=80 --name=web
     kubectl create service clusterip empty --tcp=80
     kubectl run client --image=nicolaka/netshoot --overrides='{"spec":{"nodeName":"worker-1"}}' -- sleep 24h
     kubectl wait --for=condition=Ready pod --all; sim advance 2s`,
  );
  serviceIP = terminal.run("kubectl get service web -o jsonpath='{.spec.clusterIP}'");
  podIP = terminal.run("kubectl get pod web -o jsonpath='{.status.podIP}'");
  clientIP = terminal.run("kubectl get pod client -o jsonpath='{.status.podIP}'");
});

/** What tcpdump shows in the client while a command runs there. */
const inPod = (options: string, command: string) =>
  terminal.run(
    `kubectl exec client -- sh -c '(tcpdump -l -n ${options} & echo $! > /tmp/pid; wait) 2>&1 & sleep 1; ${command} > /dev/null 2>&1; sleep 1; kill $(cat /tmp/pid); wait'`,
  );

/** What it shows on a node while the client asks the Service. */
const onNode = (options: string, node = 'worker-1') =>
  terminal.run(`kubectl exec client -- sh -c 'sleep 1; curl -s ${serviceIP}' > /dev/null & \ntrue`) +
  terminal.run(`timeout 3 tcpdump -n ${options} 2>&1`, node);

const lines = (text: string, pattern: RegExp) => text.split('\n').filter((line) => pattern.test(line));

describe('tcpdump', () => {
  it('shows a connection from its first packet to its last, with numbers counted from the beginning', () => {
    const text = inPod('-ti eth0 tcp port 80', `curl -s ${serviceIP}`);
    const flags = lines(text, /Flags/).map((line) => / > ([\d.]+): Flags \[(\S+)\]/.exec(line)?.[2]);
    expect(flags).toEqual(['S', 'S.', '.', 'P.', '.', 'P.', '.', 'F.', 'F.', '.']);
    expect(text).toMatch(
      /Flags \[S\], seq \d{4,}, win 64240, options \[mss 1460,sackOK,TS val \d+ ecr 0,nop,wscale 7\], length 0/,
    );
    expect(text).toMatch(/Flags \[P\.\], seq 1:\d+, ack 1, .*length \d+: HTTP: GET \/ HTTP\/1\.1/);
    expect(text).toMatch(/length \d+: HTTP: HTTP\/1\.1 200 OK/);
    expect(text).toContain('listening on eth0, link-type EN10MB (Ethernet), snapshot length 262144 bytes');
    expect(text).toContain('10 packets captured\n10 packets received by filter\n0 packets dropped by kernel');
  });

  it('sees the address of the Service in front of its translation and that of the Pod behind it', () => {
    const text = onNode("-i any 'tcp[tcpflags] & tcp-syn != 0 and port 80'");
    expect(text).toMatch(new RegExp(`cni0  In  IP ${clientIP}\\.\\d+ > ${serviceIP}\\.80: Flags \\[S\\]`));
    expect(text).toMatch(new RegExp(`eth0  Out IP ${clientIP}\\.\\d+ > ${podIP}\\.80: Flags \\[S\\]`));
    expect(text).toMatch(new RegExp(`eth0  In  IP ${podIP}\\.80 > ${clientIP}\\.\\d+: Flags \\[S\\.\\]`));
    expect(text).toMatch(new RegExp(`cni0  Out IP ${serviceIP}\\.80 > ${clientIP}\\.\\d+: Flags \\[S\\.\\]`));
  });

  it('shows a question to the cluster’s name server and its answer', () => {
    const text = inPod('-ti eth0 udp port 53', 'nslookup -type=a kubernetes.default');
    expect(text).toMatch(/ > 10\.96\.0\.10\.53: \d+\+ A\? kubernetes\.default\.svc\.cluster\.local\. \(54\)/);
    expect(text).toMatch(/10\.96\.0\.10\.53 > .*: \d+\*- 1\/0\/0 A 10\.96\.0\.1 \(106\)/);
    expect(inPod('-ti eth0 udp port 53', 'dig nope.default.svc.cluster.local')).toMatch(
      /\d+ NXDomain\*- 0\/1\/1 \(\d+\)/,
    );
  });

  it('shows what becomes of a connection that nobody takes', () => {
    expect(inPod('-ti eth0 tcp', `curl -s ${podIP}:81`)).toMatch(
      /81 > .*: Flags \[R\.\], seq 0, ack \d+, win 0, length 0/,
    );
    expect(inPod('-ti eth0 icmp', 'curl -s empty')).toMatch(/ICMP [\d.]+ tcp port 80 unreachable, length 68/);
    const tries = lines(inPod('-ti eth0 tcp', `curl -s -m 4 ${serviceIP}:81`), /Flags \[S\]/);
    expect(tries).toHaveLength(4);
    expect(new Set(tries.map((line) => /seq (\d+)/.exec(line)?.[1])).size).toBe(1);
  });

  it('shows echoes, and questions for an address that nobody has', () => {
    const text = inPod('-tei eth0 icmp or arp', 'ping -c 1 10.244.1.1; ping -c 1 -W 3 10.244.1.99');
    expect(text).toMatch(
      /ethertype IPv4 \(0x0800\), length 98: .* > 10\.244\.1\.1: ICMP echo request, id \d+, seq 1, length 64/,
    );
    expect(
      lines(text, /ff:ff:ff:ff:ff:ff, ethertype ARP \(0x0806\), length 42: Request who-has 10\.244\.1\.99 tell/),
    ).toHaveLength(3);
  });

  it('shows bytes and words of a packet, and nothing to read under TLS', () => {
    const words = inPod('-tAi eth0 -c 2 src port 80 and greater 500', `curl -s ${serviceIP}`);
    expect(words).toContain('<title>Welcome to nginx!</title>');
    const bytes = inPod('-tXi eth0 -c 1 dst port 80 and greater 100', `curl -s ${serviceIP}`);
    expect(bytes).toMatch(/\t0x0000: {2}4500 00\w\w .* {2}E\.\.\./);
    const sealed = inPod('-tAi eth0 port 443', 'curl -sk https://kubernetes/version');
    expect(lines(sealed, /length 517/)).toHaveLength(1);
    expect(sealed).not.toContain('gitVersion');
  });

  it('has checksums that are right', () => {
    const text = inPod('-tvvi eth0 udp or icmp or tcp port 80', `ping -c 1 ${podIP}; curl -s web`);
    expect(lines(text, /cksum 0x\w{4} \(correct\)/).length).toBeGreaterThan(5);
    expect(lines(text, /\[udp sum ok\]/).length).toBeGreaterThan(1);
    expect(text).not.toMatch(/incorrect|bad udp/);
  });

  it('writes what it captured to a file and reads it again', () => {
    const text = inPod('-i eth0 -w /tmp/web.pcap tcp port 80', `curl -s ${serviceIP}`);
    expect(text).toContain('10 packets captured');
    const read = (options: string) =>
      terminal.run(`kubectl exec client -- tcpdump -n -r /tmp/web.pcap ${options} 2>/dev/null`);
    expect(read('-t').trim().split('\n')).toHaveLength(10);
    expect(read('-t -q src port 80').trim().split('\n')[0]).toBe(
      `IP ${serviceIP}.80 > ${clientIP}.${/\.(\d+) >/.exec(read('-t'))?.[1]}: tcp 0`,
    );
  });

  it('changes nothing for those who are captured', () => {
    const once = (watch: string) => {
      const other = startTerminal({ seed: 5 });
      other.run(
        `kubectl run web --image=nginx --port=80 --expose; kubectl wait --for=condition=Ready pod/web; sim advance 3s`,
      );
      if (watch) other.run(`${watch} > /dev/null 2>&1 &`, 'worker-1');
      return other.run(
        `curl -s -o /dev/null -w '%{time_total} %{http_code}\\n' $(kubectl get service web -o jsonpath='{.spec.clusterIP}'); kubectl get pods -A -o wide`,
      );
    };
    expect(once('tcpdump -i any')).toBe(once(''));
  });

  it('refuses what it cannot do in words of its own', () => {
    const say = (command: string) => terminal.run(`${command} 2>&1`, 'worker-1');
    expect(say('tcpdump -i nope')).toBe('tcpdump: nope: No such device exists\n(SIOCGIFHWADDR: No such device)\n');
    expect(say("tcpdump 'tcp port and'")).toBe("tcpdump: can't parse filter expression: syntax error\n");
    expect(say('tcpdump port nothing')).toBe("tcpdump: unknown port 'nothing'\n");
    expect(say('tcpdump -d')).toBe('tcpdump: -d is not modelled by this engine\n');
    terminal.run(
      `kubectl run plain --image=nicolaka/netshoot --overrides='{"spec":{"containers":[{"name":"plain","image":"nicolaka/netshoot","command":["sleep","1d"],"securityContext":{"capabilities":{"drop":["ALL"]}}}]}}'; kubectl wait --for=condition=Ready pod/plain`,
    );
    expect(terminal.run('kubectl exec plain -- tcpdump -i eth0 2>&1')).toContain(
      "tcpdump: eth0: You don't have permission to perform this capture on that device",
    );
  });
});

describe('a cluster with both families', () => {
  it('shows connections of IPv6, and asks for a neighbour once', () => {
    const { run } = startTerminal({ ipFamilies: ['IPv4', 'IPv6'] });
    run(
      `kubectl run web --image=nginx --port=80
       kubectl run client --image=nicolaka/netshoot --overrides='{"spec":{"nodeName":"worker-1"}}' -- sleep 24h
       kubectl wait --for=condition=Ready pod --all; sim advance 2s`,
    );
    const text = run(
      `kubectl exec client -- sh -c "tcpdump -tnvi eth0 ip6 & sleep 1; curl -s -o /dev/null [$(kubectl get pod web -o jsonpath='{.status.podIPs[1].ip}')]; sleep 1; kill %1; wait" 2>&1`,
    );
    expect(lines(text, /neighbor solicitation, length 32, who has fd00/)).toHaveLength(1);
    expect(text).toMatch(/Flags \[S\], cksum 0x\w{4} \(correct\), seq \d+, win 64800, options \[mss 1440,/);
    expect(text).toMatch(/length \d+: HTTP, length: \d+\n\tHTTP\/1\.1 200 OK/);
  });
});

describe('an overlay of flannel (vxlan)', () => {
  it('carries frames between nodes in datagrams, and leaves room for their headers', () => {
    const { run } = startTerminal({});
    run(
      `kubectl -n kube-system get configmap kube-flannel-cfg -o yaml | sed 's/host-gw/vxlan/' | kubectl replace -f -
       kubectl -n kube-system rollout restart daemonset kube-flannel-ds; kubectl -n kube-system rollout status daemonset kube-flannel-ds; sim advance 5s
       kubectl run web --image=nginx --overrides='{"spec":{"nodeName":"worker-2"}}' --port=80 --expose
       kubectl run client --image=nicolaka/netshoot --overrides='{"spec":{"nodeName":"worker-1"}}' -- sleep 24h
       kubectl wait --for=condition=Ready pod --all; sim advance 2s
       kubectl exec client -- sh -c 'sleep 1; curl -s web' > /dev/null &`,
    );
    const text = run('timeout 3 tcpdump -tni eth0 udp port 8472 2>&1', 'worker-1');
    expect(text).toMatch(
      /IP 10\.0\.0\.11\.\d+ > 10\.0\.0\.12\.8472: OTV, flags \[I\] \(0x08\), overlay 0, instance 1\nIP 10\.244\.1\.\d+\.\d+ > 10\.244\.2\.\d+\.80: Flags \[S\], seq \d+, win 64860, options \[mss 1410,/,
    );
    expect(text).toContain('HTTP: HTTP/1.1 200 OK');
    expect(run('ip route show dev flannel.1; bridge fdb show dev flannel.1', 'worker-1')).toMatch(
      /10\.244\.2\.0\/24 via 10\.244\.2\.0 [^]*dst 10\.0\.0\.12 self permanent/,
    );
    run('iptables -A INPUT -p udp --dport 8472 -j DROP', 'worker-2');
    expect(
      run('kubectl exec client -- curl -sS -m 2 $(kubectl get pod web -o jsonpath={.status.podIP}) 2>&1'),
    ).toContain('timed out');
  });
});

describe('looking at a node', () => {
  const say = (command: string) => terminal.run(`${command} 2>&1`, 'worker-1');

  it('tells which program holds a socket, under its number on the node', () => {
    const pid = say('pgrep -x kube-proxy').trim();
    expect(say('ss -Htlnp sport = :10256')).toContain(`users:(("kube-proxy",pid=${pid},fd=`);
    expect(say('netstat -tlnp')).toMatch(/0\.0\.0\.0:10250 .* LISTEN +\d+\/kubelet/);
    expect(say('lsof -nP -i :10256')).toMatch(new RegExp(`kube-prox +${pid} root .* TCP \\*:10256 \\(LISTEN\\)`));
    expect(say('ss -s')).toMatch(/^TCP: {3}\d+ \(estab \d+, closed 0/m);
  });

  it('counts what passes an interface', () => {
    const sent = () => Number(say("ip -s link show eth0 | awk '/TX:/ {getline; print $1}'"));
    const before = sent();
    terminal.run(`kubectl exec client -- curl -s ${serviceIP}`);
    // Four headers and a request at least.
    expect(sent() - before).toBeGreaterThan(350);
    expect(sent() - before).toBeLessThan(1_000);
    expect(say('netstat -i')).toContain('Kernel Interface table');
  });

  it('finds the other end of a veth pair', () => {
    const name = say("ip -o link show type veth | head -1 | awk -F'[ @]+' '{print $2}'").trim();
    expect(say(`ethtool -S ${name}`)).toMatch(/peer_ifindex: 2$/m);
    expect(say(`ethtool -i ${name}`)).toContain('driver: veth');
    expect(say(`ip -d link show ${name}`)).toMatch(/bridge_slave state forwarding .* hairpin on/);
  });

  it('follows connections as they come and go', () => {
    terminal.run(`kubectl exec client -- sh -c 'sleep 1; curl -s ${serviceIP}' > /dev/null &`);
    const text = say(`timeout 130 conntrack -E -p tcp -s ${clientIP} --dport 80`);
    const port = / \[NEW\] .*? sport=(\d+)/.exec(` ${text}`)?.[1];
    const states = lines(text, new RegExp(`sport=${port} `)).map((line) => line.trim().split(/\s+/).slice(0, 5));
    expect(states.map(([event, , , , state]) => (event === '[DESTROY]' ? event : state))).toEqual(
      'SYN_SENT SYN_RECV ESTABLISHED FIN_WAIT LAST_ACK TIME_WAIT [DESTROY]'.split(' '),
    );
  });

  it('has the older commands, and those that try ports and ways', () => {
    expect(say('arp -n')).toMatch(/^10\.0\.0\.\d+ +ether +02:00:/m);
    expect(say('ifconfig eth0')).toContain('inet 10.0.0.11  netmask 255.255.0.0  broadcast 10.0.255.255');
    const inClient = (command: string) => terminal.run(`kubectl exec client -- sh -c '${command}' 2>&1`);
    expect(inClient('echo | telnet web 80')).toContain('Connected to web');
    expect(inClient(`nmap -Pn -p 79-80 ${podIP}`)).toMatch(/79\/tcp closed .*\n80\/tcp open +http\n/);
    expect(inClient(`mtr -rn -c 1 ${podIP}`)).toMatch(new RegExp(`3\\.\\|-- ${podIP}`));
    expect(inClient(`tracepath -n ${podIP}`)).toContain('reached');
  });
});
