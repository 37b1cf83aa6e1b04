// The controllers of what most clusters never have: they start with the first object that they are for.

import { csrApproving } from './certificatesigningrequest-approving.ts';
import { bootstrapSigner, tokenCleaner } from './bootstrap-tokens.ts';
import { csrCleaner } from './certificatesigningrequest-cleaner.ts';
import { csrSigning } from './certificatesigningrequest-signing.ts';
import type { Controller } from './context.ts';
import { cronJobController } from './cronjob.ts';
import { disruptionController } from './disruption.ts';
import { attachDetachController, expandController } from './driver-volumes.ts';
import { endpointSliceMirroringController } from './endpointslice-mirroring.ts';
import { ephemeralVolumeController } from './ephemeral-volume.ts';
import { horizontalPodAutoscalerController } from './horizontal-pod-autoscaler.ts';
import { jobController } from './job.ts';
import { namespaceController } from './namespace.ts';
import { persistentVolumeController } from './persistent-volume.ts';
import { replicationControllerController } from './replicationcontroller.ts';
import { resourceClaimController } from './resource-claim.ts';
import { resourceQuotaController } from './resourcequota.ts';
import { serviceCIDRController } from './service-cidr.ts';
import { statefulSetController } from './statefulset.ts';
import { claimProtection, volumeProtection } from './storage-protection.ts';
import { taintEvictionController } from './taint-eviction.ts';
import { ttlAfterFinishedController } from './ttl-after-finished.ts';

/** By name. */
export const controllers: Readonly<Record<string, Controller>> = Object.fromEntries(
  [
    attachDetachController,
    claimProtection,
    cronJobController,
    csrApproving,
    csrCleaner,
    bootstrapSigner,
    csrSigning,
    disruptionController,
    endpointSliceMirroringController,
    ephemeralVolumeController,
    expandController,
    horizontalPodAutoscalerController,
    jobController,
    namespaceController,
    persistentVolumeController,
    replicationControllerController,
    resourceClaimController,
    resourceQuotaController,
    serviceCIDRController,
    statefulSetController,
    taintEvictionController,
    tokenCleaner,
    ttlAfterFinishedController,
    volumeProtection,
  ].map((controller) => [controller.name, controller]),
);
