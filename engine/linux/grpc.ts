// gRPC over UNIX sockets, as plug-ins of the kubelet use it: a socket is a file that two programs share, and calls reach
// the program that made it while that runs.

import type { FileSystem } from './fs.ts';
import { FileNode } from './nodes.ts';
import type { Process } from './types.ts';
import type { Co } from '../sim/index.ts';

/** A call's way over the socket, ms. */
const CALL_MS = 1;

export type Message = Readonly<Record<string, unknown>>;
/** Answers a call; throws RpcError. */
export type Handler = (method: string, request: Message) => Co<Message>;

export class RpcError extends Error {
  readonly code: string;
  constructor(code: string, text: string) {
    super(`rpc error: code = ${code} desc = ${text}`);
    this.code = code;
  }
}

interface Server {
  process: Process;
  handler: Handler;
}

/** Who listens behind a socket's file. */
const servers = new WeakMap<FileNode, Server>();

/** Makes the socket; one that is there from before is replaced. */
export function listen(process: Process, path: string, handler: Handler) {
  const { fs, sim } = process.host;
  const file = new FileNode('', { mode: 0o755, mtime: sim.now });
  servers.set(file, { process, handler });
  fs.mkdir(path.slice(0, path.lastIndexOf('/')), { recursive: true });
  if (fs.exists(path)) fs.remove(path);
  fs.put(path, file);
}

export function* call(fs: FileSystem, path: string, method: string, request: Message): Co<Message> {
  const node = fs.find(path);
  const server = node?.kind === 'file' ? servers.get(node) : undefined;
  const why = !node ? 'no such file or directory' : server?.process.status === undefined ? '' : 'connection refused';
  if (!server || why) {
    const reason = why || 'connection refused';
    throw new RpcError(
      'Unavailable',
      `connection error: desc = "transport: Error while dialing: dial unix ${path}: connect: ${reason}"`,
    );
  }
  yield CALL_MS;
  return yield* server.handler(method, request);
}

/** `unix:/csi/csi.sock`, `unix:///csi/csi.sock` or the path alone. */
export const socketPath = (address: string): string => address.replace(/^unix:(\/\/)?/, '');
