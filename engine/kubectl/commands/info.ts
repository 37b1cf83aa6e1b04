// What kubectl tells of the server: api-resources, api-versions, version, cluster-info.

import { BUILD } from '../../api/build.ts';
import type { Command } from '../command.ts';
import { dump } from './cluster-info-dump.ts';
import { type Mapping, qualified } from '../discovery.ts';
import { CommandError, quote, usageError } from '../errors.ts';
import { TableWriter } from '../output/table.ts';
import { listItems, listObjects, resourcePath } from '../resource/rest.ts';
import { toYaml } from '../yaml/emit.ts';
import { toKyaml } from '../yaml/kyaml.ts';

export const apiResources: Command = {
  name: 'api-resources',
  short: 'Print the supported API resources on the server',
  flags: [
    { name: 'api-group', type: 'string', usage: 'Limit to resources in the specified API group.' },
    { name: 'cached', type: 'bool', usage: 'Use the cached list of resources if available.' },
    { name: 'categories', type: 'strings', usage: 'Limit to resources that belong to the specified categories.' },
    {
      name: 'namespaced',
      type: 'bool',
      default: true,
      usage:
        'If false, non-namespaced resources will be returned, otherwise returning namespaced resources by default.',
    },
    {
      name: 'no-headers',
      type: 'bool',
      usage: "When using the default or custom-column output format, don't print headers.",
    },
    { name: 'output', short: 'o', type: 'string', usage: 'Output format. One of: (json, yaml, name, wide).' },
    { name: 'show-managed-fields', type: 'bool', usage: 'Has no effect: a list of resources has no managed fields.' },
    {
      name: 'sort-by',
      type: 'string',
      usage: "If non-empty, sort list of resources using specified field: 'name' or 'kind'.",
    },
    { name: 'verbs', type: 'strings', usage: 'Limit to resources that support the specified verbs.' },
  ],
  *run(kubectl, args) {
    if (args.args.length) throw usageError(kubectl.path, `unexpected arguments: [${args.args.join(' ')}]`);
    const output = args.string('output');
    if (!['', 'wide', 'name', 'json', 'yaml', 'kyaml'].includes(output))
      throw new CommandError(
        `unable to match a printer suitable for the output format ${quote(output)}, allowed formats are: json,kyaml,name,wide,yaml`,
      );
    const sortBy = args.string('sort-by');
    if (!['', 'name', 'kind'].includes(sortBy)) throw new CommandError('--sort-by accepts only name or kind');
    const discovery = yield* kubectl.discovery(!args.bool('cached'));
    const verbs = args.strings('verbs');
    const categories = args.strings('categories');
    const preferred = new Map(discovery.groups.map((g) => [g.group, g.versions]));
    const seen = new Set<string>();
    const shown = discovery.mappings.filter((m) => {
      const key = qualified(m.resource, m.group);
      // Of a resource in several versions, the one that its group prefers.
      if (seen.has(key) || !preferred.has(m.group)) return false;
      if (args.changed('api-group') && m.group !== args.string('api-group')) return false;
      if (args.changed('namespaced') && m.namespaced !== args.bool('namespaced')) return false;
      if (!verbs.every((v) => m.verbs.includes(v)) || !categories.every((c) => m.categories.includes(c))) return false;
      seen.add(key);
      return true;
    });
    const order =
      sortBy === 'kind'
        ? (m: Mapping) => m.kind
        : sortBy === 'name'
          ? (m: Mapping) => m.resource
          : (m: Mapping) => `${m.group}\0${m.resource}`;
    shown.sort((a, b) => (order(a) < order(b) ? -1 : order(a) > order(b) ? 1 : 0));
    if (output === 'name') {
      for (const m of shown) kubectl.line(qualified(m.resource, m.group));
      return;
    }
    if (['json', 'yaml', 'kyaml'].includes(output)) {
      const list = {
        kind: 'APIResourceList',
        apiVersion: 'v1',
        groupVersion: '',
        resources: shown.map((m) => ({
          name: m.resource,
          singularName: m.singular,
          namespaced: m.namespaced,
          group: m.group || undefined,
          version: m.version,
          kind: m.kind,
          verbs: m.verbs,
          shortNames: m.shortNames.length ? m.shortNames : undefined,
          categories: m.categories.length ? m.categories : undefined,
        })),
      };
      kubectl.out(
        output === 'json'
          ? JSON.stringify(list, null, 4) + '\n'
          : output === 'yaml'
            ? toYaml(list)
            : `---\n${toKyaml(list)}`,
      );
      return;
    }
    const table = new TableWriter();
    const wide = output === 'wide';
    if (!args.bool('no-headers'))
      table.row(['NAME', 'SHORTNAMES', 'APIVERSION', 'NAMESPACED', 'KIND', ...(wide ? ['VERBS', 'CATEGORIES'] : [])]);
    for (const m of shown) {
      const row = [m.resource, m.shortNames.join(','), m.groupVersion, String(m.namespaced), m.kind];
      if (wide) row.push(m.verbs.join(','), m.categories.join(','));
      table.row(row);
    }
    kubectl.out(table.flush());
  },
};

