// Part: the checks of the Pod Security Standards.

import { BASELINE } from '../apiserver/admission/pod-security/baseline.ts';
import { RESTRICTED } from '../apiserver/admission/pod-security/restricted.ts';
import { provide } from './index.ts';

provide('pod-security', { CHECKS: [...BASELINE, ...RESTRICTED] });
