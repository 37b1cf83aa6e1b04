// kubectl create service clusterip | nodeport | loadbalancer | externalname

import type { KubeObject } from '../../../api/types.ts';
import type { Command } from '../../command.ts';
import { CommandError } from '../../errors.ts';
import type { Flag } from '../../flags.ts';
import { generator, intOrString, plain } from './generator.ts';

const TCP: Flag = { name: 'tcp', type: 'strings', usage: "Port pairs can be specified as '<port>:<targetPort>'." };

function parsePort(text: string): { port: number; targetPort: number | string } {
  const parts = text.split(':');
  const port = portNumber(parts[0]);
  if (parts.length < 2 || parts[1] === '') return { port, targetPort: port };
  const target = intOrString(parts[1]);
  if (typeof target === 'number') portNumber(parts[1]);
  else if (!/^(?=.*[a-z])[a-z0-9]([a-z0-9-]{0,13}[a-z0-9])?$/.test(target)) {
    throw new CommandError('must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)');
  }
  return { port, targetPort: target };
}

function portNumber(text: string): number {
  if (!/^\d+$/.test(text)) throw new CommandError(`strconv.ParseUint: parsing "${text}": invalid syntax`);
  if (Number(text) < 1 || Number(text) > 65535) throw new CommandError('must be between 1 and 65535, inclusive');
  return Number(text);
}

function serviceOf(type: string, name: string, tcp: string[], more: Record<string, unknown>, nodePort = 0): KubeObject {
  const ports = tcp.map((text) => {
    const { port, targetPort } = parsePort(text);
    return { name: text.replaceAll(':', '-'), protocol: 'TCP', port, targetPort, ...(nodePort ? { nodePort } : {}) };
  });
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name, labels: { app: name } },
    spec: { ...(ports.length ? { ports } : {}), selector: { app: name }, type, ...more },
    status: { loadBalancer: {} },
  };
}

const needPorts = (tcp: string[]) => {
  if (tcp.length === 0) throw new CommandError('at least one tcp port specifier must be provided');
  return tcp;
};
const failure = (type: string) => `failed to create ${type} service`;

const clusterip = generator({
  name: 'clusterip',
  short: 'Create a ClusterIP service',
  usage: 'NAME [--tcp=<port>:<targetPort>]',
  flags: [
    TCP,
    {
      name: 'clusterip',
      type: 'string',
      usage: "Assign your own ClusterIP or set to 'None' for a 'headless' service (no loadbalancing).",
    },
  ],
  failure: failure('ClusterIP'),
  build: plain((args, name) => {
    const ip = args.string('clusterip');
    if (ip === 'None' && args.strings('tcp').length) throw new CommandError('can not map ports with clusterip=None');
    if (ip !== 'None') needPorts(args.strings('tcp'));
    return serviceOf('ClusterIP', name, args.strings('tcp'), ip ? { clusterIP: ip } : {});
  }),
});

const nodeport = generator({
  name: 'nodeport',
  short: 'Create a NodePort service',
  usage: 'NAME [--tcp=port:targetPort]',
  flags: [TCP, { name: 'node-port', type: 'int', usage: 'Port used to expose the service on each node in a cluster.' }],
  failure: failure('NodePort'),
  build: plain((args, name) => serviceOf('NodePort', name, needPorts(args.strings('tcp')), {}, args.int('node-port'))),
});

const loadbalancer = generator({
  name: 'loadbalancer',
  short: 'Create a LoadBalancer service',
  usage: 'NAME [--tcp=port:targetPort]',
  flags: [TCP],
  failure: failure('LoadBalancer'),
  build: plain((args, name) => serviceOf('LoadBalancer', name, needPorts(args.strings('tcp')), {})),
});

const externalname = generator({
  name: 'externalname',
  short: 'Create an ExternalName service',
  usage: 'NAME --external-name external.name',
  flags: [TCP, { name: 'external-name', type: 'string', required: true, usage: 'External name of service' }],
  failure: failure('ExternalName'),
  build: plain((args, name) =>
    serviceOf('ExternalName', name, args.strings('tcp'), { externalName: args.string('external-name') }),
  ),
});

export const service: Command = {
  name: 'service',
  aliases: ['svc'],
  short: 'Create a service using a specified subcommand',
  commands: [clusterip, externalname, loadbalancer, nodeport],
};
