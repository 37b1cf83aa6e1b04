// Part: the kubectl program.

import { createKubectl } from '../kubectl/index.ts';
import { toYaml } from '../kubectl/yaml/emit.ts';
import { provide } from './index.ts';

provide('kubectl', { createKubectl, toYaml });
