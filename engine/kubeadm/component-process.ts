// What the programs of the control plane have in common: how they log, how they end when they cannot heed their flags, and the
// port that probes ask.

import { clock } from '../images/service.ts';
import { serveHttp, type Headers, type HttpResponse, type Listener, type Process } from '../linux/index.ts';
import type { Co } from '../sim/index.ts';
import type { Refusal } from './component-flags.ts';

export const PLAIN: Headers = [['Content-Type', 'text/plain; charset=utf-8']];

/** 35 of v1.35.0. */
export const minorNumber = (version: string) => Number(version.split('.')[1]);

/** Writes lines of klog. */
export const logger = (process: Process) => (level: 'I' | 'W' | 'E' | 'F', where: string, text: string) =>
  void process.stderr.write(
    `${level}${clock(process).klog.slice(1)} ${String(process.pid).padStart(7)} ${where}] ${text}\n`,
  );

/** Says why a program fails; its exit status. */
export function failed(process: Process, reason: string): number {
  logger(process)('E', 'run.go:72', `"command failed" err=${JSON.stringify(reason)}`);
  return 1;
}

/** The same of one that cannot heed its flags. */
export function refused(process: Process, refusal: Refusal): number {
  if ('reason' in refusal) return failed(process, refusal.reason);
  process.stderr.write(`${refusal.line}\n`);
  return 1;
}

/** The same of one whose port another has: 0.0.0.0:6443. */
export const portTaken = (process: Process, address: string): number =>
  failed(
    process,
    `failed to create listener: failed to listen on ${address}: listen tcp ${address}: bind: address already in use`,
  );

/** The port of a scheduler or of the controllers, on one address or, with '', on all: `ok` on the health paths. */
export const serveHealth = (
  { host: { sim, net } }: Process,
  port: number,
  address = '127.0.0.1',
): Listener | undefined =>
  serveHttp(
    sim,
    net,
    port,
    // eslint-disable-next-line require-yield
    function* ({ target }): Co<HttpResponse> {
      return /^\/(healthz|livez|readyz)(\?|$)/.test(target)
        ? { status: 200, headers: PLAIN, body: 'ok' }
        : { status: 404, headers: PLAIN, body: '404 page not found\n' };
    },
    { ...(address && { address }), tls: { ca: '', names: ['localhost'] } },
  );
