// Part: controllers of what most clusters never have.

import { controllers } from '../controllers/further.ts';
import { provide } from './index.ts';

provide('controllers', { controllers });
