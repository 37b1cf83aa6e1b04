// Validating and mutating webhooks: which of them a request concerns, and what becomes of it when they cannot be called.
// Requests are answered at once here, so no Pod can be asked in between: where one would be, the call fails as such.

import type { JsonObject, KubeObject, ResourceInfo } from '../../api/types.ts';
import { EvaluationFailure, untyped, type Program } from '../../cel/index.ts';
import { badRequest, internalError } from '../status.ts';
import { isExempt, ruleMatches, selectorsMatch } from './match-resources.ts';
import { policyScope } from './policy-definition.ts';
import type { AdmissionHost, AdmissionPlugin, Attributes } from './types.ts';

const DRY_RUN = ['None', 'NoneOnDryRun'];

export class Webhooks {
  readonly plugin: AdmissionPlugin;
  private readonly configurations = new Map<string, KubeObject>();
  private readonly conditions = new WeakMap<JsonObject, Program[]>();

  /** `name`: of the plug-in, as --enable-admission-plugins has it. */
  constructor(name: 'MutatingAdmissionWebhook' | 'ValidatingAdmissionWebhook') {
    this.plugin = {
      name,
      handles: (operation, info, subresource) =>
        !isExempt(info) &&
        this.hooks().some((hook) =>
          ((hook.rules ?? []) as JsonObject[]).some((rule) =>
            ruleMatches(rule, hook.matchPolicy, operation, info, subresource),
          ),
        ),
    };
    if (name === 'ValidatingAdmissionWebhook')
      this.plugin.validate = (attributes, host) => this.dispatch(attributes, host);
    else {
      this.plugin.mutate = (attributes, host) => {
        this.dispatch(attributes, host);
        return attributes.object;
      };
    }
  }

  /** A configuration came, changed or went. */
  observe(name: string, object: KubeObject | undefined) {
    if (object) this.configurations.set(name, object);
    else this.configurations.delete(name);
  }

  /** In the order of the names of their configurations. */
  private hooks(): JsonObject[] {
    const names = [...this.configurations.keys()].sort();
    return names.flatMap((name) => this.configurations.get(name)?.webhooks ?? []);
  }

  private dispatch(attributes: Attributes, host: AdmissionHost) {
    const { operation, info, subresource, dryRun } = attributes;
    for (const hook of this.hooks()) {
      const concerned = ((hook.rules ?? []) as JsonObject[]).some((rule) =>
        ruleMatches(rule, hook.matchPolicy, operation, info, subresource),
      );
      if (!concerned || !selectorsMatch(hook, attributes, host)) continue;
      const ignore = hook.failurePolicy === 'Ignore';
      const passed = this.passes(hook, attributes, ignore);
      if (!passed) continue;
      if (dryRun && !DRY_RUN.includes(hook.sideEffects))
        throw badRequest(`admission webhook ${JSON.stringify(hook.name)} does not support dry run`);
      if (!ignore) {
        throw internalError(
          `failed calling webhook ${JSON.stringify(hook.name)}: failed to call webhook: Post ${webhookFailure(hook, host)}`,
        );
      }
    }
  }

  /** Whether its match conditions hold. */
  private passes(
    hook: JsonObject,
    { name, object, old, operation, info, user, dryRun, namespace }: Attributes,
    ignore: boolean,
  ): boolean {
    const conditions: JsonObject[] = hook.matchConditions ?? [];
    if (!conditions.length) return true;
    let programs = this.conditions.get(hook);
    if (!programs) {
      const scope = policyScope({}, []);
      programs = conditions.flatMap(({ expression }) => {
        const program = scope.compile(expression);
        return typeof program === 'string' ? [] : [program];
      });
      this.conditions.set(hook, programs);
    }
    const userInfo = { username: user.name, groups: user.groups };
    const { group, version, kind, resource } = info;
    const request = {
      name,
      namespace,
      operation,
      userInfo,
      dryRun,
      kind: { group, version, kind },
      resource: { group, version, resource },
    };
    const variables = { object: untyped(object ?? null), oldObject: untyped(old ?? null), request: untyped(request) };
    try {
      return programs.every((program) => program.run(variables) === true);
    } catch (error) {
      if (!(error instanceof EvaluationFailure)) throw error;
      if (ignore) return false;
      throw internalError(`failed calling webhook ${JSON.stringify(hook.name)}: ${error.message}`);
    }
  }
}

/** Where the webhook would be called, and why that fails. */
export function webhookFailure(
  { clientConfig, timeoutSeconds = 10 }: JsonObject,
  { scheme, storage }: Pick<AdmissionHost, 'scheme' | 'storage'>,
): string {
  const { url, service: ref } = clientConfig as JsonObject;
  if (!ref) {
    const [, host = ''] = /^https:\/\/(?:[^/@]*@)?(\[[^\]]*\]|[^:/]*)/.exec(url) ?? [];
    return `"${url}?timeout=${timeoutSeconds}s": dial tcp: lookup ${host}: no such host`;
  }
  const { namespace, name, path = '/', port = 443 } = ref;
  const call = `"https://${name}.${namespace}.svc:${port}${path}?timeout=${timeoutSeconds}s"`;
  const service = storage.get(scheme.resource('', 'v1', 'services') as ResourceInfo, namespace, name);
  if (!service) return `${call}: service ${JSON.stringify(name)} not found`;
  const { clusterIP, ports = [] } = service.spec;
  if (!(ports as JsonObject[]).some((one) => one.port === port))
    return `${call}: no service port ${port} found for service ${JSON.stringify(name)}`;
  const ready = storage
    .page(scheme.resource('discovery.k8s.io', 'v1', 'endpointslices') as ResourceInfo, namespace, {})
    .kvs.map((kv) => kv.value as KubeObject)
    .some(
      ({ metadata, endpoints }) =>
        metadata.labels?.['kubernetes.io/service-name'] === name &&
        ((endpoints ?? []) as JsonObject[]).some((one) => one.conditions?.ready !== false),
    );
  return ready
    ? `${call}: webhooks that run in Pods are not called by this simulation`
    : `${call}: dial tcp ${clusterIP}:${port}: connect: connection refused`;
}
