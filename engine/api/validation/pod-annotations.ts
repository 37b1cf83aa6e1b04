// Annotations that mean something for a Pod or a template of one: what once was one, and what fields say today.

import { part } from '../../parts/index.ts';
import type { JsonObject } from '../types.ts';
import type { Faults } from './field.ts';
import { eachContainer } from './security.ts';
import { tolerations } from './selectors.ts';
import { descendingPath } from './volume-paths.ts';

type Annotations = Record<string, string>;

const TOLERATIONS = 'scheduler.alpha.kubernetes.io/tolerations';
const DELETION_COST = 'controller.kubernetes.io/pod-deletion-cost';
const SECCOMP_OF_POD = 'seccomp.security.alpha.kubernetes.io/pod';
const SECCOMP_OF_CONTAINER = 'container.seccomp.security.alpha.kubernetes.io/';
const APP_ARMOR = 'container.apparmor.security.beta.kubernetes.io/';
const LOCALHOST = 'localhost/';

function oldTolerations(faults: Faults, path: string, text: string) {
  let list: JsonObject[];
  try {
    list = JSON.parse(text);
  } catch {
    faults.invalid(path, TOLERATIONS, part('requests').jsonError(text));
    return;
  }
  if (Array.isArray(list)) tolerations(faults, `${path}.${TOLERATIONS}`, list);
}

function seccompProfile(faults: Faults, path: string, value: string) {
  if (value === 'runtime/default' || value === 'docker/default' || value === 'unconfined') return;
  if (value.startsWith(LOCALHOST)) descendingPath(faults, path, value.slice(LOCALHOST.length));
  else faults.invalid(path, value, 'must be a valid seccomp profile');
}

function appArmorProfile(faults: Faults, path: string, key: string, value: string, spec: JsonObject) {
  const name = key.slice(APP_ARMOR.length);
  let found = false;
  eachContainer('', spec, (container) => (found ||= container.name === name));
  if (!found) faults.invalid(path, name, 'container not found');
  if (value !== '' && value !== 'runtime/default' && value !== 'unconfined' && !value.startsWith(LOCALHOST))
    faults.invalid(path, value, `invalid AppArmor profile name: ${JSON.stringify(value)}`);
}

const isInt32 = (text: string) => /^-?\d+$/.test(text) && Math.abs(Number(text)) < 2147483648 && !/^0./.test(text);

/** Each by itself, in upstream's order. */
export function annotationValues(faults: Faults, path: string, annotations: Annotations, spec: JsonObject) {
  if (annotations[TOLERATIONS]) oldTolerations(faults, path, annotations[TOLERATIONS]);
  const cost = annotations[DELETION_COST];
  if (cost !== undefined && !isInt32(cost))
    faults.invalid(`${path}[${DELETION_COST}]`, cost, 'must be a 32bit integer');
  const keys = Object.keys(annotations);
  if (annotations[SECCOMP_OF_POD] !== undefined)
    seccompProfile(faults, `${path}.${SECCOMP_OF_POD}`, annotations[SECCOMP_OF_POD]);
  for (const key of keys)
    if (key.startsWith(SECCOMP_OF_CONTAINER)) seccompProfile(faults, `${path}.${key}`, annotations[key]);
  for (const key of keys)
    if (key.startsWith(APP_ARMOR)) appArmorProfile(faults, `${path}[${key}]`, key, annotations[key], spec);
}

/** An old annotation and the field that took its place must say the same of a profile. */
function sameProfile(faults: Faults, path: string, what: string, text: string | undefined, profile?: JsonObject) {
  if (text === undefined || !profile) return;
  const local = text.startsWith(LOCALHOST);
  const said = local ? 'Localhost' : text === 'unconfined' ? 'Unconfined' : 'RuntimeDefault';
  const isDefault = text === 'runtime/default' || (what === 'seccomp' && text === 'docker/default');
  const known = ['Localhost', 'RuntimeDefault', 'Unconfined'].includes(profile.type);
  if (known && (said !== profile.type || (said === 'RuntimeDefault' && !isDefault)))
    faults.forbidden(`${path}.type`, `${what} type in annotation and field must match`);
  else if (known && local && text.slice(LOCALHOST.length) !== profile.localhostProfile)
    faults.forbidden(`${path}.localhostProfile`, `${what} profile in annotation and field must match`);
}

export function annotationsMatch(faults: Faults, path: string, annotations: Annotations, spec: JsonObject) {
  const ofPod: JsonObject = spec.securityContext ?? {};
  const at = `${path}.securityContext.seccompProfile`;
  sameProfile(faults, at, 'seccomp', annotations[SECCOMP_OF_POD], ofPod.seccompProfile);
  eachContainer(path, spec, ({ name, securityContext: own }, place) =>
    sameProfile(
      faults,
      `${place}.securityContext.seccompProfile`,
      'seccomp',
      annotations[SECCOMP_OF_CONTAINER + name],
      own?.seccompProfile,
    ),
  );
  if (spec.os?.name === 'windows') return;
  eachContainer(path, spec, ({ name, securityContext: own }, place) =>
    sameProfile(
      faults,
      `${place}.securityContext.appArmorProfile`,
      'apparmor',
      annotations[APP_ARMOR + name],
      own?.appArmorProfile ?? ofPod.appArmorProfile,
    ),
  );
}
