// After names have changed (prefix, suffix, hash), the fields that refer to them follow.

import { builtinScheme } from '../kubectl.ts';
import { CommandError } from '../errors.ts';
import { NAME_REFERENCES, type FieldSpec, visit } from './field-specs.ts';
import { type Gvk, type Id, type Json, Resource, gvkOf, idText, isMap, isSelected } from './resource.ts';

export function isClusterScoped(id: Id | Required<Gvk>): boolean {
  const info = builtinScheme().kind(id.group, id.version, id.kind);
  return info !== undefined && !info.namespaced;
}

export function fixNameReferences(resources: readonly Resource[]) {
  // Only what has been renamed can be referred to by an old name.
  const renamed = resources.filter((r) => r.previous.length > 0);
  for (const referrer of resources) {
    const gvk = gvkOf(referrer.object);
    for (const { target, fieldSpecs } of NAME_REFERENCES) {
      for (const spec of fieldSpecs)
        visit(referrer.object, gvk, { ...spec, create: false }, (value) =>
          follow(value, referrer, spec, target, renamed),
        );
    }
  }
}

function follow(
  value: unknown,
  referrer: Resource,
  spec: FieldSpec,
  target: Gvk,
  renamed: readonly Resource[],
): unknown {
  if (typeof value === 'string') return referral(value, referrer, spec, target, renamed)?.name ?? value;
  if (Array.isArray(value)) return value.map((item) => follow(item, referrer, spec, target, renamed));
  if (!isMap(value)) return value;
  const { name, namespace } = value as Json;
  if (typeof name !== 'string') return value;
  let candidates = renamed;
  if (typeof namespace === 'string') {
    candidates = renamed.filter(
      (r) => r.originalId.namespace === namespace || (namespace === 'default' && !r.originalId.namespace),
    );
    if (candidates.length === 0) candidates = renamed.filter((r) => r.namespace === namespace);
  }
  const found = referral(name, referrer, spec, target, candidates);
  if (!found) return value;
  return found.namespace ? { ...value, name: found.name, namespace: found.namespace } : { ...value, name: found.name };
}

function referral(
  oldName: string,
  referrer: Resource,
  spec: FieldSpec,
  target: Gvk,
  candidates: readonly Resource[],
): Resource | undefined {
  const wasOf = (r: Resource, gvk: Gvk) => r.previous.some((id) => isSelected(id, gvk));
  const own = referrer.id;
  const cluster = isClusterScoped(own);
  let found = candidates.filter((r) => r.previous.some((id) => id.name === oldName) && wasOf(r, target));
  const roleRef = spec.path.endsWith('roleRef/name') && (referrer.object.roleRef as Json | undefined);
  if (roleRef && roleRef.apiGroup && roleRef.kind)
    found = found.filter((r) => wasOf(r, { group: roleRef.apiGroup, kind: roleRef.kind }));
  if (!cluster) {
    const namespace = own.namespace || 'default';
    found = found.filter(
      (r) => isClusterScoped(r.id) || r.object.kind === 'ServiceAccount' || (r.namespace || 'default') === namespace,
    );
  }
  if (found.length > 1)
    found = found.filter((r) => sameEnding(r.prefixes, referrer.prefixes) && sameEnding(r.suffixes, referrer.suffixes));
  if (found.length > 1 && found.some((r) => r.name !== found[0].name)) {
    throw new CommandError(
      `updating name reference in '${spec.path}' field of '${idText(own)}':  found multiple possible referrals: ${found.map((r) => idText(r.id)).join(', ')}`,
    );
  }
  return found[0];
}

function sameEnding(a: readonly string[], b: readonly string[]): boolean {
  const length = Math.min(a.length, b.length);
  for (let i = 1; i <= length; i++) if (a[a.length - i] !== b[b.length - i]) return false;
  return true;
}
