// What may change in the spec of a Pod that exists, through itself and through its subresources.

import { deepEqual, set } from '../change.ts';
import { internalDifference } from '../internal-types.ts';
import { podQOSClass } from '../qos.ts';
import type { JsonObject, KubeObject, PodSpec } from '../types.ts';
import { trimmedImage } from './container.ts';
import { type Faults, Typed } from './field.ts';
import { MIRROR } from './pod.ts';
import { tolerations } from './selectors.ts';

const UPDATE_WORDS =
  'pod updates may not change fields other than `spec.containers[*].image`,`spec.initContainers[*].image`,' +
  '`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to existing tolerations),' +
  '`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)';

function withImages(list: JsonObject[] | undefined, from: JsonObject[] | undefined) {
  if (!list) return list;
  return list.map((container, i) =>
    from?.[i] && from[i].image !== container.image ? { ...container, image: from[i].image } : container,
  );
}

/** A deadline may be set and shortened, never lifted or extended; true when upstream stops here. */
function deadlineUpdate(faults: Faults, spec: JsonObject, old: JsonObject): boolean {
  const path = 'spec.activeDeadlineSeconds';
  const now = spec.activeDeadlineSeconds;
  const before = old.activeDeadlineSeconds;
  if (now === undefined) {
    if (before !== undefined) faults.invalid(path, now, 'must not update from a positive integer to nil value');
    return false;
  }
  if (now < 0 || now > 2147483647) faults.between(path, now, 0, 2147483647);
  else if (before !== undefined && before < now)
    faults.invalid(path, now, 'must be less than or equal to previous value');
  else return false;
  return true;
}

/** Tolerations may be added; existing ones stay (their tolerationSeconds may change). */
function tolerationsUpdate(faults: Faults, spec: JsonObject, old: JsonObject) {
  const now: JsonObject[] = spec.tolerations ?? [];
  const kept = (old.tolerations ?? []).every((before: JsonObject) =>
    now.some((one) => deepEqual(set(one, 'tolerationSeconds', 0), set(before, 'tolerationSeconds', 0))),
  );
  if (!kept)
    faults.forbidden('spec.tolerations', 'existing toleration can not be modified except its tolerationSeconds');
  else tolerations(faults, 'spec.tolerations', spec.tolerations);
}

function gatesUpdate(faults: Faults, spec: JsonObject, old: JsonObject) {
  const before = (old.schedulingGates ?? []).map((gate: JsonObject) => gate.name);
  (spec.schedulingGates ?? []).forEach(({ name }: JsonObject, i: number) => {
    if (!before.includes(name)) {
      const words = `only deletion is allowed, but found new scheduling gate '${name}'`;
      faults.forbidden(`spec.schedulingGates[${i}].name`, words);
    }
  });
}

const REQUIRED = 'requiredDuringSchedulingIgnoredDuringExecution';

/** The list begins with all that was there before. */
const extended = (now: unknown[] = [], before: unknown[] = []) => deepEqual(now.slice(0, before.length), before);

function nodeAffinityUpdate(faults: Faults, now: JsonObject | undefined, before: JsonObject | undefined) {
  const path = `spec.affinity.nodeAffinity.${REQUIRED}.nodeSelectorTerms`;
  const old: JsonObject[] = before?.[REQUIRED]?.nodeSelectorTerms ?? [];
  const terms: JsonObject[] = now?.[REQUIRED]?.nodeSelectorTerms ?? [];
  if (old.length && old.length !== terms.length) {
    faults.invalid(
      path,
      new Typed('[]core.NodeSelectorTerm', terms),
      'no additions/deletions to non-empty NodeSelectorTerms list are allowed',
    );
    return;
  }
  old.forEach((term, i) => {
    const { matchExpressions: expressions, matchFields: fields } = terms[i];
    const empty = !term.matchExpressions?.length && !term.matchFields?.length;
    const grown = empty && (expressions?.length || fields?.length);
    if (grown || !extended(expressions, term.matchExpressions) || !extended(fields, term.matchFields))
      faults.invalid(
        `${path}[${i}]`,
        new Typed('core.NodeSelectorTerm', terms[i]),
        'only additions are allowed (no mutations or deletions)',
      );
  });
}

/** While gates hold a Pod back, where it may go can still be narrowed. */
function gatedUpdate(faults: Faults, spec: JsonObject, old: JsonObject): JsonObject {
  let out = spec;
  if (!deepEqual(spec.nodeSelector, old.nodeSelector)) {
    const now = spec.nodeSelector ?? {};
    if (!Object.keys(old.nodeSelector ?? {}).every((key) => now[key] === old.nodeSelector[key])) {
      const words = 'only additions to spec.nodeSelector are allowed (no mutations or deletions)';
      faults.invalid('spec.nodeSelector', now, words);
    }
    out = set(out, 'nodeSelector', old.nodeSelector);
  }
  const before = old.affinity?.nodeAffinity;
  if (deepEqual(spec.affinity?.nodeAffinity, before)) return out;
  nodeAffinityUpdate(faults, spec.affinity?.nodeAffinity, before);
  const affinity = set(spec.affinity ?? {}, 'nodeAffinity', before);
  return set(out, 'affinity', Object.keys(affinity).length || old.affinity ? affinity : undefined);
}

/** Whether upstream looks no further. */
function containersUpdate(faults: Faults, path: string, given: JsonObject[] | null, old: JsonObject[] | null): boolean {
  const now = given ?? [];
  const before = old ?? [];
  if (now.length !== before.length) {
    faults.forbidden(path, 'pod updates may not add or remove containers');
    return true;
  }
  now.forEach((container, i) => {
    if (!container.image) faults.required(`${path}[${i}].image`);
    trimmedImage(faults, `${path}[${i}]`, container.image);
  });
  return false;
}

