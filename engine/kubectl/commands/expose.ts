// kubectl expose: a Service for what another object selects.

import { mergePatch } from '../../apiserver/patch/merge-patch.ts';
import { jsonPatch } from '../../apiserver/patch/json-patch.ts';
import { strategicMerge } from '../../apiserver/patch/strategic-merge.ts';
import type { JsonObject, KubeObject } from '../../api/types.ts';
import type { Co } from '../../sim/index.ts';
import type { Command } from '../command.ts';
import { CommandError, throwAll } from '../errors.ts';
import type { Args, Flag } from '../flags.ts';
import { type Kubectl, builtinScheme } from '../kubectl.ts';
import { PRINT_FLAGS, changePrinter } from '../output/printers.ts';
import { podSpecOf } from '../pod-spec.ts';
import { FILENAME_FLAGS, type Info, find, localMapping, selectionOf } from '../resource/builder.ts';
import { parseSelector } from '../resource/selector.ts';
import { typed } from '../resource/typed.ts';
import { createObject } from '../resource/rest.ts';
import { DRY_RUN_FLAG, SAVE_CONFIG_FLAG, dryRunOf, fieldManagerFlag, withLastApplied } from '../write-flags.ts';
import { YamlError, parseYaml } from '../yaml/parse.ts';
import { intOrString } from './create/generator.ts';

export const OVERRIDE_FLAGS: readonly Flag[] = [
  {
    name: 'overrides',
    type: 'string',
    usage:
      'An inline JSON override for the generated object. Requires that the object supply a valid apiVersion field.',
  },
  {
    name: 'override-type',
    type: 'string',
    default: 'merge',
    usage: 'The method used to override the generated object: json, merge, or strategic.',
  },
];

/** Changes a generated object by --overrides. */
export function overridden(args: Args, object: KubeObject): KubeObject {
  const text = args.string('overrides');
  return text ? typed(patched(args, text, object)) : object;
}

function patched(args: Args, text: string, object: KubeObject): KubeObject {
  let patch: JsonObject;
  try {
    patch = parseYaml(text) as JsonObject;
  } catch (error) {
    if (error instanceof YamlError) throw new CommandError('Invalid JSON Patch');
    throw error;
  }
  switch (args.string('override-type')) {
    case 'merge':
      return mergePatch(object, patch) as KubeObject;
    case 'json':
      return jsonPatch(object, patch as never) as KubeObject;
    case 'strategic': {
      const scheme = builtinScheme();
      const parts = object.apiVersion.split('/');
      const info = scheme.kind(parts.length > 1 ? parts[0] : '', parts[parts.length - 1], object.kind);
      return info ? (strategicMerge(scheme, info, object, patch) as KubeObject) : object;
    }
  }
  throw new CommandError(`invalid override type: ${args.string('override-type')}`);
}

export const expose: Command = {
  name: 'expose',
  typed: true,
  short: 'Take a replication controller, service, deployment or pod and expose it as a new Kubernetes service',
  group: 'Basic Commands (Beginner)',
  usage:
    '(-f FILENAME | TYPE NAME) [--port=port] [--protocol=TCP|UDP|SCTP] [--target-port=number-or-name] [--name=name] [--external-ip=external-ip-of-service] [--type=type]',
  flags: [
    ...FILENAME_FLAGS,
    ...PRINT_FLAGS,
    DRY_RUN_FLAG,
    SAVE_CONFIG_FLAG,
    fieldManagerFlag('kubectl-expose'),
    ...OVERRIDE_FLAGS,
    {
      name: 'cluster-ip',
      type: 'string',
      usage:
        "ClusterIP to be assigned to the service. Leave empty to auto-allocate, or set to 'None' to create a headless service.",
    },
    {
      name: 'external-ip',
      type: 'string',
      usage: 'Additional external IP address (not managed by Kubernetes) to accept for the service.',
    },
    { name: 'labels', short: 'l', type: 'string', usage: 'Labels to apply to the service created by this call.' },
    { name: 'load-balancer-ip', type: 'string', usage: 'IP to assign to the LoadBalancer.' },
    { name: 'name', type: 'string', usage: 'The name for the newly created object.' },
    {
      name: 'port',
      type: 'string',
      usage: 'The port that the service should serve on. Copied from the resource being exposed, if unspecified',
    },
    {
      name: 'protocol',
      type: 'string',
      usage: "The network protocol for the service to be created. Default is 'TCP'.",
    },
    {
      name: 'selector',
      type: 'string',
      usage:
        'A label selector to use for this service. If empty (the default) infer the selector from the resource being exposed.',
    },
    {
      name: 'session-affinity',
      type: 'string',
      usage: "If non-empty, set the session affinity for the service to this; legal values: 'None', 'ClientIP'",
    },
    {
      name: 'target-port',
      type: 'string',
      usage: 'Name or number for the port on the container that the service should direct traffic to.',
    },
    {
      name: 'type',
      type: 'string',
      usage: "Type for this service: ClusterIP, NodePort, LoadBalancer, or ExternalName. Default is 'ClusterIP'.",
    },
  ],
  *run(kubectl, args): Co {
    const dryRun = dryRunOf(args);
    // --selector says what the Service selects.
    const found = yield* find(kubectl, { ...selectionOf(args), selector: '' });
    const { errors } = found;
    for (const info of found.infos) {
      try {
        yield* exposeOne(kubectl, args, info, dryRun);
      } catch (error) {
        errors.push(error as Error);
      }
    }
    throwAll(errors);
  },
};

