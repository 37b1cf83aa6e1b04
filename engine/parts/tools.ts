// Part: the commands of machines.

import { commands } from '../linux/commands/index.ts';
import { provide } from './index.ts';

provide('tools', { commands });
