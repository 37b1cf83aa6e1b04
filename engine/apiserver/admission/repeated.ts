// What mutating plug-ins do to the Pods of one template: each of them does to the second and the nth what it did to the
// first, as long as it finds the same in the cluster.

import { setTwin } from '../../api/twins.ts';
import type { KubeObject, PodSpec } from '../../api/types.ts';
import type { AdmissionHost, AdmissionPlugin, Attributes } from './types.ts';

type Repeatable = AdmissionPlugin & Required<Pick<AdmissionPlugin, 'mutate' | 'findings'>>;
type Creation = Attributes & { object: KubeObject };

interface Outcome {
  /** What each plug-in found. */
  findings: readonly unknown[];
  spec: PodSpec;
}

const isRepeatable = (plugin: AdmissionPlugin): plugin is Repeatable => plugin.findings !== undefined;

/** `plugins` with those in a row that have findings as one. */
export function withRepeated(plugins: readonly AdmissionPlugin[]): AdmissionPlugin[] {
  const out: AdmissionPlugin[] = [];
  for (let i = 0; i < plugins.length;) {
    const row: Repeatable[] = [];
    for (let next = plugins[i]; next && isRepeatable(next); next = plugins[i]) {
      row.push(next);
      i++;
    }
    if (row.length) out.push(repeated(row));
    else out.push(plugins[i++]);
  }
  return out;
}

function repeated(row: readonly Repeatable[]): AdmissionPlugin {
  const outcomes = new WeakMap<object, Outcome>();

  function first(attributes: Creation, host: AdmissionHost): KubeObject {
    const given: PodSpec | undefined = attributes.object.spec;
    const findings: unknown[] = [];
    for (let i = 0; i < row.length; i++) {
      findings.push(row[i].findings(attributes, host));
      attributes.object = row[i].mutate(attributes, host);
    }
    const { object } = attributes;
    // A map whose values hold their keys would never let them go.
    if (given && object.spec !== given && !findings.includes(undefined))
      outcomes.set(given, { findings, spec: object.spec });
    return object;
  }

  return {
    name: row[0].name,
    handles: row[0].handles,
    mutate(attributes, host) {
      const { object } = attributes;
      const given: PodSpec | undefined = object.spec;
      const known = given && outcomes.get(given);
      if (!known) return first(attributes, host);
      const { findings } = known;
      for (let i = 0; i < row.length; i++)
        if (row[i].findings(attributes, host) !== findings[i]) return first(attributes, host);
      let spec = known.spec;
      for (let i = 0; i < row.length; i++) {
        const { renew } = row[i];
        if (renew) spec = renew(spec, given, findings[i], host);
      }
      if (spec !== known.spec) {
        setTwin(spec, known.spec);
        setTwin(spec.containers, known.spec.containers);
      }
      return { ...object, spec };
    },
  };
}
