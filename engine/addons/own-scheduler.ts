// A scheduler of one's own: the kube-scheduler program in an ordinary Pod. It works by its service account and by the
// configuration file that it is given; without either it is the cluster's own scheduler, which `standard` runs.

import type { Handle } from '../apiserver/types.ts';
import { InformerFactory, type Client } from '../client/index.ts';
import { clock, flagValue, untilSignal } from '../images/service.ts';
import type { Repository } from '../images/types.ts';
import { elect } from '../kubeadm/leader-election.ts';
import type { Process, Program } from '../linux/index.ts';
import { part } from '../parts/index.ts';
import {
  ConfigurationError,
  DEFAULT_CONFIGURATION,
  readConfiguration,
  type Configuration,
} from '../scheduler/configuration.ts';
import { startScheduler } from '../scheduler/index.ts';
import { Signal, type Co } from '../sim/index.ts';
import { inClusterClient } from './in-cluster.ts';

/** Repositories whose kube-scheduler also runs in ordinary Pods, and the name that the tutorials give an own build. */
export function withOwnSchedulers(repositories: readonly Repository[], handle: Handle): Repository[] {
  return repositories.flatMap((repository) => {
    if (!repository.names.some((name) => name.endsWith('/kube-scheduler'))) return [repository];
    const { programs = {}, versionedPrograms } = repository;
    return [
      {
        ...repository,
        programs: ownOrEach(handle, programs),
        ...(versionedPrograms && {
          versionedPrograms: (version: string) => ownOrEach(handle, versionedPrograms(version)),
        }),
      },
    ];
  });
}

function ownOrEach(handle: Handle, programs: Readonly<Record<string, Program>>): Record<string, Program> {
  const out: Record<string, Program> = {};
  for (const path in programs) out[path] = ownOr(handle, programs[path]);
  return out;
}

function ownOr(handle: Handle, standard: Program): Program {
  return function* (process): Co<number> {
    const client = inClusterClient(process, handle, 'kube-scheduler');
    return yield* client ? schedule(process, client) : standard(process);
  };
}

function* schedule(process: Process, client: Client): Co<number> {
  const { sim, hostname } = process.host;
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
  const begin = () => {
    const informers = new InformerFactory(client);
    for (const { schedulerName, percentageOfNodesToScore, pluginArgs, plugins } of configuration.profiles) {
      const settings = { schedulerName, percentageOfNodesToScore, pluginArgs, plugins };
      running.push(startScheduler({ sim, client, informers, host: hostname, ...settings }));
    }
    running.push(informers);
  };
  say('I', 'serving.go:386', 'Generated self-signed cert in-memory');
  say('I', 'secure_serving.go:211', 'Serving securely on [::]:10259');
  try {
    const { leaderElect, resourceName } = configuration.leaderElection;
    if (!leaderElect) {
      begin();
      yield* untilSignal(process);
      return 0;
    }
    const stop = new Signal();
    let ending = false;
    for (const signal of ['TERM', 'INT']) {
      process.handlers.set(signal, () => {
        ending = true;
        stop.fire();
      });
    }
    const result = yield* elect({
      sim,
      client,
      name: resourceName,
      identity: `${hostname}_${sim.random('leader-election/own').uuid()}`,
      stop,
      ending: () => ending,
      releaseOnCancel: true,
      quietUntil: 0,
      lead: begin,
      log: (where, text) => say(text.startsWith('error') ? 'E' : 'I', where, text),
    });
    return result === 'stopped' ? 0 : 1;
  } finally {
    for (const one of running) one.stop();
  }
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
