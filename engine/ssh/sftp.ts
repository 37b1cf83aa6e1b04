// Files over SSH: what a client may ask of a machine's sftp-server, and what it answers.

import { FsError, type FileSystem } from '../linux/index.ts';

export type SftpRequest =
  | { ask: 'stat' | 'list' | 'read'; path: string }
  | { ask: 'write'; path: string; text: string; mode: number; mtime?: number }
  | { ask: 'mkdir'; path: string; mode: number };

export interface SftpReply {
  error?: string;
  stat?: { kind: string; mode: number; size: number; mtime: number };
  names?: string[];
  text?: string;
  isProgram?: boolean;
}

export function answer(fs: FileSystem, request: SftpRequest): SftpReply {
  const { path } = request;
  try {
    switch (request.ask) {
      case 'stat': {
        const { kind, mode, size, mtime } = fs.stat(path);
        return { stat: { kind, mode, size, mtime } };
      }
      case 'list':
        return { names: fs.readdir(path) };
      case 'read':
        return { text: fs.readFile(path), isProgram: isProgram(fs, path) };
      case 'write': {
        const { text, mode, mtime } = request;
        fs.writeFile(path, text, { mode });
        if (mtime !== undefined) {
          fs.chmod(path, mode);
          fs.utimes(path, mtime);
        }
        return {};
      }
      case 'mkdir':
        if (!fs.isDirectory(path)) {
          fs.mkdir(path);
          fs.chmod(path, request.mode);
        }
        return {};
    }
  } catch (error) {
    if (!(error instanceof FsError)) throw error;
    return { error: STATUS[error.code] ?? 'Failure' };
  }
}

/** What the protocol can say of an error. */
const STATUS: Readonly<Record<string, string>> = {
  ENOENT: 'No such file or directory',
  EACCES: 'Permission denied',
  EPERM: 'Permission denied',
};

function isProgram(fs: FileSystem, path: string): boolean {
  const node = fs.find(path);
  return node?.kind === 'file' && node.program !== undefined;
}
