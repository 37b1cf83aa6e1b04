// What the runtime finds when it sets up a Pod's network: the configuration of the plug-ins and their programs.

import type { FileSystem } from '../linux/index.ts';

const CONF_DIR = '/etc/cni/net.d';
const BIN_DIR = '/opt/cni/bin';
const FILE = '10-flannel.conflist';

const CONFLIST = {
  name: 'cbr0',
  cniVersion: '0.3.1',
  plugins: [
    { type: 'flannel', delegate: { hairpinMode: true, isDefaultGateway: true } },
    { type: 'portmap', capabilities: { portMappings: true } },
  ],
};
const TEXT = `${JSON.stringify(CONFLIST, undefined, 2)}\n`;

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

/** The files of a node's network plug-ins. */
export function cniFiles(): Record<string, string> {
  const files: Record<string, string> = { [`${CONF_DIR}/${FILE}`]: TEXT };
  for (const name of [...CALLED.map(([plugin]) => plugin), ...OTHERS]) files[`${BIN_DIR}/${name}`] = '\x7fELF';
  return files;
}

/** The first configuration by name; undefined when there is none. */
function configuration(fs: FileSystem): string | undefined {
  const dir = fs.find(CONF_DIR);
  const name = dir?.kind === 'dir' && dir.names().find((one) => /\.(conf|conflist|json)$/.test(one));
  return name ? fs.readFile(`${CONF_DIR}/${name}`) : undefined;
}

/** Whether the runtime has a configuration at all: without one the node is not ready. */
export const isConfigured = (fs: FileSystem): boolean => configuration(fs) !== undefined;

/** Why the plug-ins cannot wire a Pod up; undefined when they can. */
export function pluginProblem(fs: FileSystem): string | undefined {
  const text = configuration(fs);
  if (text !== undefined && text !== TEXT) {
    let plugins: unknown;
    try {
      plugins = (JSON.parse(text) as { plugins?: unknown }).plugins;
    } catch {
      plugins = undefined;
    }
    if (JSON.stringify(plugins) !== JSON.stringify(CONFLIST.plugins)) {
      return `of network plug-ins this engine models flannel as it is installed, not what ${CONF_DIR} says now`;
    }
  }
  const programs = fs.find(BIN_DIR);
  for (const [name, by] of CALLED) {
    if (programs?.kind !== 'dir' || !programs.peek(name))
      return `${by}failed to find plugin ${JSON.stringify(name)} in path [${BIN_DIR}]`;
  }
  return undefined;
}
