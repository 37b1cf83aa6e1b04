// Part: a cloud under the cluster, and the programs that speak with it.

import * as cloud from '../cloud/index.ts';
import { provide } from './index.ts';

provide('cloud', cloud);
