// PersistentVolume controller: binds claims to volumes, asks provisioners for those that are missing, and lets go of
// volumes whose claim is gone (kubernetes/pkg/controller/volume/persistentvolume).

import {
  isConflict,
  isNotFound,
  keyOf,
  referenceTo,
  timestamp,
  type Informer,
  type ResourceClient,
} from '../client/index.ts';
import {
  BIND_COMPLETED,
  BOUND_BY_CONTROLLER,
  classOf,
  claimNameOf,
  PROVISIONED_BY,
  PROVISIONER,
  PROVISIONER_BETA,
  SELECTED_NODE,
  volumesByClass,
} from '../api/volume-claims.ts';
import {
  findVolume,
  isBoundTo,
  isFullyBound,
  sameMode,
  volumeMismatch,
  waitsForConsumer,
} from '../api/volume-matching.ts';
import { Recycler } from './recycle.ts';
import { defaultClass } from './storage-classes.ts';
import type { Controller, ControllerContext } from './context.ts';
import type {
  PersistentVolume,
  PersistentVolumeClaim,
  PersistentVolumeClaimStatus,
  PersistentVolumeStatus,
  Pod,
  StorageClass,
} from '../api/types.ts';

/** --pvclaimbinder-sync-period: how often claims that wait are looked at again. */
const SYNC_PERIOD = 15_000;
/** Provisioners of this group were part of Kubernetes; none is left. */
const IN_TREE = 'kubernetes.io/';

export const persistentVolumeController: Controller = {
  name: 'persistentvolume-binder-controller',
  account: 'persistent-volume-binder',
  component: 'persistentvolume-controller',
  start: (context) => void new PersistentVolumeController(context),
};

class PersistentVolumeController {
  private readonly context: ControllerContext;
  private readonly volumes: Informer<PersistentVolume>;
  private readonly claims: Informer<PersistentVolumeClaim>;
  private readonly classes: Informer<StorageClass>;
  private readonly pods: Informer<Pod>;
  private readonly recycler: Recycler;
  private readonly volumeClient: ResourceClient<PersistentVolume>;
  private readonly claimClient: ResourceClient<PersistentVolumeClaim>;
  private readonly ofClass: (storageClass: string) => PersistentVolume[];
  private readonly claimQueue;
  private readonly volumeQueue;
  /** Claims that wait for a volume. */
  private readonly waiting = new Set<string>();
  private resync = false;

  constructor(context: ControllerContext) {
    this.context = context;
    this.volumeClient = context.client.of<PersistentVolume>('v1', 'persistentvolumes', false);
    this.claimClient = context.client.of<PersistentVolumeClaim>('v1', 'persistentvolumeclaims');
    this.volumes = context.informer<PersistentVolume>('v1', 'persistentvolumes');
    this.claims = context.informer<PersistentVolumeClaim>('v1', 'persistentvolumeclaims');
    this.classes = context.informer<StorageClass>('storage.k8s.io/v1', 'storageclasses');
    this.pods = context.informer<Pod>('v1', 'pods');
    this.ofClass = volumesByClass(this.volumes);
    this.claimQueue = context.queue((key) => this.again(() => this.syncClaim(key)));
    this.volumeQueue = context.queue((key) => this.again(() => this.syncVolume(key)));
    this.recycler = new Recycler(context, this.pods, (name) => this.volumeQueue.add(name));
    // Volumes first: a claim that is there already may have one of those that are.
    const volumeChanged = (volume: PersistentVolume) => this.volumeQueue.add(keyOf(volume));
    this.volumes.on({
      add: volumeChanged,
      update: volumeChanged,
      delete: ({ spec }) => {
        if (spec?.claimRef) this.claimQueue.add(`${spec.claimRef.namespace}/${spec.claimRef.name}`);
      },
    });
    const claimChanged = (claim: PersistentVolumeClaim) => this.claimQueue.add(keyOf(claim));
    this.claims.on({
      add: claimChanged,
      update: claimChanged,
      delete: (claim) => {
        this.waiting.delete(keyOf(claim));
        if (claim.spec?.volumeName) this.volumeQueue.add(claim.spec.volumeName);
      },
    });
  }

  /** A write that came too late is no failure: the change that came first brings the object back. */
  private again(sync: () => void) {
    try {
      sync();
    } catch (error) {
      if (!isConflict(error) && !isNotFound(error)) throw error;
    }
  }

  private wait(key: string) {
    this.waiting.add(key);
    if (this.resync) return;
    this.resync = true;
    this.context.sim.after(SYNC_PERIOD, () => {
      this.resync = false;
      this.waiting.forEach((each) => this.claimQueue.add(each));
    });
  }

