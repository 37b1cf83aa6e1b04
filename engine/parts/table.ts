// Part: objects as rows of a table, as `kubectl get` asks for them.

import { printTable } from '../api/table/index.ts';
import { provide } from './index.ts';

provide('table', { printTable });
