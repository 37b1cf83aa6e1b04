// kubeadm upgrade on a machine of a cluster that it has made.

import { utf8Base64 } from '../../api/base64.ts';
import type { Node, Pod } from '../../api/types.ts';
import { ApiError, type Client } from '../../client/index.ts';
import { ETCD_TAG } from '../../kubeadm/control-plane-manifests.ts';
import { NEWEST_PATCH, numbersOf } from '../../kubeadm/releases.ts';
import type { Kubelet } from '../../kubelet/index.ts';
import type { Process } from '../../linux/index.ts';
import { part } from '../../parts/index.ts';
import type { Co } from '../../sim/index.ts';
import { die, type Flags } from '../flags.ts';
import { readDocuments, textOf } from './documents.ts';
import { refuseMixed } from './node-registration.ts';
import { MANIFESTS, PKI, type Session } from './session.ts';
import { refuseFields } from './settings.ts';
import type { Document } from './types.ts';
import { upgradeDiff } from './upgrade-diff.ts';

const CONFIG = '/var/lib/kubelet/config.yaml';
/** What kubeadm renews before it replaces a component: names as it shows them, and files below pki. */
const COMPONENTS: readonly [component: string, renewed: readonly [string, string][]][] = [
  [
    'kube-apiserver',
    [
      ['apiserver', 'apiserver'],
      ['apiserver-kubelet-client', 'apiserver-kubelet-client'],
      ['front-proxy-client', 'front-proxy-client'],
      ['apiserver-etcd-client', 'apiserver-etcd-client'],
    ],
  ],
  ['kube-controller-manager', [['controller-manager.conf', '']]],
  ['kube-scheduler', [['scheduler.conf', '']]],
];
/** kubeadm: MaximumAllowedMinorVersionKubeletSkew. */
const KUBELET_SKEW = 3;
/** How long a component may take to come back. */
const TIMEOUT_MS = 300_000;

export const UPGRADE_FLAGS = {
  'api-server-manifest': 'string',
  'certificate-renewal': 'bool',
  config: 'string',
  'context-lines': 'string',
  'controller-manager-manifest': 'string',
  'dry-run': 'bool',
  'etcd-upgrade': 'bool',
  kubeconfig: 'string',
  patches: 'string',
  'scheduler-manifest': 'string',
  'skip-phases': 'string',
  yes: 'bool',
} as const;

export function* upgrade(session: Session, flags: Flags): Co<number> {
  const [, sub = '', argument] = flags.args;
  const { process, targets, kubelet, version } = session;
  if (!['plan', 'apply', 'diff', 'node'].includes(sub))
    return session.fail(
      sub
        ? `invalid subcommand: ${JSON.stringify(sub)}`
        : 'missing subcommand; "upgrade" is not meant to be run on its own',
    );
  const document = upgradeConfiguration(session, flags, sub);
  const target = argument ?? (document.kubernetesVersion as string | undefined);
  if (sub === 'diff') return yield* upgradeDiff(session, flags, target, document);
  const renews = flags.string('certificate-renewal') !== 'false' && document.certificateRenewal !== false;
  const upgrading = new Upgrade(process, targets.client, kubelet, version, renews);
  const words = flags.args.slice(2);
  if (sub === 'node' && words.join(' ') === 'phase kubelet-config') return yield* upgrading.nodeKubelet();
  session.refuseWords(`upgrade ${sub}`, sub === 'node' || words[0] === 'phase' ? words : words.slice(1));
  if (sub === 'plan') return upgrading.plan();
  if (sub === 'node') return yield* upgrading.node();
  return yield* upgrading.apply(target ?? version, flags.bool('yes') || document.forceUpgrade === true);
}

/** The part of a file that is about one command; an empty one without a file. */
function upgradeConfiguration(session: Session, flags: Flags, sub: string): Document {
  for (const name of ['dry-run', 'patches', 'skip-phases']) {
    const value = flags.string(name);
    if (value && value !== 'false') session.fail(`kubeadm upgrade ${sub} --${name} is not modelled by this engine`);
  }
  const path = flags.string('config');
  if (path === undefined) return {};
  const documents = readDocuments(session, textOf(session, path));
  const whole = documents.get('UpgradeConfiguration');
  if (!whole) return session.fail(`no UpgradeConfiguration found in config file ${JSON.stringify(path)}`);
  refuseMixed(session, flags);
  const document = (whole[sub] ?? {}) as Document;
  refuseFields(session, 'UpgradeConfiguration', whole, {
    [`${sub}.dryRun`]: [false],
    [`${sub}.patches.directory`]: [],
    [`${sub}.skipPhases`]: [],
    [`${sub}.printConfig`]: [false],
  });
  return document;
}

