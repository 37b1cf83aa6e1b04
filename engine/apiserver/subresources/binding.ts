// POST pods/NAME/binding: the scheduler's word on where a Pod runs.

import { firstOf, setTwin } from '../../api/twins.ts';
import type { Binding, KubeObject, Pod, PodCondition, PodSpec, PodStatus, ResourceInfo } from '../../api/types.ts';
import { withTopology } from '../admission/pod-topology-labels.ts';
import type { Context } from '../context.ts';
import { readObject } from '../body.ts';
import type { Core } from '../handlers/types.ts';
import { NOBODY } from '../managed-fields/ledger.ts';
import { badRequest, conflict, notFound, unexpected } from '../status.ts';
import type { ApiResponse } from '../types.ts';
import { admitted } from './admit.ts';

export function binding(core: Core, ctx: Context): ApiResponse {
  const pods = core.scheme.resource('', 'v1', 'pods') ?? ctx.info;
  const info = core.scheme.kind('', 'v1', 'Binding') ?? { ...ctx.info, kind: 'Binding' };
  const { namespace } = ctx.route;
  const { body } = ctx.request;
  // The scheduler's own has the fields that are read here, and mostly nobody changes it or has anything against it.
  const known = typeof body === 'object' && passes(core, ctx, body as KubeObject);
  const admission = known ? undefined : admitted(core, ctx, 'CREATE', info, readObject(core.scheme, ctx, info));
  const sent = (admission?.object ?? body) as Binding;
  // POST …/bindings names the Pod in the body only.
  const named = sent.metadata?.name ?? '';
  const name = ctx.route.name || named;
  if (name !== named) throw badRequest('name in URL does not match name in Binding object');
  const errors = validate(sent);
  // The registry answers with its errors as they are, not as Invalid.
  if (errors.length) {
    const text = errors.map(({ field, message }) => `${field}: ${message}`).join(', ');
    throw unexpected(errors.length > 1 ? `[${text}]` : text);
  }
  admission?.validate();
  const pod = core.storage.get(pods, namespace, name) as unknown as Pod | undefined;
  if (!pod) throw notFound(pods, name);
  checkAssignable(pods, name, sent, pod);
  const nodeName = sent.target.name as string;
  const node = core.storage.get(core.scheme.resource('', 'v1', 'nodes') as ResourceInfo, '', nodeName);
  const bound: Pod = {
    ...pod,
    spec: boundSpec(pod.spec as PodSpec, nodeName, node !== undefined),
    status: scheduled(pod.status ?? {}, ctx.time, pod.metadata.generation),
  };
  const annotations = sent.metadata?.annotations;
  if (annotations) bound.metadata = { ...pod.metadata, annotations: { ...pod.metadata.annotations, ...annotations } };
  const labels = withTopology(pod.metadata.labels, node?.metadata.labels);
  if (labels !== pod.metadata.labels) bound.metadata = { ...bound.metadata, labels };
  // Not an update as clients make them: the spec changes, and neither generation nor validation has a part in it.
  if (!ctx.dryRun) {
    core.storage.put(pods, bound as never, (result) => core.ledger.note(pods, result, pod as never, NOBODY));
  }
  return {
    code: 201,
    headers: {},
    body: { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Success', code: 201 },
  };
}

/** Whether admission lets the Binding pass as it is. */
const passes = ({ admission, replay }: Core, { info, user, route }: Context, object: KubeObject): boolean =>
  !replay && admission.findings({ info, user, namespace: route.namespace, object }, route.subresource) !== undefined;

/** By the spec of a Pod that waits, what it was for the first one that was bound. */
const firstBound = new WeakMap<object, PodSpec>();

function boundSpec(spec: PodSpec, nodeName: string, exists: boolean): PodSpec {
  const bound = { ...spec, nodeName };
  // A name that no node can have is found fault with when the Pod is updated.
  if (!exists) return bound;
  const key = firstOf(spec);
  const first = firstBound.get(key);
  if (first) setTwin(bound, first);
  else firstBound.set(key, bound);
  return bound;
}

/** By the status of Pods that wait, what it was for the one that was bound last. */
const lastScheduled = new WeakMap<object, { time: string; generation: number | undefined; status: PodStatus }>();

/** The status of a Pod that has a node: all that are bound in a second have the same. */
function scheduled(old: PodStatus, time: string, generation: number | undefined): PodStatus {
  const last = lastScheduled.get(old);
  if (last && last.time === time && last.generation === generation) return last.status;
  const condition: PodCondition = {
    type: 'PodScheduled',
    status: 'True',
    lastProbeTime: null as never,
    lastTransitionTime: time,
    observedGeneration: generation,
  };
  const others = (old.conditions ?? []).filter(({ type }) => type !== 'PodScheduled');
  const status = { ...old, conditions: [...others, condition] };
  // With the node decided there is nothing left to hope for (v1.35: ClearingNominatedNodeNameAfterBinding).
  delete status.nominatedNodeName;
  lastScheduled.set(old, { time, generation, status });
  return status;
}

function checkAssignable(info: ResourceInfo, name: string, sent: Binding, { metadata, spec }: Pod) {
  const uid = sent.metadata?.uid;
  if (uid && uid !== metadata.uid) {
    throw conflict(info, name, `Precondition failed: UID in precondition: ${uid}, UID in object meta: ${metadata.uid}`);
  }
  const refuse = (why: string) => conflict({ group: '', resource: 'pods/binding' }, name, why);
  if (metadata.deletionTimestamp) throw refuse(`pod ${name} is being deleted, cannot be assigned to a host`);
  if (spec?.nodeName) throw refuse(`pod ${name} is already assigned to node "${spec.nodeName}"`);
  if (spec?.schedulingGates?.length) throw refuse(`pod ${name} has non-empty .spec.schedulingGates`);
}

function validate({ target }: Binding) {
  const errors = [];
  if (target?.kind && target.kind !== 'Node') {
    errors.push({
      type: 'FieldValueNotSupported' as const,
      field: 'target.kind',
      message: `Unsupported value: ${JSON.stringify(target.kind)}: supported values: "Node", "<empty>"`,
    });
  }
  if (!target?.name) {
    errors.push({ type: 'FieldValueRequired' as const, field: 'target.name', message: 'Required value' });
  }
  return errors;
}
