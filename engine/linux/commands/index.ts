// The commands of machines by name (a new one also goes into names.ts). An image lists those that it has; a machine of
// the cluster has them all.

import { lazyProgram, part } from '../../parts/index.ts';
import type { Program } from '../types.ts';
import { awk } from './awk.ts';
import { conntrack } from './conntrack.ts';
import { bridge, ip } from './ip.ts';
import { iptables, iptablesRestore, iptablesSave } from './iptables.ts';
import { ipset, ipvsadm } from './ipvsadm.ts';
import { lsmod } from './lsmod.ts';
import { nft } from './nft.ts';
import { sysctl } from './sysctl.ts';
import { base64 } from './base64.ts';
import { cfssl, cfssljson } from './cfssl.ts';
import { cat } from './cat.ts';
import { chroot } from './chroot.ts';
import { cp, mv } from './copying.ts';
import { curl } from './curl.ts';
import { cut } from './cut.ts';
import { date } from './date.ts';
import { dd } from './dd.ts';
import { cmp, diff } from './diff.ts';
import { md5sum, sha1sum, sha256sum } from './digest.ts';
import { dig, host, nslookup } from './dns.ts';
import { hexdump, od, xxd } from './dump.ts';
import { screenProgram } from './editors.ts';
import { env, nice, nohup, printenv, sudo, timeout } from './environment.ts';
import { expr } from './expr.ts';
import { find } from './find.ts';
import { getent } from './getent.ts';
import { grep } from './grep.ts';
import { head } from './head.ts';
import { column, comm, expand, fold, join, nl, paste, rev, shuf, split, tac } from './lines.ts';
import { ls } from './ls.ts';
import {
  arch,
  clear,
  groups,
  hostname,
  id,
  noStatus,
  nproc,
  sync,
  tty,
  uname,
  uptime,
  whoami,
  yesStatus,
} from './machine.ts';
import { ln, mkdir, mkfifo, mktemp, touch } from './making.ts';
import { openssl } from './openssl/index.ts';
import { basename, dirname, pwd, readlink, realpath, which } from './paths.ts';
import type { CommandName } from './names.ts';
import type { networkTools } from './network-tools.ts';
import type { systemTools } from './system/index.ts';
import { chgrp, chmod, chown } from './permissions.ts';
import { echo, printf } from './printf.ts';
import { ping, traceroute } from './ping.ts';
import { kill, killall, pgrep, pidof, pkill, ps } from './processes.ts';
import { rm, rmdir } from './removing.ts';
import { sed } from './sed.ts';
import { seq } from './seq.ts';
import { sleep } from './sleep.ts';
import { nc } from './sockets.ts';
import { sort } from './sort.ts';
import { df, du, file, mount, stat } from './space.ts';
import { tail } from './tail.ts';
import { stty } from './stty.ts';
import { tar } from './tar.ts';
import { tee } from './tee.ts';
import { test } from './test.ts';
import { tr } from './tr.ts';
import { uniq } from './uniq.ts';
import { watch } from './watch.ts';
import { wc } from './wc.ts';
import { wget } from './wget.ts';
import { xargs } from './xargs.ts';
import { yes } from './yes.ts';

const systemTool = (name: keyof typeof systemTools) => lazyProgram(() => part('system-tools')[name]);
type SshCommand = 'scp' | 'ssh' | 'ssh-copy-id' | 'ssh-keygen' | 'ssh-keyscan';

const networkTool = (name: keyof typeof networkTools) => lazyProgram(() => part('network-tools')[name]);

const sshTool = (name: SshCommand) => lazyProgram(() => part('ssh').commands[name]);

export const commands: Record<CommandName, Program> = {
  '[': test,
  arch,
  arp: networkTool('arp'),
  awk,
  base64,
  basename,
  bridge,
  cat,
  cfssl,
  cfssljson,
  chgrp,
  chmod,
  chown,
  chroot,
  clear,
  cmp,
  column,
  comm,
  conntrack,
  cp,
  curl,
  cut,
  date,
  dd,
  df,
  diff,
  dig,
  dirname,
  du,
  echo,
  egrep: grep,
  env,
  ethtool: networkTool('ethtool'),
  expand,
  expr,
  false: noStatus,
  fgrep: grep,
  file,
  find,
  fold,
  getent,
  grep,
  groups,
  head,
  hexdump,
  host,
  hostname,
  id,
  ifconfig: networkTool('ifconfig'),
  ip,
  ipset,
  ipvsadm,
  lsmod,
  nft,
  ip6tables: iptables,
  'ip6tables-save': iptablesSave,
  iptables,
  'iptables-restore': iptablesRestore,
  'iptables-save': iptablesSave,
  join,
  kill,
  killall,
  less: cat,
  ln,
  ls,
  lsof: networkTool('lsof'),
  md5sum,
  mkdir,
  mkfifo,
  mktemp,
  more: cat,
  mount,
  mtr: networkTool('mtr'),
  mv,
  nano: screenProgram,
  nc,
  netstat: networkTool('netstat'),
  nice,
  nl,
  nmap: networkTool('nmap'),
  nohup,
  nproc,
  nslookup,
  od,
  openssl,
  paste,
  pgrep,
  pidof,
  ping,
  ping6: ping,
  pkill,
  printenv,
  printf,
  ps,
  pwd,
  readlink,
  realpath,
  rev,
  rm,
  rmdir,
  route: networkTool('route'),
  scp: sshTool('scp'),
  sed,
  seq,
  sha1sum,
  sha256sum,
  shuf,
  sleep,
  sort,
  split,
  ss: networkTool('ss'),
  ssh: sshTool('ssh'),
  'ssh-copy-id': sshTool('ssh-copy-id'),
  'ssh-keygen': sshTool('ssh-keygen'),
  'ssh-keyscan': sshTool('ssh-keyscan'),
  stat,
  sudo,
  sync,
  sysctl,
  tac,
  tail,
  tcpdump: networkTool('tcpdump'),
  dmesg: systemTool('dmesg'),
  findmnt: systemTool('findmnt'),
  free: systemTool('free'),
  hostnamectl: systemTool('hostnamectl'),
  lsblk: systemTool('lsblk'),
  lscpu: systemTool('lscpu'),
  lsns: systemTool('lsns'),
  nsenter: systemTool('nsenter'),
  swapoff: systemTool('swapoff'),
  swapon: systemTool('swapon'),
  'systemd-cgls': systemTool('systemd-cgls'),
  timedatectl: systemTool('timedatectl'),
  vmstat: systemTool('vmstat'),
  who: systemTool('who'),
  stty,
  tar,
  tee,
  telnet: networkTool('telnet'),
  test,
  timeout,
  top: systemTool('top'),
  touch,
  tr,
  tracepath: networkTool('tracepath'),
  traceroute,
  true: yesStatus,
  tty,
  uname,
  uniq,
  uptime,
  vi: screenProgram,
  vim: screenProgram,
  watch,
  wc,
  wget,
  which,
  whoami,
  xargs,
  xxd,
  yes,
};
