// What the runtime finds when it sets up a Pod's network: the configuration of the plug-ins and their programs.

import type { Pod } from '../api/types.ts';
import type { FileSystem, NetworkNamespace } from '../linux/index.ts';
import { part } from '../parts/index.ts';
import { attachPod } from './bridge.ts';

export const CONF_DIR = '/etc/cni/net.d';
export const BIN_DIR = '/opt/cni/bin';
const FILE = '10-flannel.conflist';

const CONFLIST = {
  name: 'cbr0',
  cniVersion: '0.3.1',
  plugins: [
    { type: 'flannel', delegate: { hairpinMode: true, isDefaultGateway: true } },
    { type: 'portmap', capabilities: { portMappings: true } },
  ],
};
export const FLANNEL_CONFLIST = `${JSON.stringify(CONFLIST, undefined, 2)}\n`;

/** Plug-ins in the order in which they are called, and how the runtime says that one is missing. */
const CALLED: readonly (readonly [name: string, by: string])[] = [
  ['loopback', ''],
  ['flannel', ''],
  ['bridge', 'plugin type="flannel" failed (add): failed to delegate add: '],
  ['host-local', 'plugin type="flannel" failed (add): failed to delegate add: '],
  ['portmap', ''],
];
/** What else the package of plug-ins brings. */
const OTHERS = 'bandwidth dhcp dummy firewall host-device ipvlan macvlan ptp sbr static tap tuning vlan vrf'.split(' ');

/** How Pods get their network on a node. */
export interface PodNetwork {
  /** Plug-ins in the order in which they are called, and how the runtime says that one is missing. */
  called: readonly (readonly [name: string, by: string])[];
  /** What is said when all addresses are taken. */
  full: string;
  /** The node's range, where the configuration says it and not the Node. */
  subnet?: string;
  /** Of one that is built into the kubelet: whether its flags choose it. */
  chosen?(fs: FileSystem): boolean;
  /** What the node says before it has a range; undefined: that nothing is configured. */
  unready?: string;
  /** Wires a Pod up; `subnet` is the node's range. */
  attach(node: NetworkNamespace, pod: NetworkNamespace, owner: Pod, subnet: string): void;
}

/** The plug-ins that the package kubernetes-cni brings. */
export function pluginFiles(): Record<string, string> {
  const files: Record<string, string> = {};
  for (const [name] of CALLED) if (name !== 'flannel') files[`${BIN_DIR}/${name}`] = '\x7fELF';
  for (const name of OTHERS) files[`${BIN_DIR}/${name}`] = '\x7fELF';
  return files;
}

/** The files of a node's network plug-ins, flannel's beside the others. */
export const cniFiles = (): Record<string, string> => ({
  [`${CONF_DIR}/${FILE}`]: FLANNEL_CONFLIST,
  [`${BIN_DIR}/flannel`]: '\x7fELF',
  ...pluginFiles(),
});

/** The first configuration by name; undefined when there is none. */
function configuration(fs: FileSystem): string | undefined {
  const dir = fs.look(CONF_DIR);
  const name = dir?.kind === 'dir' && dir.names().find((one) => /\.(conf|conflist|json)$/.test(one));
  if (!name) return undefined;
  // Asked for every Pod: a plain file's text is at hand without another walk.
  const file = dir.peek(name);
  return file?.kind === 'file' ? file.text : fs.readFile(`${CONF_DIR}/${name}`);
}

/** Whether the runtime has a configuration at all: without one the node is not ready. */
const isConfigured = (fs: FileSystem): boolean => configuration(fs) !== undefined;

const FLANNEL: PodNetwork = {
  called: CALLED,
  full: 'plugin type="flannel" failed (add): failed to delegate add: failed to allocate for range 0: no IP addresses available in range set',
  attach: attachPod,
};
/** By the text of a configuration. */
const known = new Map<string, PodNetwork | string>([[FLANNEL_CONFLIST, FLANNEL]]);

/** What the configuration of a node makes; a text when it cannot be followed. */
function networkOf(fs: FileSystem): PodNetwork | string {
  const text = configuration(fs) ?? FLANNEL_CONFLIST;
  let network = known.get(text);
  if (network === undefined) known.set(text, (network = read(text)));
  return network;
}

function read(text: string): PodNetwork | string {
  let plugins: { type: string }[] | undefined;
  try {
    plugins = (JSON.parse(text) as { plugins?: { type: string }[] }).plugins;
  } catch {
    plugins = undefined;
  }
  if (!plugins?.length) return `no plug-ins stand in what ${CONF_DIR} says`;
  if (JSON.stringify(plugins) === JSON.stringify(CONFLIST.plugins)) return FLANNEL;
  if (plugins[0].type !== 'flannel') return part('networks').readNetwork(plugins);
  return `of flannel this engine models the configuration that it is installed with, not what ${CONF_DIR} says now`;
}

/** Why the plug-ins cannot wire a Pod up; undefined when they can. */
export function pluginProblem(fs: FileSystem, network = networkOf(fs)): string | undefined {
  if (typeof network === 'string') return network;
  const programs = fs.look(BIN_DIR);
  for (const [name, by] of network.called) {
    if (programs?.kind !== 'dir' || !programs.peek(name))
      return `${by}failed to find plugin ${JSON.stringify(name)} in path [${BIN_DIR}]`;
  }
  return undefined;
}

/** What a kubelet is told of the network of its machine; `builtIn`: plug-ins that no configuration names. */
export function runtimeNetwork(fs: FileSystem, net: NetworkNamespace, builtIn?: PodNetwork) {
  const own = () => (builtIn?.chosen?.(fs) ? builtIn : undefined);
  const network = () => own() ?? networkOf(fs);
  const known = () => {
    const found = network();
    return typeof found === 'string' ? FLANNEL : found;
  };
  return {
    plugins: {
      configured: () => own() !== undefined || isConfigured(fs),
      problem: () => pluginProblem(fs, network()),
      subnet: () => known().subnet,
      full: () => known().full,
      unready: () => own()?.unready,
    },
    setupNetwork: (pod: NetworkNamespace, owner: Pod, subnet: string) => known().attach(net, pod, owner, subnet),
  };
}
