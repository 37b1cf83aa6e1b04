// What objects of the API add to the API: custom resources, admission policies and webhooks, limits of namespaces. The
// code for them loads with the first such object.

import type { KubeObject, ResourceInfo } from '../api/index.ts';
import type { Etcd, StoreEvent } from '../etcd/index.ts';
import { part } from '../parts/index.ts';
import type { AdmissionPolicies } from './admission/validating-admission-policy.ts';
import type { Webhooks } from './admission/webhooks.ts';
import type { CustomResources } from './crd/index.ts';
import type { Core } from './handlers/types.ts';
import type { ApiRequest, Handle } from './types.ts';

const GUARDS = 'admissionregistration.k8s.io';
const POLICY_RESOURCES = {
  policies: 'validatingadmissionpolicies',
  bindings: 'validatingadmissionpolicybindings',
};
/** Admission plug-ins with the resource of their configurations. */
export const WEBHOOKS = {
  MutatingAdmissionWebhook: 'mutatingwebhookconfigurations',
  ValidatingAdmissionWebhook: 'validatingwebhookconfigurations',
} as const;

/** Of a GET only these ask admission. */
const CONNECTS = /\/(exec|attach|portforward|proxy)(\/|$)/;

/** From a policy to the result of its type checking, ms. */
const LATENCY = 20;

type Observer = (name: string, object: KubeObject | undefined, event: StoreEvent) => void;

export class Extensions {
  private readonly core: Core;
  private readonly etcd: Etcd;
  private custom: CustomResources | undefined;
  private policies: AdmissionPolicies | undefined;
  /** There are, or were, webhooks: requests may have to wait for them. */
  private callsOut = false;

  constructor(core: Core, etcd: Etcd, handle: Handle) {
    this.core = core;
    this.etcd = etcd;
    this.followLimits('limitranges', 'limitRanger');
    this.followLimits('resourcequotas', 'resourceQuota');
    // Mutating plug-ins run before validating ones whatever their order; policies come before webhooks.
    for (const name of ['MutatingAdmissionWebhook', 'ValidatingAdmissionWebhook'] as const) this.followWebhooks(name);
    this.follow('apiextensions.k8s.io', 'customresourcedefinitions', (_name, _object, event) => {
      this.custom ??= part('extensions').customResources(core, handle);
      this.custom.observe(event);
    });
    for (const kind of ['policies', 'bindings'] as const) {
      this.follow(GUARDS, POLICY_RESOURCES[kind], (name, object) => {
        this.policies ??= part('extensions').admissionPolicies();
        this.policies.observe(kind, name, object);
        core.admission.changed(this.policies.plugin);
        const { generation } = object?.metadata ?? {};
        if (kind === 'policies' && object && object.status?.observedGeneration !== generation)
          core.sim.after(LATENCY, () => this.typeCheck(name));
      });
    }
  }

  /** Whether a request of this kind may have to wait for somebody outside. */
  mayWait({ method, path }: ApiRequest): boolean {
    if (this.custom?.converts) return true;
    return this.callsOut && (method !== 'GET' || CONNECTS.test(path));
  }

  private follow(group: string, resource: string, observe: Observer) {
    const { storagePrefix } = this.core.scheme.resource(group, 'v1', resource) as ResourceInfo;
    const tell = (event: StoreEvent) => {
      const object = (event.kv ?? event.prev)?.value as KubeObject;
      observe(object.metadata.name as string, event.kv && object, event);
    };
    const { kvs, revision } = this.etcd.range(storagePrefix);
    for (const kv of kvs) tell({ type: 'PUT', revision, key: kv.key, kv });
    this.etcd.watch(storagePrefix, tell);
  }

  /** Namespaces without limits are not looked at. */
  private followLimits(resource: string, plugin: 'limitRanger' | 'resourceQuota') {
    let begun = false;
    this.follow('', resource, () => {
      if (begun) return;
      begun = true;
      this.core.admission.changed(part('requests')[plugin]);
    });
  }

  private followWebhooks(plugin: keyof typeof WEBHOOKS) {
    let webhooks: Webhooks | undefined;
    this.follow(GUARDS, WEBHOOKS[plugin], (name, object) => {
      webhooks ??= part('extensions').webhooks(plugin);
      this.callsOut = true;
      webhooks.observe(name, object);
      this.core.admission.changed(webhooks.plugin);
    });
  }

  /** validatingadmissionpolicy-status-controller of kube-controller-manager. */
  private typeCheck(name: string) {
    const { scheme, storage, ledger, sim } = this.core;
    const info = scheme.resource(GUARDS, 'v1', POLICY_RESOURCES.policies) as ResourceInfo;
    const policy = storage.get(info, '', name);
    if (!policy || policy.status?.observedGeneration === policy.metadata.generation) return;
    const typeChecking = part('extensions').typeCheck(scheme, policy);
    const status = { ...policy.status, observedGeneration: policy.metadata.generation, typeChecking };
    const stored = storage.put(info, { ...policy, status });
    const time = `${new Date(sim.now).toISOString().slice(0, 19)}Z`;
    ledger.note(info, stored, policy, { manager: 'kube-controller-manager', subresource: 'status', time });
  }
}
