// Part: kubeadm.

import * as kubeadm from '../machine/kubeadm/index.ts';
import { provide } from './index.ts';

provide('kubeadm', kubeadm);
