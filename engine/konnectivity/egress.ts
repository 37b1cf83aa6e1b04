// The API server's side: an EgressSelectorConfiguration, and connections through the socket that it names.

import type { Egress } from '../apiserver/egress.ts';
import { FileNode, type Process } from '../linux/index.ts';
import { part } from '../parts/index.ts';
import { unixListeners, type Server } from './tunnel.ts';

interface Selection {
  name?: string;
  connection?: {
    proxyProtocol?: string;
    transport?: { uds?: { udsName?: string }; tcp?: object };
  };
}

const VERSIONS = ['apiserver.k8s.io/v1beta1', 'apiserver.k8s.io/v1alpha1'];
const NAMES = ['controlplane', 'etcd', 'cluster', 'master'];

/** The file of --egress-selector-config-file: the way into the cluster (undefined: directly), or what is wrong with it. */
export function readEgressSelector(process: Process, path: string): Egress | undefined | { reason: string } {
  const { fs } = process.host;
  const unread = (why: string) => ({
    reason: `failed to read egress selector config: unable to read egress selector configuration from "${path}" [${why}]`,
  });
  if (fs.find(path)?.kind !== 'file') return unread(`open ${path}: no such file or directory`);
  const document = part('yaml').parseDocument(fs.readFile(path), { schema: 'core' });
  if (document.errors.length) return unread(`yaml: ${document.errors[0].message.split('\n')[0]}`);
  const { apiVersion, kind, egressSelections } = (document.toJS() ?? {}) as {
    apiVersion?: string;
    kind?: string;
    egressSelections?: Selection[];
  };
  if (kind !== 'EgressSelectorConfiguration' || !VERSIONS.includes(apiVersion ?? ''))
    return unread(`no kind "${kind}" is registered for version "${apiVersion}"`);
  const invalid = (why: string) => ({ reason: `failed to validate egress selector configuration: ${why}` });
  let way: Egress | undefined;
  for (const { name = '', connection: { proxyProtocol, transport } = {} } of egressSelections ?? []) {
    if (!NAMES.includes(name.toLowerCase()))
      return { reason: `failed to setup egress selector: unrecognized service name ${name}` };
    if (proxyProtocol === 'Direct') continue;
    const uds = transport?.uds?.udsName;
    if (proxyProtocol === 'HTTPConnect' || name !== 'cluster') {
      return { reason: `proxyProtocol ${proxyProtocol} for the egress ${name} is not modelled by this engine` };
    }
    if (proxyProtocol !== 'GRPC') {
      const choices = 'supported values: "Direct", "GRPC", "HTTPConnect"';
      return invalid(`connection.protocol: Unsupported value: "${proxyProtocol ?? ''}": ${choices}`);
    }
    if (!uds) return invalid('connection.transport.uds: Required value: UDS transport must be specified for GRPC');
    way = throughSocket(process, uds);
  }
  return way;
}

/** Through the server that listens on a Unix socket, as the API server's container sees it. */
function throughSocket(process: Process, path: string): Egress {
  const server = (): Server | string => {
    const file = process.host.fs.find(path);
    const listening = file instanceof FileNode && unixListeners.get(file);
    if (listening) return listening;
    const why = file ? 'connection refused' : 'no such file or directory';
    return `rpc error: code = Unavailable desc = connection error: desc = "transport: Error while dialing: dial unix ${path}: connect: ${why}"`;
  };
  return {
    reach(ip, port) {
      const to = server();
      return typeof to === 'string' ? to : to.reach(ip, port);
    },
    *connect(ip, port, timeout) {
      const to = server();
      return typeof to === 'string' ? to : yield* to.connect(ip, port, timeout);
    },
    way(ip) {
      const to = server();
      const selected = {
        where: process.host.net.name,
        by: 'kube-apiserver',
        text: `egress selector: cluster goes by GRPC through ${path}`,
      };
      if (typeof to === 'string') return { passages: [selected], from: undefined, error: to };
      const way = to.way(ip);
      return { ...way, passages: [selected, ...way.passages] };
    },
  };
}
