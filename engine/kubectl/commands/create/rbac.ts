// kubectl create role, rolebinding, clusterrole, clusterrolebinding

import type { KubeObject } from '../../../api/types.ts';
import type { Co } from '../../../sim/index.ts';
import { BareError, CommandError } from '../../errors.ts';
import type { Args, Flag } from '../../flags.ts';
import type { Kubectl } from '../../kubectl.ts';
import { generator, keyValues, plain } from './generator.ts';

const API = 'rbac.authorization.k8s.io';
const VERBS = [
  'get',
  'delete',
  'list',
  'create',
  'update',
  'patch',
  'watch',
  'proxy',
  'redirect',
  'use',
  'deletecollection',
  'bind',
  'escalate',
  'impersonate',
  '*',
];

const RULE_FLAGS: readonly Flag[] = [
  { name: 'verb', type: 'strings', usage: 'Verb that applies to the resources contained in the rule' },
  { name: 'resource', type: 'strings', usage: 'Resource that the rule applies to' },
  {
    name: 'resource-name',
    type: 'array',
    usage: 'Resource in the white list that the rule applies to, repeat this flag for multiple items',
  },
];

interface Rule {
  verbs: string[];
  apiGroups?: string[];
  resources?: string[];
  resourceNames?: string[];
  nonResourceURLs?: string[];
}

const unique = (list: string[]) => [...new Set(list)];

function verbsOf(args: Args, kubectl: Kubectl): string[] {
  const verbs = unique(args.strings('verb'));
  if (verbs.includes('*')) return ['*'];
  for (const verb of verbs)
    if (!VERBS.includes(verb)) kubectl.warn(`Warning: '${verb}' is not a standard resource verb`);
  return verbs;
}

/** One rule an API group, the groups in order. */
function* resourceRules(kubectl: Kubectl, args: Args, verbs: string[]): Co<Rule[]> {
  const groups = new Map<string, string[]>();
  for (const text of args.strings('resource')) {
    const slash = text.indexOf('/');
    const type = slash < 0 ? text : text.slice(0, slash);
    if (!type) throw new CommandError('resource must be specified if apiGroup/subresource specified');
    let group = '';
    let resource = type;
    if (type === '*') {
      groups.clear();
      groups.set('', ['*']);
      break;
    }
    const mapping = yield* kubectl.discover((d) => d.find(type));
    if (!mapping)
      throw new BareError(
        `the server doesn't have a resource type "${type.split('.')[0]}"${type.includes('.') ? ` in group "${type.slice(type.indexOf('.') + 1)}"` : ''}`,
      );
    group = mapping.group;
    resource = mapping.resource + (slash < 0 ? '' : text.slice(slash));
    const list = groups.get(group);
    if (!list) groups.set(group, [resource]);
    else if (!list.includes(resource)) list.push(resource);
  }
  const names = unique(args.strings('resource-name'));
  return [...groups.keys()].sort().map((group) => ({
    verbs,
    apiGroups: [group],
    resources: groups.get(group),
    ...(names.length ? { resourceNames: names } : {}),
  }));
}

export const role = generator({
  name: 'role',
  short: 'Create a role with single rule',
  usage: 'NAME --verb=verb --resource=resource.group/subresource [--resource-name=resourcename]',
  flags: RULE_FLAGS,
  *build(kubectl, args, name): Co<KubeObject> {
    const verbs = verbsOf(args, kubectl);
    if (verbs.length === 0) throw new CommandError('at least one verb must be specified');
    if (args.strings('resource').length === 0) throw new CommandError('at least one resource must be specified');
    return {
      apiVersion: `${API}/v1`,
      kind: 'Role',
      metadata: { name },
      rules: yield* resourceRules(kubectl, args, verbs),
    };
  },
});

