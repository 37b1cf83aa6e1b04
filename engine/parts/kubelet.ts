// Part: what a kubelet does for those who ask it, for Pods that want something special, and in need.

import { changedConfig, limitedNode } from '../kubelet/changed-config.ts';
import { configz } from '../kubelet/configuration.ts';
import { valueFromEnvFile } from '../kubelet/env-file.ts';
import { reclaim, storageExcess, thresholdsOf } from '../kubelet/eviction-victims.ts';
import { KubeletServer } from '../kubelet/exec.ts';
import { figures } from '../kubelet/figures.ts';
import { grpcHealth } from '../kubelet/grpc-health.ts';
import { runHook } from '../kubelet/hooks.ts';
import { collectImages } from '../kubelet/image-gc.ts';
import { pullImageVolumes } from '../kubelet/image-volumes.ts';
import { claimedPlace } from '../kubelet/persistent-volumes.ts';
import { mountsBelow } from '../kubelet/mount-propagation.ts';
import { podCgroup } from '../kubelet/pod-cgroup.ts';
import { makeRoom, misplaced } from '../kubelet/predicates.ts';
import { watchPlugins } from '../kubelet/plugin-manager.ts';
import { serveReadOnly } from '../kubelet/read-only.ts';
import { loadAppArmor, loadSeccomp } from '../kubelet/security-profiles.ts';
import { ServingCertificate } from '../kubelet/serving-certificate.ts';
import { announceShutdown, shutDown } from '../kubelet/shutdown.ts';
import { askedSysctls, refusal } from '../kubelet/special-pods.ts';
import { provide } from './index.ts';

provide('kubelet', {
  announceShutdown,
  askedSysctls,
  changedConfig,
  claimedPlace,
  collectImages,
  configz,
  figures,
  grpcHealth,
  KubeletServer,
  limitedNode,
  loadAppArmor,
  loadSeccomp,
  makeRoom,
  misplaced,
  mountsBelow,
  podCgroup,
  pullImageVolumes,
  reclaim,
  refusal,
  runHook,
  serveReadOnly,
  ServingCertificate,
  shutDown,
  storageExcess,
  thresholdsOf,
  valueFromEnvFile,
  watchPlugins,
});
