// Part: the kubectl program.

import { createKubectl } from '../kubectl/index.ts';
import { provide } from './index.ts';

provide('kubectl', { createKubectl });
