// Part: what objects of rarer kinds are filled in with and checked for, and what few Pods have.

import { convertAutoscaler } from '../api/autoscaler-conversion.ts';
import { withoutDisabledDevices } from '../api/device-features.ts';
import { FURTHER_DEFAULTS } from '../api/defaults/further.ts';
import { podLevelResources } from '../api/defaults/pod-resources.ts';
import { RULES } from '../api/validation/further.ts';
import * as annotations from '../api/validation/pod-annotations.ts';
import * as pod from '../api/validation/pod-further.ts';
import { podSpecUpdate } from '../api/validation/pod-spec-update.ts';
import { podStatus } from '../api/validation/pod-status.ts';
import * as security from '../api/validation/security-further.ts';
import { initiatorPortal, POD_SOURCES } from '../api/validation/volume-sources.ts';
import { provide } from './index.ts';

provide('rules', {
  convertAutoscaler,
  FURTHER_DEFAULTS,
  initiatorPortal,
  podLevelResources,
  POD_SOURCES,
  podSpecUpdate,
  podStatus,
  RULES,
  withoutDisabledDevices,
  ...annotations,
  ...pod,
  ...security,
});
