// Part: the names of a cluster, as CoreDNS answers for them.

import { KubernetesZone } from '../coredns/records.ts';
import { provide } from './index.ts';

provide('dns', { KubernetesZone });
