// istioctl: installs Istio, and shows what its proxies know. It reaches the cluster as kubectl does.

import { Collector, filesOf, stringReader, type Process, type Program } from '../../linux/index.ts';
import type { Co } from '../../sim/index.ts';
import { analyze } from './analyze.ts';
import { CtlError, type Ctl } from './ctl.ts';
import { install, uninstall } from './install.ts';
import { proxyConfig, proxyStatus, version } from './proxies.ts';

interface Command {
  names: readonly string[];
  short: string;
  /** Flags with a value, and switches. */
  values?: readonly string[];
  switches?: readonly string[];
  run(ctl: Ctl): Co<void>;
}

const COMMANDS: readonly Command[] = [
  {
    names: ['install', 'apply'],
    short: 'Applies an Istio manifest, installing or reconfiguring Istio on a cluster.',
    values: ['set', 'filename'],
    switches: ['skip-confirmation'],
    run: install,
  },
  {
    names: ['uninstall'],
    short: 'Uninstall Istio from a cluster',
    switches: ['purge', 'skip-confirmation'],
    run: uninstall,
  },
  { names: ['version'], short: 'Prints out build version information', values: ['remote', 'short'], run: version },
  {
    names: ['proxy-status', 'ps'],
    short: 'Retrieves the synchronization status of each Envoy in the mesh',
    run: proxyStatus,
  },
  {
    names: ['proxy-config', 'pc'],
    short: 'Retrieve information about proxy configuration from Envoy',
    values: ['fqdn', 'port', 'cluster', 'name', 'output', 'namespace'],
    run: proxyConfig,
  },
  {
    names: ['analyze'],
    short: 'Analyze Istio configuration and print validation messages',
    values: ['namespace'],
    switches: ['all-namespaces'],
    run: analyze,
  },
];

const SHORT: Record<string, string> = {
  f: 'filename',
  y: 'skip-confirmation',
  o: 'output',
  n: 'namespace',
  A: 'all-namespaces',
  s: 'set',
};

function parse(words: readonly string[], command: Command): { args: string[]; flags: Map<string, string[]> } {
  const args: string[] = [];
  const flags = new Map<string, string[]>();
  for (let i = 0; i < words.length; i++) {
    const word = words[i];
    if (!word.startsWith('-') || word === '-') {
      args.push(word);
      continue;
    }
    const [, long, attached] = /^-{1,2}([\w-]+)(?:=([\s\S]*))?$/.exec(word) ?? ['', word];
    const name = word.startsWith('--') ? long : (SHORT[long] ?? long);
    if (command.switches?.includes(name)) flags.set(name, [...(flags.get(name) ?? []), attached ?? '']);
    else if (command.values?.includes(name))
      flags.set(name, [...(flags.get(name) ?? []), attached ?? words[++i] ?? '']);
    else throw new CtlError(`unknown flag: ${word}, or one that is not modelled by this engine`);
  }
  return { args, flags };
}

export function createIstioctl(kubectl: Program): Program {
  return function* (process): Co<number> {
    const [, name, ...words] = process.argv;
    if (name === undefined || name === 'help' || name === '--help') {
      const rows = COMMANDS.map(({ names, short }) => `  ${names[0].padEnd(16)}${short}\n`).join('');
      process.stdout.write(
        `Istio configuration command line utility for service operators to\ndebug and diagnose their Istio mesh.\n\nUsage:\n  istioctl [command]\n\nAvailable Commands:\n${rows}`,
      );
      return 0;
    }
    const command = COMMANDS.find(({ names }) => names.includes(name));
    try {
      if (!command)
        throw new CtlError(`unknown command "${name}" for "istioctl", or one that is not modelled by this engine`);
      yield 30;
      yield* command.run({
        process,
        ...parse(words, command),
        print: (text) => void process.stdout.write(`${text}\n`),
        kubectl: (args, input) => run(process, kubectl, args, input),
        readFile(path) {
          const node = filesOf(process).find(path);
          if (node?.kind !== 'file') throw new CtlError(`open ${path}: no such file or directory`);
          return node.text;
        },
      });
      return 0;
    } catch (error) {
      if (!(error instanceof CtlError)) throw error;
      process.stderr.write(`Error: ${error.message}\n`);
      return 1;
    }
  };
}

function* run(parent: Process, program: Program, args: string[], input?: string): Co<string> {
  const [out, errors] = [new Collector(), new Collector()];
  const child = parent.host.spawn({
    program,
    argv: ['kubectl', ...args],
    parent,
    stdin: input === undefined ? undefined : stringReader(input),
    stdout: out,
    stderr: errors,
  });
  while (child.task && !child.task.done) yield child.task.exited;
  if (child.status) throw new CtlError(errors.text.trim());
  return out.text;
}