export const clusterrole = generator({
  name: 'clusterrole',
  short: 'Create a cluster role',
  usage: 'NAME --verb=verb --resource=resource.group [--resource-name=resourcename]',
  clusterScoped: true,
  flags: [
    ...RULE_FLAGS,
    { name: 'non-resource-url', type: 'strings', usage: 'A partial url that user should have access to.' },
    { name: 'aggregation-rule', type: 'strings', usage: 'An aggregation label selector for combining ClusterRoles.' },
  ],
  *build(kubectl, args, name): Co<KubeObject> {
    const object: KubeObject = { apiVersion: `${API}/v1`, kind: 'ClusterRole', metadata: { name } };
    const urls = args.strings('non-resource-url');
    const aggregation = args.strings('aggregation-rule');
    if (aggregation.length) {
      if (
        urls.length ||
        args.strings('verb').length ||
        args.strings('resource').length ||
        args.strings('resource-name').length
      ) {
        throw new CommandError(
          'aggregation rule must be specified without nonResourceURLs, verbs, resources or resourceNames',
        );
      }
      const matchLabels = keyValues(aggregation, (e) => `invalid argument "${e}"; must be formatted as key=value`);
      return { ...object, aggregationRule: { clusterRoleSelectors: [{ matchLabels }] }, rules: null };
    }
    const verbs = verbsOf(args, kubectl);
    if (verbs.length === 0) throw new CommandError('at least one verb must be specified');
    if (args.strings('resource').length === 0 && urls.length === 0)
      throw new CommandError('one of resource or nonResourceURL must be specified');
    for (const url of urls) {
      if (url === '' || (url !== '*' && (!url.startsWith('/') || url.slice(0, -1).includes('*'))))
        throw new CommandError(`nonResourceURL should start with /`);
    }
    const rules: Rule[] = yield* resourceRules(kubectl, args, verbs);
    if (urls.length) rules.push({ verbs, nonResourceURLs: urls });
    return { ...object, rules };
  },
});

const BINDING_FLAGS: readonly Flag[] = [
  {
    name: 'user',
    type: 'array',
    usage: 'Usernames to bind to the role. The flag can be repeated to add multiple users.',
  },
  {
    name: 'group',
    type: 'array',
    usage: 'Groups to bind to the role. The flag can be repeated to add multiple groups.',
  },
  {
    name: 'serviceaccount',
    type: 'array',
    usage: 'Service accounts to bind to the role, in the format <namespace>:<name>.',
  },
];

function subjectsOf(args: Args): object[] {
  const subjects: object[] = [];
  for (const name of args.strings('user')) subjects.push({ kind: 'User', apiGroup: API, name });
  for (const name of args.strings('group')) subjects.push({ kind: 'Group', apiGroup: API, name });
  for (const text of args.strings('serviceaccount')) {
    const [namespace, name, more] = text.split(':');
    if (!namespace || !name || more !== undefined) throw new CommandError('serviceaccount must be <namespace>:<name>');
    subjects.push({ kind: 'ServiceAccount', namespace, name });
  }
  return subjects;
}

export const rolebinding = generator({
  name: 'rolebinding',
  short: 'Create a role binding for a particular role or cluster role',
  usage:
    'NAME --clusterrole=NAME|--role=NAME [--user=username] [--group=groupname] [--serviceaccount=namespace:serviceaccountname]',
  flags: [
    ...BINDING_FLAGS,
    { name: 'clusterrole', type: 'string', usage: 'ClusterRole this RoleBinding should reference' },
    { name: 'role', type: 'string', usage: 'Role this RoleBinding should reference' },
  ],
  failure: 'failed to create rolebinding',
  build: plain((args, name): KubeObject => {
    const clusterRole = args.string('clusterrole');
    if ((clusterRole === '') === (args.string('role') === ''))
      throw new CommandError('exactly one of clusterrole or role must be specified');
    const roleRef = {
      apiGroup: API,
      kind: clusterRole ? 'ClusterRole' : 'Role',
      name: clusterRole || args.string('role'),
    };
    const subjects = subjectsOf(args);
    return {
      apiVersion: `${API}/v1`,
      kind: 'RoleBinding',
      metadata: { name },
      roleRef,
      ...(subjects.length ? { subjects } : {}),
    };
  }),
});

export const clusterrolebinding = generator({
  name: 'clusterrolebinding',
  short: 'Create a cluster role binding for a particular cluster role',
  usage:
    'NAME --clusterrole=NAME [--user=username] [--group=groupname] [--serviceaccount=namespace:serviceaccountname]',
  clusterScoped: true,
  flags: [
    ...BINDING_FLAGS,
    {
      name: 'clusterrole',
      type: 'string',
      required: true,
      usage: 'ClusterRole this ClusterRoleBinding should reference',
    },
  ],
  failure: 'failed to create clusterrolebinding',
  build: plain((args, name): KubeObject => {
    const subjects = subjectsOf(args);
    const roleRef = { apiGroup: API, kind: 'ClusterRole', name: args.string('clusterrole') };
    return {
      apiVersion: `${API}/v1`,
      kind: 'ClusterRoleBinding',
      metadata: { name },
      roleRef,
      ...(subjects.length ? { subjects } : {}),
    };
  }),
});
