// kubectl create ingress

import type { KubeObject } from '../../../api/types.ts';
import { CommandError } from '../../errors.ts';
import { generator, intOrString, keyValues, plain } from './generator.ts';

/** host/path=service:port[,tls[=secret]] */
const RULE =
  /^(?<host>[\w*\-.]*)?(?<path>\/[^=]*)=(?<service>[\w-]+):(?<port>[\w-]+)(?:,\s*tls(?:=(?<secret>[\w-]+))?)?$/;

const portOf = (text: string) => (typeof intOrString(text) === 'number' ? { number: Number(text) } : { name: text });

interface HttpRule {
  host?: string;
  http: { paths: object[] };
}

export const ingress = generator({
  name: 'ingress',
  aliases: ['ing'],
  short: 'Create an ingress with the specified name',
  usage: 'NAME --rule=host/path=service:port[,tls[=secret]]',
  flags: [
    { name: 'class', type: 'string', usage: 'Ingress Class to be used' },
    {
      name: 'rule',
      type: 'array',
      usage:
        'Rule in format host/path=service:port[,tls=secretname]. Paths containing the leading character * are considered pathType=Prefix.',
    },
    {
      name: 'annotation',
      type: 'array',
      usage: 'Annotation to insert in the ingress object, in the format annotation=value',
    },
    { name: 'default-backend', type: 'string', usage: 'Default service for backend, in format of svcname:port' },
  ],
  failure: 'failed to create ingress',
  build: plain((args, name): KubeObject => {
    const rules = args.strings('rule');
    const fallback = args.string('default-backend');
    if (rules.length === 0 && !fallback) {
      throw new CommandError(
        'not enough information provided: every ingress has to either specify a default-backend (which catches all traffic) or a list of rules (which catch specific paths)',
      );
    }
    const annotations = keyValues(
      args.strings('annotation'),
      (e) => `annotation ${e} is invalid and should be in format key=[value]`,
    );
    const spec: Record<string, unknown> = {};
    if (args.string('class')) spec.ingressClassName = args.string('class');
    if (fallback) {
      const match = /^([\w-]+):([\w-]+)$/.exec(fallback);
      if (!match) throw new CommandError('default-backend should be in format servicename:serviceport');
      spec.defaultBackend = { service: { name: match[1], port: portOf(match[2]) } };
    }
    const hosts = new Map<string, HttpRule>();
    const tls: { hosts?: string[]; secretName?: string }[] = [];
    for (const rule of rules) {
      const groups = RULE.exec(rule)?.groups;
      if (!groups)
        throw new CommandError(
          `rule ${rule} is invalid and should be in format host/path=svcname:svcport[,tls[=secret]]`,
        );
      const { host = '', service, port, secret } = groups;
      const prefix = groups.path.endsWith('*');
      const path = {
        path: prefix ? groups.path.slice(0, -1) : groups.path,
        pathType: prefix ? 'Prefix' : 'Exact',
        backend: { service: { name: service, port: portOf(port) } },
      };
      const known = hosts.get(host);
      if (known) known.http.paths.push(path);
      else hosts.set(host, { ...(host ? { host } : {}), http: { paths: [path] } });
      if (/,\s*tls/.test(rule) && !tls.some((t) => t.hosts?.[0] === host)) {
        tls.push({ ...(host ? { hosts: [host] } : {}), ...(secret ? { secretName: secret } : {}) });
      }
    }
    if (hosts.size) spec.rules = [...hosts.values()];
    if (tls.length) spec.tls = tls;
    return {
      apiVersion: 'networking.k8s.io/v1',
      kind: 'Ingress',
      metadata: { name, ...(args.strings('annotation').length ? { annotations } : {}) },
      spec,
      status: { loadBalancer: {} },
    };
  }),
});
