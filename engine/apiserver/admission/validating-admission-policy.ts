// ValidatingAdmissionPolicy: CEL expressions over requests, bound to resources and parameters. Follows the policies and
// bindings in the store; the chain is told when there are others.

import { matchesSelector } from '../../api/selectors.ts';
import type { JsonObject, KubeObject, ResourceInfo } from '../../api/types.ts';
import { EvaluationFailure, untyped, type Program } from '../../cel/index.ts';
import { messageOf } from '../crd/rules.ts';
import { forbidden } from '../status.ts';
import { Selection } from '../storage/selection.ts';
import { authorizerValue } from './authorizer.ts';
import { isExempt, resourcesMatch, ruleMatches } from './match-resources.ts';
import { compilePolicy, type CompiledPolicy } from './policy-definition.ts';
import { kindOf, type AdmissionHost, type AdmissionPlugin, type Attributes } from './types.ts';

/** What a policy has against a request. */
interface Complaint {
  message: string;
  reason: string;
}

const CODES: Record<string, number> = { Unauthorized: 401, Forbidden: 403, RequestEntityTooLarge: 413, Invalid: 422 };

export class AdmissionPolicies {
  readonly plugin: AdmissionPlugin;
  private readonly policies = new Map<string, KubeObject>();
  private readonly bindings = new Map<string, KubeObject>();
  private readonly compiled = new WeakMap<KubeObject, CompiledPolicy>();

  constructor() {
    this.plugin = {
      name: 'ValidatingAdmissionPolicy',
      handles: (operation, info, subresource) =>
        !isExempt(info) &&
        this.bound().some(({ spec }) =>
          ((spec.matchConstraints?.resourceRules ?? []) as JsonObject[]).some((rule) =>
            ruleMatches(rule, spec.matchConstraints.matchPolicy, operation, info, subresource),
          ),
        ),
      validate: (attributes, host) => this.validate(attributes, host),
    };
  }

  /** A policy or a binding came, changed or went. */
  observe(kind: 'policies' | 'bindings', name: string, object: KubeObject | undefined) {
    if (object) this[kind].set(name, object);
    else this[kind].delete(name);
  }

  /** Policies that are in force. */
  private bound(): KubeObject[] {
    const names = new Set<string>();
    this.bindings.forEach(({ spec }) => names.add(spec.policyName));
    return [...this.policies.values()].filter(({ metadata }) => names.has(metadata.name as string));
  }

  private validate(attributes: Attributes, host: AdmissionHost) {
    const request = new Request(attributes, host);
    let denied: { text: string; reason: string } | undefined;
    for (const policy of this.bound()) {
      if (!resourcesMatch(policy.spec.matchConstraints, attributes, host)) continue;
      this.bindings.forEach((binding) => {
        const { policyName, matchResources, validationActions } = binding.spec;
        if (policyName !== policy.metadata.name) return;
        if (matchResources && !resourcesMatch(matchResources, attributes, host)) return;
        const actions: string[] = validationActions ?? [];
        const who = `ValidatingAdmissionPolicy '${policyName}' with binding '${binding.metadata.name}'`;
        for (const { message, reason } of this.complaints(policy, binding, request)) {
          if (actions.includes('Deny')) denied ??= { text: `${who} denied request: ${message}`, reason };
          if (actions.includes('Warn')) attributes.warn(`Validation failed for ${who}: ${message}`);
        }
      });
    }
    if (!denied) return;
    const { text, reason } = denied;
    const error = forbidden(attributes.info, attributes.name || attributes.object?.metadata?.name || '', text);
    error.status.reason = reason;
    error.status.code = CODES[reason] ?? 422;
    error.status.details = { ...error.status.details, causes: [{ message: text }] };
    throw error;
  }

  private complaints(policy: KubeObject, binding: KubeObject, request: Request): Complaint[] {
    const failing = (message: string): Complaint[] =>
      policy.spec.failurePolicy === 'Ignore' ? [] : [{ message, reason: 'Invalid' }];
    let params: (KubeObject | null)[];
    try {
      params = paramsOf(policy, binding, request);
    } catch (error) {
      if (!(error instanceof ConfigurationError)) throw error;
      return failing(error.message);
    }
    let compiled = this.compiled.get(policy);
    if (!compiled) this.compiled.set(policy, (compiled = compilePolicy(policy.spec)));
    return params.flatMap((param) => evaluate(compiled, request.variables(compiled, param), failing));
  }
}

function evaluate(
  { conditions, validations }: CompiledPolicy,
  variables: Record<string, unknown>,
  failing: (message: string) => Complaint[],
): Complaint[] {
  const failure = (expression: string, error: unknown): string => {
    if (!(error instanceof EvaluationFailure)) throw error;
    return `expression '${expression}' resulted in error: ${error.message}`;
  };
  // A condition that is false decides, whatever else fails.
  let failed: string | undefined;
  for (const { expression, program } of conditions) {
    try {
      if (program.run(variables) !== true) return [];
    } catch (error) {
      failed ??= failure(expression, error);
    }
  }
  if (failed !== undefined) return failing(failed);
  return validations.flatMap(({ validation, program, message }) => {
    try {
      if (program.run(variables) === true) return [];
    } catch (error) {
      return failing(failure(validation.expression, error));
    }
    const text =
      (message && messageOf(message, variables)) ??
      (validation.message?.trim() || `failed expression: ${validation.expression.trim()}`);
    return [{ message: text, reason: validation.reason ?? 'Invalid' }];
  });
}

