// /etc/ssh/sshd_config: the settings that are modelled. What else stands there keeps sshd from starting, with the reason.

import type { FileSystem } from '../linux/index.ts';
import { SSH_PORT } from './protocol.ts';

export const CONFIG = '/etc/ssh/sshd_config';

export interface SshdConfig {
  ports: number[];
  permitRootLogin: string;
  pubkeyAuthentication: boolean;
  allowTcpForwarding: boolean;
  allowUsers: string[];
  denyUsers: string[];
  /** Why sshd does not start with it. */
  problems: string[];
}

const YES_NO = ['yes', 'no'];
/** Settings that keep the value they have in every sshd here: another one is refused. */
const FIXED: Readonly<Record<string, readonly string[]>> = {
  kbdinteractiveauthentication: ['no'],
  passwordauthentication: ['no'],
  printmotd: ['no'],
  usepam: ['yes'],
  x11forwarding: ['no'],
  strictmodes: ['yes'],
  acceptenv: ['LANG LC_*'],
  subsystem: ['sftp /usr/lib/openssh/sftp-server', 'sftp internal-sftp'],
};

export const DEFAULT_CONFIG = `# This is the sshd server system-wide configuration file.  See
# sshd_config(5) for more information.

PermitRootLogin prohibit-password
PasswordAuthentication no
KbdInteractiveAuthentication no
UsePAM yes
PrintMotd no
AcceptEnv LANG LC_*
Subsystem sftp /usr/lib/openssh/sftp-server
`;

export function readConfig(fs: FileSystem): SshdConfig {
  const config: SshdConfig = {
    ports: [],
    permitRootLogin: 'prohibit-password',
    pubkeyAuthentication: true,
    allowTcpForwarding: true,
    allowUsers: [],
    denyUsers: [],
    problems: [],
  };
  const file = fs.find(CONFIG);
  if (file?.kind !== 'file') {
    config.problems.push(`${CONFIG}: No such file or directory`);
    return config;
  }
  const seen = new Set<string>();
  file.text.split('\n').forEach((line, i) => {
    const [word, ...values] = line
      .replace(/#.*/, '')
      .trim()
      .split(/[\s=]+/);
    if (!word) return;
    const key = word.toLowerCase();
    const value = values.join(' ');
    const at = `${CONFIG} line ${i + 1}`;
    const lists: Record<string, string[]> = { allowusers: config.allowUsers, denyusers: config.denyUsers };
    if (!value) config.problems.push(`${at}: no argument after keyword "${word}"`);
    else if (key === 'port') {
      const port = Number(value);
      if (port > 0 && port < 65_536) config.ports.push(port);
      else config.problems.push(`${at}: Badly formatted port number.`);
    } else if (key in lists) lists[key].push(...values);
    else if (key in FIXED) {
      if (!FIXED[key].includes(value)) config.problems.push(`${at}: ${word} ${value} is not modelled by this engine`);
    } else if (key === 'permitrootlogin') {
      if (!['yes', 'no', 'prohibit-password', 'without-password'].includes(value))
        config.problems.push(`${at}: ${word} ${value} is not modelled by this engine`);
      if (!seen.has(key)) config.permitRootLogin = value;
    } else if (key === 'pubkeyauthentication' || key === 'allowtcpforwarding') {
      if (!YES_NO.includes(value)) config.problems.push(`${at}: unsupported option "${value}".`);
      // The first value counts.
      if (seen.has(key)) return;
      if (key === 'pubkeyauthentication') config.pubkeyAuthentication = value === 'yes';
      if (key === 'allowtcpforwarding') config.allowTcpForwarding = value === 'yes';
    } else config.problems.push(`${at}: ${word} is not modelled by this engine, or no option of sshd`);
    seen.add(key);
  });
  if (config.ports.length === 0) config.ports.push(SSH_PORT);
  return config;
}