function* exposeOne(kubectl: Kubectl, args: Args, info: Info, dryRun: ReturnType<typeof dryRunOf>): Co {
  const { object } = info;
  const selector = args.string('selector') ? equalities(args.string('selector')) : selectorOf(info);
  const headless = args.string('cluster-ip') === 'None';
  const ports = portsOf(args, object);
  if (ports.length === 0 && !headless) throw new CommandError("couldn't find port via --port flag or introspection");
  let service = overridden(
    args,
    serviceOf(args, args.string('name') || info.name.slice(0, 63), selector, ports, labelsOf(args, object)),
  );
  // A dry run of the client prints it before that.
  if (args.bool('save-config') && dryRun !== 'client') service = withLastApplied(service);
  const options = { dryRun, fieldManager: args.string('field-manager') };
  const made =
    dryRun === 'client'
      ? service
      : yield* createObject(kubectl, localMapping(service), info.namespace, service, options);
  changePrinter(kubectl, args, 'exposed', dryRun).print(made);
}

/** Labels of --labels, else the exposed object's own. */
function labelsOf(args: Args, object: KubeObject): Record<string, string> {
  return args.string('labels')
    ? equalities(args.string('labels'))
    : ((object.metadata.labels ?? {}) as Record<string, string>);
}

export function equalities(text: string): Record<string, string> {
  const out: Record<string, string> = {};
  for (const requirement of parseSelector(text)) {
    if (requirement.operator !== 'in' || requirement.values.length !== 1)
      throw new CommandError(`unexpected label spec: ${text}`);
    out[requirement.key] = requirement.values[0];
  }
  return out;
}

interface Port {
  name?: string;
  port: number;
  protocol?: string;
  targetPort: number | string;
}

export function serviceOf(
  args: Args,
  name: string,
  selector: Record<string, string>,
  ports: Port[],
  labels: Record<string, string>,
): KubeObject {
  const spec: JsonObject = { selector };
  if (ports.length) spec.ports = ports;
  const text = (flag: string) => (args.has(flag) ? args.string(flag) : '');
  if (text('type')) spec.type = text('type');
  if (text('cluster-ip')) spec.clusterIP = text('cluster-ip');
  if (text('external-ip')) spec.externalIPs = [text('external-ip')];
  if (text('load-balancer-ip')) spec.loadBalancerIP = text('load-balancer-ip');
  if (text('session-affinity')) spec.sessionAffinity = text('session-affinity');
  const metadata = Object.keys(labels).length ? { name, labels } : { name };
  return { apiVersion: 'v1', kind: 'Service', metadata, spec, status: { loadBalancer: {} } };
}

function selectorOf(info: Info): Record<string, string> {
  const { object } = info;
  switch (object.kind) {
    case 'Pod':
      if (!Object.keys(object.metadata.labels ?? {}).length)
        throw new CommandError(
          "couldn't retrieve selectors via --selector flag or introspection: the pod has no labels and cannot be exposed",
        );
      return object.metadata.labels as Record<string, string>;
    case 'Service':
      if (!object.spec.selector)
        throw new CommandError(
          "couldn't retrieve selectors via --selector flag or introspection: the service has no pod selector set",
        );
      return object.spec.selector;
    case 'ReplicationController':
      return object.spec.selector;
    case 'Deployment':
    case 'ReplicaSet':
      if (object.spec.selector?.matchExpressions?.length) {
        throw new CommandError(
          `couldn't retrieve selectors via --selector flag or introspection: couldn't convert expressions - "${JSON.stringify(object.spec.selector.matchExpressions)}" to map-based selector format`,
        );
      }
      return object.spec.selector.matchLabels;
  }
  const { kind, group } = info.mapping;
  throw new CommandError(`cannot expose a ${kind}${group ? '.' + group : ''}`);
}

/** From --port (several with commas) or from the ports that the object has. */
function portsOf(args: Args, object: KubeObject): Port[] {
  const target = args.string('target-port');
  const protocol = args.string('protocol');
  const own: { port: number; protocol?: string }[] =
    object.kind === 'Service'
      ? (object.spec.ports ?? [])
      : (podSpecOf(object)?.containers ?? []).flatMap((c: JsonObject) =>
          (c.ports ?? []).map((p: JsonObject) => ({ port: p.containerPort, protocol: p.protocol })),
        );
  const numbers = args.string('port') ? args.string('port').split(',').map(portNumber) : own.map((p) => p.port);
  return numbers.map((port, i) => {
    const found = own.find((p) => p.port === port)?.protocol;
    const one: Port = { port, protocol: protocol || found || 'TCP', targetPort: target ? intOrString(target) : port };
    if (numbers.length > 1) one.name = `port-${i + 1}`;
    return one;
  });
}

function portNumber(text: string): number {
  if (!/^-?\d+$/.test(text)) throw new CommandError(`strconv.Atoi: parsing "${text}": invalid syntax`);
  return Number(text);
}