class ConfigurationError extends Error {}

/** The parameter objects of a binding; null where the policy takes none. */
function paramsOf({ spec }: KubeObject, binding: KubeObject, { attributes, host }: Request): (KubeObject | null)[] {
  const { paramKind } = spec;
  const ref: JsonObject | undefined = binding.spec.paramRef;
  if (!paramKind || !ref) return [null];
  const [version, group = ''] = (paramKind.apiVersion as string).split('/').reverse();
  const info = host.scheme.kind(group, version, paramKind.kind);
  if (!info)
    throw new ConfigurationError(
      `failed to configure policy: failed to find resource referenced by paramKind: '${paramKind.apiVersion}, Kind=${paramKind.kind}'`,
    );
  if (ref.namespace && !info.namespaced)
    throw new ConfigurationError(
      'failed to configure binding: paramRef.namespace must not be provided for a cluster-scoped `paramKind`',
    );
  const namespace = info.namespaced ? ref.namespace || attributes.namespace : '';
  if (info.namespaced && !namespace)
    throw new ConfigurationError(
      'failed to configure binding: cannot use namespaced paramRef in policy binding that matches cluster-scoped resources',
    );
  let found: KubeObject[];
  if (ref.name) {
    const object = host.storage.get(info, namespace, ref.name);
    found = object ? [object] : [];
  } else {
    found = host.storage
      .cache(info)
      .list(new Selection(namespace, undefined, [], []))
      .filter((object) => matchesSelector(ref.selector, object.metadata.labels));
  }
  if (found.length || ref.parameterNotFoundAction === 'Allow') return found;
  throw new ConfigurationError(
    'failed to configure binding: no params found for policy binding with `Deny` parameterNotFoundAction',
  );
}

/** A request as expressions see it; each part is made when it is first read. */
class Request {
  readonly attributes: Attributes;
  readonly host: AdmissionHost;
  private readonly shared: Record<string, unknown> = {};

  constructor(attributes: Attributes, host: AdmissionHost) {
    this.attributes = attributes;
    this.host = host;
    const { object, old } = attributes;
    lazily(this.shared, 'object', () => untyped(object ?? null));
    lazily(this.shared, 'oldObject', () => untyped(old ?? null));
    lazily(this.shared, 'request', () => untyped(requestOf(attributes)));
    lazily(this.shared, 'namespaceObject', () => untyped(this.namespace()));
    lazily(this.shared, 'authorizer', () => authorizerValue(attributes, host));
  }

  private namespace(): object | null {
    const { info, namespace } = this.attributes;
    if (!info.namespaced || !namespace) return null;
    const found = this.host.storage.get(
      this.host.scheme.resource('', 'v1', 'namespaces') as ResourceInfo,
      '',
      namespace,
    );
    if (!found) return null;
    const { name, generateName, labels, annotations, uid, creationTimestamp, deletionTimestamp, finalizers } =
      found.metadata;
    const metadata = { name, generateName, labels, annotations, uid, creationTimestamp, deletionTimestamp, finalizers };
    return { apiVersion: 'v1', kind: 'Namespace', metadata, spec: found.spec, status: found.status };
  }

  variables({ variables }: CompiledPolicy, param: KubeObject | null): Record<string, unknown> {
    const all: Record<string, unknown> = Object.create(this.shared);
    for (const name in this.shared) lazily(all, name, () => this.shared[name]);
    all.params = untyped(param);
    const own: Record<string, unknown> = {};
    all.variables = own;
    for (const { name, program } of variables) lazily(own, name, () => valueOf(program, all));
    return all;
  }
}

const valueOf = (program: Program, variables: Record<string, unknown>): unknown => program.run(variables);

function lazily(target: Record<string, unknown>, name: string, make: () => unknown) {
  let made = false;
  let value: unknown;
  Object.defineProperty(target, name, {
    enumerable: true,
    configurable: true,
    get() {
      if (!made) {
        value = make();
        made = true;
      }
      return value;
    },
  });
}

function requestOf(attributes: Attributes): JsonObject {
  const { operation, info, subresource, namespace, name, user, dryRun, object } = attributes;
  const { group, version, resource } = info;
  const identity = { kind: kindOf(attributes), resource: { group, version, resource }, subResource: subresource };
  return {
    ...identity,
    requestKind: identity.kind,
    requestResource: identity.resource,
    requestSubResource: subresource,
    name: name || (object?.metadata?.name ?? ''),
    namespace,
    operation,
    userInfo: { username: user.name, uid: user.uid ?? '', groups: user.groups, extra: user.extra ?? {} },
    dryRun,
  };
}
