// Part: what a kubelet does for those who ask it, for Pods that want something special, and in need.

import { valueFromEnvFile } from '../kubelet/env-file.ts';
import { reclaim, storageExcess } from '../kubelet/eviction-victims.ts';
import { KubeletServer } from '../kubelet/exec.ts';
import { figures } from '../kubelet/figures.ts';
import { grpcHealth } from '../kubelet/grpc-health.ts';
import { runHook } from '../kubelet/hooks.ts';
import { pullImageVolumes } from '../kubelet/image-volumes.ts';
import { claimedPlace } from '../kubelet/persistent-volumes.ts';
import { loadAppArmor, loadSeccomp } from '../kubelet/security-profiles.ts';
import { askedSysctls, refusal } from '../kubelet/special-pods.ts';
import { provide } from './index.ts';

provide('kubelet', {
  askedSysctls,
  claimedPlace,
  figures,
  grpcHealth,
  KubeletServer,
  loadAppArmor,
  loadSeccomp,
  pullImageVolumes,
  reclaim,
  refusal,
  runHook,
  storageExcess,
  valueFromEnvFile,
});