class Upgrade {
  private readonly process: Process;
  private readonly client: Client;
  private readonly kubelet: Kubelet;
  /** Of kubeadm itself. */
  private readonly version: string;
  /** Whether certificates are made anew. */
  private readonly renews: boolean;

  constructor(process: Process, client: Client, kubelet: Kubelet, version: string, renews: boolean) {
    this.process = process;
    this.client = client;
    this.kubelet = kubelet;
    this.version = version;
    this.renews = renews;
  }

  private say(...lines: string[]) {
    for (const line of lines) this.process.stdout.write(`${line}\n`);
  }

  private get isControlPlane(): boolean {
    return this.kubelet.machine.fs.exists(`${MANIFESTS}/kube-apiserver.yaml`);
  }

  private get nodes(): Node[] {
    return this.client.of<Node>('v1', 'nodes', false).list('');
  }

  private get config() {
    return this.client.of('v1', 'configmaps').get('kube-system', 'kubeadm-config') as unknown as {
      data: Record<string, string>;
    };
  }

  /** What kubeadm remembers of the cluster. */
  private get clusterVersion(): string {
    return /^kubernetesVersion: (.*)$/m.exec(this.config.data.ClusterConfiguration)?.[1] ?? '';
  }

  /** The images of the control plane's Pods on a node, by component. */
  private running(node: string, component: string): string {
    const pod = this.client.of<Pod>('v1', 'pods').find('kube-system', `${component}-${node}`);
    return pod?.spec?.containers?.[0]?.image?.split(':')[1] ?? '';
  }

  // ---- plan ----------------------------------------------------------------------------------------------------

  plan(): number {
    const { nodes, clusterVersion, version } = this;
    const { minor } = numbersOf(clusterVersion);
    this.say(
      '[preflight] Running pre-flight checks.',
      '[upgrade/config] Reading configuration from the "kubeadm-config" ConfigMap in namespace "kube-system"...',
      "[upgrade/config] Use 'kubeadm init phase upload-config kubeadm --config your-config-file' to re-upload it.",
      '[upgrade] Running cluster health checks',
      '[upgrade] Fetching available versions to upgrade to',
      `[upgrade/versions] Cluster version: ${clusterVersion.slice(1)}`,
      `[upgrade/versions] kubeadm version: ${version}`,
    );
    const own = numbersOf(version).minor;
    const stable = `v1.${own}.${NEWEST_PATCH[own]}`;
    const latest = `v1.${minor}.${NEWEST_PATCH[minor] ?? numbersOf(clusterVersion).patch}`;
    this.say(
      `[upgrade/versions] Target version: ${stable}`,
      `[upgrade/versions] Latest version in the v1.${minor} series: ${latest}`,
      '',
    );
    if (own > minor + 1) {
      return die(
        this.process,
        `[upgrade/versions] FATAL: this version of kubeadm only supports deploying clusters with the control plane version >= 1.${own - 1}.0. Current version: ${clusterVersion}`,
      );
    }
    const choices: [string, string][] = [];
    if (latest !== clusterVersion) choices.push([latest, `version in the v1.${minor} series`]);
    if (own > minor) choices.push([stable, 'stable version']);
    if (choices.length === 0) this.say("Awesome, you're up-to-date! Enjoy!");
    for (const [target, description] of choices) this.choice(nodes, clusterVersion, target, description);
    return 0;
  }

