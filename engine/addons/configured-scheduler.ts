// The kube-scheduler program by a configuration file, or by flags alone, and by a service account.

import { createScheme } from '../api/index.ts';
import type { Scheme } from '../api/types.ts';
import { ApiError, InformerFactory, type Client } from '../client/index.ts';
import { clock, flagValue } from '../images/service.ts';
import { readFlags } from '../kubeadm/component-flags.ts';
import { portTaken, refused, serveHealth } from '../kubeadm/component-process.ts';
import { COMPONENTS } from '../kubeadm/control-plane-manifests.ts';
import { lead } from '../kubeadm/leader-election.ts';
import { announceHealth, type Process } from '../linux/index.ts';
import { part } from '../parts/index.ts';
import {
  ConfigurationError,
  DEFAULT_CONFIGURATION,
  readConfiguration,
  type Configuration,
} from '../scheduler/configuration.ts';
import { startScheduler } from '../scheduler/index.ts';
import { Signal, type Co } from '../sim/index.ts';

const HEEDED = new Set(['bind-address', 'config', 'leader-elect', 'secure-port']);
/** The release of its image. */
const MINOR = 35;

let scheme: Scheme | undefined;
/** client-go: from one try to list to the next. */
const WATCH_RETRY_MS = 1000;
const WATCH_RETRY_MAX_MS = 30_000;

export function* schedule(process: Process, client: Client): Co<number> {
  const { sim, hostname } = process.host;
  const flags = readFlags({
    component: 'kube-scheduler',
    argv: process.argv,
    standard: {},
    heeded: () => HEEDED,
    minor: MINOR,
    apart: true,
  });
  if (!(flags instanceof Map)) {
    yield 1;
    return refused(process, flags);
  }
  const say = (level: string, where: string, text: string) =>
    process.stderr.write(`${level}${clock(process).klog.slice(1)}       1 ${where}] ${text}\n`);
  let configuration: Configuration;
  try {
    configuration = configurationOf(process);
  } catch (error) {
    if (!(error instanceof ConfigurationError)) throw error;
    say('E', 'run.go:72', `"command failed" err=${JSON.stringify(error.message)}`);
    return 1;
  }
  const running: { stop(): void }[] = [];
  let retry: { cancel(): void } | undefined;
  const stop = () => {
    retry?.cancel();
    for (const one of running.splice(0)) one.stop();
  };
  /** Nothing is scheduled before all that it watches has been listed. */
  const begin = (wait = WATCH_RETRY_MS) => {
    const informers = new InformerFactory(client);
    running.push(informers);
    try {
      for (const { schedulerName, percentageOfNodesToScore, pluginArgs, plugins } of configuration.profiles) {
        const settings = { schedulerName, percentageOfNodesToScore, pluginArgs, plugins };
        running.push(startScheduler({ sim, client, informers, host: hostname, ...settings }));
      }
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      stop();
      const kind = `*v1.${kindOf(error)}`;
      say(
        'E',
        'reflector.go:205',
        `"Failed to watch" err=${JSON.stringify(`failed to list ${kind}: ${error.message}`)} logger="UnhandledError" reflector="k8s.io/client-go/informers/factory.go:160" type="${kind}"`,
      );
      retry = sim.after(wait, () => begin(Math.min(2 * wait, WATCH_RETRY_MAX_MS)));
    }
  };
  const address = flagValue(process.argv, '--bind-address') ?? '0.0.0.0';
  const port = Number(flagValue(process.argv, '--secure-port') ?? COMPONENTS['kube-scheduler'].port);
  const shown = `${address === '0.0.0.0' ? '[::]' : address}:${port}`;
  say('I', 'serving.go:386', 'Generated self-signed cert in-memory');
  announceHealth(process, { changed: new Signal() });
  const listener = serveHealth(process, port, address === '0.0.0.0' ? '' : address);
  if (!listener) return portTaken(process, shown);
  say('I', 'secure_serving.go:211', `Serving securely on ${shown}`);
  try {
    const { leaderElect, resourceName } = configuration.leaderElection;
    const result = yield* lead({
      process,
      client,
      name: resourceName,
      elect: leaderElect,
      stream: 'leader-election/own',
      releaseOnCancel: true,
      quietUntil: 0,
      lead: () => begin(),
      log: say,
    });
    return result === 'stopped' ? 0 : 1;
  } finally {
    listener.close();
    stop();
  }
}

/** The kind of what could not be listed. */
function kindOf({ status }: ApiError): string {
  const { group = '', kind = '' } = status?.details ?? {};
  scheme ??= createScheme();
  return scheme.resource(group, 'v1', kind)?.kind ?? kind;
}

function configurationOf(process: Process): Configuration {
  const path = flagValue(process.argv, '--config');
  if (path === undefined) {
    const election = flagValue(process.argv, '--leader-elect');
    const { leaderElection } = DEFAULT_CONFIGURATION;
    return {
      ...DEFAULT_CONFIGURATION,
      leaderElection: { ...leaderElection, leaderElect: election !== 'false' },
    };
  }
  const { fs } = process.host;
  if (!fs.exists(path)) throw new ConfigurationError(`open ${path}: no such file or directory`);
  const document = part('yaml').parseDocument(fs.readFile(path), { schema: 'core' });
  if (document.errors.length > 0) throw new ConfigurationError(`yaml: ${document.errors[0].message}`);
  return readConfiguration(document.toJS());
}
