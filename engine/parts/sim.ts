// Part: the sim command.

import { createSimCommand } from '../sim-command/index.ts';
import { provide } from './index.ts';

provide('sim', { createSimCommand });
