// Part: what the scheduler does for Pods with volumes of their own and for those that find no place, and schedulers with
// a configuration of their own.

import { schedule } from '../addons/configured-scheduler.ts';
import { defaultPreemption } from '../scheduler/plugins/default-preemption.ts';
import { nodeVolumeLimits } from '../scheduler/plugins/node-volume-limits.ts';
import { volumeBinding } from '../scheduler/plugins/volume-binding.ts';
import { volumeRestrictions } from '../scheduler/plugins/volume-restrictions.ts';
import { volumeZone } from '../scheduler/plugins/volume-zone.ts';
import { provide } from './index.ts';

provide('scheduling', { defaultPreemption, nodeVolumeLimits, schedule, volumeBinding, volumeRestrictions, volumeZone });
