// The plug-in `kubernetes`: the names of Services and Pods, from what is known of the cluster.

import { part } from '../parts/index.ts';
import { inZone } from './corefile.ts';
import { type Plugin, type Reply, zonesOf } from './plugin.ts';
import type { Answer, KubernetesOptions, KubernetesZone } from './records.ts';

export const kubernetes: Plugin = ({ args, block }, { zone: preset, process, view, wrong, resolve }) => {
  const zones = zonesOf(args, preset);
  const own = zones.find((zone) => !zone.endsWith('.arpa.'));
  const option = (word: string) => block.find((words) => words[0] === word);
  const pods = option('pods')?.[1] ?? 'disabled';
  if (pods !== 'disabled' && pods !== 'insecure' && pods !== 'verified') {
    return wrong(`wrong value for pods: ${pods},  must be one of: disabled, verified, insecure`);
  }
  const through = option('fallthrough');
  const falls = through ? zonesOf(through.slice(1), '.') : [];
  const options: KubernetesOptions = {
    zone: own ?? 'cluster.local.',
    pods,
    ttl: Number(option('ttl')?.[1] ?? 5),
    endpointPodNames: option('endpoint_pod_names') !== undefined,
  };
  // Made for the first question.
  let cluster: KubernetesZone | undefined;
  return {
    name: 'kubernetes',
    zones,
    *answer(name, type, depth) {
      if (!view?.synced) return { code: 'SERVFAIL', authoritative: true, recursionAvailable: false, answers: [] };
      cluster ??= new (part('dns').KubernetesZone)(view, options);
      const found: Answer | undefined =
        own && inZone(name, own) ? cluster.lookup(name, type) : type === 'PTR' ? cluster.reverse(name) : undefined;
      if (!found || found.code === 'NXDOMAIN') {
        if (falls.some((zone) => inZone(name, zone))) return undefined;
      }
      const reply: Reply = {
        code: found?.code ?? 'NXDOMAIN',
        authoritative: true,
        recursionAvailable: false,
        answers: found?.answers ?? [],
        additional: found?.additional,
      };
      if (found?.follow) {
        const rest = yield* resolve(found.follow, type, depth + 1);
        if (rest) return { ...reply, answers: [...reply.answers, ...rest.answers] };
      }
      if (!reply.answers.length) return { ...reply, authority: [cluster.soa(process.host.sim.now)] };
      return reply;
    },
  };
};
