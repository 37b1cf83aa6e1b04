// kubectl config view, get-contexts, get-clusters, get-users, current-context: what the kubeconfig says.

import type { Command } from '../../command.ts';
import { CommandError, throwAll, usageError } from '../../errors.ts';
import type { Kubectl } from '../../kubectl.ts';
import type { Kubeconfig } from '../../kubeconfig.ts';
import { TableWriter } from '../../output/table.ts';
import { escapeHtml } from '../../../api/go-json.ts';
import { PRINT_FLAGS, outputFormat, outputPrinter } from '../../output/printers.ts';
import { encode, toBase64 } from '../../../linux/bytes.ts';
import { type Entry, documentOf, entriesOf, readConfig } from './file.ts';

const NO_HEADERS = {
  name: 'no-headers',
  type: 'bool',
  usage: "When using the default or custom-column output format, don't print headers (default print headers).",
} as const;

/* eslint-disable require-yield */
export const view: Command = {
  name: 'view',
  short: 'Display merged kubeconfig settings or a specified kubeconfig file',
  usage: '[--raw] [--minify] [--flatten] [-o yaml|json|jsonpath=…]',
  flags: [
    ...PRINT_FLAGS.map((flag) => (flag.name === 'output' ? { ...flag, default: 'yaml' } : flag)),
    {
      name: 'flatten',
      type: 'bool',
      usage:
        'Flatten the resulting kubeconfig file into self-contained output (useful for creating portable kubeconfig files)',
    },
    { name: 'merge', type: 'bool', default: true, usage: 'Merge the full hierarchy of kubeconfig files' },
    { name: 'minify', type: 'bool', usage: 'Remove all information not used by current-context from the output' },
    { name: 'raw', type: 'bool', usage: 'Display raw byte data and sensitive data' },
  ],
  *run(kubectl, args) {
    if (args.args.length) throw usageError(kubectl.path, `unexpected arguments: [${args.args.join(' ')}]`);
    if (!args.bool('merge') && !args.string('kubeconfig'))
      throw new CommandError('if merge==false a precise file must be specified');
    const printer = outputPrinter(kubectl, args);
    let config = readConfig(kubectl);
    if (args.bool('minify')) config = minified(config, args.string('context'));
    if (args.bool('flatten')) config = mapEntries(config, (entry) => embedded(kubectl, entry));
    else if (!args.bool('raw')) config = mapEntries(config, redacted);
    const document = documentOf(config);
    if (outputFormat(args).format === 'json') kubectl.out(escapeHtml(JSON.stringify(document, null, 4)) + '\n');
    else if (outputFormat(args).format === 'name') kubectl.line('config/<unknown>');
    else printer.print(document);
  },
};

function minified(config: Kubeconfig, wanted: string): Kubeconfig {
  const name = wanted || config.currentContext;
  if (!name) throw new CommandError('current-context must exist in order to minify');
  const context = config.contexts.get(name);
  if (!context) throw new CommandError(`cannot locate context ${name}`);
  const clusters = config.clusters.get(context.cluster ?? '');
  if (context.cluster && !clusters) throw new CommandError(`cannot locate cluster ${context.cluster}`);
  const user = config.users.get(context.user ?? '');
  if (context.user && !user) throw new CommandError(`cannot locate user ${context.user}`);
  return {
    ...config,
    currentContext: name,
    contexts: new Map([[name, context]]),
    clusters: clusters ? new Map([[context.cluster as string, clusters]]) : new Map(),
    users: user ? new Map([[context.user as string, user]]) : new Map(),
  };
}

function mapEntries(config: Kubeconfig, change: (entry: Entry) => Entry): Kubeconfig {
  const mapped = (map: Map<string, Entry>) => new Map([...map].map(([name, entry]) => [name, change(entry)]));
  return { ...config, clusters: mapped(entriesOf(config, 'clusters')), users: mapped(entriesOf(config, 'users')) };
}

const OMITTED = ['certificate-authority-data', 'client-certificate-data', 'client-key-data'];
const SECRET = ['token', 'password'];

function redacted(entry: Entry): Entry {
  const out = { ...entry };
  for (const field of OMITTED) if (out[field]) out[field] = 'DATA+OMITTED';
  for (const field of SECRET) if (out[field]) out[field] = 'REDACTED';
  return out;
}

/** Files become data. */
function embedded(kubectl: Kubectl, entry: Entry): Entry {
  const out = { ...entry };
  for (const field of ['certificate-authority', 'client-certificate', 'client-key']) {
    const path = out[field];
    if (!path || out[`${field}-data`]) continue;
    if (!kubectl.fs.exists(path)) throw new CommandError(`open ${path}: no such file or directory`);
    out[`${field}-data`] = toBase64(encode(kubectl.fs.readFile(path)));
    delete out[field];
  }
  return out;
}

export const currentContext: Command = {
  name: 'current-context',
  short: 'Display the current-context',
  *run(kubectl) {
    if (!readConfig(kubectl).currentContext) throw new CommandError('current-context is not set');
    kubectl.line(readConfig(kubectl).currentContext);
  },
};

export const getContexts: Command = {
  name: 'get-contexts',
  short: 'Describe one or many contexts',
  usage: '[(-o|--output=)name)]',
  flags: [NO_HEADERS, { name: 'output', short: 'o', type: 'string', usage: 'Output format. One of: (name).' }],
  *run(kubectl, args) {
    const output = args.string('output');
    if (output && output !== 'name') {
      throw new CommandError(
        `--output ${output} is not available in kubectl config get-contexts; resetting to default output format`,
      );
    }
    const { contexts, currentContext: current } = readConfig(kubectl);
    const names = args.args.length ? args.args : [...contexts.keys()].sort();
    const table = new TableWriter();
    if (!output && !args.bool('no-headers')) table.row(['CURRENT', 'NAME', 'CLUSTER', 'AUTHINFO', 'NAMESPACE']);
    const errors: Error[] = [];
    for (const name of names) {
      const context = contexts.get(name);
      if (!context) errors.push(new CommandError(`context ${name} not found`));
      else if (output) table.row([name]);
      else
        table.row([
          name === current ? '*' : '',
          name,
          context.cluster ?? '',
          context.user ?? '',
          context.namespace ?? '',
        ]);
    }
    kubectl.out(table.flush());
    throwAll(errors);
  },
};

const listNames = (name: string, short: string, section: 'clusters' | 'users'): Command => ({
  name,
  short,
  *run(kubectl) {
    kubectl.line('NAME');
    for (const entry of [...readConfig(kubectl)[section].keys()].sort()) kubectl.line(entry);
  },
});
export const getClusters = listNames('get-clusters', 'Display clusters defined in the kubeconfig', 'clusters');
export const getUsers = listNames('get-users', 'Display users defined in the kubeconfig', 'users');
