// CertificateSigningRequests: who asks is written down by the server, and what is decided stays decided.

import { Faults } from '../../api/validation/field.ts';
import type { KubeObject } from '../../api/types.ts';
import { invalid } from '../status.ts';
import type { Strategy } from './strategies.ts';

interface Condition {
  type: string;
  status?: string;
  lastUpdateTime?: string;
  lastTransitionTime?: string;
}

const conditionsOf = ({ status }: KubeObject): Condition[] => status?.conditions ?? [];

/** Times that are not given are now; a condition that has not turned keeps its own. */
function timed(object: KubeObject, old: KubeObject, now: string): KubeObject {
  const conditions = conditionsOf(object);
  if (conditions.every(({ lastUpdateTime, lastTransitionTime }) => lastUpdateTime && lastTransitionTime)) return object;
  const before = conditionsOf(old);
  const filled = conditions.map((condition) => {
    const same = before.find(({ type, status }) => type === condition.type && status === condition.status);
    return {
      ...condition,
      lastUpdateTime: condition.lastUpdateTime ?? now,
      lastTransitionTime: condition.lastTransitionTime ?? same?.lastTransitionTime ?? now,
    };
  });
  return { ...object, status: { ...object.status, conditions: filled } };
}

function checkConditions(faults: Faults, object: KubeObject, old: KubeObject, subresource: string) {
  const now = conditionsOf(object);
  const before = conditionsOf(old);
  const has = (conditions: Condition[], kind: string) => conditions.some(({ type }) => type === kind);
  for (const kind of ['Approved', 'Denied', 'Failed']) {
    if (has(before, kind) && !has(now, kind)) {
      faults.forbidden('status.conditions', `updates may not remove a condition of type "${kind}"`);
    }
    // Approval has a door of its own.
    const decided = kind !== 'Failed';
    if (subresource !== 'approval' && decided && !has(before, kind) && has(now, kind)) {
      faults.forbidden('status.conditions', `updates may not add a condition of type "${kind}"`);
    }
  }
  if (has(now, 'Approved') && has(now, 'Denied')) {
    faults.invalid('status.conditions', now, 'Approved and Denied conditions are mutually exclusive');
  }
  now.forEach(({ type, status }, i) => {
    const path = `status.conditions[${i}]`;
    if (!type) faults.required(`${path}.type`);
    if (['Approved', 'Denied', 'Failed'].includes(type) && status !== 'True') {
      faults.notSupported(`${path}.status`, status ?? '', ['True']);
    }
    if (now.findIndex((other) => other.type === type) < i) faults.duplicate(`${path}.type`, type);
  });
  if (old.status?.certificate && object.status?.certificate !== old.status.certificate) {
    faults.invalid('status.certificate', object.status?.certificate, 'updates may not change a non-empty certificate');
  }
}

export const certificateSigningRequests = {
  beforeCreate(_core, { user }, object) {
    const { request, signerName, expirationSeconds, usages } = object.spec ?? {};
    const { name: username, uid, groups, extra } = user;
    const spec = { request, signerName, expirationSeconds, usages, username, uid, groups, extra };
    for (const key in spec) {
      const value = spec[key as keyof typeof spec];
      if (value === undefined || value === '') delete spec[key as keyof typeof spec];
    }
    const { status: _, ...rest } = object;
    return { ...rest, spec } as KubeObject;
  },
  beforeUpdate(_core, { info, time }, object, old, subresource) {
    let next: KubeObject = { ...object, spec: old.spec };
    if (subresource === '') next = { ...next, status: old.status };
    else if (subresource === 'approval') {
      const certificate: string | undefined = old.status?.certificate;
      const { certificate: _, ...status } = next.status ?? {};
      next = timed({ ...next, status: certificate ? { ...status, certificate } : status }, old, time);
    } else next = timed(next, old, time);
    if (next.status === undefined) delete next.status;
    const faults = new Faults();
    if (subresource !== '') checkConditions(faults, next, old, subresource);
    if (faults.list.length) throw invalid(info, object.metadata.name as string, faults.list);
    return next;
  },
} satisfies Strategy;
