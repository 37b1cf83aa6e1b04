// The annotations that AppArmor profiles stood in until v1.30: what a new Pod says there goes into its containers' fields.

import { deepEqual } from '../../api/change.ts';
import type { JsonObject, KubeObject } from '../../api/types.ts';
import { warn, type Context } from '../context.ts';

const PREFIX = 'container.apparmor.security.beta.kubernetes.io/';
const LOCALHOST = 'localhost/';

function profileOf(text: string): JsonObject | undefined {
  if (text === 'unconfined') return { type: 'Unconfined' };
  if (text === 'runtime/default') return { type: 'RuntimeDefault' };
  if (!text.startsWith(LOCALHOST)) return undefined;
  return { type: 'Localhost', localhostProfile: text.slice(LOCALHOST.length) };
}

export function readAppArmorAnnotations(ctx: Context, pod: KubeObject): KubeObject {
  const { annotations } = pod.metadata;
  if (!annotations) return pod;
  let found = false;
  for (const key in annotations) found ||= key.startsWith(PREFIX);
  if (!found) return pod;
  const spec: JsonObject = { ...pod.spec };
  for (const list of ['initContainers', 'containers'])
    spec[list] = (spec[list] as JsonObject[] | undefined)?.map((container) => {
      const text = annotations[PREFIX + container.name];
      const profile = text === undefined ? undefined : profileOf(text);
      if (!profile || container.securityContext?.appArmorProfile) return container;
      if (deepEqual(profile, spec.securityContext?.appArmorProfile)) return container;
      // Afterwards the field is there, and nothing would be said.
      warn(
        ctx,
        `metadata.annotations[${PREFIX}${container.name}]: deprecated since v1.30; use the "appArmorProfile" field instead`,
      );
      return { ...container, securityContext: { ...container.securityContext, appArmorProfile: profile } };
    });
  if (!spec.initContainers) delete spec.initContainers;
  return { ...pod, spec };
}
