// How crictl finds the runtime: flags before the command, and the settings in /etc/crictl.yaml.

import { filesOf, type Process } from '../linux/index.ts';
import { columns, die } from './flags.ts';

/** `-r unix:///run/containerd/containerd.sock`, which must be where the runtime is. */
export function withoutEndpoint(process: Process): string[] {
  const words = process.argv.slice(1);
  while (/^(-r|--runtime-endpoint|-i|--image-endpoint)(=|$)/.test(words[0] ?? '')) {
    const [flag, own] = (words.shift() as string).split('=');
    const endpoint = own ?? words.shift();
    if (endpoint === undefined) die(process, `crictl: flag needs an argument: ${flag}`);
    const path = endpoint.replace(/^unix:\/\//, '');
    if (!SOCKETS.includes(path))
      die(
        process,
        `FATA[0000] validate service connection: validate CRI v1 runtime API for endpoint ${JSON.stringify(endpoint)}: rpc error: code = Unavailable desc = connection error: desc = "transport: Error while dialing: dial unix ${path}: connect: no such file or directory"`,
      );
  }
  return words;
}
const SOCKETS = ['/run/containerd/containerd.sock', '/var/run/crio/crio.sock', '/var/run/dockershim.sock'];

const CONFIG = '/etc/crictl.yaml';
const SETTINGS = [
  'runtime-endpoint',
  'image-endpoint',
  'timeout',
  'debug',
  'pull-image-on-create',
  'disable-pull-on-run',
];

/** crictl config: a file of settings; the endpoint that it names is where the runtime is in any case. */
export function config(process: Process, words: readonly string[]): number {
  const fs = filesOf(process);
  const values: Record<string, string> = {};
  const node = fs.find(CONFIG);
  for (const line of node?.kind === 'file' ? node.text.split('\n') : []) {
    const match = /^([a-z-]+): "?(.*?)"?$/.exec(line);
    if (match) values[match[1]] = match[2];
  }
  const write = () =>
    fs.writeFile(
      CONFIG,
      SETTINGS.filter((name) => name in values)
        .map((name) => `${name}: "${values[name]}"\n`)
        .join(''),
    );
  if (words[0] === '--get') {
    process.stdout.write(`${values[words[1]] ?? ''}\n`);
    return 0;
  }
  if (words[0] === '--list') {
    process.stdout.write(columns([['KEY', 'VALUE'], ...SETTINGS.map((name) => [name, values[name] ?? ''])], 3));
    return 0;
  }
  const pairs = words[0] === '--set' ? words.slice(1).join(',').split(',') : [words.join('=')];
  for (const pair of pairs) {
    const [name, value] = pair.split(/=(.*)/s);
    if (!SETTINGS.includes(name)) die(process, `FATA[0000] no section named ${name}`);
    values[name] = value ?? '';
  }
  write();
  return 0;
}
