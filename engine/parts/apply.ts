// Part: server-side apply, and who owns which field.

import { apply } from '../apiserver/handlers/apply.ts';
import { Typed } from '../apiserver/managed-fields/schema-walk.ts';
import { provide } from './index.ts';

provide('apply', { apply, Typed });