  // ---- claims --------------------------------------------------------------------------------------------

  private syncClaim(key: string) {
    this.waiting.delete(key);
    const claim = this.claims.byKey(key);
    if (!claim) return;
    if (claim.metadata.annotations?.[BIND_COMPLETED] !== undefined) this.syncBoundClaim(claim);
    else if (claim.spec?.volumeName) this.syncWantedVolume(claim, claim.spec.volumeName);
    else this.syncUnboundClaim(claim);
  }

  private syncUnboundClaim(claim: PersistentVolumeClaim) {
    const storageClass = this.classes.byKey(classOf(claim));
    const delayed = waitsForConsumer(storageClass) && claim.metadata.annotations?.[SELECTED_NODE] === undefined;
    const { ofClass } = this;
    const found = findVolume(claim, delayed ? (name) => ofClass(name).filter((one) => isBoundTo(one, claim)) : ofClass);
    if (found) {
      this.bind(found, claim);
      return;
    }
    this.wait(keyOf(claim));
    if (delayed) {
      this.tellOfDelay(claim);
    } else if (classOf(claim) !== '') {
      this.provision(claim, storageClass);
      return;
    } else {
      if (claim.spec?.storageClassName === undefined && this.giveDefaultClass(claim)) return;
      const text = 'no persistent volumes available for this claim and no storage class is set';
      this.context.recorder.event(claim, 'Normal', 'FailedBinding', text);
    }
    this.setClaimPhase(claim, 'Pending');
  }

  /** A claim made before there was a default class gets it now. */
  private giveDefaultClass(claim: PersistentVolumeClaim): boolean {
    const storageClassName = defaultClass(this.classes)?.metadata.name;
    if (!storageClassName) return false;
    this.updateClaim({ ...claim, spec: { ...claim.spec, storageClassName } });
    return true;
  }

  private tellOfDelay(claim: PersistentVolumeClaim) {
    const names = this.podsOf(claim)
      .filter((pod) => !pod.spec?.nodeName)
      .map((pod) => pod.metadata.name as string);
    const { recorder } = this.context;
    if (names.length === 0) {
      recorder.event(
        claim,
        'Normal',
        'WaitForFirstConsumer',
        'waiting for first consumer to be created before binding',
      );
    } else {
      const pods = names.length > 1 ? 'pods' : 'pod';
      recorder.event(claim, 'Normal', 'WaitForPodScheduled', `waiting for ${pods} ${names.join(',')} to be scheduled`);
    }
  }

  private podsOf({ metadata }: PersistentVolumeClaim): Pod[] {
    const uses = (pod: Pod) => pod.spec?.volumes?.some((volume) => claimNameOf(pod, volume) === metadata.name);
    return this.pods.inNamespace(metadata.namespace as string).filter(uses);
  }

  /** Names the provisioner on the claim: that is how it is asked. */
  private provision(claim: PersistentVolumeClaim, storageClass: StorageClass | undefined) {
    const { recorder } = this.context;
    if (!storageClass) {
      const text = `storageclass.storage.k8s.io ${JSON.stringify(classOf(claim))} not found`;
      recorder.event(claim, 'Warning', 'ProvisioningFailed', text);
      return;
    }
    const { provisioner } = storageClass;
    if (provisioner.startsWith(IN_TREE)) {
      recorder.event(claim, 'Warning', 'ProvisioningFailed', `no volume plugin matched name: ${provisioner}`);
      return;
    }
    let asked = claim;
    const { annotations } = claim.metadata;
    if (annotations?.[PROVISIONER] !== provisioner || annotations[PROVISIONER_BETA] !== provisioner) {
      const named = { ...annotations, [PROVISIONER_BETA]: provisioner, [PROVISIONER]: provisioner };
      asked = this.updateClaim({ ...claim, metadata: { ...claim.metadata, annotations: named } });
    }
    recorder.event(
      asked,
      'Normal',
      'ExternalProvisioning',
      `Waiting for a volume to be created either by the external provisioner '${provisioner}' or manually by the system administrator. If volume creation is delayed, please verify that the provisioner is running and correctly registered.`,
    );
  }

  /** The claim asks for a volume by name. */
  private syncWantedVolume(claim: PersistentVolumeClaim, name: string) {
    const { recorder } = this.context;
    const volume = this.volumes.byKey(name);
    if (!volume) {
      this.setClaimPhase(claim, 'Pending');
      this.wait(keyOf(claim));
      return;
    }
    if (!volume.spec?.claimRef) {
      const mismatch = volumeMismatch(volume, claim);
      if (!mismatch) {
        this.bind(volume, claim);
        return;
      }
      const text = `Cannot bind to requested volume ${JSON.stringify(name)}: ${mismatch}`;
      recorder.event(claim, 'Warning', 'VolumeMismatch', text);
    } else if (isBoundTo(volume, claim)) {
      this.bind(volume, claim);
      return;
    } else if (claim.metadata.annotations?.[BOUND_BY_CONTROLLER] === undefined) {
      const text = `volume ${JSON.stringify(name)} already bound to a different claim.`;
      recorder.event(claim, 'Warning', 'FailedBinding', text);
    }
    this.setClaimPhase(claim, 'Pending');
    this.wait(keyOf(claim));
  }

