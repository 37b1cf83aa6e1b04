// Part: the gateway controller and its data plane.

import * as gateway from '../gateway/index.ts';
import { provide } from './index.ts';

provide('gateway', gateway);
