// etcd as a program: listens where its flags say, answers health checks, and is a member of the cluster's store when it
// runs on a control-plane node.

import { clock, untilSignal } from '../images/service.ts';
import {
  announceHealth,
  serveGrpcHealth,
  serveHttp,
  type HttpResponse,
  type Listener,
  type Program,
} from '../linux/index.ts';
import { Signal, type Co } from '../sim/index.ts';
import { readFlags } from './component-flags.ts';
import type { ControlPlane } from './control-plane.ts';

const heeded = () => new Set(['listen-client-urls', 'listen-metrics-urls', 'log-level']);
/** What is logged at a level: it and all after it. */
const LEVELS = ['debug', 'info', 'warn', 'error', 'dpanic', 'panic', 'fatal'];
/** Of one that is nobody's member also what says where it would keep its data and find others. */
const apart = () =>
  new Set([
    ...heeded(),
    'advertise-client-urls',
    'data-dir',
    'initial-advertise-peer-urls',
    'initial-cluster',
    'initial-cluster-state',
    'initial-cluster-token',
    'listen-peer-urls',
    'name',
  ]);
/** etcd 3.6 comes with this release, and the ones before take no flag away. */
const MINOR = 35;

export function etcdProgram(controlPlane: ControlPlane): Program {
  return function* (process): Co<number> {
    const { hostname, net, sim } = process.host;
    let least = LEVELS.indexOf('info');
    const log = (level: string, caller: string, msg: string) => {
      if (LEVELS.indexOf(level) < least) return;
      const line = { level, ts: clock(process).iso.replace('Z', '000Z'), caller, msg };
      process.stderr.write(`${JSON.stringify(line)}\n`);
    };
    const { version } = controlPlane.options;
    const isMember = controlPlane.has(hostname);
    const flags = readFlags({
      component: 'etcd',
      argv: process.argv,
      standard: isMember ? controlPlane.standard('etcd', process, version) : {},
      heeded: isMember ? heeded : apart,
      minor: MINOR,
      apart: !isMember,
    });
    if (!(flags instanceof Map)) {
      if ('line' in flags) process.stderr.write(`${flags.line}\n`);
      else log('fatal', 'etcdmain/etcd.go:204', flags.reason);
      return 2;
    }
    const logLevel = flags.get('log-level') ?? 'info';
    if (!LEVELS.includes(logLevel)) {
      process.stderr.write(`error setting up initial logging: unrecognized level: "${logLevel}"\n`);
      return 1;
    }
    least = LEVELS.indexOf(logLevel);
    announceHealth(process, { changed: new Signal() });
    const clients = flags.get('listen-client-urls') ?? 'http://localhost:2379';
    const metrics = flags.get('listen-metrics-urls') ?? '';
    const listeners: Listener[] = [];
    const opened = (listener: Listener | undefined, url: string): boolean => {
      if (listener) listeners.push(listener);
      else log('fatal', 'etcdmain/etcd.go:204', `discovery failed: listen tcp ${url}: bind: address already in use`);
      return listener !== undefined;
    };
    let leave: (() => void) | undefined;
    try {
      const tls = clients.includes('https:') ? controlPlane.etcdTls(process) : undefined;
      for (const { address, port, url } of urls(clients)) {
        if (
          !opened(
            serveGrpcHealth(sim, net, port, () => 'SERVING', { address, process, tls }),
            url,
          )
        )
          return 1;
      }
      for (const { address, port, url } of urls(metrics)) {
        if (!opened(serveHttp(sim, net, port, health, { address, process }), url)) return 1;
      }
      for (const { address, port, url } of urls(flags.get('listen-peer-urls') ?? 'http://localhost:2380')) {
        if (
          !opened(
            net.listen(port, (socket) => socket.close(), { address, process, tls }),
            url,
          )
        )
          return 1;
      }
      const data = flags.get('data-dir') ?? `${hostname}.etcd`;
      for (const name of ['snap', 'wal']) process.host.fs.mkdir(`${data}/member/${name}`, { recursive: true });
      const unusable = isMember && controlPlane.opensData(process.host.fs, data);
      if (unusable) {
        log('fatal', 'etcdmain/etcd.go:204', unusable);
        return 1;
      }
      if (isMember) leave = controlPlane.memberJoins(hostname);
      log('info', 'embed/serve.go:124', 'ready to serve client requests');
      const signal = yield* untilSignal(process);
      log('info', 'osutil/interrupt_unix.go:64', `received signal; shutting down: ${signal}`);
      return 0;
    } finally {
      leave?.();
      for (const listener of listeners) listener.close();
    }
  };
}

// eslint-disable-next-line require-yield
function* health({ target }: { target: string }): Co<HttpResponse> {
  const path = target.split('?', 1)[0];
  if (path === '/health') return { status: 200, body: '{"health":"true","reason":""}' };
  if (path === '/livez' || path === '/readyz') return { status: 200, body: 'ok\n' };
  return { status: 404, body: '404 page not found\n' };
}

/** The places in a list of URLs; every address when the host is 0.0.0.0 or [::]. */
function urls(list: string): { address: string | undefined; port: number; url: string }[] {
  return list
    .split(',')
    .map((text) => /^https?:\/\/(\[[^\]]+\]|[^:/]+):(\d+)/.exec(text))
    .filter((match) => match !== null)
    .map(([, host, port]) => ({
      address:
        host === '0.0.0.0' || host === '[::]'
          ? undefined
          : host === 'localhost'
            ? '127.0.0.1'
            : host.replace(/^\[|\]$/g, ''),
      port: Number(port),
      url: `${host}:${port}`,
    }));
}