function specUpdate(faults: Faults, object: KubeObject, old: KubeObject) {
  const spec = object.spec as JsonObject;
  const before = old.spec as JsonObject;
  if (spec === before) return;
  if (containersUpdate(faults, 'spec.containers', spec.containers, before.containers)) return;
  if (containersUpdate(faults, 'spec.initContainers', spec.initContainers, before.initContainers)) return;
  if (deadlineUpdate(faults, spec, before)) return;
  tolerationsUpdate(faults, spec, before);
  gatesUpdate(faults, spec, before);
  // Everything that may change is put back; what then still differs may not.
  let munged = set(spec, 'containers', withImages(spec.containers, before.containers));
  munged = set(munged, 'initContainers', withImages(spec.initContainers, before.initContainers));
  for (const field of ['activeDeadlineSeconds', 'schedulingGates', 'tolerations'])
    munged = set(munged, field, before[field]);
  if (before.terminationGracePeriodSeconds < 0 && spec.terminationGracePeriodSeconds === 1) {
    munged = set(munged, 'terminationGracePeriodSeconds', before.terminationGracePeriodSeconds);
  }
  if (before.schedulingGates?.length) munged = gatedUpdate(faults, munged, before);
  if (!deepEqual(munged, before))
    faults.forbidden('spec', `${UPDATE_WORDS}${internalDifference('PodSpec', before, munged)}`);
}

/** Of all that was said before nothing stays but this. */
function refuse(faults: Faults, why: string) {
  faults.list.length = 0;
  faults.forbidden('[]', why);
}

function ephemeralUpdate(faults: Faults, object: KubeObject, old: KubeObject) {
  if (old.metadata.annotations?.[MIRROR] !== undefined)
    return refuse(faults, 'static pods do not support ephemeral containers');
  const list: JsonObject[] = object.spec.ephemeralContainers ?? [];
  for (const before of old.spec.ephemeralContainers ?? []) {
    const now = list.find((c) => c.name === before.name);
    const path = 'spec.ephemeralContainers';
    if (!now)
      faults.forbidden(path, `existing ephemeral containers ${JSON.stringify(before.name)} may not be removed\n`);
    else if (!deepEqual(now, before))
      faults.forbidden(
        path,
        `existing ephemeral containers ${JSON.stringify(before.name)} may not be changed${internalDifference('EphemeralContainer', before, now)}`,
      );
  }
  return undefined;
}

/** A container without what a resize may change of it. */
function fixedPart({ resources, ...container }: JsonObject): JsonObject {
  const fixed = (amounts: JsonObject | undefined) => {
    const { cpu: _cpu, memory: _memory, ...others } = amounts ?? {};
    return others;
  };
  return { ...container, requests: fixed(resources?.requests), limits: fixed(resources?.limits) };
}

/** Resources of what runs may grow and shrink, but not go, and not change how the Pod is treated under pressure. */
function resizeUpdate(faults: Faults, object: KubeObject, old: KubeObject) {
  // In-place resizing of what a Pod has as a whole is an alpha feature of v1.35, and off.
  const asAWhole = ({ spec: { resources } }: KubeObject) =>
    Object.keys({ ...resources?.requests, ...resources?.limits }).length > 0;
  if (asAWhole(old) || asAWhole(object)) return refuse(faults, 'pods with pod-level resources cannot be resized');
  if (old.metadata.annotations?.[MIRROR] !== undefined) return refuse(faults, 'static pods cannot be resized');
  if (old.spec.os?.name === 'windows') return refuse(faults, 'windows pods cannot be resized');
  if (podQOSClass(object.spec as PodSpec) !== (old.status?.qosClass ?? podQOSClass(old.spec as PodSpec)))
    faults.invalid('spec', object.status?.qosClass ?? '', 'Pod QOS Class may not change as a result of resizing');
  let otherwise = false;
  for (const list of ['initContainers', 'containers']) {
    const given: JsonObject[] = object.spec[list] ?? [];
    const stored: JsonObject[] = old.spec[list] ?? [];
    if (given.length !== stored.length) {
      faults.forbidden(`spec.${list}`, `${list} may not be added or removed on resize`);
      continue;
    }
    stored.forEach((before, i) => {
      const now = given[i];
      const at = `spec.${list}[${i}]`;
      if (now.name !== before.name)
        return faults.forbidden(`${at}.name`, 'containers may not be renamed or reordered on resize');
      if (list === 'initContainers' && before.restartPolicy !== 'Always') {
        if (!deepEqual(now.resources ?? {}, before.resources ?? {}))
          faults.forbidden(`${at}.resources`, 'resources for non-sidecar init containers are immutable');
        return undefined;
      }
      for (const field of ['requests', 'limits']) {
        const kept = Object.keys(before.resources?.[field] ?? {}).every(
          (name) => now.resources?.[field]?.[name] !== undefined,
        );
        if (!kept) faults.forbidden(`${at}.resources.${field}`, `resource ${field} cannot be removed`);
      }
      otherwise ||= !deepEqual(fixedPart(now), fixedPart(before));
      return undefined;
    });
  }
  if (otherwise) faults.forbidden('spec', 'only cpu and memory resources are mutable');
  return undefined;
}

export function podSpecUpdate(faults: Faults, object: KubeObject, old: KubeObject, subresource: string | undefined) {
  if (subresource === 'ephemeralcontainers') ephemeralUpdate(faults, object, old);
  else if (subresource === 'resize') resizeUpdate(faults, object, old);
  else if (subresource === undefined) specUpdate(faults, object, old);
}