  private syncBoundClaim(claim: PersistentVolumeClaim) {
    const name = claim.spec?.volumeName;
    const volume = name ? this.volumes.byKey(name) : undefined;
    const lost = (reason: string, message: string) => {
      if (claim.status?.phase === 'Lost') return;
      this.setClaimPhase(claim, 'Lost');
      this.context.recorder.event(claim, 'Warning', reason, message);
    };
    if (!name) lost('ClaimLost', 'Bound claim has lost reference to PersistentVolume. Data on the volume is lost!');
    else if (!volume) lost('ClaimLost', 'Bound claim has lost its PersistentVolume. Data on the volume is lost!');
    else if (!volume.spec?.claimRef || volume.spec.claimRef.uid === claim.metadata.uid) this.bind(volume, claim);
    else lost('ClaimMisbound', 'Two claims are bound to the same volume, this one is bound incorrectly');
  }

  /** Brings both sides of a binding about, one write after the other; each may be done already. */
  private bind(volume: PersistentVolume, claim: PersistentVolumeClaim) {
    let bound = volume;
    const { claimRef } = volume.spec ?? {};
    if (claimRef?.uid !== claim.metadata.uid) {
      const annotations = claimRef
        ? volume.metadata.annotations
        : { ...volume.metadata.annotations, [BOUND_BY_CONTROLLER]: 'yes' };
      bound = this.volumeClient.update('', keyOf(volume), {
        ...volume,
        metadata: { ...volume.metadata, annotations },
        spec: { ...volume.spec, claimRef: referenceTo(claim) },
      });
    }
    bound = this.setVolumePhase(bound, 'Bound');
    let owner = claim;
    const { annotations } = claim.metadata;
    if (claim.spec?.volumeName !== volume.metadata.name || !isFullyBound(claim)) {
      const chosen = claim.spec?.volumeName === volume.metadata.name ? annotations : chosenHere(annotations);
      owner = this.updateClaim({
        ...claim,
        metadata: { ...claim.metadata, annotations: { ...chosen, [BIND_COMPLETED]: 'yes' } },
        spec: { ...claim.spec, volumeName: volume.metadata.name },
      });
    }
    this.setClaimPhase(owner, 'Bound', bound);
  }

  private updateClaim(claim: PersistentVolumeClaim): PersistentVolumeClaim {
    return this.claimClient.update(claim.metadata.namespace as string, claim.metadata.name as string, claim);
  }

  private setClaimPhase(claim: PersistentVolumeClaim, phase: string, volume?: PersistentVolume) {
    const old = claim.status ?? {};
    let status: PersistentVolumeClaimStatus = { ...old, phase };
    if (volume) {
      status.accessModes = volume.spec?.accessModes;
      // What a resize has granted stays: only the first binding takes the volume's size over.
      if (!old.capacity || old.phase !== 'Bound') status.capacity = volume.spec?.capacity;
      const attributes = volume.spec?.volumeAttributesClassName;
      if (attributes) status.currentVolumeAttributesClassName = attributes;
    } else {
      const { accessModes: _modes, capacity: _capacity, ...rest } = status;
      status = rest;
    }
    if (JSON.stringify(old) === JSON.stringify({ ...old, ...status }) && (volume || !old.capacity)) return;
    const { namespace, name } = claim.metadata;
    this.claimClient.updateStatus(namespace as string, name as string, { ...claim, status });
  }

  // ---- volumes -------------------------------------------------------------------------------------------

  private syncVolume(name: string) {
    const volume = this.volumes.byKey(name);
    if (!volume) return;
    const ref = volume.spec?.claimRef;
    if (!ref?.uid) {
      this.setVolumePhase(volume, 'Available');
      // A claim may have waited for a volume like this one.
      if (ref) this.claimQueue.add(`${ref.namespace}/${ref.name}`);
      else this.wakeClaims(classOf(volume));
      return;
    }
    const claim = this.claims.get(ref.namespace as string, ref.name as string);
    if (!claim || claim.metadata.uid !== ref.uid) {
      this.release(volume);
    } else if (!claim.spec?.volumeName) {
      if (sameMode(volume, claim)) this.claimQueue.add(keyOf(claim));
      else this.tellOfModes(volume, claim);
    } else if (claim.spec.volumeName === name) {
      this.setVolumePhase(volume, 'Bound');
    } else if (
      volume.metadata.annotations?.[PROVISIONED_BY] !== undefined &&
      volume.spec?.persistentVolumeReclaimPolicy === 'Delete'
    ) {
      this.release(volume);
    } else {
      this.unbind(volume);
    }
  }

