// cloud-controller-manager: one program with the four controllers that need the provider. Of several copies the one
// that holds the Lease works.

import { EventRecorder, InformerFactory, WorkQueue, type Client } from '../client/index.ts';
import type { Handle } from '../apiserver/types.ts';
import { inClusterClient } from '../addons/in-cluster.ts';
import { clock } from '../images/service.ts';
import { lead } from '../kubeadm/leader-election.ts';
import type { Node } from '../api/types.ts';
import type { Process, Program } from '../linux/index.ts';
import { parseCidr, type Cidr } from '../linux/net/index.ts';
import type { Co, Timer } from '../sim/index.ts';
import { cloudNode } from './cloud-node.ts';
import { cloudNodeLifecycle } from './cloud-node-lifecycle.ts';
import type { CloudContext, CloudController } from './context.ts';
import { PROVIDER, type Provider } from './provider.ts';
import { route } from './route.ts';
import { service } from './service.ts';

export const NAME = 'cloud-controller-manager';
const CONTROLLERS: readonly CloudController[] = [cloudNode, cloudNodeLifecycle, service, route];
/** --controller-start-interval with its jitter: one after the other. */
const START_MS = 1;

/** Flags that are heeded, and what they are without being given. */
const HEEDED: Readonly<Record<string, string>> = {
  'cloud-provider': '',
  controllers: '*',
  'allocate-node-cidrs': 'true',
  'configure-cloud-routes': 'true',
  'leader-elect': 'true',
  'cluster-cidr': '',
  v: '0',
};

export interface CloudControllerManagerOptions {
  handle: Handle;
  provider: Provider;
  version: string;
  /** When the reader's first command starts, ms: nobody looks before. */
  birth: number;
}

export const cloudControllerManager = (options: CloudControllerManagerOptions): Program =>
  function* (process): Co<number> {
    const { sim } = process.host;
    const log = (where: string, text: string, level: 'I' | 'W' | 'E' | 'F' = 'I') =>
      void process.stderr.write(`${level}${clock(process).klog.slice(1)}       1 ${where}] ${text}\n`);
    const flags = readFlags(process.argv);
    if (typeof flags === 'string') {
      process.stderr.write(`${flags}\n`);
      return 1;
    }
    log('controllermanager.go:168', `Version: ${options.version}`);
    if (flags['cloud-provider'] !== PROVIDER) {
      const given = JSON.stringify(flags['cloud-provider']);
      log('main.go:67', `Cloud provider could not be initialized: unknown cloud provider ${given}`, 'F');
      return 255;
    }
    const client = inClusterClient(process, options.handle, NAME);
    if (!client) {
      log(
        'run.go:72',
        '"command failed" err="open /var/run/secrets/kubernetes.io/serviceaccount/token: no such file or directory"',
        'E',
      );
      return 1;
    }
    log('secure_serving.go:211', 'Serving securely on [::]:10258');
    const running = new Controllers(process, client, options.provider, flags, log);
    try {
      const result = yield* lead({
        process,
        client,
        name: NAME,
        elect: flags['leader-elect'] !== 'false',
        stream: 'leader-election/cloud',
        releaseOnCancel: false,
        quietUntil: options.birth,
        lead: () => void sim.spawn(NAME, running.start()),
        log: (level, where, text) => log(where, text, level),
      });
      if (result === 'stopped') return 0;
      log('controllermanager.go:271', '"leaderelection lost"', 'E');
      return 1;
    } finally {
      running.stop();
    }
  };

class Controllers {
  private readonly process: Process;
  private readonly client: Client;
  private readonly provider: Provider;
  private readonly flags: Readonly<Record<string, string>>;
  private readonly log: CloudContext['log'];
  private readonly queues: WorkQueue[] = [];
  private readonly timers: Timer[] = [];
  private informers: InformerFactory | undefined;
  private stopped = false;

  constructor(
    process: Process,
    client: Client,
    provider: Provider,
    flags: Readonly<Record<string, string>>,
    log: CloudContext['log'],
  ) {
    this.process = process;
    this.client = client;
    this.provider = provider;
    this.flags = flags;
    this.log = log;
  }