  private choice(nodes: Node[], from: string, to: string, description: string) {
    const control = nodes
      .map(({ metadata }) => metadata.name ?? '')
      .filter((name) => this.running(name, 'kube-apiserver'));
    const rows = ['kube-apiserver', 'kube-controller-manager', 'kube-scheduler'].flatMap((component) =>
      control.map((name) => [component, name, this.running(name, component), to]),
    );
    const kubelets = nodes.map((node) => [
      'kubelet',
      node.metadata.name ?? '',
      node.status?.nodeInfo?.kubeletVersion ?? '',
      to,
    ]);
    const proxy = this.client.of('apps/v1', 'daemonsets').find('kube-system', 'kube-proxy') as unknown as Pod & {
      spec: { template: Pod };
    };
    const dns = this.client.of('apps/v1', 'deployments').find('kube-system', 'coredns') as unknown as typeof proxy;
    const tag = (object: typeof proxy) => object?.spec.template.spec?.containers?.[0]?.image?.split(':')[1] ?? '';
    this.say(
      "Components that must be upgraded manually after you have upgraded the control plane with 'kubeadm upgrade apply':",
      table([['COMPONENT', 'NODE', 'CURRENT', 'TARGET'], ...kubelets]),
      `Upgrade to the latest ${description}:`,
      '',
      table([
        ['COMPONENT', 'NODE', 'CURRENT', 'TARGET'],
        ...rows,
        ['kube-proxy', '', tag(proxy).slice(1) || from.slice(1), to],
        ['CoreDNS', '', tag(dns), tag(dns)],
        ...control.map((name) => ['etcd', name, this.running(name, 'etcd'), ETCD_TAG]),
      ]),
      'You can now apply the upgrade by executing the following command:',
      '',
      `\tkubeadm upgrade apply ${to}`,
      '',
      `${'_'.repeat(69)}`,
      '',
    );
  }

  // ---- apply ---------------------------------------------------------------------------------------------------

  *apply(target: string, yes: boolean): Co<number> {
    if (!/^v1\.\d+\.\d+$/.test(target)) die(this.process, `couldn't parse version ${target}`);
    if (!this.isControlPlane) {
      die(this.process, 'error: couldn\'t create a Kubernetes client from file "/etc/kubernetes/admin.conf"');
    }
    const { clusterVersion } = this;
    this.reading();
    this.say(
      '[upgrade/preflight] Running preflight checks',
      '[upgrade] Running cluster health checks',
      `[upgrade/preflight] You have chosen to upgrade the cluster version to "${target}"`,
      `[upgrade/versions] Cluster version: ${clusterVersion}`,
      `[upgrade/versions] kubeadm version: ${this.version}`,
    );
    const wrong = this.refusals(clusterVersion, target);
    if (wrong.length) {
      const list = wrong.map((text) => `\t- ${text}\n`).join('');
      die(
        this.process,
        `[upgrade/version] FATAL: the --version argument is invalid due to these fatal errors:\n\n${list}\nPlease fix the misalignments highlighted above and try upgrading again\nTo see the stack trace of this error execute with --v=5 or higher`,
      );
    }
    if (!yes) die(this.process, 'questions are not modelled by this engine; use --yes');
    this.say(
      '[upgrade/preflight] Pulling images required for setting up a Kubernetes cluster',
      '[upgrade/preflight] This might take a minute or two, depending on the speed of your internet connection',
      "[upgrade/preflight] You can also perform this action beforehand using 'kubeadm config images pull'",
    );
    yield 5000;
    yield* this.controlPlane(target);
    this.remember(target);
    yield* this.kubeletConfig();
    this.say(
      '[addons] Applied essential addon: CoreDNS',
      '[addons] Applied essential addon: kube-proxy',
      '',
      `[upgrade] SUCCESS! A control plane node of your cluster was upgraded to "${target}".`,
      '',
      '[upgrade] Now please proceed with upgrading the rest of the nodes by following the right order.',
    );
    return 0;
  }

  private reading() {
    this.say(
      '[upgrade] Reading configuration from the "kubeadm-config" ConfigMap in namespace "kube-system"...',
      "[upgrade] Use 'kubeadm init phase upload-config kubeadm --config your-config-file' to re-upload it.",
    );
  }

