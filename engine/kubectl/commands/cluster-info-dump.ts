// kubectl cluster-info dump: nodes, and of some namespaces the objects and the logs, to stdout or into a directory.

import type { KubeObject, Pod } from '../../api/types.ts';
import type { Co } from '../../sim/index.ts';
import type { Command } from '../command.ts';
import { CommandError } from '../errors.ts';
import type { Args } from '../flags.ts';
import type { Kubectl } from '../kubectl.ts';
import { PRINT_FLAGS, outputFormat, outputPrinter } from '../output/printers.ts';
import { ALL_NAMESPACES_FLAG } from '../resource/builder.ts';
import { containerNames } from '../resource/pods.ts';
import { listItems, listObjects } from '../resource/rest.ts';

const KINDS = ['events', 'replicationcontrollers', 'services', 'daemonsets', 'deployments', 'replicasets', 'pods'];
const FILES: Record<string, string> = { replicationcontrollers: 'replication-controllers' };

export const dump: Command = {
  name: 'dump',
  short: 'Dump relevant information for debugging and diagnosis',
  flags: [
    ALL_NAMESPACES_FLAG,
    {
      name: 'namespaces',
      type: 'strings',
      usage: 'The namespaces to dump; the default ones are kube-system and the current.',
    },
    ...PRINT_FLAGS.map((flag) => (flag.name === 'output' ? { ...flag, default: 'json' } : flag)),
    {
      name: 'pod-running-timeout',
      type: 'duration',
      default: 20_000,
      usage: 'How long to wait until a Pod is running; those of a dump are known, so that nothing is waited for.',
    },
    { name: 'output-directory', type: 'string', usage: 'Where to write files; "-" or nothing means stdout.' },
  ],
  *run(kubectl, args) {
    const { format } = outputFormat(args);
    const extension = format === 'json' || format === 'yaml' ? format : 'txt';
    if (args.duration('pod-running-timeout') <= 0)
      throw new CommandError('--pod-running-timeout must be higher than zero');
    let printed = '';
    const paper = Object.create(kubectl) as Kubectl;
    paper.out = (text) => {
      printed += text;
    };
    const printer = outputPrinter(paper, args);
    const directory = args.string('output-directory');
    const write = (name: string, text: string) => {
      if (!directory || directory === '-') {
        kubectl.out(text);
        return;
      }
      const path = `${directory}/${name}`;
      kubectl.fs.mkdir(path.slice(0, path.lastIndexOf('/')), { recursive: true });
      kubectl.fs.writeFile(path, text);
    };
    const print = (name: string, list: KubeObject) => {
      if (format === 'name') throw new CommandError(`list types are not supported by name printing: *v1.${list.kind}`);
      printed = '';
      printer.print(list);
      write(`${name}.${extension}`, printed);
    };
    print('nodes', yield* listObjects(kubectl, yield* kubectl.mappingFor('nodes'), ''));
    const namespaces = yield* namespacesOf(kubectl, args);
    for (const namespace of namespaces) {
      let pods: Pod[] = [];
      for (const kind of KINDS) {
        const list = yield* listObjects(kubectl, yield* kubectl.mappingFor(kind), namespace);
        print(`${namespace}/${FILES[kind] ?? kind}`, list);
        if (kind === 'pods') pods = listItems(list) as unknown as Pod[];
      }
      for (const pod of pods) write(`${namespace}/${pod.metadata.name}/logs.txt`, yield* logsOf(kubectl, pod));
    }
    if (directory && directory !== '-') kubectl.line(`Cluster info dumped to ${directory}`);
  },
};

function* namespacesOf(kubectl: Kubectl, args: Args): Co<string[]> {
  if (args.bool('all-namespaces')) {
    const list = yield* listObjects(kubectl, yield* kubectl.mappingFor('namespaces'), '');
    return listItems(list).map((namespace) => namespace.metadata.name as string);
  }
  const named = args.strings('namespaces');
  return named.length ? named : ['kube-system', kubectl.namespace];
}

function* logsOf(kubectl: Kubectl, pod: Pod): Co<string> {
  const { namespace, name } = pod.metadata;
  let out = '';
  for (const container of containerNames(pod)) {
    out += `==== START logs for container ${container} of pod ${namespace}/${name} ====\n`;
    try {
      const path = `/api/v1/namespaces/${namespace}/pods/${name}/log`;
      const { text, body } = yield* kubectl.send({ method: 'GET', path, query: { container } });
      out += text ? yield* text.readAll() : String(body ?? '');
    } catch (error) {
      out += `Request log error: ${(error as Error).message}\n`;
    }
    out += `==== END logs for container ${container} of pod ${namespace}/${name} ====\n`;
  }
  return out;
}
