// Part: what a kubelet does for those who ask it, for Pods that want something special, and in need.

import { changedConfig, limitedNode } from '../kubelet/changed-config.ts';
import { configz } from '../kubelet/configuration.ts';
import { valueFromEnvFile } from '../kubelet/env-file.ts';
import { reclaim, storageExcess } from '../kubelet/eviction-victims.ts';
import { KubeletServer } from '../kubelet/exec.ts';
import { figures } from '../kubelet/figures.ts';
import { grpcHealth } from '../kubelet/grpc-health.ts';
import { runHook } from '../kubelet/hooks.ts';
import { pullImageVolumes } from '../kubelet/image-volumes.ts';
import { claimedPlace } from '../kubelet/persistent-volumes.ts';
import { serveReadOnly } from '../kubelet/read-only.ts';
import { loadAppArmor, loadSeccomp } from '../kubelet/security-profiles.ts';
import { ServingCertificate } from '../kubelet/serving-certificate.ts';
import { askedSysctls, refusal } from '../kubelet/special-pods.ts';
import { provide } from './index.ts';

provide('kubelet', {
  askedSysctls,
  changedConfig,
  claimedPlace,
  configz,
  figures,
  grpcHealth,
  KubeletServer,
  limitedNode,
  loadAppArmor,
  loadSeccomp,
  pullImageVolumes,
  reclaim,
  refusal,
  runHook,
  serveReadOnly,
  ServingCertificate,
  storageExcess,
  valueFromEnvFile,
});
