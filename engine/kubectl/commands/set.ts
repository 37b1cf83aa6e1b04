// kubectl set: image, resources, selector, serviceaccount, subject; env is in set/env.ts.

import type { Co } from '../../sim/index.ts';
import type { Command } from '../command.ts';
import { CommandError, quote } from '../errors.ts';
import { podSpecOf, withPodSpec } from '../pod-spec.ts';
import { FILES_RECURSIVELY, hasFiles, selectionOf } from '../resource/builder.ts';
import { checkQuantity } from '../resource/quantity.ts';
import { parseSelector } from '../resource/selector.ts';
import { changeAll, changeFlags } from './change.ts';
import { type Container, containerMatcher, findForSet, noTemplate, withContainers } from './set/containers.ts';
import { env } from './set/env.ts';

/** Splits TYPE NAME from KEY=VALUE. */
function splitPairs(args: readonly string[]): { resources: string[]; pairs: Map<string, string> } {
  const resources: string[] = [];
  const pairs = new Map<string, string>();
  for (const arg of args) {
    const equals = arg.indexOf('=');
    if (equals > 0) pairs.set(arg.slice(0, equals), arg.slice(equals + 1));
    else if (pairs.size) throw new CommandError(`all resources must be specified before image changes: ${arg}`);
    else resources.push(arg);
  }
  return { resources, pairs };
}

const image: Command = {
  name: 'image',
  short: 'Update the image of a pod template',
  usage: '(-f FILENAME | TYPE NAME) CONTAINER_NAME_1=CONTAINER_IMAGE_1 ... CONTAINER_NAME_N=CONTAINER_IMAGE_N',
  flags: changeFlags('kubectl-set'),
  *run(kubectl, args): Co {
    const { resources, pairs } = splitPairs(args.args);
    if (!hasFiles(selectionOf(args)) && resources.length === 0 && !args.bool('all')) throw new CommandError(MISSING);
    if (pairs.has('*') && pairs.size > 1)
      throw new CommandError(
        'all containers are already specified by *, but saw more than one container_name=container_image pairs',
      );
    const found = yield* findForSet(kubectl, args, resources);
    if (pairs.size === 0) throw new CommandError('at least one image update is required');
    yield* changeAll(
      kubectl,
      args,
      found,
      'image updated',
      (object, info) => {
        const spec = podSpecOf(object);
        if (!spec) throw noTemplate(args, info);
        const names = [...(spec.initContainers ?? []), ...(spec.containers ?? [])].map((c: Container) => c.name);
        // The containers that are there change all the same.
        for (const name of pairs.keys())
          if (name !== '*' && !names.includes(name))
            found.errors.push(new CommandError(`unable to find container named ${quote(name)}`));
        return withContainers(object, (c) => {
          const wanted = pairs.get('*') ?? pairs.get(c.name);
          return wanted === undefined || wanted === c.image ? c : { ...c, image: wanted };
        });
      },
      'failed to patch image update to pod template:',
    );
  },
};

const MISSING = `You must provide one or more resources by argument or filename.
Example resource specifications include:
   '-f rsrc.yaml'
   '--filename=rsrc.json'
   '<resource> <name>'
   '<resource>'`;

/** 'cpu=200m,memory=512Mi' */
function resourceList(text: string): Record<string, string> {
  const out: Record<string, string> = {};
  if (!text) return out;
  for (const pair of text.split(',')) {
    const [name, quantity, more] = pair.split('=');
    if (quantity === undefined || more !== undefined)
      throw new CommandError(`Invalid argument syntax ${pair}, expected <resource>=<value>`);
    checkQuantity(quantity);
    out[name] = quantity;
  }
  return out;
}

const resources: Command = {
  name: 'resources',
  short: 'Update resource requests/limits on objects with pod templates',
  usage: '(-f FILENAME | TYPE NAME)  ([--limits=LIMITS & --requests=REQUESTS]',
  flags: [
    ...changeFlags('kubectl-set'),
    {
      name: 'containers',
      short: 'c',
      type: 'string',
      default: '*',
      usage:
        'The names of containers in the selected pod templates to change, all containers are selected by default - may use wildcards',
    },
    {
      name: 'limits',
      type: 'string',
      usage: "The resource requirement requests for this container. For example, 'cpu=100m,memory=256Mi'.",
    },
    {
      name: 'requests',
      type: 'string',
      usage: "The resource requirement requests for this container. For example, 'cpu=100m,memory=256Mi'.",
    },
  ],
  *run(kubectl, args): Co {
    const limits = resourceList(args.string('limits'));
    const requests = resourceList(args.string('requests'));
    if (!args.string('limits') && !args.string('requests')) {
      throw new CommandError('you must specify an update to requests or limits (in the form of --requests/--limits)');
    }
    const matches = containerMatcher(args.string('containers'));
    const found = yield* findForSet(kubectl, args, args.args);
    yield* changeAll(
      kubectl,
      args,
      found,
      'resource requirements updated',
      (object) => {
        let any = false;
        const changed = withContainers(object, (c) => {
          if (!matches(c.name)) return c;
          any = true;
          const next = { ...c.resources };
          if (Object.keys(limits).length) next.limits = { ...next.limits, ...limits };
          if (Object.keys(requests).length) next.requests = { ...next.requests, ...requests };
          return { ...c, resources: next };
        });
        if (!any) throw new CommandError(`unable to find container named ${args.string('containers')}`);
        return changed;
      },
      'failed to patch resources update to pod template',
    );
  },
};

