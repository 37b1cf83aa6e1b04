// kubectl auth: what a user may do (can-i), who the user is (whoami), and roles brought up to what files say (reconcile).

import type { ClusterRole, KubeObject, PolicyRule, RoleBinding, Subject } from '../../api/types.ts';
import type { Co } from '../../sim/index.ts';
import type { Command } from '../command.ts';
import { simpleRules } from '../describe/rbac.ts';
import { BareError, CommandError, isNotFound, throwAll } from '../errors.ts';
import type { Args } from '../flags.ts';
import type { Kubectl } from '../kubectl.ts';
import { PRINT_FLAGS, changePrinter, outputPrinter, printAnyway } from '../output/printers.ts';
import { TableWriter } from '../output/table.ts';
import { ALL_NAMESPACES_FLAG, FILENAME_FLAGS, type Info, find, selectionOf } from '../resource/builder.ts';
import { createObject, getObject, replaceObject } from '../resource/rest.ts';
import { DRY_RUN_FLAG, dryRunOf } from '../write-flags.ts';

const KNOWN_VERBS = new Set(
  'get list watch create update patch delete deletecollection use bind impersonate * approve sign escalate attest head put post options'.split(
    ' ',
  ),
);

const canI: Command = {
  name: 'can-i',
  short: 'Check whether an action is allowed',
  usage: 'VERB [TYPE | TYPE/NAME | NONRESOURCEURL]',
  examples: [
    'kubectl auth can-i create pods --all-namespaces',
    'kubectl auth can-i list deployments.apps',
    'kubectl auth can-i --list --namespace=foo',
  ],
  flags: [
    ALL_NAMESPACES_FLAG,
    { name: 'list', type: 'bool', usage: 'If true, prints all allowed actions.' },
    { name: 'no-headers', type: 'bool', usage: 'If true, prints allowed actions without headers' },
    { name: 'quiet', short: 'q', type: 'bool', usage: 'If true, suppress output and just return the exit code.' },
    { name: 'subresource', type: 'string', usage: 'SubResource such as pod/log or deployment/scale' },
  ],
  *run(kubectl, args) {
    if (args.bool('list')) {
      if (args.args.length) throw new CommandError('list option must be specified with no arguments');
      if (args.bool('quiet')) throw new CommandError("list option can't be specified with quiet option");
      yield* listRules(kubectl, args);
      return;
    }
    const [verb, target, name = ''] = args.args;
    if (args.args.length < 2 || args.args.length > 3) {
      throw new CommandError(
        `you must specify two arguments: verb resource or verb resource/resourceName.\nSee '${kubectl.path} -h' for help and examples.`,
      );
    }
    const spec = target.startsWith('/')
      ? urlAttributes(args, verb, target, name)
      : { resourceAttributes: yield* resourceAttributes(kubectl, args, verb, target, name) };
    if (!KNOWN_VERBS.has(verb) && !args.bool('quiet')) kubectl.warn(`Warning: verb '${verb}' is not a known verb\n`);
    const body = { kind: 'SelfSubjectAccessReview', apiVersion: 'authorization.k8s.io/v1', metadata: {}, spec };
    const response = yield* kubectl.send({
      method: 'POST',
      path: '/apis/authorization.k8s.io/v1/selfsubjectaccessreviews',
      body,
    });
    const { allowed, reason, evaluationError } = (response.body as KubeObject).status;
    if (!args.bool('quiet'))
      kubectl.line(
        allowed ? 'yes' : `no${reason ? ` - ${reason}` : ''}${evaluationError ? ` - ${evaluationError}` : ''}`,
      );
    return allowed ? 0 : 1;
  },
};

function urlAttributes(args: Args, verb: string, path: string, name: string) {
  if (name) throw new CommandError(`NonResourceURL and ResourceName can not specified together`);
  if (args.string('subresource')) throw new CommandError('--subresource can not be used with NonResourceURL');
  return { nonResourceAttributes: { path, verb } };
}

function* resourceAttributes(kubectl: Kubectl, args: Args, verb: string, target: string, third: string): Co<object> {
  const slash = target.indexOf('/');
  if (slash >= 0 && third)
    throw new CommandError(
      `you must specify two arguments: verb resource or verb resource/resourceName.\nSee '${kubectl.path} -h' for help and examples.`,
    );
  const type = slash < 0 ? target : target.slice(0, slash);
  const name = slash < 0 ? third : target.slice(slash + 1);
  const quiet = args.bool('quiet');
  let namespace = args.bool('all-namespaces') ? '' : kubectl.namespace;
  let resource = type;
  let group = '';
  if (type === '*') group = '*';
  else {
    const mapping = yield* kubectl.discover((discovery) => discovery.find(type));
    if (mapping) {
      ({ resource, group } = mapping);
      if (!mapping.namespaced) {
        if (!quiet && namespace)
          kubectl.warn(
            `Warning: resource '${resource}' is not namespace scoped${group ? ` in group '${group}'` : ''}\n`,
          );
        namespace = '';
      }
    } else {
      const dot = type.indexOf('.');
      if (dot > 0) [resource, group] = [type.slice(0, dot), type.slice(dot + 1)];
      if (!quiet)
        kubectl.warn(
          `Warning: the server doesn't have a resource type '${resource}'${group ? ` in group '${group}'` : ''}\n`,
        );
    }
  }
  return { namespace, verb, group, resource, subresource: args.string('subresource'), name };
}

