// kubectl logs: what containers wrote, of one Pod or of several, once or as it comes.

import type { KubeObject, Pod } from '../../api/types.ts';
import { Pipe } from '../../linux/pipe.ts';
import type { Co } from '../../sim/index.ts';
import type { Command } from '../command.ts';
import { CommandError, isNotFound, quote, throwAll, usageError } from '../errors.ts';
import type { Args } from '../flags.ts';
import type { Kubectl } from '../kubectl.ts';
import { SELECTOR_FLAG, find } from '../resource/builder.ts';
import { byActivity, containerNames, defaultContainer, podsOf } from '../resource/pods.ts';

interface Source {
  pod: Pod;
  container: string;
}

const EXPECTED =
  "expected 'logs [-f] [-p] (POD | TYPE/NAME) [-c CONTAINER]'.\nPOD or TYPE/NAME is a required argument for the logs command";
/** Lines of each stream when a selector chose them and nothing else is said. */
const SELECTOR_TAIL = 10;

export const logs: Command = {
  name: 'logs',
  short: 'Print the logs for a container in a pod',
  group: 'Troubleshooting and Debugging Commands',
  usage: '[-f] [-p] (POD | TYPE/NAME) [-c CONTAINER]',
  examples: [
    'kubectl logs web-0',
    'kubectl logs -f deployment/web',
    'kubectl logs -l app=web --all-containers --tail=20',
  ],
  flags: [
    SELECTOR_FLAG,
    { name: 'all-containers', type: 'bool', usage: "Get all containers' logs in the pod(s)." },
    { name: 'all-pods', type: 'bool', usage: 'Get logs from all pod(s). Sets prefix to true.' },
    { name: 'container', short: 'c', type: 'string', usage: 'Print the logs of this container' },
    { name: 'follow', short: 'f', type: 'bool', usage: 'Specify if the logs should be streamed.' },
    {
      name: 'ignore-errors',
      type: 'bool',
      usage: 'If watching / following pod logs, allow for any errors that occur to be non-fatal',
    },
    {
      name: 'insecure-skip-tls-verify-backend',
      type: 'bool',
      usage: 'Skip verifying the identity of the kubelet that logs are requested from.',
    },
    { name: 'limit-bytes', type: 'int', usage: 'Maximum bytes of logs to return. Defaults to no limit.' },
    {
      name: 'max-log-requests',
      type: 'int',
      default: 5,
      usage: 'Specify maximum number of concurrent logs to follow when using by a selector. Defaults to 5.',
    },
    {
      name: 'pod-running-timeout',
      type: 'duration',
      default: 20_000,
      usage: 'The length of time (like 5s, 2m, or 3h, higher than zero) to wait until at least one pod is running',
    },
    { name: 'prefix', type: 'bool', usage: 'Prefix each log line with the log source (pod name and container name)' },
    {
      name: 'previous',
      short: 'p',
      type: 'bool',
      usage: 'If true, print the logs for the previous instance of the container in a pod if it exists.',
    },
    {
      name: 'since',
      type: 'duration',
      usage: 'Only return logs newer than a relative duration like 5s, 2m, or 3h. Defaults to all logs.',
    },
    {
      name: 'since-time',
      type: 'string',
      usage: 'Only return logs after a specific date (RFC3339). Defaults to all logs.',
    },
    {
      name: 'tail',
      type: 'int',
      default: -1,
      usage:
        'Lines of recent log file to display. Defaults to -1 with no selector, showing all log lines otherwise 10, if a selector is provided.',
    },
    { name: 'timestamps', type: 'bool', usage: 'Include timestamps on each line in the log output' },
  ],
  *run(kubectl, args) {
    check(kubectl, args);
    const objects = yield* chosen(kubectl, args);
    checkLimits(args);
    const sources: Source[] = [];
    for (const object of objects) sources.push(...(yield* sourcesOf(kubectl, args, object)));
    const query = queryOf(args);
    const prefixed = args.bool('prefix') || args.bool('all-pods');
    const limit = args.int('max-log-requests');
    if (args.bool('follow') && sources.length > 1) {
      if (sources.length > limit) {
        throw new CommandError(
          `you are attempting to follow ${sources.length} log streams, but maximum allowed concurrency is ${limit}, use --max-log-requests to increase the limit`,
        );
      }
      const streams: Pipe[] = [];
      for (const source of sources) streams.push(yield* open(kubectl, source, query));
      yield* together(
        kubectl,
        streams,
        sources.map((source) => (prefixed ? prefixOf(source) : '')),
      );
      return;
    }
    for (const source of sources) {
      try {
        yield* together(kubectl, [yield* open(kubectl, source, query)], [prefixed ? prefixOf(source) : '']);
      } catch (error) {
        if (!args.bool('ignore-errors')) throw error;
        kubectl.warn(`error: ${(error as Error).message}`);
      }
    }
  },
};

function check(kubectl: Kubectl, args: Args) {
  const { args: words } = args;
  const selector = args.string('selector');
  if (words.length === 0 && !selector) {
    throw usageError(kubectl.path, EXPECTED);
  }
  if (words.length > 0 && selector) throw usageError(kubectl.path, 'only a selector (-l) or a POD name is allowed');
  if (words.length > 2) throw usageError(kubectl.path, EXPECTED);
  const time = args.string('since-time');
  if (time && !/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$/.test(time))
    throw new CommandError(
      `parsing time ${quote(time)} as "2006-01-02T15:04:05Z07:00": cannot parse ${quote(time)} as "2006"`,
    );
}

