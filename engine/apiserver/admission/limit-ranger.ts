// LimitRanger: defaults and bounds for what containers, Pods and claims of a namespace ask for.

import { compareQuantities, quantityMilli } from '../../api/index.ts';
import type { Container, KubeObject, LimitRange, LimitRangeItem, Pod, ResourceInfo } from '../../api/types.ts';
import { addLists, greatestOf } from '../../quota/index.ts';
import { forbidden } from '../status.ts';
import { Selection } from '../storage/selection.ts';
import type { AdmissionHost, AdmissionPlugin, Attributes } from './types.ts';

type Quantities = Record<string, string>;
interface Resources {
  requests: Quantities;
  limits: Quantities;
}

const ANNOTATION = 'kubernetes.io/limit-ranger';

function limitsOf({ namespace }: Attributes, { scheme, storage }: AdmissionHost): LimitRange[] {
  const info = scheme.resource('', 'v1', 'limitranges');
  return info ? (storage.cache(info).list(new Selection(namespace, undefined, [], [])) as unknown as LimitRange[]) : [];
}

const isCore = (info: ResourceInfo, resource: string): boolean => info.group === '' && info.resource === resource;

export const limitRanger: AdmissionPlugin = {
  name: 'LimitRanger',
  handles(operation, info, subresource) {
    if (isCore(info, 'pods'))
      return operation === 'CREATE' ? subresource === '' : operation === 'UPDATE' && subresource === 'resize';
    return isCore(info, 'persistentvolumeclaims') && operation !== 'DELETE' && subresource === '';
  },
  mutate(attributes, host) {
    if (!isCore(attributes.info, 'pods') || attributes.operation !== 'CREATE') return attributes.object;
    let pod = attributes.object as unknown as Pod;
    for (const range of limitsOf(attributes, host)) pod = withDefaults(pod, range);
    return pod as unknown as KubeObject;
  },
  validate(attributes, host) {
    const { info, name, object } = attributes;
    const errors: string[] = [];
    for (const range of limitsOf(attributes, host)) {
      for (const item of range.spec?.limits ?? []) {
        if (isCore(info, 'pods')) checkPod(item, object as unknown as Pod, errors);
        else if (item.type === 'PersistentVolumeClaim')
          checkClaim(item, object?.spec?.resources?.requests ?? {}, errors);
      }
    }
    if (errors.length) throw forbidden(info, name, errors.length === 1 ? errors[0] : `[${errors.join(', ')}]`);
  },
};

/** The Pod with the defaults of a LimitRange; an annotation says what was set. */
function withDefaults(pod: Pod, range: LimitRange): Pod {
  const requests: Quantities = {};
  const limits: Quantities = {};
  for (const item of range.spec?.limits ?? []) {
    if (item.type !== 'Container') continue;
    Object.assign(requests, item.defaultRequest);
    Object.assign(limits, item.default);
  }
  const set: string[] = [];
  const fill = (what: string) => (container: Container) => {
    const own = container.resources ?? {};
    const newRequests = missing(own.requests, requests);
    const newLimits = missing(own.limits, limits);
    if (newRequests.length) set.push(`${newRequests.join(', ')} request for ${what} ${container.name}`);
    if (newLimits.length) set.push(`${newLimits.join(', ')} limit for ${what} ${container.name}`);
    if (newRequests.length + newLimits.length === 0) return container;
    const resources = { ...own };
    if (newLimits.length) resources.limits = { ...limits, ...own.limits };
    if (newRequests.length) resources.requests = { ...requests, ...own.requests };
    return { ...container, resources };
  };
  const spec = pod.spec as NonNullable<Pod['spec']>;
  const containers = (spec.containers ?? []).map(fill('container'));
  const initContainers = spec.initContainers?.map(fill('init container'));
  if (set.length === 0) return pod;
  const next = { ...spec, containers };
  if (initContainers) next.initContainers = initContainers;
  const annotations = { ...pod.metadata.annotations, [ANNOTATION]: `LimitRanger plugin set: ${set.join('; ')}` };
  return { ...pod, metadata: { ...pod.metadata, annotations }, spec: next };
}