  /** The rules on what may follow what. */
  private refusals(from: string, to: string): string[] {
    const [cluster, wanted, own] = [numbersOf(from), numbersOf(to), numbersOf(this.version)];
    const list: string[] = [];
    if (wanted.minor > cluster.minor + 1)
      list.push(
        `Specified version to upgrade to "${to}" is too high; kubeadm can upgrade only 1 minor version at a time`,
      );
    if (wanted.minor < cluster.minor - 1)
      list.push(
        `Specified version to downgrade to "${to}" is too low; kubeadm can downgrade only 1 minor version at a time`,
      );
    if (wanted.minor > own.minor)
      list.push(
        `Specified version to upgrade to "${to}" is at least one minor release higher than the kubeadm minor release (${wanted.minor} > ${own.minor}). Such an upgrade is not supported`,
      );
    else if (wanted.minor === own.minor && wanted.patch > own.patch)
      list.push(
        `Specified version to upgrade to "${to}" is higher than the kubeadm version "${this.version}". Upgrade kubeadm first using the tool you used to install kubeadm`,
      );
    if (own.minor > wanted.minor)
      list.push(`Kubeadm version ${this.version} can only be used to upgrade to Kubernetes version 1.${own.minor}`);
    const versions = this.nodes.map((node) => node.status?.nodeInfo?.kubeletVersion ?? '');
    const old = [...new Set(versions)].filter((version) => wanted.minor > numbersOf(version).minor + KUBELET_SKEW);
    if (old.length)
      list.push(`There are kubelets in this cluster that are too old that have these versions [${old.join(' ')}]`);
    return list;
  }

  /** Replaces the manifests one by one, and waits for each new component. */
  private *controlPlane(target: string): Co {
    const { fs, hostname } = this.kubelet.machine;
    const stamp = this.stamp;
    const backup = `/etc/kubernetes/tmp/kubeadm-backup-manifests-${stamp}`;
    const fresh = `/etc/kubernetes/tmp/kubeadm-upgraded-manifests${this.process.host.sim.random('kubeadm').int(4_000_000_000)}`;
    this.say(
      `[upgrade/control-plane] Upgrading your static Pod-hosted control plane to version "${target}" (timeout: 5m0s)...`,
      `[upgrade/staticpods] Writing new Static Pod manifests to "${fresh}"`,
    );
    fs.mkdir(backup, { recursive: true });
    for (const [component, renewed] of COMPONENTS) {
      const path = `${MANIFESTS}/${component}.yaml`;
      const old = fs.readFile(path);
      const text = old.replace(new RegExp(`(image: .*/${component}):.*`), `$1:${target}`);
      if (text === old) continue;
      this.say(`[upgrade/staticpods] Preparing for "${component}" upgrade`);
      for (const [name, file] of this.renews ? renewed : []) {
        this.say(`[upgrade/staticpods] Renewing ${name} certificate`);
        this.renew(name, file);
      }
      fs.writeFile(`${backup}/${component}.yaml`, old);
      fs.writeFile(path, text);
      this.say(
        `[upgrade/staticpods] Moving new manifest to "${path}" and backing up old manifest to "${backup}/${component}.yaml"`,
        '[upgrade/staticpods] Waiting for the kubelet to restart the component',
        '[upgrade/staticpods] This can take up to 5m0s',
      );
      if (!(yield* this.back(component, hostname, target))) {
        fs.writeFile(path, old);
        die(
          this.process,
          `[upgrade/apply] FATAL: couldn't upgrade control plane. kubeadm has tried to recover everything into the earlier state. Errors faced: static Pod hash for component ${component} on Node ${hostname} did not change after 5m0s`,
        );
      }
      const count = this.client
        .of<Pod>('v1', 'pods')
        .list('kube-system', { labelSelector: `component=${component}` }).length;
      this.say(
        `[apiclient] Found ${count} Pods for label selector component=${component}`,
        `[upgrade/staticpods] Component "${component}" upgraded successfully!`,
      );
    }
    this.say('[upgrade/control-plane] The control plane instance for this node was successfully upgraded!');
  }

  /** Waits until the API shows the component's Pod with the new image, ready. */
  private *back(component: string, node: string, target: string): Co<boolean> {
    const { sim } = this.process.host;
    const until = sim.now + TIMEOUT_MS;
    while (sim.now < until) {
      yield 1000;
      const current = this.kubelet.container('kube-system', `${component}-${node}`, component);
      if (current?.config.image.version !== target || current.state !== 'running') continue;
      try {
        const pod = this.client.of<Pod>('v1', 'pods').find('kube-system', `${component}-${node}`);
        const ready = pod?.status?.conditions?.find(({ type }) => type === 'Ready')?.status === 'True';
        if (ready && pod?.spec?.containers?.[0]?.image?.endsWith(`:${target}`)) return true;
      } catch (error) {
        if (!(error instanceof ApiError)) throw error;
      }
    }
    return false;
  }

  private get stamp(): string {
    return new Date(this.process.host.sim.now).toISOString().slice(0, 19).replace(/[T:]/g, '-');
  }

