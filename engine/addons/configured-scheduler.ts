// The kube-scheduler program by a configuration file, or by flags alone, and by a service account.

import { InformerFactory, type Client } from '../client/index.ts';
import { clock, flagValue } from '../images/service.ts';
import { lead } from '../kubeadm/leader-election.ts';
import type { Process } from '../linux/index.ts';
import { part } from '../parts/index.ts';
import {
  ConfigurationError,
  DEFAULT_CONFIGURATION,
  readConfiguration,
  type Configuration,
} from '../scheduler/configuration.ts';
import { startScheduler } from '../scheduler/index.ts';
import type { Co } from '../sim/index.ts';

export function* schedule(process: Process, client: Client): Co<number> {
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
    const result = yield* lead({
      process,
      client,
      name: resourceName,
      elect: leaderElect,
      stream: 'leader-election/own',
      releaseOnCancel: true,
      quietUntil: 0,
      lead: begin,
      log: say,
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
