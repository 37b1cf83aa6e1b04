// Part: the commands of machines, jq among them, and /proc.

import { createJq } from '../jq.ts';
import { commands } from '../linux/commands/index.ts';
import { procEntries } from '../linux/proc.ts';
import { provide } from './index.ts';

provide('tools', { commands, createJq, procEntries });