  private renew(name: string, file: string) {
    const { fs, hostname, net } = this.kubelet.machine;
    const about = { hostname, ip: net.addresses[0], made: this.process.host.sim.now - 300_000 };
    const make = (stem: string) => part('pki').clusterFile(stem, about);
    if (file) fs.writeFile(`${PKI}/${file}.crt`, make(`${file}.crt`));
    else {
      const path = `/etc/kubernetes/${name}`;
      const fresh = utf8Base64(make(`${name.replace('.conf', '')}.crt`));
      fs.writeFile(path, fs.readFile(path).replace(/(client-certificate-data: ).*/, `$1${fresh}`));
    }
  }

  /** Notes the new version, and gives kube-proxy its new image. */
  private remember(target: string) {
    const { data } = this.config;
    const text = data.ClusterConfiguration.replace(/^kubernetesVersion: .*$/m, `kubernetesVersion: ${target}`);
    this.client
      .of('v1', 'configmaps')
      .patch('kube-system', 'kubeadm-config', 'merge', { data: { ClusterConfiguration: text } });
    const containers = [{ name: 'kube-proxy', image: `registry.k8s.io/kube-proxy:${target}` }];
    this.client
      .of('apps/v1', 'daemonsets')
      .patch('kube-system', 'kube-proxy', 'strategic', { spec: { template: { spec: { containers } } } });
    this.say(
      '[upload-config] Storing the configuration used in ConfigMap "kubeadm-config" in the "kube-system" Namespace',
      '[kubelet] Creating a ConfigMap "kubelet-config" in namespace kube-system with the configuration for the kubelets in the cluster',
      '[upgrade/kubeconfig] The kubeconfig files for this node were successfully upgraded!',
    );
  }

  // ---- node ----------------------------------------------------------------------------------------------------

  *node(): Co<number> {
    const target = this.clusterVersion;
    const { isControlPlane } = this;
    this.reading();
    this.say('[upgrade/preflight] Running pre-flight checks');
    if (numbersOf(this.version).minor < numbersOf(target).minor) {
      die(this.process, `the cluster is ${target} and kubeadm ${this.version}: upgrade kubeadm first`);
    }
    if (isControlPlane) {
      this.say('[upgrade/preflight] Pulling images required for setting up a Kubernetes cluster');
      yield 5000;
      yield* this.controlPlane(target);
      this.say('[upgrade/kubeconfig] The kubeconfig files for this node were successfully upgraded!');
    } else {
      this.say(
        '[upgrade/preflight] Skipping prepull. Not a control plane node.',
        '[upgrade/control-plane] Skipping phase. Not a control plane node.',
        '[upgrade/kubeconfig] Skipping phase. Not a control plane node.',
      );
    }
    yield* this.kubeletConfig();
    if (!isControlPlane) {
      this.say(
        '[upgrade/addon] Skipping the addon/coredns phase. Not a control plane node.',
        '[upgrade/addon] Skipping the addon/kube-proxy phase. Not a control plane node.',
      );
    }
    return 0;
  }

  *nodeKubelet(): Co<number> {
    this.reading();
    yield* this.kubeletConfig();
    return 0;
  }

  private *kubeletConfig(): Co {
    const { fs } = this.kubelet.machine;
    const config = this.client.of('v1', 'configmaps').get('kube-system', 'kubelet-config') as unknown as {
      data: Record<string, string>;
    };
    const backup = `/etc/kubernetes/tmp/kubeadm-kubelet-config-${this.stamp}`;
    fs.mkdir(backup, { recursive: true });
    if (fs.exists(CONFIG)) fs.writeFile(`${backup}/config.yaml`, fs.readFile(CONFIG));
    fs.writeFile(CONFIG, config.data.kubelet);
    yield 100;
    this.say(
      `[upgrade] Backing up kubelet config file to ${backup}/config.yaml`,
      `[kubelet-start] Writing kubelet configuration to file "${CONFIG}"`,
      '[upgrade/kubelet-config] The kubelet configuration for this node was successfully upgraded!',
    );
  }
}

/** Columns of at least ten characters with three spaces between them, and an empty line. */
function table(rows: readonly (readonly string[])[]): string {
  const widths = rows[0].map((_, column) => Math.max(10, ...rows.map((row) => row[column].length + 3)));
  return rows
    .map((row) => `${row.map((cell, at) => (at === row.length - 1 ? cell : cell.padEnd(widths[at]))).join('')}\n`)
    .join('');
}
