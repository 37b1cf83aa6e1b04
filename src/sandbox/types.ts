// The shapes that cross the sandbox boundary: what the engine is asked and what it answers, as JSON.

import type { ClusterOptions as KnownOptions } from '../../engine/cluster-options.ts';

/** A cluster as a page or a `--cluster` file describes it, not checked yet; absent keys have the engine's defaults. */
export type ClusterOptions = KnownOptions & { [setting: string]: unknown };

export type OutputStream = 'stdout' | 'stderr';

/** One slice of a running command. */
export interface Slice {
  /** Text since the last slice, in order. */
  output: [OutputStream, string][];
  done: boolean;
  exitCode: number;
  /** Virtual time, ms since the epoch. */
  now: number;
  /** Work that only the host can do (jq); answer each with `resolve`. */
  hostCalls: HostCall[];
}

export interface HostCall {
  id: number;
  name: 'jq';
  args: string[];
  input: string;
}

export interface HostResult {
  stdout: string;
  stderr: string;
  exitCode: number;
}

export interface PictureOfPod {
  namespace: string;
  name: string;
  phase: string;
  ready: boolean;
  /** As kubectl's STATUS column words it. */
  status: string;
}

/** The cluster as drawn beside a page. */
export interface ClusterPicture {
  now: number;
  nodes: { name: string; ready: boolean; schedulable: boolean; pods: PictureOfPod[] }[];
  /** Pods that no node has yet. */
  pending: PictureOfPod[];
}

/** What a command line set off: requests of its programs, and what the components wrote meanwhile. */
export interface Happened {
  requests: { after: number; who: string; verb: string; path: string; code: number }[];
  /** Requests beyond those listed. */
  more: number;
}

export interface RunResult {
  exitCode: number;
  /** Virtual times, ms since the epoch. */
  startedAt: number;
  endedAt: number;
  /** True when the reader or a limit stopped it. */
  stopped: boolean;
}

/** The sandbox as a page uses it; everything runs in a worker. Rejections are Errors with one readable sentence. */
export interface Sandbox {
  /** A new cluster; forgets the old one and its snapshots. */
  boot(cluster: ClusterOptions): Promise<void>;
  run(
    command: string,
    options?: { on?: string; onOutput?: (stream: OutputStream, text: string) => void },
  ): Promise<RunResult>;
  /** Writes a file into the terminal's working directory. */
  writeFile(name: string, text: string): Promise<void>;
  /** Ends the running command as Ctrl-C would; works on endless loops, too. */
  stop(): void;
  /** Keeps the whole cluster as it is now. */
  snapshot(): Promise<number>;
  restore(snapshot: number): Promise<void>;
  inspect(): Promise<ClusterPicture>;
  /** Of the command line that ran last. */
  happened(): Promise<Happened>;
  terminate(): void;
}
