// Objects of a custom resource in another version, as the webhook of its definition converts them. A request waits for the
// webhook's answer (replay.ts); a watch holds its events back until they are converted, and keeps their order.

import { Faults } from '../../api/validation/field.ts';
import { annotations, labels } from '../../api/validation/metadata.ts';
import type { JsonObject, KubeObject, ObjectMeta } from '../../api/types.ts';
import type { Co } from '../../sim/index.ts';
import { callWebhook, targetOf } from '../admission/webhook-call.ts';
import type { Core } from '../handlers/types.ts';
import { unexpected } from '../status.ts';
import { isObject } from './structural.ts';

const TIMEOUT_SECONDS = 30;
const GROUP = 'apiextensions.k8s.io';

/** An object in the version asked for, or why there is none. */
type Converted = KubeObject | string;

const shownKind = (apiVersion: unknown, kind: unknown) => `${apiVersion ?? '/'}, Kind=${kind ?? ''}`;

export class ConversionWebhook {
  private readonly core: Core;
  private readonly hook: JsonObject;
  private readonly reviewVersion: string | undefined;

  /** `webhook`: spec.conversion.webhook of a definition. */
  constructor(core: Core, { clientConfig, conversionReviewVersions = [] }: JsonObject) {
    this.core = core;
    this.hook = { clientConfig, timeoutSeconds: TIMEOUT_SECONDS };
    this.reviewVersion = (conversionReviewVersions as string[]).find((one) => one === 'v1' || one === 'v1beta1');
  }

  /** Within a request, which suspends until the answer is there. */
  convert(object: KubeObject, apiVersion: string): KubeObject {
    const { replay } = this.core;
    if (!replay) throw unexpected(failed(object, 'nobody waits for the answer'));
    const sent = unversioned(object);
    const key = `conversion/${apiVersion}/${JSON.stringify(sent)}`;
    const answer = replay.ask(key, () => this.call(sent, apiVersion));
    if (typeof answer === 'string') throw unexpected(answer);
    const { resourceVersion } = object.metadata;
    return resourceVersion === undefined ? answer : { ...answer, metadata: { ...answer.metadata, resourceVersion } };
  }

  *call(object: KubeObject, apiVersion: string): Co<Converted> {
    const { core, hook, reviewVersion } = this;
    if (!reviewVersion) return 'no supported conversion review versions';
    const reviewed = `${GROUP}/${reviewVersion}`;
    const uid = core.sim.random('conversion-review').uuid();
    const target = targetOf(hook, core);
    const review = {
      kind: 'ConversionReview',
      apiVersion: reviewed,
      request: { uid, desiredAPIVersion: apiVersion, objects: [object] },
    };
    if ('error' in target) return failed(object, target.error);
    const { error, body } = yield* callWebhook(core, hook, target, review);
    if (error !== undefined) return failed(object, error);
    const problem = refusal(body, reviewed, uid);
    if (problem !== undefined) return failed(object, problem);
    const answers: unknown[] = body.response.convertedObjects ?? [];
    if (answers.length !== 1)
      return `conversion webhook for ${shownKind(object.apiVersion, object.kind)} returned ${answers.length} objects, expected 1`;
    return checked(object, answers[0], apiVersion);
  }
}

const failed = ({ apiVersion, kind }: KubeObject, why: string) =>
  `conversion webhook for ${shownKind(apiVersion, kind)} failed: ${why}`;

/** The store's number of a revision is not part of what is stored. */
function unversioned(object: KubeObject): KubeObject {
  if (object.metadata.resourceVersion === undefined) return object;
  const { resourceVersion: _version, ...metadata } = object.metadata;
  return { ...object, metadata };
}

