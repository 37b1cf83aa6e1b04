// authorizer.group('apps').resource('deployments').check('create').allowed(): questions to the authorizer.

import type { Environment } from '../library.ts';
import { define, types } from './define.ts';

export interface Attributes {
  group: string;
  resource: string;
  subresource: string;
  namespace: string;
  name: string;
  path: string;
}

export interface Question {
  attributes: Attributes & { verb: string };
  /** In whose name; the user of the request when absent. */
  serviceAccount?: { name: string; groups: string[] };
}

export type Ask = (question: Question) => { allowed: boolean; reason: string };

const NOTHING: Attributes = { group: '', resource: '', subresource: '', namespace: '', name: '', path: '' };

/** What `authorizer` is; `requestResource` is what the request itself is about. */
export class AuthorizerValue {
  readonly ask: Ask;
  readonly requestResource: ResourceCheck;
  readonly serviceAccount: Question['serviceAccount'];
  constructor(ask: Ask, request: Attributes, serviceAccount?: Question['serviceAccount']) {
    this.ask = ask;
    this.serviceAccount = serviceAccount;
    this.requestResource = new ResourceCheck(this, request);
  }
}

class GroupCheck {
  readonly authorizer: AuthorizerValue;
  readonly group: string;
  constructor(authorizer: AuthorizerValue, group: string) {
    this.authorizer = authorizer;
    this.group = group;
  }
}

class PathCheck {
  readonly authorizer: AuthorizerValue;
  readonly path: string;
  constructor(authorizer: AuthorizerValue, path: string) {
    this.authorizer = authorizer;
    this.path = path;
  }
}

class ResourceCheck {
  readonly authorizer: AuthorizerValue;
  readonly attributes: Attributes;
  constructor(authorizer: AuthorizerValue, attributes: Attributes) {
    this.authorizer = authorizer;
    this.attributes = attributes;
  }
  with(change: Partial<Attributes>): ResourceCheck {
    return new ResourceCheck(this.authorizer, { ...this.attributes, ...change });
  }
}

class Decision {
  readonly allowed: boolean;
  readonly reason: string;
  constructor({ allowed, reason }: { allowed: boolean; reason: string }) {
    this.allowed = allowed;
    this.reason = reason;
  }
}

const decide = ({ ask, serviceAccount }: AuthorizerValue, attributes: Attributes, verb: string) =>
  new Decision(ask({ attributes: { ...attributes, verb }, serviceAccount }));

const account = (namespace: string, name: string) => ({
  name: `system:serviceaccount:${namespace}:${name}`,
  groups: ['system:serviceaccounts', `system:serviceaccounts:${namespace}`, 'system:authenticated'],
});

export const AUTHORIZER = 'kubernetes.authorization.Authorizer';
const GROUP = 'kubernetes.authorization.GroupCheck';
const PATH = 'kubernetes.authorization.PathCheck';
const RESOURCE = 'kubernetes.authorization.ResourceCheck';
const DECISION = 'kubernetes.authorization.Decision';

export function authorizers(environment: Environment) {
  types(environment, { [GROUP]: GroupCheck, [PATH]: PathCheck, [RESOURCE]: ResourceCheck, [DECISION]: Decision });
  environment.registerType(AUTHORIZER, { ctor: AuthorizerValue, fields: { requestResource: RESOURCE } });
  define(environment, {
    [`${AUTHORIZER}.group(string): ${GROUP}`]: (authorizer: AuthorizerValue, group: string) =>
      new GroupCheck(authorizer, group),
    [`${AUTHORIZER}.path(string): ${PATH}`]: (authorizer: AuthorizerValue, path: string) =>
      new PathCheck(authorizer, path),
    [`${AUTHORIZER}.serviceAccount(string, string): ${AUTHORIZER}`]: (
      authorizer: AuthorizerValue,
      namespace: string,
      name: string,
    ) => new AuthorizerValue(authorizer.ask, authorizer.requestResource.attributes, account(namespace, name)),
    [`${GROUP}.resource(string): ${RESOURCE}`]: ({ authorizer, group }: GroupCheck, resource: string) =>
      new ResourceCheck(authorizer, { ...NOTHING, group, resource }),
    [`${RESOURCE}.subresource(string): ${RESOURCE}`]: (check: ResourceCheck, subresource: string) =>
      check.with({ subresource }),
    [`${RESOURCE}.namespace(string): ${RESOURCE}`]: (check: ResourceCheck, namespace: string) =>
      check.with({ namespace }),
    [`${RESOURCE}.name(string): ${RESOURCE}`]: (check: ResourceCheck, name: string) => check.with({ name }),
    [`${RESOURCE}.check(string): ${DECISION}`]: ({ authorizer, attributes }: ResourceCheck, verb: string) =>
      decide(authorizer, attributes, verb),
    [`${PATH}.check(string): ${DECISION}`]: ({ authorizer, path }: PathCheck, verb: string) =>
      decide(authorizer, { ...NOTHING, path }, verb),
    [`${DECISION}.allowed(): bool`]: ({ allowed }: Decision) => allowed,
    [`${DECISION}.reason(): string`]: ({ reason }: Decision) => reason,
    [`${DECISION}.errored(): bool`]: () => false,
    [`${DECISION}.error(): string`]: () => '',
  });
}
