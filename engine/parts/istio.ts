// Part: Istio, its control plane, its proxies and istioctl.

import * as istio from '../istio/index.ts';
import { provide } from './index.ts';

provide('istio', istio);
