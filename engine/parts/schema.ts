// Part: the structure of kinds that few clusters have.

import { FURTHER_TYPES } from '../api/generated/further-schema.ts';
import { provide } from './index.ts';

provide('schema', { FURTHER_TYPES });
