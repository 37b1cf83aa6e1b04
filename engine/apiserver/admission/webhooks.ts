// Validating and mutating webhooks: which of them a request concerns, what they are asked, and what their answers mean.

import { equal } from '../equal.ts';
import type { JsonObject, KubeObject } from '../../api/types.ts';
import { EvaluationFailure, untyped, type Program } from '../../cel/index.ts';
import { jsonPatch, type Operation } from '../patch/json-patch.ts';
import { PatchError } from '../patch/errors.ts';
import { decode, fromBase64 } from '../../linux/bytes.ts';
import { badRequest, internalError, StatusError } from '../status.ts';
import type { Replay } from '../replay.ts';
import { isExempt, ruleMatches, selectorsMatch } from './match-resources.ts';
import { policyScope } from './policy-definition.ts';
import { kindOf, type AdmissionHost, type AdmissionOperation, type AdmissionPlugin, type Attributes } from './types.ts';
import { callWebhook, targetOf, type CallResult } from './webhook-call.ts';

const DRY_RUN = ['None', 'NoneOnDryRun'];
const OPTIONS = { CREATE: 'CreateOptions', UPDATE: 'UpdateOptions', DELETE: 'DeleteOptions', CONNECT: undefined };

interface Hook {
  /** Configuration and name. */
  id: string;
  hook: JsonObject;
}

export class Webhooks {
  readonly plugin: AdmissionPlugin;
  private readonly configurations = new Map<string, KubeObject>();
  /** In the order of the names of their configurations. */
  private hooks: Hook[] = [];
  private readonly conditions = new WeakMap<JsonObject, Program[]>();

  /** `name`: of the plug-in, as --enable-admission-plugins has it. */
  constructor(name: 'MutatingAdmissionWebhook' | 'ValidatingAdmissionWebhook') {
    this.plugin = {
      name,
      handles: (operation, info, subresource) =>
        !isExempt(info) &&
        this.hooks.some(({ hook }) =>
          ((hook.rules ?? []) as JsonObject[]).some((rule) =>
            ruleMatches(rule, hook.matchPolicy, operation, info, subresource),
          ),
        ),
    };
    if (name === 'ValidatingAdmissionWebhook')
      this.plugin.validate = (attributes, host) => {
        for (const one of this.hooks) this.ask(one, attributes, host, false);
      };
    else this.plugin.mutate = (attributes, host) => this.mutate(attributes, host);
  }

  /** A configuration came, changed or went. */
  observe(name: string, object: KubeObject | undefined) {
    if (object) this.configurations.set(name, object);
    else this.configurations.delete(name);
    const names = [...this.configurations.keys()].sort();
    this.hooks = names.flatMap((of) =>
      ((this.configurations.get(of)?.webhooks ?? []) as JsonObject[]).map((hook) => ({
        id: `${of}/${hook.name}`,
        hook,
      })),
    );
  }

  /** One after the other; each sees what those before it made of the object. */
  private mutate(attributes: Attributes & { object: KubeObject }, host: AdmissionHost): KubeObject {
    const second = attributes.again?.running ?? false;
    const present = { ...attributes };
    const asked: string[] = [];
    for (const one of this.hooks) {
      if (second && !(one.hook.reinvocationPolicy === 'IfNeeded' && attributes.again?.webhooks.has(one.id))) continue;
      const object = this.ask(one, present, host, true) as KubeObject | undefined;
      if (!object) continue;
      if (!equal(object, present.object)) {
        present.object = object;
        // Plug-ins and webhooks that saw it before see it again, once.
        if (!second) {
          attributes.again ??= { running: false, webhooks: new Set() };
          for (const id of asked) attributes.again.webhooks.add(id);
        }
      }
      asked.push(one.id);
    }
    return present.object;
  }

  /** The object as the webhook leaves it; undefined: it was not asked. Throws when it refuses. */
  private ask({ id, hook }: Hook, attributes: Attributes, host: AdmissionHost, mutating: boolean) {
    const { operation, info, subresource, dryRun } = attributes;
    const concerned = ((hook.rules ?? []) as JsonObject[]).some((rule) =>
      ruleMatches(rule, hook.matchPolicy, operation, info, subresource),
    );
    if (!concerned || !selectorsMatch(hook, attributes, host)) return undefined;
    const ignore = hook.failurePolicy === 'Ignore';
    if (!this.passes(hook, attributes, ignore)) return undefined;
    if (dryRun && !DRY_RUN.includes(hook.sideEffects))
      throw badRequest(`admission webhook ${JSON.stringify(hook.name)} does not support dry run`);
    const replay = host.replay as Replay;
    const { namespace, name, old, again } = attributes;
    const key = [
      id,
      mutating,
      again?.running,
      operation,
      subresource,
      namespace,
      name,
      old?.metadata.resourceVersion,
    ].join('/');
    const uid = replay.once(`uid/${key}`, () => host.sim.random('admission-review').uuid());
    const review = reviewOf(hook, attributes, mutating, uid);
    const target = targetOf(hook, host);
    const result: CallResult =
      'error' in target ? target : replay.ask(key, () => callWebhook(host, hook, target, review));
    const call = `failed calling webhook ${JSON.stringify(hook.name)}: `;
    const verdict = read(result, mutating, review);
    if (typeof verdict === 'string') {
      if (ignore) return undefined;
      throw internalError(call + verdict);
    }
    const { response } = verdict;
    for (const text of response.warnings ?? []) attributes.warn(text);
    if (!response.allowed) throw denial(hook.name, response.status ?? {});
    const { object } = attributes;
    return mutating && object && response.patch ? patched(response, object, attributes, host) : object;
  }

