// Commands that look at packets, sockets and ways through the network: they load by themselves, since most clusters go
// without them.

import { ethtool } from './ethtool.ts';
import { lsof } from './lsof.ts';
import { arp, ifconfig, netstat, route } from './net-tools.ts';
import { nmap } from './nmap.ts';
import { mtr, tracepath } from './paths-trace.ts';
import { ss } from './ss.ts';
import { tcpdump } from './tcpdump.ts';
import { telnet } from './telnet.ts';

export const networkTools = {
  arp,
  ethtool,
  ifconfig,
  lsof,
  mtr,
  netstat,
  nmap,
  route,
  ss,
  tcpdump,
  telnet,
  tracepath,
};
