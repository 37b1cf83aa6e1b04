// Part: the names of a cluster, as CoreDNS answers for them, and what may stand in a Corefile that somebody has changed.

import { unheeded } from '../coredns/properties.ts';
import { KubernetesZone } from '../coredns/records.ts';
import { provide } from './index.ts';

provide('dns', { KubernetesZone, unheeded });