  private wakeClaims(storageClass: string) {
    this.waiting.forEach((key) => {
      const claim = this.claims.byKey(key);
      if (claim && classOf(claim) === storageClass) this.claimQueue.add(key);
    });
  }

  private tellOfModes(volume: PersistentVolume, claim: PersistentVolumeClaim) {
    const { recorder } = this.context;
    const to = `PersistentVolume to requested PersistentVolumeClaim ${JSON.stringify(claim.metadata.name)}`;
    recorder.event(volume, 'Warning', 'VolumeMismatch', `Cannot bind ${to} due to incompatible volumeMode.`);
    const from = `PersistentVolume ${JSON.stringify(volume.metadata.name)} to requested PersistentVolumeClaim`;
    recorder.event(claim, 'Warning', 'VolumeMismatch', `Cannot bind ${from} due to incompatible volumeMode.`);
  }

  /** The claim found another volume: this one is free again. */
  private unbind(volume: PersistentVolume) {
    const { [BOUND_BY_CONTROLLER]: ours, ...annotations } = volume.metadata.annotations ?? {};
    const { claimRef, ...spec } = volume.spec ?? {};
    const { uid: _uid, resourceVersion: _version, ...reserved } = claimRef ?? {};
    const freed = this.volumeClient.update('', keyOf(volume), {
      ...volume,
      metadata: { ...volume.metadata, annotations },
      // What a person reserved stays reserved.
      spec: ours === undefined ? { ...spec, claimRef: reserved } : spec,
    });
    this.setVolumePhase(freed, 'Available');
  }

  /** The claim is gone: what happens to the volume is its reclaim policy's to say. */
  private release(volume: PersistentVolume) {
    const { phase } = volume.status ?? {};
    const released = phase === 'Released' || phase === 'Failed' ? volume : this.setVolumePhase(volume, 'Released');
    const policy = released.spec?.persistentVolumeReclaimPolicy;
    const recyclable = policy === 'Recycle' && released.spec?.hostPath !== undefined;
    if (released.metadata.deletionTimestamp || (phase === 'Failed' && !recyclable)) return;
    const fail = (reason: string, message: string) => {
      this.setVolumePhase(released, 'Failed', message);
      this.context.recorder.event(released, 'Warning', reason, message);
    };
    if (recyclable) {
      const step = this.recycler.step(released);
      if (step === 'done') {
        this.context.recorder.event(released, 'Normal', 'VolumeRecycled', 'Volume recycled');
        this.unbind(released);
      } else if (step !== 'running') {
        fail('VolumeFailedRecycle', `Recycle failed: failed to recycle volume: ${step.error}`);
        this.volumeQueue.addAfter(keyOf(volume), SYNC_PERIOD);
      }
    } else if (policy === 'Recycle') {
      fail('VolumeFailedRecycle', 'No recycler plugin found for the volume!');
    } else if (policy === 'Delete' && released.metadata.annotations?.[PROVISIONED_BY] === undefined) {
      const path = released.spec?.hostPath?.path;
      if (path === undefined) {
        const which = `volume plugin for volume ${JSON.stringify(keyOf(volume))}`;
        fail('VolumeFailedDelete', `error getting deleter ${which}: no deletable volume plugin matched`);
      } else if (!/^\/tmp\/.+$/.test(path)) {
        fail('VolumeFailedDelete', `host_path deleter only supports /tmp/.+ but received provided ${path}`);
        // What it would remove is in the controller manager's own /tmp, where there is nothing.
      } else this.volumeClient.delete('', keyOf(volume));
    }
  }

  private setVolumePhase(volume: PersistentVolume, phase: string, message?: string): PersistentVolume {
    if (volume.status?.phase === phase) return volume;
    const lastPhaseTransitionTime = timestamp(this.context.sim.now);
    const status: PersistentVolumeStatus = { ...volume.status, phase, lastPhaseTransitionTime };
    if (message) status.message = message;
    else delete status.message;
    return this.volumeClient.updateStatus('', keyOf(volume), { ...volume, status });
  }
}

const chosenHere = (annotations: Record<string, string> | undefined) => ({
  ...annotations,
  [BOUND_BY_CONTROLLER]: 'yes',
});
