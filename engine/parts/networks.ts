// Part: Pod networks beside flannel.

import { calicoImages, calicoManifests } from '../addons/calico.ts';
import * as networks from '../cni/networks.ts';
import { VxlanBackend, vxlanProblem } from '../cni/vxlan.ts';
import { provide } from './index.ts';

provide('networks', { ...networks, calicoImages, calicoManifests, VxlanBackend, vxlanProblem });
