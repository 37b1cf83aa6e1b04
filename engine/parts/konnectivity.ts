// Part: Konnectivity's server and agent, and the API server's way to them.

import * as konnectivity from '../konnectivity/index.ts';
import { provide } from './index.ts';

provide('konnectivity', konnectivity);
