// What lies on machines for SSH: host keys, who is let in, and what the reader's own client knows of them.

import { keyFromText, privateFile, publicLine, type Ed25519Key } from './ed25519.ts';
import { DEFAULT_CONFIG } from './sshd-config.ts';

const READER = 'user@workstation';

const made = new Map<string, Ed25519Key>();

function keyFor(owner: string): Ed25519Key {
  let key = made.get(owner);
  if (!key) made.set(owner, (key = keyFromText(`ssh key of ${owner}`)));
  return key;
}

const UNIT = `[Unit]
Description=OpenBSD Secure Shell server
Documentation=man:sshd(8) man:sshd_config(5)
After=network.target nss-user-lookup.target auditd.service
ConditionPathExists=!/etc/ssh/sshd_not_to_be_run

[Service]
EnvironmentFile=-/etc/default/ssh
ExecStartPre=/usr/sbin/sshd -t
ExecStart=/usr/sbin/sshd -D $SSHD_OPTS
ExecReload=/usr/sbin/sshd -t
ExecReload=/bin/kill -HUP $MAINPID
KillMode=process
Restart=on-failure
RestartPreventExitStatus=255
Type=notify
RuntimeDirectory=sshd
RuntimeDirectoryMode=0755

[Install]
WantedBy=multi-user.target
Alias=sshd.service
`;

export function serverFile(what: 'key' | 'public' | 'config' | 'authorized' | 'unit', hostname: string): string {
  const owner = `root@${hostname}`;
  switch (what) {
    case 'key':
      return privateFile(keyFor(owner), owner);
    case 'public':
      return `${publicLine(keyFor(owner))} ${owner}\n`;
    case 'authorized':
      return `${publicLine(keyFor(READER))} ${READER}\n`;
    case 'config':
      return DEFAULT_CONFIG;
    case 'unit':
      return UNIT;
  }
}

export function clientFile(
  what: 'key' | 'public' | 'config' | 'known',
  machines: Readonly<Record<string, readonly string[]>>,
): string {
  switch (what) {
    case 'key':
      return privateFile(keyFor(READER), READER);
    case 'public':
      return `${publicLine(keyFor(READER))} ${READER}\n`;
    case 'config':
      return `Host ${Object.keys(machines)
        .map((name) => [name, ...machines[name]].join(' '))
        .join(' ')}\n  User root\n`;
    case 'known':
      return Object.keys(machines)
        .map((name) => `${[name, ...machines[name]].join(',')} ${publicLine(keyFor(`root@${name}`))}\n`)
        .join('');
  }
}