/** Names that `defaults` has and `own` has not, sorted. */
const missing = (own: Quantities | undefined, defaults: Quantities): string[] =>
  Object.keys(defaults)
    .filter((name) => own?.[name] === undefined)
    .sort();

function checkPod(item: LimitRangeItem, { spec }: Pod, errors: string[]) {
  if (!spec) return;
  const all = [...(spec.containers ?? []), ...(spec.initContainers ?? [])];
  if (item.type === 'Container') {
    for (const container of all) {
      const { requests = {}, limits = {} } = container.resources ?? {};
      check(item, { requests: requests as Quantities, limits: limits as Quantities }, errors);
    }
  } else if (item.type === 'Pod') {
    check(item, { requests: total(spec, 'requests'), limits: total(spec, 'limits') }, errors);
  }
}

/** Containers and sidecars together, or the init container that needs more beside the sidecars before it. */
function total(spec: NonNullable<Pod['spec']>, field: 'requests' | 'limits'): Quantities {
  const of = ({ resources }: Container) => (resources?.[field] ?? {}) as Quantities;
  let sum: Quantities = {};
  for (const container of spec.containers) sum = addLists(sum, of(container));
  let sidecars: Quantities = {};
  let most: Quantities = {};
  for (const container of spec.initContainers ?? []) {
    const beside = addLists(sidecars, of(container));
    if (container.restartPolicy === 'Always') {
      sum = addLists(sum, of(container));
      sidecars = beside;
    }
    most = greatestOf(most, beside);
  }
  return greatestOf(sum, most);
}

function check(item: LimitRangeItem, { requests, limits }: Resources, errors: string[]) {
  const per = `usage per ${item.type} is`;
  const {
    min = {},
    max = {},
    maxLimitRequestRatio = {},
  } = item as { min?: Quantities; max?: Quantities; maxLimitRequestRatio?: Quantities };
  for (const name of Object.keys(min).sort()) {
    const bound = min[name];
    const text = `minimum ${name} ${per} ${bound}`;
    if (requests[name] === undefined) errors.push(`${text}.  No request is specified`);
    else if (compareQuantities(requests[name], bound) < 0) errors.push(`${text}, but request is ${requests[name]}`);
    else if (limits[name] !== undefined && compareQuantities(limits[name], bound) < 0)
      errors.push(`${text}, but limit is ${limits[name]}`);
  }
  for (const name of Object.keys(max).sort()) {
    const bound = max[name];
    const text = `maximum ${name} ${per} ${bound}`;
    if (limits[name] === undefined) errors.push(`${text}.  No limit is specified`);
    else if (compareQuantities(limits[name], bound) > 0) errors.push(`${text}, but limit is ${limits[name]}`);
    else if (requests[name] !== undefined && compareQuantities(requests[name], bound) > 0)
      errors.push(`${text}, but request is ${requests[name]}`);
  }
  for (const name of Object.keys(maxLimitRequestRatio).sort()) {
    const bound = maxLimitRequestRatio[name];
    const text = `${name} max limit to request ratio per ${item.type} is ${bound}`;
    const request = quantityMilli(requests[name] ?? '0');
    const limit = quantityMilli(limits[name] ?? '0');
    if (Number(request) === 0) errors.push(`${text}, but no request is specified or request is 0`);
    else if (Number(limit) === 0) errors.push(`${text}, but no limit is specified or limit is 0`);
    else if (Number(limit) / Number(request) > Number(quantityMilli(bound)) / 1000) {
      errors.push(`${text}, but provided ratio is ${(Number(limit) / Number(request)).toFixed(6)}`);
    }
  }
}

function checkClaim(item: LimitRangeItem, requests: Quantities, errors: string[]) {
  const { min = {}, max = {} } = item as { min?: Quantities; max?: Quantities };
  const asked = requests.storage;
  if (asked === undefined) return;
  if (min.storage !== undefined && compareQuantities(asked, min.storage) < 0) {
    errors.push(`minimum storage usage per PersistentVolumeClaim is ${min.storage}, but request is ${asked}`);
  }
  if (max.storage !== undefined && compareQuantities(asked, max.storage) > 0) {
    errors.push(`maximum storage usage per PersistentVolumeClaim is ${max.storage}, but request is ${asked}`);
  }
}
