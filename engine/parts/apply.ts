// Part: server-side apply, and who owns which field.

import { apply, applyScale } from '../apiserver/handlers/apply.ts';
import { ordered } from '../apiserver/managed-fields/order.ts';
import { Typed } from '../apiserver/managed-fields/schema-walk.ts';
import { provide } from './index.ts';

provide('apply', { apply, applyScale, ordered, Typed });