const selector: Command = {
  name: 'selector',
  short: 'Set the selector on a resource',
  usage: '(-f FILENAME | TYPE NAME) EXPRESSIONS [--resource-version=version]',
  flags: [
    ...changeFlags('kubectl-set', FILES_RECURSIVELY).filter((f) => f.name !== 'selector'),
    {
      name: 'resource-version',
      type: 'string',
      usage:
        'If non-empty, the selectors update will only succeed if this is the current resource-version for the object.',
    },
  ],
  *run(kubectl, args): Co {
    const words = args.args.slice();
    const expression = words.pop();
    if (expression === undefined || (!expression.includes('=') && !expression.includes(' in ')))
      throw new CommandError('one selector is required');
    const matchLabels: Record<string, string> = {};
    for (const requirement of parseSelector(expression)) {
      if (requirement.operator !== 'in' || requirement.values.length !== 1)
        throw new CommandError(`invalid selector: only key=value is possible here`);
      matchLabels[requirement.key] = requirement.values[0];
    }
    const found = yield* findForSet(kubectl, args, words, true);
    yield* changeAll(kubectl, args, found, 'selector updated', (object) => {
      if (object.kind !== 'Service') throw new CommandError(`setting a selector is only supported for Services`);
      const version = args.string('resource-version');
      const metadata = version ? { ...object.metadata, resourceVersion: version } : object.metadata;
      return { ...object, metadata, spec: { ...object.spec, selector: matchLabels } };
    });
  },
};

const serviceaccount: Command = {
  name: 'serviceaccount',
  aliases: ['sa'],
  short: 'Update the service account of a resource',
  usage: '(-f FILENAME | TYPE NAME) SERVICE_ACCOUNT',
  flags: changeFlags('kubectl-set').filter((f) => f.name !== 'selector'),
  *run(kubectl, args): Co {
    const words = args.args.slice();
    const name = words.pop();
    if (name === undefined) throw new CommandError('serviceaccount is required');
    const found = yield* findForSet(kubectl, args, words);
    yield* changeAll(
      kubectl,
      args,
      found,
      'serviceaccount updated',
      (object, info) => {
        if (!podSpecOf(object)) throw noTemplate(args, info);
        return withPodSpec(object, (spec) => ({
          ...spec,
          serviceAccountName: name,
          ...(spec.serviceAccount ? { serviceAccount: name } : {}),
        }));
      },
      'failed to patch ServiceAccountName',
    );
  },
};

const API = 'rbac.authorization.k8s.io';

interface Subject {
  kind: string;
  name: string;
  namespace?: string;
  apiGroup?: string;
}

const subject: Command = {
  name: 'subject',
  short: 'Update the user, group, or service account in a role binding or cluster role binding',
  usage:
    '(-f FILENAME | TYPE NAME) [--user=username] [--group=groupname] [--serviceaccount=namespace:serviceaccountname] [--dry-run=server|client|none]',
  flags: [
    ...changeFlags('kubectl-set'),
    { name: 'user', type: 'array', usage: 'Usernames to bind to the role' },
    { name: 'group', type: 'array', usage: 'Groups to bind to the role' },
    { name: 'serviceaccount', type: 'array', usage: 'Service accounts to bind to the role' },
  ],
  *run(kubectl, args): Co {
    const wanted: Subject[] = [
      ...args.strings('user').map((name) => ({ kind: 'User', apiGroup: API, name })),
      ...args.strings('group').map((name) => ({ kind: 'Group', apiGroup: API, name })),
      ...args.strings('serviceaccount').map((text) => {
        const [namespace, name, more] = text.split(':');
        if (!namespace || !name || more !== undefined)
          throw new CommandError('serviceaccount must be <namespace>:<name>');
        return { kind: 'ServiceAccount', namespace, name };
      }),
    ];
    const found = yield* findForSet(kubectl, args, args.args);
    if (wanted.length === 0)
      throw new CommandError('you must specify at least one value of user, group or serviceaccount');
    yield* changeAll(kubectl, args, found, 'subjects updated', (object) => {
      if (object.kind !== 'RoleBinding' && object.kind !== 'ClusterRoleBinding')
        throw new CommandError('setting subjects is only supported for RoleBinding/ClusterRoleBinding');
      const subjects = ((object.subjects ?? []) as Subject[]).slice();
      const same = (a: Subject, b: Subject) => a.kind === b.kind && a.name === b.name && a.namespace === b.namespace;
      for (const one of wanted) if (!subjects.some((s) => same(s, one))) subjects.push(one);
      return { ...object, subjects };
    });
  },
};

export const set: Command = {
  name: 'set',
  typed: true,
  short: 'Set specific features on objects',
  group: 'Basic Commands (Beginner)',
  commands: [env, image, resources, selector, serviceaccount, subject],
};