function* listRules(kubectl: Kubectl, args: Args): Co {
  const body = {
    kind: 'SelfSubjectRulesReview',
    apiVersion: 'authorization.k8s.io/v1',
    metadata: {},
    spec: { namespace: kubectl.namespace },
  };
  const response = yield* kubectl.send({
    method: 'POST',
    path: '/apis/authorization.k8s.io/v1/selfsubjectrulesreviews',
    body,
  });
  const {
    resourceRules = [],
    nonResourceRules = [],
    incomplete,
    evaluationError,
  } = (response.body as KubeObject).status;
  const table = new TableWriter();
  if (!args.bool('no-headers')) table.row(['Resources', 'Non-Resource URLs', 'Resource Names', 'Verbs']);
  const list = (texts: readonly string[] | undefined) => `[${(texts ?? []).join(' ')}]`;
  for (const { resource, rule } of simpleRules([...resourceRules, ...nonResourceRules])) {
    table.row([resource, list(rule.nonResourceURLs), list(rule.resourceNames), list(rule.verbs)]);
  }
  if (incomplete) kubectl.warn(`Warning: the list may be incomplete${evaluationError ? `: ${evaluationError}` : ''}`);
  kubectl.out(table.flush());
}

const whoami: Command = {
  name: 'whoami',
  typed: true,
  short: 'Experimental: Check self subject attributes',
  flags: PRINT_FLAGS,
  *run(kubectl, args) {
    const printer = args.string('output') ? outputPrinter(kubectl, args) : undefined;
    const body = { kind: 'SelfSubjectReview', apiVersion: 'authentication.k8s.io/v1', metadata: {} };
    const response = yield* kubectl.send({
      method: 'POST',
      path: '/apis/authentication.k8s.io/v1/selfsubjectreviews',
      body,
    });
    const review = response.body as KubeObject;
    if (printer) {
      printer.print(review);
      return;
    }
    const { username, uid, groups, extra = {} } = review.status.userInfo;
    const table = new TableWriter();
    table.row(['ATTRIBUTE', 'VALUE']);
    if (username) table.row(['Username', username]);
    if (uid) table.row(['UID', uid]);
    if (groups?.length) table.row(['Groups', `[${groups.join(' ')}]`]);
    for (const key of Object.keys(extra).sort()) table.row([`Extra: ${key}`, `[${extra[key].join(' ')}]`]);
    kubectl.out(table.flush());
  },
};

const reconcile: Command = {
  name: 'reconcile',
  typed: true,
  short: 'Reconciles rules for RBAC role, role binding, cluster role, and cluster role binding objects',
  usage: '-f FILENAME',
  flags: [
    ...FILENAME_FLAGS,
    DRY_RUN_FLAG,
    ...PRINT_FLAGS,
    { name: 'remove-extra-permissions', type: 'bool', usage: 'If true, removes extra permissions added to roles' },
    { name: 'remove-extra-subjects', type: 'bool', usage: 'If true, removes extra subjects added to rolebindings' },
  ],
  *run(kubectl, args) {
    if (args.args.length) throw new CommandError('no arguments are allowed');
    if (!args.strings('filename').length && !args.string('kustomize'))
      throw new CommandError('must specify one of -f and -k');
    // Objects are taken as they are written: the namespace of the command is not theirs.
    const found = yield* find(kubectl, { ...selectionOf(args), args: [], local: true });
    throwAll(found.errors);
    for (const info of found.infos) {
      if (/^(Cluster)?Role$/.test(info.object.kind)) yield* reconcileRole(kubectl, args, info);
      else if (/^(Cluster)?RoleBinding$/.test(info.object.kind)) yield* reconcileBinding(kubectl, args, info);
    }
  },
};

function* current(kubectl: Kubectl, info: Info): Co<KubeObject | undefined> {
  try {
    return yield* getObject(kubectl, info.mapping, info.namespace, info.name);
  } catch (error) {
    if (isNotFound(error)) return undefined;
    throw error;
  }
}

function* write(
  kubectl: Kubectl,
  args: Args,
  info: Info,
  old: KubeObject | undefined,
  object: KubeObject,
  changed: boolean,
): Co {
  const dryRun = dryRunOf(args);
  // Before it creates a role kubectl asks for its namespace, and a file need not say one.
  if (dryRun !== 'client' && !old && !info.namespace && /^Role/.test(info.mapping.kind))
    throw new CommandError('resource name may not be empty');
  let written = object;
  if (dryRun !== 'client' && (changed || !old)) {
    written = old
      ? yield* replaceObject(kubectl, info.mapping, info.namespace, info.name, object, { dryRun })
      : yield* createObject(kubectl, info.mapping, info.namespace, object, { dryRun });
  }
  printAnyway(changePrinter(kubectl, args, 'reconciled', dryRun), written);
}

