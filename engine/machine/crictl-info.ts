// crictl info: what the runtime says of itself, above all which network plug-ins it has loaded.

import type { Kubelet } from '../kubelet/index.ts';
import type { Process } from '../linux/index.ts';

const CONF_DIR = '/etc/cni/net.d';
const BIN_DIR = '/opt/cni/bin';

interface Plugin {
  type: string;
  [field: string]: unknown;
}

/** The configuration list as the runtime shows it, and its source. */
function network(text: string, source: string) {
  const list = JSON.parse(text) as { name?: string; cniVersion?: string; plugins?: Plugin[] };
  return {
    Config: {
      Name: list.name ?? '',
      CNIVersion: list.cniVersion ?? '',
      Plugins: (list.plugins ?? []).map((plugin) => ({ Network: plugin, Source: JSON.stringify(plugin) })),
      Source: source,
    },
    IFName: 'eth0',
  };
}

export function info(process: Process, kubelet: Kubelet): number {
  const { fs } = kubelet.machine;
  const file = fs.exists(CONF_DIR)
    ? fs
        .readdir(CONF_DIR)
        .filter((name) => /\.(conf|conflist|json)$/.test(name))
        .sort()[0]
    : undefined;
  const text = file === undefined ? undefined : fs.readFile(`${CONF_DIR}/${file}`);
  const loaded = text !== undefined;
  const failure = `cni config load failed: no network config found in ${CONF_DIR}: cni plugin not initialized: failed to load cni config`;
  const condition = {
    type: 'NetworkReady',
    status: loaded,
    reason: loaded ? '' : 'NetworkPluginNotReady',
    message: loaded ? '' : 'Network plugin returns error: cni plugin not initialized',
  };
  const answer = {
    cniconfig: {
      Networks: text === undefined ? [] : [network(text, text)],
      PluginConfDir: CONF_DIR,
      PluginDirs: [BIN_DIR],
      PluginMaxConfNum: 1,
      Prefix: 'eth',
    },
    config: {
      cni: {
        binDir: '',
        binDirs: [BIN_DIR],
        confDir: CONF_DIR,
        confTemplate: '',
        ipPref: '',
        maxConfNum: 1,
        setupSerially: false,
        useInternalLoopback: false,
      },
    },
    lastCNILoadStatus: loaded ? 'OK' : failure,
    status: {
      conditions: [{ type: 'RuntimeReady', status: true, reason: '', message: '' }, condition],
    },
  };
  process.stdout.write(`${JSON.stringify(answer, null, 2)}\n`);
  return 0;
}
