// kube-apiserver as a program: it serves the cluster's API from its machine while it runs.

import type { Handle } from '../apiserver/types.ts';
import { Client } from '../client/index.ts';
import { untilSignal } from '../images/service.ts';
import {
  announceHealth,
  hostPort,
  serveHttp,
  type HttpRequest,
  type HttpResponse,
  type Process,
} from '../linux/index.ts';
import { part } from '../parts/index.ts';
import { Signal, type Co } from '../sim/index.ts';
import { apiOverHttp } from './api-over-http.ts';
import { failed, logger, minorNumber, PLAIN, portTaken, refused } from './component-process.ts';
import type { ControlPlane } from './control-plane.ts';
import { keepIdentity } from './identity-lease.ts';
import { serverFlags } from './server-flags.ts';

const PORT = 6443;
/** How long an API server waits for its store before it gives up. */
const ETCD_TIMEOUT_MS = 20_000;
/** How long it takes to fill an empty store, before it serves. */
const FIRST_START_MS = 3000;
/** Who the API server is to itself. */
const LOOPBACK = { name: 'system:apiserver', groups: ['system:masters', 'system:authenticated'] };

/** `version`: the release of its image. */
export function* apiServerProgram(controlPlane: ControlPlane, process: Process, version: string): Co<number> {
  const { ca, serve } = controlPlane.options;
  const { members, reachable } = controlPlane;
  const { hostname, net, sim } = process.host;
  const say = logger(process);
  const standard = controlPlane.standard('kube-apiserver', process, version);
  const flags = serverFlags(process, standard, minorNumber(version));
  if (!('tokens' in flags)) return refused(process, flags);
  say('I', 'options.go:263', `external host was not specified, using ${net.addresses[0]}`);
  if (!controlPlane.has(hostname))
    return failed(process, 'an API server beside the control plane is not modelled by this engine');
  const giveUp = sim.now + ETCD_TIMEOUT_MS;
  while (!controlPlane.isBooting && !members.quorumOf(hostname)) {
    if (sim.now >= giveUp) {
      say('F', 'instance.go:233', 'Error creating leases: error creating storage factory: context deadline exceeded');
      return 1;
    }
    yield { signals: [reachable], timeout: giveUp - sim.now };
  }
  if (!controlPlane.isFilled) yield FIRST_START_MS;
  const changed = new Signal();
  announceHealth(process, { changed });
  const names = [
    hostname,
    'kubernetes',
    'kubernetes.default',
    'kubernetes.default.svc',
    'kubernetes.default.svc.cluster.local',
    controlPlane.serviceIP,
    ...controlPlane.addresses,
    ...(controlPlane.settingsOf(hostname)?.names ?? []),
  ];
  const listener = serveHttp(sim, net, PORT, (request) => answer(controlPlane, hostname, request, serve), {
    tls: { ca, names },
  });
  if (!listener) return portTaken(process, hostPort(net.addresses[0].includes(':') ? '::' : '0.0.0.0', PORT));
  const { issuers } = flags;
  const openId = issuers.length
    ? part('control-plane').openIdTokens(issuers, process.host, (text) => say('E', 'authentication.go:75', text))
    : undefined;
  const agent = `kube-apiserver/${controlPlane.options.version} (linux/amd64) kubernetes`;
  const client = new Client(controlPlane.handle, agent, LOOPBACK);
  const { ssh } = flags;
  const { installKey } = controlPlane.options;
  const install = ssh?.installs ? installKey : undefined;
  const tunnels = ssh && part('ssh').openTunnels({ ...ssh, process, client, install, log: say, changed });
  const egress = tunnels ?? flags.egress;
  const leave = controlPlane.serverJoins(process.host, version, { ...flags, openId, egress });
  say('I', 'secure_serving.go:211', `Serving securely on [::]:${PORT}`);
  const watch = sim.spawn('kube-apiserver', follow(reachable, changed));
  const identity = keepIdentity(sim, client, hostname);
  try {
    yield* untilSignal(process);
    say('I', 'genericapiserver.go:760', '"[graceful-termination] shutdown event" name="ShutdownInitiated"');
    return 0;
  } finally {
    watch.kill();
    identity.stop();
    openId?.stop();
    tunnels?.stop();
    listener.close();
    leave();
  }
}

function* answer(controlPlane: ControlPlane, hostname: string, request: HttpRequest, serve: Handle): Co<HttpResponse> {
  if (controlPlane.members.quorumOf(hostname)) return yield* apiOverHttp(request, serve);
  const path = request.target.split('?', 1)[0];
  const body = /^\/(healthz|livez|readyz)/.test(path)
    ? `[+]ping ok\n[-]etcd failed: reason withheld\n${path.slice(1)} check failed\n`
    : 'etcdserver: request timed out\n';
  return { status: 500, headers: PLAIN, body };
}

/** Passes a signal on. */
function* follow(from: Signal, to: Signal): Co {
  for (;;) {
    yield from;
    to.fire();
  }
}
