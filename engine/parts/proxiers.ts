// Part: the modes of kube-proxy beside iptables.

import { flagProblem } from '../kube-proxy/flags.ts';
import { IpvsProxier } from '../kube-proxy/ipvs.ts';
import { NftablesProxier } from '../kube-proxy/nftables.ts';
import { UserspaceProxier } from '../kube-proxy/userspace.ts';
import { SCHEDULERS } from '../linux/net/ipvs.ts';
import { provide } from './index.ts';

provide('proxiers', { flagProblem, IpvsProxier, NftablesProxier, SCHEDULERS, UserspaceProxier });