/** What an answer says instead of converted objects. v1beta1 looks at less. */
function refusal({ apiVersion, kind, response }: JsonObject, reviewed: string, uid: string): string | undefined {
  const strict = reviewed.endsWith('/v1');
  if (strict && (apiVersion !== reviewed || kind !== 'ConversionReview'))
    return `expected webhook response of ${shownKind(reviewed, 'ConversionReview')}, got ${shownKind(apiVersion, kind)}`;
  if (!response) return 'no response provided';
  if (strict && response.uid !== uid)
    return `expected response.uid=${JSON.stringify(uid)}, got ${JSON.stringify(response.uid ?? '')}`;
  const { status = '', message } = (response.result ?? {}) as JsonObject;
  if (status === 'Success') return undefined;
  return message || `response.result.status was '${status}', not 'Success'`;
}

/** The answer with the metadata of what was sent, of which a webhook may change labels and annotations only. */
function checked(sent: KubeObject, answer: unknown, apiVersion: string): Converted {
  const who = `conversion webhook for ${shownKind(sent.apiVersion, sent.kind)} returned invalid`;
  const found = isObject(answer) ? answer : {};
  if (found.apiVersion !== apiVersion) {
    const versions = `expected ${apiVersion}, received ${found.apiVersion ?? '/'}`;
    return `${who} object at index 0: invalid groupVersion (${versions})`;
  }
  if (found.kind !== sent.kind)
    return `${who} object at index 0: invalid kind (expected ${sent.kind}, received ${found.kind ?? ''})`;
  const meta: unknown = found.metadata;
  const given = isObject(meta) ? meta : {};
  for (const [field, shown] of [
    ['name', 'name'],
    ['namespace', 'namespace'],
    ['uid', 'UID'],
  ] as const) {
    const [before, after] = [sent.metadata[field] ?? '', given[field] ?? ''];
    if (before !== after) return `${who} object: must have the same ${shown}: ${before} != ${after}`;
  }
  if (!isObject(meta)) return `${who} metadata: missing metadata in converted object`;
  const problem = metadataFault(meta);
  if (problem !== undefined) return `${who} metadata: ${problem}`;
  const metadata: ObjectMeta = { ...sent.metadata };
  for (const field of ['labels', 'annotations'] as const) {
    if (meta[field]) metadata[field] = meta[field];
    else delete metadata[field];
  }
  return { ...(found as KubeObject), metadata };
}

const GO_TYPES: Record<string, string> = { number: 'float64', boolean: 'bool', string: 'string' };
const goType = (value: unknown): string =>
  Array.isArray(value)
    ? '[]interface {}'
    : (GO_TYPES[typeof value] ?? (value === null ? '<nil>' : 'map[string]interface {}'));

function metadataFault(meta: JsonObject): string | undefined {
  for (const field of ['labels', 'annotations'] as const) {
    const values: unknown = meta[field];
    if (values === undefined || values === null) continue;
    if (!isObject(values)) return `invalid metadata.${field} of type ${goType(values)} in converted object`;
    for (const key in values) {
      if (typeof values[key] !== 'string')
        return `metadata.${field}[${key}] must be a string, but is ${goType(values[key])} in converted object`;
    }
  }
  const faults = new Faults();
  labels(faults, 'metadata.labels', meta.labels ?? undefined);
  annotations(faults, 'metadata.annotation', meta.annotations ?? undefined);
  const texts = faults.list.map((fault) => `${fault.field}: ${fault.message}`);
  return texts.length > 1 ? `[${texts.join(', ')}]` : texts[0];
}

/** Lets the events of one watch pass in their order, each when its object is there in the watch's version. */
export function holdBack(
  { sim }: Core,
  settle: (object: KubeObject) => Co<string | undefined> | undefined,
  fail: (message: string) => void,
) {
  const queue: { object: KubeObject; pass: () => void }[] = [];
  let running = false;
  const run = function* (): Co {
    for (let next = queue[0]; next; next = queue[0]) {
      const work = settle(next.object);
      const problem = work && (yield* work);
      queue.shift();
      if (problem === undefined) next.pass();
      else {
        queue.length = 0;
        fail(problem);
      }
    }
    running = false;
  };
  return (object: KubeObject, pass: () => void) => {
    if (!running && settle(object) === undefined) return pass();
    queue.push({ object, pass });
    if (running) return;
    running = true;
    sim.spawn('conversion', run());
  };
}
