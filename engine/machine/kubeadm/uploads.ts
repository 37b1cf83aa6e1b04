// The phases of kubeadm that write into the API: configuration, tokens, the node's mark and the add-ons.

import { DNS_DOMAIN, dnsServiceIP } from '../../addressing.ts';
import { coreDNSManifests } from '../../addons/coredns.ts';
import { kubeProxyManifests } from '../../addons/kube-proxy.ts';
import type { ConfigMap, KubeObject, Node, Taint } from '../../api/types.ts';
import { clusterInfo, kubeletConfiguration, uploadedConfig, type Uploaded } from '../../kubeadm/cluster-objects.ts';
import { CONTROL_PLANE_LABELS } from '../../kubeadm/control-plane-manifests.ts';
import { installedConfig } from '../../kubelet/index.ts';
import { hostPort, isAddress } from '../../linux/index.ts';
import { part } from '../../parts/index.ts';
import type { Co } from '../../sim/index.ts';
import { merged, toText } from './documents.ts';
import { HEALTH_MS, PKI, type Session } from './session.ts';
import { at, hostOf, REGISTRY, type ClusterSettings } from './settings.ts';
import { joinCommand, storeToken, type TokenOptions } from './token.ts';
import type { Document } from './types.ts';

/** kubeadm: KubernetesAPICall. */
const API_MS = 60_000;

/** Creates objects, or gives those that are there what they say now. */
export function upload(session: Session, objects: readonly Uploaded[]) {
  for (const [version, plural, object] of objects) {
    const { name = '', namespace = '' } = object.metadata;
    const api = session.admin.of<KubeObject>(version, plural, namespace !== '');
    const present = api.find(namespace, name);
    if (!present) api.create(namespace, object);
    else api.update(namespace, name, { ...present, ...object, metadata: { ...present.metadata, ...object.metadata } });
  }
}

const parsed = (text: string) => part('yaml').parseDocument(text, { schema: 'core' }).toJS() as Document;

/** The kubelets' configuration as the cluster keeps it, and as it is written on this machine. */
export function kubeletTexts({ kubelet, serviceCIDR }: ClusterSettings): { kept: string; installed: string } {
  const dns = dnsServiceIP(serviceCIDR);
  const texts = { kept: kubeletConfiguration(dns), installed: installedConfig(dns) };
  if (!kubelet) return texts;
  return {
    kept: toText(merged(parsed(texts.kept), kubelet)),
    installed: toText(merged(parsed(texts.installed), kubelet)),
  };
}

const objectsOf = (session: Session, settings: ClusterSettings) => {
  const { version, podCIDR, serviceCIDR, configuration } = settings;
  return {
    version,
    server: session.targets.controlPlane.server,
    ca: session.fs.readFile(`${PKI}/ca.crt`),
    podCIDR,
    serviceCIDR,
    configuration: toText(configuration),
    kubelet: kubeletTexts(settings).kept,
  };
};

/** Of a name the first address; whoever uses admin.conf goes to it. A text: why nothing is there. */
export function* unreachableEndpoint(session: Session, endpoint: string): Co<string | undefined> {
  const { host } = session.process;
  const name = hostOf(endpoint);
  const until = session.now + API_MS;
  for (;;) {
    let why: string;
    const addresses = isAddress(name) ? [name] : yield* host.resolve(name);
    if (!addresses?.length) why = `dial tcp: lookup ${name}: no such host`;
    else {
      const port = endpoint.slice(endpoint.lastIndexOf(':') + 1);
      const socket = yield* host.net.connect(addresses[0], Number(port), { timeout: 10_000 });
      if (typeof socket !== 'string') {
        socket.close();
        return undefined;
      }
      const words = socket === 'ECONNREFUSED' ? 'connect: connection refused' : 'i/o timeout';
      why = `dial tcp ${hostPort(addresses[0], port)}: ${words}`;
    }
    if (session.now >= until) return why;
    yield 500;
  }
}

export function* uploadClusterConfig(session: Session, settings: ClusterSettings): Co {
  const { endpoint } = settings;
  const why = endpoint === undefined ? undefined : yield* unreachableEndpoint(session, endpoint);
  if (why !== undefined)
    session.fail(
      `error execution phase upload-config/kubeadm: could not bootstrap the admin user in file admin.conf: unable to create ClusterRoleBinding: Post "https://${endpoint}/apis/rbac.authorization.k8s.io/v1/clusterrolebindings?timeout=10s": ${why}`,
    );
  upload(session, uploadedConfig(objectsOf(session, settings)).slice(0, 3));
  session.say(
    '[upload-config] Storing the configuration used in ConfigMap "kubeadm-config" in the "kube-system" Namespace',
  );
  yield 100;
}

export function* uploadKubeletConfig(session: Session, settings: ClusterSettings): Co {
  upload(session, uploadedConfig(objectsOf(session, settings)).slice(3));
  session.say(
    '[kubelet] Creating a ConfigMap "kubelet-config" in namespace kube-system with the configuration for the kubelets in the cluster',
  );
  yield 100;
}

