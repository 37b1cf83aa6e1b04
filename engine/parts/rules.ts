// Part: what objects of rarer kinds are filled in with and checked for, and what few Pods have.

import { convertAutoscaler } from '../api/autoscaler-conversion.ts';
import { FURTHER_DEFAULTS } from '../api/defaults/further.ts';
import { RULES } from '../api/validation/further.ts';
import * as pod from '../api/validation/pod-further.ts';
import { podSpecUpdate } from '../api/validation/pod-spec-update.ts';
import * as security from '../api/validation/security-further.ts';
import { POD_SOURCES } from '../api/validation/volume-sources.ts';
import { provide } from './index.ts';

provide('rules', { convertAutoscaler, FURTHER_DEFAULTS, POD_SOURCES, podSpecUpdate, RULES, ...pod, ...security });