function* reconcileRole(kubectl: Kubectl, args: Args, info: Info): Co {
  const wanted = (info.object as unknown as ClusterRole).rules ?? [];
  const old = yield* current(kubectl, info);
  const present = ((old as unknown as ClusterRole | undefined)?.rules ?? []) as PolicyRule[];
  const missing = uncovered(wanted, present);
  const extra = uncovered(present, wanted);
  const remove = args.bool('remove-extra-permissions') && extra.length > 0;
  const rules = remove ? wanted : [...present, ...missing];
  const object = old ? { ...old, rules } : info.object;
  yield* write(kubectl, args, info, old, object, missing.length > 0 || remove);
  report(
    kubectl,
    args,
    old === undefined ? 'create' : missing.length || remove ? 'update' : 'none',
    'rules',
    old ? missing : wanted,
    extra,
    remove,
  );
}

/** The rules of one verb, group and resource each that `rules` grant and `by` do not. */
function uncovered(rules: readonly PolicyRule[], by: readonly PolicyRule[]): PolicyRule[] {
  const holds = (list: readonly string[] | undefined, value: string) => list?.includes('*') || list?.includes(value);
  const atoms = rules.flatMap((rule) =>
    rule.verbs.flatMap((verb) => simpleRules([rule]).map((simple) => ({ ...simple.rule, verbs: [verb] }))),
  );
  return atoms.filter(({ verbs: [verb], apiGroups = [''], resources = [''], resourceNames, nonResourceURLs }) =>
    by.every((other) => {
      if (!holds(other.verbs, verb)) return true;
      if (nonResourceURLs) return !holds(other.nonResourceURLs, nonResourceURLs[0]);
      if (!holds(other.apiGroups, apiGroups[0]) || !holds(other.resources, resources[0])) return true;
      return Boolean(other.resourceNames?.length) && !other.resourceNames?.includes(resourceNames?.[0] ?? '');
    }),
  );
}

function* reconcileBinding(kubectl: Kubectl, args: Args, info: Info): Co {
  const binding = info.object as unknown as RoleBinding;
  const old = yield* current(kubectl, info);
  const present = ((old as unknown as RoleBinding | undefined)?.subjects ?? []) as Subject[];
  const same = (a: Subject, b: Subject) =>
    a.kind === b.kind && a.name === b.name && (a.namespace ?? '') === (b.namespace ?? '');
  const wanted = binding.subjects ?? [];
  const missing = wanted.filter((s) => !present.some((p) => same(s, p)));
  const extra = present.filter((p) => !wanted.some((s) => same(s, p)));
  const remove = args.bool('remove-extra-subjects') && extra.length > 0;
  if (old && JSON.stringify((old as unknown as RoleBinding).roleRef) !== JSON.stringify(binding.roleRef)) {
    throw new BareError(
      `error: cannot change the role of ${info.mapping.resource}/${info.name}: delete the binding first`,
    );
  }
  const object = old ? { ...old, subjects: remove ? wanted : [...present, ...missing] } : info.object;
  yield* write(kubectl, args, info, old, object, missing.length > 0 || remove);
  report(
    kubectl,
    args,
    old === undefined ? 'create' : missing.length || remove ? 'update' : 'none',
    'subjects',
    missing,
    extra,
    remove,
  );
}

/** Go's form of a rule or a subject. */
const shown = (value: PolicyRule | Subject): string => {
  if ('verbs' in value) {
    const list = (texts: readonly string[] | undefined) => `[${(texts ?? []).join(' ')}]`;
    return `{Verbs:${list(value.verbs)} APIGroups:${list(value.apiGroups)} Resources:${list(value.resources)} ResourceNames:${list(value.resourceNames)} NonResourceURLs:${list(value.nonResourceURLs)}}`;
  }
  const { kind, apiGroup = '', name, namespace = '' } = value as Subject;
  return `{Kind:${kind} APIGroup:${apiGroup} Name:${name} Namespace:${namespace}}`;
};

function report(
  kubectl: Kubectl,
  args: Args,
  what: string,
  noun: string,
  missing: readonly (PolicyRule | Subject)[],
  extra: readonly (PolicyRule | Subject)[],
  removed: boolean,
) {
  if (what !== 'none') kubectl.warn(`\treconciliation required ${what}`);
  if (missing.length) kubectl.warn(`\tmissing ${noun} added:\n${missing.map((m) => `\t\t${shown(m)}`).join('\n')}`);
  if (removed) kubectl.warn(`\textra ${noun} removed:\n${extra.map((m) => `\t\t${shown(m)}`).join('\n')}`);
}

export const auth: Command = {
  name: 'auth',
  short: 'Inspect authorization',
  group: 'Troubleshooting and Debugging Commands',
  commands: [canI, whoami, reconcile],
};
