// Part: commands that look at a machine.

import { systemTools } from '../linux/commands/system/index.ts';
import { provide } from './index.ts';

provide('system-tools', systemTools);