  /** Whether its match conditions hold. */
  private passes(hook: JsonObject, attributes: Attributes, ignore: boolean): boolean {
    const { name, object, old, operation, info, subresource, user, dryRun, namespace } = attributes;
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
    const { group, version, resource } = info;
    const request = {
      name,
      namespace,
      operation,
      userInfo,
      dryRun,
      subResource: subresource,
      kind: kindOf(attributes),
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

/** Before it is stored, an object has no uid and no time of birth, and no name if that is to be generated. */
function unborn(object: KubeObject): KubeObject {
  const { uid: _uid, creationTimestamp: _time, ...metadata } = object.metadata;
  const { generateName, name } = metadata;
  if (generateName && name?.startsWith(generateName)) delete metadata.name;
  return { ...object, metadata };
}

function reviewOf(hook: JsonObject, attributes: Attributes, mutating: boolean, uid: string): JsonObject {
  const { operation, info, subresource, namespace, user, dryRun, old } = attributes;
  const { group, version, resource } = info;
  const kind = kindOf(attributes);
  const create = mutating && operation === 'CREATE' && !subresource;
  const object = attributes.object && (create ? unborn(attributes.object) : attributes.object);
  const name = create ? object?.metadata.name : attributes.name || object?.metadata?.name;
  const versions: string[] = hook.admissionReviewVersions ?? [];
  const requested = versions.find((one) => one === 'v1' || one === 'v1beta1') ?? 'v1';
  return {
    kind: 'AdmissionReview',
    apiVersion: `admission.k8s.io/${requested}`,
    request: {
      uid,
      kind,
      resource: { group, version, resource },
      ...(subresource && { subResource: subresource }),
      requestKind: kind,
      requestResource: { group, version, resource },
      ...(subresource && { requestSubResource: subresource }),
      ...(name && { name }),
      ...(namespace && { namespace }),
      operation,
      userInfo: { username: user.name, ...(user.uid && { uid: user.uid }), groups: user.groups, extra: user.extra },
      object: object ?? null,
      oldObject: old ?? null,
      dryRun,
      options: optionsOf(operation, dryRun),
    },
  };
}

function optionsOf(operation: AdmissionOperation, dryRun: boolean): JsonObject | null {
  const kind = OPTIONS[operation];
  return kind ? { kind, apiVersion: 'meta.k8s.io/v1', ...(dryRun && { dryRun: ['All'] }) } : null;
}

/** What an answer says, or what is wrong with it. */
function read(result: CallResult, mutating: boolean, { apiVersion, request }: JsonObject) {
  if (result.error !== undefined) return `failed to call webhook: ${result.error}`;
  const { body } = result;
  const wrong = (why: string) => `received invalid webhook response: ${why}`;
  const response = body?.response as JsonObject | undefined;
  if (!response) return wrong('webhook response was absent');
  if (apiVersion.endsWith('/v1')) {
    if (body.apiVersion !== apiVersion || body.kind !== 'AdmissionReview') {
      const gvk = `${apiVersion}, Kind=AdmissionReview`;
      return wrong(`expected webhook response of ${gvk}, got ${body.apiVersion ?? ''}, Kind=${body.kind ?? ''}`);
    }
    if (response.uid !== request.uid)
      return wrong(`expected response.uid="${request.uid}", got "${response.uid ?? ''}"`);
    if (!mutating && response.patch) return wrong('validating webhook may not return response.patch');
    if (response.patch && !response.patchType)
      return wrong('webhook returned response.patch but not response.patchType');
    if (response.patch && response.patchType !== 'JSONPatch')
      return wrong(`webhook returned invalid response.patchType of ${JSON.stringify(response.patchType)}`);
  }
  return { response };
}

/** apiserver: ToStatusErr. */
function denial(name: string, status: JsonObject): StatusError {
  const said = status.message || status.reason;
  const message = `admission webhook ${JSON.stringify(name)} denied the request${said ? `: ${said}` : ' without explanation'}`;
  const code = status.code >= 400 ? status.code : 400;
  return new StatusError(code, status.reason ?? '', message, status.details);
}

/** The object after a patch, read and defaulted as what a client sends is. */
function patched(
  response: JsonObject,
  object: KubeObject,
  { info, kind, operation }: Attributes,
  { scheme }: AdmissionHost,
): KubeObject {
  const create = operation === 'CREATE' && !kind;
  let value: unknown;
  try {
    const operations = JSON.parse(decode(fromBase64(response.patch).bytes)) as Operation[];
    value = jsonPatch(create ? unborn(object) : object, operations);
  } catch (error) {
    if (error instanceof PatchError || error instanceof SyntaxError) throw internalError(error.message);
    throw error;
  }
  // A Binding or the options of an exec are not objects of the resource, and have no defaults.
  if (kind) return value as KubeObject;
  const next = scheme.applyDefaults(info, scheme.decode(info, value).object);
  if (!create) return next;
  const { uid, creationTimestamp, name } = object.metadata;
  return { ...next, metadata: { ...next.metadata, name: next.metadata.name ?? name, uid, creationTimestamp } };
}
