// sim requests, explain: what happened behind a command.

import type { Pod } from '../api/types.ts';
import type { Decision } from '../scheduler/index.ts';
import { table } from './values.ts';
import { SimError, type SubCommand } from './types.ts';

export const requests: SubCommand = {
  name: 'requests',
  usage: '',
  help: 'List the API requests of the last command line',
  flags: [
    { name: 'all', help: 'Those of the components, too' },
    { name: 'user', value: 'NAME', help: 'Only those of this user' },
    { name: 'verb', value: 'VERB', help: 'Only those of this verb' },
  ],
  args: [0, 0],
  // eslint-disable-next-line require-yield
  *run({ targets, flags, line }) {
    const list = targets
      .requests(flags.all !== undefined || flags.user !== undefined)
      .filter(({ user, verb }) => (!flags.user || user === flags.user) && (!flags.verb || verb === flags.verb));
    if (list.length === 0) {
      line('No requests.');
      return;
    }
    const rows = list.map(({ time, user, verb, path, query, code }) => [
      new Date(Math.floor(time)).toISOString().slice(11, 23),
      user || 'system:anonymous',
      verb,
      String(code),
      path + queryText(query),
    ]);
    for (const row of table([['TIME', 'USER', 'VERB', 'STATUS', 'PATH'], ...rows])) line(row);
  },
};

function queryText(query: Record<string, string | string[]> | undefined): string {
  const parts: string[] = [];
  for (const name in query) {
    const values = query[name];
    for (const value of Array.isArray(values) ? values : [values]) {
      if (value !== undefined && value !== '') parts.push(`${name}=${value}`);
    }
  }
  return parts.length ? `?${parts.join('&')}` : '';
}

export const explain: SubCommand = {
  name: 'explain',
  usage: 'POD',
  help: "Show the scheduler's last decision on a Pod: filters by node, scores by plug-in",
  flags: [{ name: 'namespace', short: 'n', value: 'NAME', help: "The Pod's namespace (default: default)" }],
  args: [1, 1],
  // eslint-disable-next-line require-yield
  *run({ targets, args, flags, line }) {
    const name = args[0].replace(/^pods?\//, '');
    const namespace = flags.namespace ?? 'default';
    const decision = targets.explain(`${namespace}/${name}`);
    if (!decision) {
      const pod = targets.client.of<Pod>('v1', 'pods').find(namespace, name);
      if (!pod) throw new SimError(`there is no pod ${JSON.stringify(name)} in namespace ${namespace}`);
      const node = pod.spec?.nodeName;
      throw new SimError(
        node
          ? `the running scheduler has no decision on pod ${name} (any more); it is on node ${node}`
          : `no running scheduler has looked at pod ${name}`,
      );
    }
    for (const text of decisionText(decision)) line(text);
  },
};

export function decisionText({ pod, result, node, message, filtered, scored }: Decision): string[] {
  const out = [
    `Pod ${pod}: ${result}${node ? (result === 'scheduled' ? ` on ${node}` : `, nominated to ${node}`) : ''}`,
  ];
  if (message) out.push(message);
  if (filtered.length) {
    const rows = filtered.map((refusal) => [refusal.node, refusal.plugin, refusal.reasons.join('; ')]);
    out.push('', ...table([['REFUSED', 'PLUGIN', 'REASON'], ...rows]));
  }
  const plugins = scored.length ? Object.keys(scored[0].plugins) : [];
  if (scored.length && plugins.length === 0)
    out.push('', `Feasible: ${scored.map((one) => one.node).join(', ')} (the only one, so nothing was scored)`);
  if (plugins.length) {
    const best = [...scored].sort((a, b) => b.total - a.total || (a.node < b.node ? -1 : 1));
    const rows = plugins.map((plugin) => [
      plugin,
      String(best[0].plugins[plugin].weight),
      ...best.map((one) => String(Math.round(one.plugins[plugin].score * 100) / 100)),
    ]);
    const total = ['TOTAL', '', ...best.map((one) => String(Math.round(one.total * 100) / 100))];
    out.push('', ...table([['SCORE', 'WEIGHT', ...best.map((one) => one.node)], ...rows, total]));
  }
  return out;
}
