// istioctl analyze: what in the cluster's configuration cannot work.

import type { KubeObject } from '../../api/types.ts';
import type { Co } from '../../sim/index.ts';
import { fullName, TRUST_DOMAIN } from '../types.ts';
import { CtlError, type Ctl } from './ctl.ts';

export function* analyze(ctl: Ctl): Co<void> {
  const every = ctl.flags.has('all-namespaces');
  const namespace = ctl.flags.get('namespace')?.[0] ?? (every ? '' : 'default');
  const kinds =
    'services,pods,virtualservices.networking.istio.io,destinationrules.networking.istio.io,serviceentries.networking.istio.io';
  const items: KubeObject[] = JSON.parse(yield* ctl.kubectl(['get', kinds, '-A', '-o', 'json'])).items;
  const namespaces: KubeObject[] = JSON.parse(yield* ctl.kubectl(['get', 'namespaces', '-o', 'json'])).items;
  const of = (kind: string) => items.filter((item) => item.kind === kind);
  const hosts = new Set(
    of('Service').map(({ metadata }) => `${metadata.name}.${metadata.namespace}.svc.${TRUST_DOMAIN}`),
  );
  for (const { spec } of of('ServiceEntry')) for (const host of spec.hosts) hosts.add(host);
  const subsets = new Set<string>();
  for (const { metadata, spec } of of('DestinationRule'))
    for (const { name } of spec.subsets ?? []) subsets.add(`${fullName(spec.host, metadata.namespace ?? '')}+${name}`);
  const messages: string[] = [];
  for (const { metadata, spec } of of('VirtualService')) {
    if (namespace && metadata.namespace !== namespace) continue;
    for (const { route = [] } of [...(spec.http ?? []), ...(spec.tcp ?? [])]) {
      for (const { destination } of route) {
        const host = fullName(destination.host, metadata.namespace ?? '');
        const what = `(VirtualService ${metadata.namespace}/${metadata.name})`;
        if (!hosts.has(host)) messages.push(`Error [IST0101] ${what} Referenced host not found: "${destination.host}"`);
        else if (destination.subset && !subsets.has(`${host}+${destination.subset}`))
          messages.push(
            `Error [IST0101] ${what} Referenced host+subset in destinationrule not found: "${destination.host}+${destination.subset}"`,
          );
      }
    }
  }
  for (const { metadata } of namespaces) {
    const { name = '', labels = {} } = metadata;
    if ((namespace && name !== namespace) || /^(kube-|istio-system$)/.test(name)) continue;
    if (!labels['istio-injection'] && !labels['istio.io/rev'] && !labels['istio.io/dataplane-mode'])
      messages.push(
        `Info [IST0102] (Namespace ${name}) The namespace is not enabled for Istio injection. Run 'kubectl label namespace ${name} istio-injection=enabled' to enable it, or 'kubectl label namespace ${name} istio-injection=disabled' to explicitly mark it as not needing injection.`,
      );
  }
  for (const text of messages) ctl.print(text);
  const where = namespace ? `namespace: ${namespace}` : 'all namespaces';
  if (!messages.length) return ctl.print(`\n✔ No validation issues found when analyzing ${where}.`);
  if (messages.some((text) => text.startsWith('Error')))
    throw new CtlError(
      `Analyzers found issues when analyzing ${where}.\nSee https://istio.io/v1.28/docs/reference/config/analysis for more information about causes and resolutions.`,
    );
}
