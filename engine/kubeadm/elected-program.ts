// Scheduler and controllers as programs: each serves its health, and works while it holds its Lease.

import type { Client } from '../client/index.ts';
import { flagValue } from '../images/service.ts';
import { announceHealth, type Process } from '../linux/index.ts';
import { Signal, type Co } from '../sim/index.ts';
import { readFlags } from './component-flags.ts';
import { logger, minorNumber, portTaken, refused, serveHealth } from './component-process.ts';
import { COMPONENTS } from './control-plane-manifests.ts';
import type { ControlPlane, Running } from './control-plane.ts';
import { lead } from './leader-election.ts';
import { managerFlags } from './manager-flags.ts';

const election = () => new Set(['leader-elect']);
/** The minor release from which resource.k8s.io/v1 is served, and watched by the scheduler. */
const RESOURCE_V1 = 34;
/** client-go: the longest time from one try to watch to the next. */
const WATCH_RETRY_MS = 30_000;

export function* controllerManagerProgram(controlPlane: ControlPlane, process: Process, version: string): Co<number> {
  const standard = controlPlane.standard('kube-controller-manager', process, version);
  const flags = managerFlags(process.argv, standard, minorNumber(version));
  const say = logger(process);
  if (!('controllers' in flags)) {
    yield 1;
    return refused(process, flags);
  }
  const begin = (client: Client): Running => {
    const controllers = controlPlane.options.startControllers(client, flags, version);
    for (const name of controllers.disabled) {
      if (flags.controllers.includes(`-${name}`))
        say('I', 'controllermanager.go:701', `"Warning: controller is disabled" controller="${name}"`);
      else say('I', 'controllermanager.go:664', `"Warning: skipping controller" controller="${name}"`);
    }
    if (flags.verbosity > 0) {
      for (const name of controllers.names)
        say('I', 'controllermanager.go:768', `"Controller starting..." controller="${name}"`);
    }
    return controllers;
  };
  return yield* elected(controlPlane, process, 'kube-controller-manager', begin, false);
}

export function* schedulerProgram(controlPlane: ControlPlane, process: Process, version: string): Co<number> {
  const flags = readFlags({
    component: 'kube-scheduler',
    argv: process.argv,
    standard: controlPlane.standard('kube-scheduler', process, version),
    heeded: election,
    minor: minorNumber(version),
  });
  if (!(flags instanceof Map)) return refused(process, flags);
  if (!(yield* cachesSynced(controlPlane, process, version))) return 0;
  const begin = (client: Client) => controlPlane.options.startScheduler(client, process.host.hostname, version);
  return yield* elected(controlPlane, process, 'kube-scheduler', begin, true);
}

/**
 * Waits until the API server serves all that the scheduler of this release watches: it does nothing before. False: it has
 * been asked to end.
 */
function* cachesSynced(controlPlane: ControlPlane, process: Process, version: string): Co<boolean> {
  const lacks = () => minorNumber(version) >= RESOURCE_V1 && minorNumber(controlPlane.serving) < RESOURCE_V1;
  if (!lacks()) return true;
  const say = logger(process);
  const stop = new Signal();
  let ending = false;
  process.handlers.set('TERM', () => {
    ending = true;
    stop.fire();
  });
  announceHealth(process, { changed: new Signal() });
  const listener = serveHealth(process, COMPONENTS['kube-scheduler'].port);
  for (let wait = 1000; !ending && lacks(); wait = Math.min(2 * wait, WATCH_RETRY_MS)) {
    for (const kind of ['DeviceClass', 'ResourceClaim', 'ResourceSlice'])
      say(
        'E',
        'reflector.go:205',
        `"Failed to watch" err="failed to list *v1.${kind}: the server could not find the requested resource" logger="UnhandledError" reflector="k8s.io/client-go/informers/factory.go:160" type="*v1.${kind}"`,
      );
    yield { signals: [stop, controlPlane.reachable], timeout: wait };
  }
  listener?.close();
  return !ending;
}

function* elected(
  controlPlane: ControlPlane,
  process: Process,
  name: 'kube-scheduler' | 'kube-controller-manager',
  begin: (client: Client) => Running,
  releaseOnCancel: boolean,
): Co<number> {
  const { options } = controlPlane;
  const say = logger(process);
  const address = `127.0.0.1:${COMPONENTS[name].port}`;
  announceHealth(process, { changed: new Signal() });
  const listener = serveHealth(process, COMPONENTS[name].port);
  if (!listener) return portTaken(process, address);
  say('I', 'secure_serving.go:211', `Serving securely on ${address}`);
  const client = options.client(name);
  let running: Running | undefined;
  try {
    const result = yield* lead({
      process,
      client,
      name,
      elect: flagValue(process.argv, '--leader-elect') !== 'false',
      stream: `leader-election/${name}`,
      releaseOnCancel,
      quietUntil: options.birth,
      lead: () => (running = begin(client)),
      log: say,
    });
    if (result === 'stopped') return 0;
    say('E', 'server.go:333', '"Leaderelection lost"');
    return 1;
  } finally {
    running?.stop();
    listener.close();
  }
}
