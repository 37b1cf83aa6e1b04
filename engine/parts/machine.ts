// Part: the programs that administer a machine and its cluster.

import * as machine from '../machine/index.ts';
import { provide } from './index.ts';

provide('machine', machine);