export const apiVersions: Command = {
  name: 'api-versions',
  short: 'Print the supported API versions on the server, in the form of "group/version"',
  *run(kubectl, args) {
    if (args.args.length) throw usageError(kubectl.path, `unexpected arguments: [${args.args.join(' ')}]`);
    const discovery = yield* kubectl.discovery(true);
    const versions = discovery.groups.flatMap((g) => g.versions.map((v) => (g.group ? `${g.group}/${v}` : v)));
    for (const version of versions.sort()) kubectl.line(version);
  },
};

/** The kustomize inside a minor release of kubectl, where it is not the present one. */
const KUSTOMIZE: Readonly<Record<string, string>> = { 31: 'v5.4.2', 32: 'v5.5.0', 33: 'v5.6.0' };
const KUSTOMIZE_NOW = 'v5.7.1';

export const version: Command = {
  name: 'version',
  short: 'Print the client and server version information',
  flags: [
    { name: 'client', type: 'bool', usage: 'If true, shows client version only (no server required).' },
    { name: 'output', short: 'o', type: 'string', usage: "One of 'yaml' or 'json'." },
  ],
  *run(kubectl, args) {
    if (args.args.length) throw new CommandError(`extra arguments: [${args.args.join(' ')}]`);
    const output = args.string('output');
    if (!['', 'yaml', 'json'].includes(output)) throw new CommandError("--output must be 'yaml' or 'json'");
    const [major, minor] = kubectl.options.version.replace(/^v/, '').split('.');
    const client = { major, minor, gitVersion: kubectl.options.version, ...BUILD };
    const kustomizeVersion = KUSTOMIZE[minor] ?? KUSTOMIZE_NOW;
    const server = args.bool('client')
      ? undefined
      : ((yield* kubectl.send({ method: 'GET', path: '/version' })).body as Record<string, string>);
    if (output) {
      const all = { clientVersion: client, kustomizeVersion, serverVersion: server };
      kubectl.out(output === 'json' ? JSON.stringify(all, null, 2) + '\n' : toYaml(all) + '\n');
      return;
    }
    kubectl.line(`Client Version: ${client.gitVersion}\nKustomize Version: ${kustomizeVersion}`);
    if (!server) return;
    kubectl.line(`Server Version: ${server.gitVersion}`);
    const skew = Number(client.minor) - Number(server.minor);
    if (Math.abs(skew) > 1) {
      kubectl.warn(
        `Warning: version difference between client (${client.major}.${client.minor}) and server (${server.major}.${server.minor}) exceeds the supported minor version skew of +/-1`,
      );
    }
  },
};

export const clusterInfo: Command = {
  name: 'cluster-info',
  short: 'Display cluster information',
  group: 'Cluster Management Commands',
  commands: [dump],
  *run(kubectl) {
    const { server } = kubectl.connection;
    const bold = (text: string) => (kubectl.process.tty ? `\x1b[0;32m${text}\x1b[0m` : text);
    const link = (text: string) => (kubectl.process.tty ? `\x1b[0;33m${text}\x1b[0m` : text);
    const services = yield* kubectl.mappingFor('services');
    const list = yield* listObjects(kubectl, services, 'kube-system', {
      labelSelector: 'kubernetes.io/cluster-service=true',
    });
    kubectl.line(`${bold('Kubernetes control plane')} is running at ${link(server)}`);
    for (const service of listItems(list)) {
      const name =
        (service.metadata.labels as Record<string, string>)['kubernetes.io/name'] ?? service.metadata.name ?? '';
      const port = service.spec.ports?.[0];
      const target = port ? `${service.metadata.name}:${port.name || port.port}` : (service.metadata.name as string);
      kubectl.line(
        `${bold(name)} is running at ${link(`${server}${resourcePath(services, 'kube-system')}/${target}/proxy`)}`,
      );
    }
    kubectl.line("\nTo further debug and diagnose cluster problems, use 'kubectl cluster-info dump'.");
  },
};
