// Part: the names of a cluster, as CoreDNS answers for them, and what may stand in a Corefile that somebody has changed.

import { hosts } from '../coredns/hosts.ts';
import { unheeded } from '../coredns/properties.ts';
import { KubernetesZone } from '../coredns/records.ts';
import { rewrite } from '../coredns/rewrite.ts';
import { provide } from './index.ts';

provide('dns', { KubernetesZone, hosts, rewrite, unheeded });