  *start(): Co {
    const { process, client, provider, flags, queues, timers, log } = this;
    const { sim } = process.host;
    const informers = (this.informers = new InformerFactory(client));
    const recorders = new Map<string, EventRecorder>();
    const context: CloudContext = {
      sim,
      clusterCIDRs: cidrsOf(flags['cluster-cidr']) ?? [],
      provider,
      client,
      nodes: informers.of<Node>('v1', 'nodes'),
      informer: (groupVersion, plural) => informers.of(groupVersion, plural),
      recorder(component) {
        let recorder = recorders.get(component);
        if (!recorder) recorders.set(component, (recorder = new EventRecorder(sim, client, component)));
        return recorder;
      },
      queue(reconcile, onError) {
        const queue = new WorkQueue({ sim, name: NAME, reconcile, onError });
        queues.push(queue);
        return queue;
      },
      every: (period, fn) => void timers.push(sim.every(period, fn)),
      log,
    };
    const asked = flags.controllers.split(',');
    const verbose = Number(flags.v) > 0;
    for (const controller of CONTROLLERS) {
      const { name } = controller;
      if (asked.includes(`-${name}`) || !(asked.includes('*') || asked.includes(name))) {
        log('controllermanager.go:331', `"${name}" is disabled`, 'W');
        continue;
      }
      if (controller.enabled?.(flags) === false) {
        log('controllermanager.go:342', `Skipping "${name}"`, 'W');
        continue;
      }
      if (verbose) log('controllermanager.go:335', `Starting "${name}"`);
      controller.start(context);
      log('controllermanager.go:358', `Started "${name}"`);
      yield START_MS;
      if (this.stopped) return;
    }
  }

  stop() {
    this.stopped = true;
    for (const queue of this.queues) queue.stop();
    for (const timer of this.timers) timer.cancel();
    this.informers?.stop();
  }
}

/** The flags, or the line with which the process ends. */
function readFlags(argv: readonly string[]): Record<string, string> | string {
  const flags = { ...HEEDED };
  for (const word of argv.slice(1)) {
    const match = /^--([a-z][-a-z]*)(?:=(.*))?$/.exec(word);
    if (!match) return `Error: "${NAME}" does not take any arguments, got [${word}]`;
    const [, name, value = 'true'] = match;
    if (!Object.hasOwn(HEEDED, name)) return `${NAME}: the flag --${name} is not modelled by this engine`;
    flags[name] = value;
  }
  const invalid = (name: string, value: string, why: string) =>
    `Error: invalid argument ${JSON.stringify(value)} for "--${name}" flag: ${why}`;
  for (const name in HEEDED) {
    const value = flags[name];
    const quoted = JSON.stringify(value);
    if (/^(true|false)$/.test(HEEDED[name]) && !/^(true|false)$/.test(value))
      return invalid(name, value, `strconv.ParseBool: parsing ${quoted}: invalid syntax`);
  }
  if (!/^\d+$/.test(flags.v))
    return invalid('v', flags.v, `strconv.ParseInt: parsing ${JSON.stringify(flags.v)}: invalid syntax`);
  const routes = flags['allocate-node-cidrs'] === 'true' && flags['configure-cloud-routes'] === 'true';
  const cidrs = cidrsOf(flags['cluster-cidr']);
  if (routes && !cidrs) return `error: invalid CIDR address: ${flags['cluster-cidr']}`;
  if (routes && !cidrs?.length) return 'RouteController: Must specify clusterCIDR.';
  const unknown = flags.controllers
    .split(',')
    .map((name) => name.replace(/^-/, ''))
    .find((name) => name !== '*' && !CONTROLLERS.some((one) => one.name === name));
  return unknown === undefined ? flags : `"${unknown}" is not in the list of known controllers`;
}

/** --cluster-cidr, read; undefined: it is none. */
function cidrsOf(text: string): readonly Cidr[] | undefined {
  const all = text.split(',').filter(Boolean).map(parseCidr);
  return all.every((cidr) => cidr !== undefined) ? all : undefined;
}
