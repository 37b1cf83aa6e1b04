// What the plug-ins of a server block share: how they are made from a directive, and how they reply.

import type { Process } from '../linux/index.ts';
import type { DnsRecord, RecordType, ResponseCode } from '../linux/net/index.ts';
import type { Co } from '../sim/index.ts';
import type { ClusterView } from './cluster-view.ts';
import type { Directive } from './corefile.ts';

export interface Reply {
  code: ResponseCode;
  authoritative: boolean;
  recursionAvailable: boolean;
  answers: readonly DnsRecord[];
  authority?: readonly DnsRecord[];
  additional?: readonly DnsRecord[];
}

/** One that may answer; undefined passes the question on. */
export interface Backend {
  name: 'hosts' | 'kubernetes' | 'forward';
  zones: readonly string[];
  /** `depth`: how many aliases have led here. */
  answer(name: string, type: RecordType, depth: number): Co<Reply | undefined>;
}

/** The block in which a plug-in stands. */
export interface Block {
  zone: string;
  process: Process;
  view: ClusterView | undefined;
  /** The plug-in `errors` is there. */
  readonly errors: boolean;
  /** Ends the reading of the Corefile with this message at the directive's line. */
  wrong(message: string): never;
  /** Asks all plug-ins of the block. */
  resolve(name: string, type: RecordType, depth: number): Co<Reply | undefined>;
}

/** Makes a plug-in from its directive. */
export type Plugin = (directive: Directive, block: Block) => Backend;

/** Zones among the arguments, as names with their dots; without one, the block's. */
export const zonesOf = (words: readonly string[], preset: string): string[] =>
  words.length ? words.map((word) => (word === '.' ? '.' : `${word.replace(/\.$/, '').toLowerCase()}.`)) : [preset];
