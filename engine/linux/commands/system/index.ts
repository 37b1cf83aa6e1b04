// Commands that look at a machine: its memory, devices, processes, namespaces and its kernel's log. They load by
// themselves, since most clusters go without them.

import { dmesg, findmnt, hostnamectl, lsblk, lscpu, timedatectl, who } from './machine.ts';
import { free, swapoff, swapon, vmstat } from './memory.ts';
import { cgls, lsns, nsenter } from './namespaces.ts';
import { top } from './top.ts';

export const systemTools = {
  dmesg,
  findmnt,
  free,
  hostnamectl,
  lsblk,
  lscpu,
  lsns,
  nsenter,
  swapoff,
  swapon,
  'systemd-cgls': cgls,
  timedatectl,
  top,
  vmstat,
  who,
};
