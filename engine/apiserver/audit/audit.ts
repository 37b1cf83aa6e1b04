// The API server's audit log: an event for each stage of each request that the policy names, as a line of JSON.

import type { JsonObject, KubeObject } from '../../api/types.ts';
import { filesOf, type Process } from '../../linux/index.ts';
import type { Decision } from '../authorization/types.ts';
import type { Problem } from '../configuration-file.ts';
import type { Route } from '../route.ts';
import { queryText } from '../subresources/kubelet.ts';
import type { ApiRequest, ApiResponse, UserInfo } from '../types.ts';
import { readPolicy, verdictOf, type Level, type Policy, type Stage, type Verdict } from './policy.ts';

/** A request that has been answered. */
export interface Answered {
  request: ApiRequest;
  route: Route | undefined;
  /** Who asked; undefined: nobody could tell. */
  user: UserInfo | undefined;
  /** As whom, when that is somebody else. */
  actingAs: UserInfo | undefined;
  /** Undefined: it did not come to that. */
  decision: Decision | undefined;
  response: ApiResponse;
  /** Where the request came from, where that is known. */
  source: string | undefined;
}

const MEGABYTE = 1_048_576;
const DAY = 86_400_000;
/** Requests that take as long as their client wants: verbs and subresources. */
const LONG_RUNNING = new Set(['watch', 'proxy', 'attach', 'exec', 'log', 'portforward']);

/** What --audit-* say; undefined: nothing is written. */
export function readAudit(process: Process, given: ReadonlyMap<string, string>): Audit | undefined | Problem {
  const file = given.get('audit-policy-file');
  const path = given.get('audit-log-path');
  if (file === undefined) return undefined;
  const node = process.host.fs.find(file);
  if (node?.kind !== 'file')
    return {
      reason: `loading audit policy file: failed to read file path ${JSON.stringify(file)}: open ${file}: no such file or directory`,
    };
  const policy = readPolicy(file, node.text);
  if ('reason' in policy) return policy;
  if (!path) return undefined;
  const number = (name: string) => Number(given.get(name) ?? 0);
  const limits = {
    size: number('audit-log-maxsize') || 100,
    count: number('audit-log-maxbackup'),
    days: number('audit-log-maxage'),
  };
  try {
    return new Audit(process, policy, path, limits);
  } catch (error) {
    return { reason: `ensureLogFile: ${(error as Error).message}` };
  }
}

interface Limits {
  /** Megabytes of a file. */
  size: number;
  /** Of older files; 0 for no limit. */
  count: number;
  days: number;
}

export class Audit {
  private readonly process: Process;
  private readonly policy: Policy;
  private readonly path: string;
  private readonly limits: Limits;
  private written = 0;

  constructor(process: Process, policy: Policy, path: string, limits: Limits) {
    this.process = process;
    this.policy = policy;
    this.path = path;
    this.limits = limits;
    if (path !== '-') this.open();
  }

  record(answered: Answered) {
    const { request, route, user, response } = answered;
    const verb = route?.verb ?? request.method.toLowerCase();
    const verdict = verdictOf(this.policy, user, verb, route, request.path);
    if (verdict.level === 'None') return;
    const { sim } = this.process.host;
    const event = this.event(answered, verb, verdict, sim.random('audit').uuid());
    this.write(event('RequestReceived'), verdict);
    const { watch } = response;
    if (LONG_RUNNING.has(verb) || LONG_RUNNING.has(route?.subresource ?? ''))
      this.write(event('ResponseStarted'), verdict);
    if (!watch) return this.write(event('ResponseComplete'), verdict);
    // It is complete when its client goes.
    const stop = watch.stop.bind(watch);
    watch.stop = () => {
      if (!watch.ended) this.write(event('ResponseComplete'), verdict);
      stop();
    };
  }

  /** The event of one stage. */
  private event(
    { request, route, user, actingAs, decision, response, source }: Answered,
    verb: string,
    { level, managedFields }: Verdict,
    auditID: string,
  ) {
    const { sim } = this.process.host;
    const received = micro(sim.now);
    const sent = route && parsed(request.body ?? request.patched?.patch?.());
    const answer = typeof response.body === 'object' ? (response.body as JsonObject) : undefined;
    const status = answer?.kind === 'Status' ? answer : undefined;
    const plain = (object: JsonObject | undefined) =>
      object && !managedFields ? withoutManagedFields(object) : object;
    return (stage: Stage): JsonObject => {
      const begun = stage !== 'RequestReceived';
      const complete = stage === 'ResponseComplete';
      return {
        kind: 'Event',
        apiVersion: 'audit.k8s.io/v1',
        level,
        auditID,
        stage,
        requestURI: request.path + queryText(request.query),
        verb,
        user: user ? userOf(user) : {},
        ...(begun && actingAs && { impersonatedUser: userOf(actingAs) }),
        ...(source && { sourceIPs: [source] }),
        userAgent: request.headers?.['user-agent'] ?? '',
        ...(route && { objectRef: referenceOf(route, begun ? sent : undefined) }),
        ...(begun && !response.later && { responseStatus: statusOf(status, response) }),
        ...(begun && sent && holds(level, 'Request') && { requestObject: plain(sent) }),
        ...(complete && answer && holds(level, 'RequestResponse') && { responseObject: plain(answer) }),
        requestReceivedTimestamp: received,
        stageTimestamp: micro(sim.now),
        ...(begun &&
          decision && {
            annotations: {
              'authorization.k8s.io/decision': decision.allowed ? 'allow' : 'forbid',
              'authorization.k8s.io/reason': decision.reason,
            },
          }),
      };
    };
  }

