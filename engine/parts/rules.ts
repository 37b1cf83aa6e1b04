// Part: what objects of rarer kinds are checked for.

import { RULES } from '../api/validation/further.ts';
import { provide } from './index.ts';

provide('rules', { RULES });
