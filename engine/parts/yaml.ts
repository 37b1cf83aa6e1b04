// Part: the YAML library.

import { parseDocument } from 'yaml';
import { provide } from './index.ts';

provide('yaml', { parseDocument });
