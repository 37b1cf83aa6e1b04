// What the runtime finds when it sets up a Pod's network: the configuration of the plug-ins and their programs.

import type { Pod } from '../api/types.ts';
import { type FileSystem, type NetworkNamespace, watched } from '../linux/index.ts';
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
  /** Wires a Pod up under its addresses; `subnet` is the node's range. */
  attach(node: NetworkNamespace, pod: NetworkNamespace, owner: Pod, ips: readonly string[], subnet: string): void;
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

const FLANNEL: PodNetwork = {
  called: CALLED,
  full: 'plugin type="flannel" failed (add): failed to delegate add: failed to allocate for range 0: no IP addresses available in range set',
  attach: attachPod,
};
/** By the text of a configuration. */
const known = new Map<string, PodNetwork | string>([[FLANNEL_CONFLIST, FLANNEL]]);

/** What a configuration makes; a text when it cannot be followed. */
function networkOf(text = FLANNEL_CONFLIST): PodNetwork | string {
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

/** Reads the first configuration by name; undefined when there is none. */
function firstFile(fs: FileSystem): (() => string) | undefined {
  const dir = fs.look(CONF_DIR);
  const name = dir?.kind === 'dir' && dir.names().find((one) => /\.(conf|conflist|json)$/.test(one));
  if (!name) return undefined;
  const file = dir.peek(name);
  // Of a link nobody tells when it leads elsewhere.
  return file?.kind === 'file' ? () => file.text : () => fs.readFile(`${CONF_DIR}/${name}`);
}

/** The first of the programs that is missing, as the runtime says it. */
function missing(fs: FileSystem, { called }: PodNetwork): string | undefined {
  const programs = fs.look(BIN_DIR);
  for (const [name, by] of called) {
    if (programs?.kind !== 'dir' || !programs.peek(name))
      return `${by}failed to find plugin ${JSON.stringify(name)} in path [${BIN_DIR}]`;
  }
  return undefined;
}

/** How things stand, as the kubelet asks for it, and what that follows from. */
function stateOf(fs: FileSystem, text: string | undefined, own: PodNetwork | undefined) {
  const told = own ?? networkOf(text);
  const network = typeof told === 'string' ? FLANNEL : told;
  return {
    configured: own !== undefined || text !== undefined,
    problem: typeof told === 'string' ? told : missing(fs, told),
    subnet: network.subnet,
    full: network.full,
    unready: own?.unready,
    network,
    text,
    own,
  };
}

/** What a kubelet is told of the network of its machine; `builtIn`: plug-ins that no configuration names. */
export function runtimeNetwork(fs: FileSystem, net: NetworkNamespace, builtIn?: PodNetwork) {
  const files = watched(fs, [CONF_DIR, BIN_DIR], () => ({
    first: firstFile(fs),
    last: undefined as ReturnType<typeof stateOf> | undefined,
  }));
  const state = () => {
    const at = files();
    const { last } = at;
    const text = at.first?.();
    const own = builtIn?.chosen?.(fs) ? builtIn : undefined;
    return last && last.text === text && last.own === own ? last : (at.last = stateOf(fs, text, own));
  };
  return {
    plugins: state,
    setupNetwork: (pod: NetworkNamespace, owner: Pod, ips: readonly string[], subnet: string) =>
      state().network.attach(net, pod, owner, ips, subnet),
  };
}
