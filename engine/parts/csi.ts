// Part: volumes of CSI drivers.

import * as csi from '../csi/index.ts';
import { provide } from './index.ts';

provide('csi', csi);
