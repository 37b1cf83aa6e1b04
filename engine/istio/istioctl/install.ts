// istioctl install: which components a profile has, and the mesh's configuration.

import type { JsonObject, KubeObject } from '../../api/types.ts';
import type { Co } from '../../sim/index.ts';
import { part } from '../../parts/index.ts';
import { ambient } from '../install/ambient.ts';
import { base, gateway, istiod } from '../install/manifests.ts';
import { missing, type Shape } from '../install/kinds.ts';
import { ROOT_NAMESPACE, VERSION } from '../types.ts';
import { CtlError, type Ctl } from './ctl.ts';

type Component = 'istiod' | 'ingress' | 'egress' | 'ambient';

const PROFILES: Record<string, readonly Component[]> = {
  default: ['istiod', 'ingress'],
  demo: ['istiod', 'egress', 'ingress'],
  minimal: ['istiod'],
  ambient: ['istiod', 'ambient'],
};
const DEMO_MESH = { accessLogFile: '/dev/stdout' };

/** What of the mesh's configuration is modelled. */
const MESH: Shape = {
  accessLogFile: 1,
  enableTracing: 1,
  outboundTrafficPolicy: { mode: 1 },
  defaultConfig: { tracing: { sampling: 1 } },
  defaultProviders: { tracing: 1 },
  extensionProviders: { name: 1, opentelemetry: { service: 1, port: 1 } },
};

const DEFAULTS: JsonObject = {
  defaultConfig: { discoveryAddress: `istiod.${ROOT_NAMESPACE}.svc:15012` },
  defaultProviders: { metrics: ['prometheus'] },
  enablePrometheusMerge: true,
  rootNamespace: ROOT_NAMESPACE,
  trustDomain: 'cluster.local',
};

const merged = (a: JsonObject, b: JsonObject): JsonObject => {
  const out: JsonObject = { ...a };
  for (const name in b) {
    const both = [out[name], b[name]].every((one) => one && typeof one === 'object' && !Array.isArray(one));
    out[name] = both ? merged(out[name], b[name]) : b[name];
  }
  return out;
};

/** The operator's spec out of files and --set. */
function wanted(ctl: Ctl): { profile: string; meshConfig: JsonObject } {
  let spec: JsonObject = {};
  for (const path of ctl.flags.get('filename') ?? []) {
    const document = part('yaml').parseDocument(ctl.readFile(path)).toJS() as KubeObject | null;
    if (document?.kind !== 'IstioOperator') throw new CtlError(`${path}: an IstioOperator is expected`);
    spec = merged(spec, document.spec ?? {});
  }
  for (const text of ctl.flags.get('set') ?? []) {
    const [path, raw = ''] = [text.slice(0, text.indexOf('=')), text.slice(text.indexOf('=') + 1)];
    const value = raw === 'true' ? true : raw === 'false' ? false : /^\d+(\.\d+)?$/.test(raw) ? Number(raw) : raw;
    const nested = path.split('.').reduceRight<unknown>((inner, name) => ({ [name]: inner }), value);
    spec = merged(spec, nested as JsonObject);
  }
  const { profile = 'default', meshConfig = {}, ...rest } = spec;
  const [unknown] = Object.keys(rest);
  if (unknown)
    throw new CtlError(
      `spec.${unknown} is unknown, or is not modelled by this engine; there are profile and meshConfig`,
    );
  if (!PROFILES[profile])
    throw new CtlError(
      `unknown profile "${profile}", or one that is not modelled by this engine; there are ${Object.keys(PROFILES).join(', ')}`,
    );
  const problem = missing(meshConfig, MESH, 'meshConfig');
  if (problem) throw new CtlError(problem);
  return { profile, meshConfig };
}

export function* install(ctl: Ctl): Co<void> {
  const { profile, meshConfig } = wanted(ctl);
  if (!ctl.flags.has('skip-confirmation')) {
    ctl.process.stdout.write(
      `This will install the Istio ${VERSION} profile "${profile}" into the cluster. Proceed? (y/N) `,
    );
    const answer = (yield* ctl.process.stdin.read()) ?? '';
    if (!/^y(es)?\s*$/i.test(answer)) throw new CtlError('cancelled');
  }
  const components = PROFILES[profile];
  const mesh = merged(merged(DEFAULTS, profile === 'demo' ? DEMO_MESH : {}), meshConfig);
  yield* apply(ctl, base());
  yield* ctl.kubectl([
    'wait',
    '--for=condition=Established',
    'crd/virtualservices.networking.istio.io',
    'crd/wasmplugins.extensions.istio.io',
  ]);
  ctl.print('✔ Istio core installed ⛵️');
  yield* apply(ctl, istiod(part('kubectl').toYaml(mesh)));
  yield* ready(ctl, 'deployment/istiod');
  ctl.print('✔ Istiod installed 🧠');
  if (components.includes('ambient')) {
    const [cni, ztunnel] = ambient();
    yield* apply(ctl, cni);
    yield* ready(ctl, 'daemonset/istio-cni-node');
    ctl.print('✔ CNI installed 🪢');
    yield* apply(ctl, ztunnel);
    yield* ready(ctl, 'daemonset/ztunnel');
    ctl.print('✔ Ztunnel installed 🔒');
  }
  for (const way of ['egress', 'ingress'] as const) {
    if (!components.includes(way)) continue;
    yield* apply(ctl, gateway(`istio-${way}gateway`));
    yield* ready(ctl, `deployment/istio-${way}gateway`);
    ctl.print(way === 'ingress' ? '✔ Ingress gateways installed 🛬' : '✔ Egress gateways installed 🛫');
  }
  ctl.print('✔ Installation complete');
}

function* apply(ctl: Ctl, items: KubeObject[]): Co<void> {
  const list = JSON.stringify({ apiVersion: 'v1', kind: 'List', items });
  yield* ctl.kubectl(
    ['apply', '--server-side', '--force-conflicts', '--field-manager=istio-operator', '-f', '-'],
    list,
  );
}

const ready = (ctl: Ctl, what: string) =>
  ctl.kubectl(['rollout', 'status', '-n', ROOT_NAMESPACE, '--timeout=300s', what]);

export function* uninstall(ctl: Ctl): Co<void> {
  if (!ctl.flags.has('purge')) throw new CtlError('this engine models `istioctl uninstall --purge` only');
  if (!ctl.flags.has('skip-confirmation')) {
    ctl.process.stdout.write('All Istio resources will be pruned from the cluster\n\nProceed? (y/N) ');
    const answer = (yield* ctl.process.stdin.read()) ?? '';
    if (!/^y(es)?\s*$/i.test(answer)) throw new CtlError('cancelled');
  }
  const kinds = 'validatingwebhookconfigurations,mutatingwebhookconfigurations,clusterroles,clusterrolebindings';
  yield* ctl.kubectl(['delete', kinds, '-l', 'app.kubernetes.io/part-of=istio']);
  yield* ctl.kubectl([
    'delete',
    'deployments,daemonsets,services,serviceaccounts,configmaps',
    '-n',
    ROOT_NAMESPACE,
    '-l',
    'app.kubernetes.io/part-of=istio',
  ]);
  ctl.print('✔ Uninstall complete');
}