  private write(event: JsonObject, { omitted }: Verdict) {
    if (omitted.includes(event.stage as Stage)) return;
    const line = `${JSON.stringify(event)}\n`;
    if (this.path === '-') {
      this.process.stdout.write(line);
      return;
    }
    if (this.written + line.length > this.limits.size * MEGABYTE) this.rotate();
    this.written += line.length;
    this.open().append(line);
  }

  private open() {
    const fs = filesOf(this.process);
    fs.mkdir(this.path.slice(0, this.path.lastIndexOf('/')) || '/', { recursive: true });
    const file = fs.openWrite(this.path, { append: true });
    file.mode = 0o600;
    return file;
  }

  /** The file gets a name with the time; the oldest of its kind go. */
  private rotate() {
    const fs = filesOf(this.process);
    const { now } = this.process.host.sim;
    const slash = this.path.lastIndexOf('/');
    const dir = this.path.slice(0, slash) || '/';
    const [, base, extension] = /^(.*?)(\.[^.]*)?$/.exec(this.path.slice(slash + 1)) as RegExpExecArray;
    const stamp = new Date(now).toISOString().slice(0, 23).replaceAll(':', '-');
    fs.rename(this.path, `${dir}/${base}-${stamp}${extension ?? ''}`);
    this.written = 0;
    const { count, days } = this.limits;
    const old = fs
      .readdir(dir)
      .filter((name) => name.startsWith(`${base}-`) && name.endsWith(extension ?? ''))
      .sort()
      .reverse();
    for (const [i, name] of old.entries()) {
      const time = Date.parse(
        name.slice(base.length + 1, base.length + 24).replace(/T(\d\d)-(\d\d)-/, 'T$1:$2:') + 'Z',
      );
      if ((count && i >= count) || (days && now - time > days * DAY)) fs.remove(`${dir}/${name}`);
    }
  }
}

const holds = (level: Level, least: 'Request' | 'RequestResponse') => level === 'RequestResponse' || level === least;

const micro = (ms: number) => `${new Date(ms).toISOString().slice(0, 23)}000Z`;

const userOf = ({ name, uid, groups, extra }: UserInfo): JsonObject => ({
  username: name,
  ...(uid && { uid }),
  groups,
  ...(extra && { extra }),
});

function referenceOf(
  { resource, namespace, name, group, version, subresource }: Route,
  sent: JsonObject | undefined,
): JsonObject {
  const { metadata } = (sent ?? {}) as Partial<KubeObject>;
  const called = name || metadata?.name;
  const space = namespace || metadata?.namespace;
  return {
    resource,
    ...(space && { namespace: space }),
    ...(called && { name: called }),
    ...(metadata?.uid && { uid: metadata.uid }),
    ...(group && { apiGroup: group }),
    apiVersion: version,
    ...(metadata?.resourceVersion && { resourceVersion: metadata.resourceVersion }),
    ...(subresource && { subresource }),
  };
}

function statusOf(status: JsonObject | undefined, { code, exec, portForward }: ApiResponse): JsonObject {
  if (exec || portForward) return { metadata: {}, code: 101 };
  if (!status) return { metadata: {}, code };
  const { status: word, message, reason, details } = status;
  return {
    metadata: {},
    status: word,
    ...(message && { message }),
    ...(reason && { reason }),
    ...(details && { details }),
    code,
  };
}

/** A body as JSON; what is none is not shown. */
function parsed(body: ApiRequest['body']): JsonObject | undefined {
  if (body === undefined || body === '') return undefined;
  if (typeof body === 'object') return body as JsonObject;
  try {
    return JSON.parse(body) as JsonObject;
  } catch {
    return undefined;
  }
}

function withoutManagedFields(object: JsonObject): JsonObject {
  const { metadata, items } = object;
  if (Array.isArray(items)) return { ...object, items: items.map(withoutManagedFields) };
  if (!metadata?.managedFields) return object;
  const { managedFields: _, ...rest } = metadata;
  return { ...object, metadata: rest };
}
