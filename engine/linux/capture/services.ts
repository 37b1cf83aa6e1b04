// Names of ports, as /etc/services has them.

const LINES =
  'ftp-data 20 ftp 21 ssh 22 telnet 23 smtp 25 time 37 domain 53 bootps 67 bootpc 68 tftp 69 http 80 kerberos 88 pop3 110 sunrpc 111 ntp 123 imap2 143 snmp 161 snmp-trap 162 bgp 179 ldap 389 https 443 microsoft-ds 445 submissions 465 syslog 514 submission 587 ldaps 636 domain-s 853 rsync 873 imaps 993 pop3s 995 socks 1080 openvpn 1194 nfs 2049 etcd-client 2379 etcd-server 2380 mysql 3306 rdp 3389 svn 3690 sip 5060 sip-tls 5061 mdns 5353 postgresql 5432 amqp 5672 amqps 5671 x11 6000 http-alt 8080 zabbix-agent 10050';

const byName = new Map<string, number>();
const byPort = new Map<number, string>();
const words = LINES.split(' ');
for (let i = 0; i < words.length; i += 2) {
  byName.set(words[i], Number(words[i + 1]));
  byPort.set(Number(words[i + 1]), words[i]);
}

export const portOfService = (name: string): number | undefined => byName.get(name);
export const serviceName = (port: number): string | undefined => byPort.get(port);