export function* markControlPlane(session: Session, taints: readonly Taint[], phase: string): Co {
  const { hostname } = session.process.host;
  session.say(
    `[mark-control-plane] Marking the node ${hostname} as control-plane by adding the labels: [${Object.keys(CONTROL_PLANE_LABELS).join(' ')}]`,
  );
  if (taints.length) {
    const shown = taints.map(({ key, value, effect }) => `${key}${value ? `=${value}` : ''}:${effect}`);
    session.say(
      `[mark-control-plane] Marking the node ${hostname} as control-plane by adding the taints [${shown.join(' ')}]`,
    );
  }
  const nodes = session.admin.of<Node>('v1', 'nodes', false);
  const keys = new Set(taints.map(({ key, effect }) => `${key}:${effect}`));
  const marked = yield* session.poll(HEALTH_MS, () => {
    const node = nodes.get('', hostname);
    const others = (node.spec?.taints ?? []).filter(({ key, effect }) => !keys.has(`${key}:${effect}`));
    return nodes.patch('', hostname, 'strategic', {
      metadata: { labels: CONTROL_PLANE_LABELS },
      ...(taints.length && { spec: { taints: [...taints, ...others] } }),
    });
  });
  if (!marked) session.fail(`error execution phase ${phase}: nodes ${JSON.stringify(hostname)} not found`);
}

export function* bootstrapTokens(
  session: Session,
  settings: ClusterSettings,
  tokens: readonly TokenOptions[],
  isShown: boolean,
): Co {
  const names = tokens.map(({ token }) => token);
  if (isShown)
    session.say(
      names.length === 1
        ? `[bootstrap-token] Using token: ${names[0]}`
        : `[bootstrap-token] Using tokens: [${names.join(' ')}]`,
    );
  session.say(
    '[bootstrap-token] Configuring bootstrap tokens, cluster-info ConfigMap, RBAC Roles',
    '[bootstrap-token] Configured RBAC rules to allow Node Bootstrap tokens to get nodes',
    '[bootstrap-token] Configured RBAC rules to allow Node Bootstrap tokens to post CSRs in order for nodes to get long term certificate credentials',
    '[bootstrap-token] Configured RBAC rules to allow the csrapprover controller automatically approve CSRs from a Node Bootstrap Token',
    '[bootstrap-token] Configured RBAC rules to allow certificate rotation for all node client certificates in the cluster',
    '[bootstrap-token] Creating the "cluster-info" ConfigMap in the "kube-public" namespace',
  );
  for (const token of tokens) storeToken(session, { ...token, replaces: true });
  yield 100;
  upload(session, clusterInfo(objectsOf(session, settings)));
}

/** The add-ons' objects, by kind. */
const uploadManifests = (session: Session, objects: readonly KubeObject[]) =>
  upload(
    session,
    objects.map((object) => [object.apiVersion as string, `${object.kind.toLowerCase()}s`, object]),
  );

/** Images of the add-ons come from where the others do. */
function from<T>(registry: string, object: T): T {
  if (registry === REGISTRY) return object;
  const image = (text: string) => text.replace(REGISTRY, registry).replace('/coredns/', '/');
  return JSON.parse(JSON.stringify(object), (key, value: unknown) =>
    key === 'image' && typeof value === 'string' ? image(value) : value,
  ) as T;
}

// eslint-disable-next-line require-yield
export function* addCoreDNS(session: Session, { serviceCIDR, registry, configuration }: ClusterSettings): Co {
  if (at(configuration, 'dns.disabled') === true) return;
  const objects = coreDNSManifests({ domain: DNS_DOMAIN, address: dnsServiceIP(serviceCIDR) });
  uploadManifests(session, from(registry, objects));
  session.say('[addons] Applied essential addon: CoreDNS');
}

// eslint-disable-next-line require-yield
export function* addKubeProxy(session: Session, settings: ClusterSettings): Co {
  const { version, podCIDR, registry, configuration, kubeProxy } = settings;
  if (at(configuration, 'proxy.disabled') === true) return;
  const { server } = session.targets.controlPlane;
  const objects = kubeProxyManifests({ version, server, clusterCIDR: podCIDR, proxyMode: '' }).map((object) => {
    if (object.kind !== 'ConfigMap' || !kubeProxy) return object;
    const { data = {} } = object as ConfigMap;
    const text = toText(merged(parsed(data['config.conf']), kubeProxy));
    return { ...object, data: { ...data, 'config.conf': text } };
  });
  uploadManifests(session, from(registry, objects));
  session.say('[addons] Applied essential addon: kube-proxy');
}

/** What to run on further machines. `certificateKey`: with which the shared certificates were uploaded. */
export function joinCommands(
  session: Session,
  { endpoint }: ClusterSettings,
  token: string,
  certificateKey: string | undefined,
  isKeyShown: boolean,
): string[] {
  const command = joinCommand(session, token, '\n\t');
  const lines: string[] = [];
  if (endpoint && certificateKey !== undefined)
    lines.push(
      'You can now join any number of control-plane nodes running the following command on each as root:',
      '',
      `  ${command}\\`,
      `\t--control-plane --certificate-key ${isKeyShown ? certificateKey : '<value withheld>'}`,
      '',
      'Please note that the certificate-key gives access to cluster sensitive data, keep it secret!',
      'As a safeguard, uploaded-certs will be deleted in two hours; If necessary, you can use',
      '"kubeadm init phase upload-certs --upload-certs" to reload certs afterward.',
      '',
    );
  else if (endpoint)
    lines.push(
      'You can now join any number of control-plane nodes by copying certificate authorities',
      'and service account keys on each node and then running the following as root:',
      '',
      `  ${command}\\`,
      '\t--control-plane ',
      '',
    );
  return [
    ...lines,
    'Then you can join any number of worker nodes by running the following on each as root:',
    '',
    command,
  ];
}