/** What kubectl checks when it has found the object. */
function checkLimits(args: Args) {
  if (args.bool('all-containers') && args.string('container'))
    throw new CommandError('--all-containers=true should not be specified with container name argument');
  if (args.changed('since') && args.string('since-time'))
    throw new CommandError('at most one of `sinceTime` or `sinceSeconds` may be specified');
  if (args.changed('tail') && args.int('tail') < -1)
    throw new CommandError('--tail must be greater than or equal to -1');
  if (args.changed('limit-bytes') && args.int('limit-bytes') < 1)
    throw new CommandError('--limit-bytes must be greater than 0');
}

function* chosen(kubectl: Kubectl, args: Args): Co<KubeObject[]> {
  const selector = args.string('selector');
  if (selector) {
    const found = yield* find(kubectl, { args: ['pods'], selector, latest: true, bareTypes: true });
    throwAll(found.errors);
    if (found.infos.length === 0) kubectl.warn(`No resources found in ${kubectl.namespace} namespace.`);
    return found.infos.map((info) => info.object);
  }
  const [name] = args.args;
  const found = yield* find(kubectl, { args: name.includes('/') ? [name] : ['pods', name], latest: true });
  const [error] = found.errors;
  if (error && isNotFound(error))
    throw new CommandError(`error from server (NotFound): ${error.message} in namespace ${quote(kubectl.namespace)}`);
  throwAll(found.errors);
  return [found.infos[0].object];
}

/** The Pods and containers to read for one object. */
function* sourcesOf(kubectl: Kubectl, args: Args, object: KubeObject): Co<Source[]> {
  let pods: Pod[] = [object as unknown as Pod];
  if (object.kind !== 'Pod') {
    const end = kubectl.now + args.duration('pod-running-timeout');
    pods = yield* podsOf(kubectl, object, byActivity);
    while (pods.length === 0 && kubectl.now < end) {
      yield 1000;
      pods = yield* podsOf(kubectl, object, byActivity);
    }
    if (pods.length === 0) throw new CommandError('timed out waiting for the condition');
    if (!args.bool('all-pods')) {
      if (pods.length > 1) kubectl.warn(`Found ${pods.length} pods, using pod/${pods[0].metadata.name}`);
      pods = [pods[0]];
    }
  }
  const named = args.string('container') || args.args[1];
  return pods.flatMap((pod) => {
    if (args.bool('all-containers')) return containerNames(pod).map((container) => ({ pod, container }));
    if (named && !containerNames(pod).includes(named)) {
      throw new CommandError(`container ${named} is not valid for pod ${pod.metadata.name}`);
    }
    return [{ pod, container: named || defaultContainer(kubectl, pod) }];
  });
}

function queryOf(args: Args): Record<string, string> {
  const query: Record<string, string> = {};
  if (args.bool('follow')) query.follow = 'true';
  if (args.bool('previous')) query.previous = 'true';
  if (args.bool('timestamps')) query.timestamps = 'true';
  if (args.duration('since')) query.sinceSeconds = String(Math.ceil(args.duration('since') / 1000));
  if (args.bool('insecure-skip-tls-verify-backend')) query.insecureSkipTLSVerifyBackend = 'true';
  if (args.string('since-time')) query.sinceTime = args.string('since-time');
  if (args.int('limit-bytes')) query.limitBytes = String(args.int('limit-bytes'));
  if (args.int('tail') !== -1) query.tailLines = String(args.int('tail'));
  else if (args.string('selector') && !args.changed('tail')) query.tailLines = String(SELECTOR_TAIL);
  return query;
}

const prefixOf = ({ pod, container }: Source) => `[pod/${pod.metadata.name}/${container}] `;

function* open(kubectl: Kubectl, { pod, container }: Source, query: Record<string, string>): Co<Pipe> {
  const { namespace, name } = pod.metadata;
  const path = `/api/v1/namespaces/${namespace}/pods/${name}/log`;
  const response = yield* kubectl.send({ method: 'GET', path, query: { ...query, container } });
  if (response.text) return response.text;
  const pipe = new Pipe();
  if (typeof response.body === 'string') pipe.write(response.body);
  pipe.end();
  return pipe;
}

/** Copies streams to stdout, whole lines at a time, as they come. */
function* together(kubectl: Kubectl, streams: Pipe[], prefixes: string[]): Co {
  const rests = streams.map(() => '');
  try {
    for (;;) {
      let open = false;
      for (let i = 0; i < streams.length; i++) {
        const stream = streams[i];
        const text = rests[i] + stream.take();
        const end = stream.ended ? text.length : text.lastIndexOf('\n') + 1;
        if (end) kubectl.out(prefixes[i] ? text.slice(0, end).replace(/^(?!$)/gm, prefixes[i]) : text.slice(0, end));
        rests[i] = text.slice(end);
        if (!stream.ended || stream.size) open = true;
      }
      if (!open) return;
      yield { signals: streams.map((stream) => stream.changed) };
    }
  } finally {
    for (const stream of streams) stream.closeReader();
  }
}
