// What the sidecars of a CSI driver have in common: the client of their service account, the driver's socket, a log.

import { inClusterClient } from '../addons/in-cluster.ts';
import type { Handle } from '../apiserver/types.ts';
import { InformerFactory, type Client } from '../client/index.ts';
import { clock, untilSignal } from '../images/service.ts';
import type { Process, Program } from '../linux/index.ts';
import type { Co, Sim } from '../sim/index.ts';
import { readFlags } from './flags.ts';
import { call, RpcError, socketPath, type Message } from '../linux/grpc.ts';

/** How often a driver that does not answer yet is tried. */
const CONNECT_MS = 1000;

export interface Sidecar {
  sim: Sim;
  client: Client;
  informers: InformerFactory;
  process: Process;
  flags: Readonly<Record<string, string>>;
  /** The driver's name, as it says itself. */
  driver: string;
  rpc(method: string, request: Message): Co<Message>;
  log(where: string, text: string, level?: 'I' | 'W' | 'E'): void;
}

/** `begin` starts the work and gives back how to stop it. */
export const sidecar = (
  name: string,
  handle: Handle,
  begin: (sidecar: Sidecar) => { stop(): void },
  more: Readonly<Record<string, string>> = {},
): Program =>
  function* (process): Co<number> {
    const { sim, fs } = process.host;
    const log = (where: string, text: string, level = 'I') =>
      void process.stderr.write(`${level}${clock(process).klog.slice(1)}       1 ${where}] ${text}\n`);
    const flags = readFlags(process, { '--csi-address': '/run/csi/socket', '--v': '0', ...more });
    if (!flags) return 2;
    const client = inClusterClient(process, handle, name);
    if (!client) {
      const missing = 'open /var/run/secrets/kubernetes.io/serviceaccount/token: no such file or directory';
      log('main.go:160', `Failed to create config: ${missing}`, 'E');
      return 1;
    }
    const address = socketPath(flags['--csi-address']);
    const rpc = (method: string, request: Message) => call(fs, address, method, request);
    let driver = '';
    for (let told = false; driver === '';) {
      try {
        const answer = yield* rpc('Identity/GetPluginInfo', {});
        driver = answer.name as string;
      } catch (error) {
        if (!(error instanceof RpcError)) throw error;
        if (!told) log('connection.go:253', `"Still connecting" address="unix://${address}"`, 'W');
        told = true;
        yield CONNECT_MS;
      }
    }
    log('main.go:214', `CSI driver name: "${driver}"`);
    const informers = new InformerFactory(client);
    const running = begin({ sim, client, informers, process, flags, driver, rpc, log });
    try {
      yield* untilSignal(process);
      return 0;
    } finally {
      running.stop();
      informers.stop();
    }
  };

const MODES: Readonly<Record<string, string>> = {
  ReadWriteOnce: 'SINGLE_NODE_WRITER',
  ReadWriteOncePod: 'SINGLE_NODE_SINGLE_WRITER',
  ReadOnlyMany: 'MULTI_NODE_READER_ONLY',
  ReadWriteMany: 'MULTI_NODE_MULTI_WRITER',
};
/** Of several modes the one that is told to the driver: the widest. */
const WIDEST = ['ReadWriteMany', 'ReadWriteOnce', 'ReadOnlyMany', 'ReadWriteOncePod'];

/** What a volume of these modes must be capable of. */
export function capability(
  modes: readonly string[] = [],
  volumeMode = 'Filesystem',
  fsType?: string,
  mountOptions?: readonly string[],
): Message {
  const mode =
    modes.includes('ReadOnlyMany') && modes.includes('ReadWriteOnce')
      ? 'ReadOnlyMany'
      : (WIDEST.find((one) => modes.includes(one)) ?? 'ReadWriteOnce');
  return {
    access_mode: { mode: MODES[mode] },
    ...(volumeMode === 'Block'
      ? { block: {} }
      : { mount: { ...(fsType && { fs_type: fsType }), ...(mountOptions?.length && { mount_flags: mountOptions }) } }),
  };
}

export const capabilities = (modes: readonly string[] = [], volumeMode?: string, fsType?: string): Message[] =>
  modes.map((mode) => capability([mode], volumeMode, fsType));
