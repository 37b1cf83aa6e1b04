// Fifth stage: reading what was sent. Text is JSON or YAML by its content type and is checked strictly; an object
// comes from a component of the cluster, which builds it from types, and passes as it is.

import { exact, exactJson, InexactNumber } from '../api/exact-numbers.ts';
import { DecodeError, type KubeObject, type ResourceInfo, type Scheme } from '../api/types.ts';
import { part } from '../parts/index.ts';
import { warn, type Context } from './context.ts';
import { duplicateFields } from './duplicate-fields.ts';
import { badRequest, StatusError, unsupportedMediaType } from './status.ts';
import type { ApiRequest } from './types.ts';
import { withoutUndefined } from './without-undefined.ts';

const READ = ['application/json', 'application/yaml'];
const PROTOBUF = 'application/vnd.kubernetes.protobuf';

export const contentTypeOf = ({ headers }: ApiRequest): string =>
  (headers?.['content-type'] ?? '').split(';')[0].trim().toLowerCase();
export const contentType = (ctx: Context): string => contentTypeOf(ctx.request);

/** Text that is no JSON or YAML. */
export class Unreadable extends StatusError {
  constructor(message: string) {
    super(400, 'BadRequest', message);
  }
}

/** JSON or YAML text as a value; problems that strict decoding reports (duplicate fields) are added to `strict`. */
export function parseText(text: string, type: string, strict: string[]): unknown {
  if (type === 'application/yaml' || type.endsWith('+yaml')) {
    return parseYaml(text, strict);
  }
  const value = parseJson(text);
  if (value !== null && typeof value === 'object') strict.push(...duplicateFields(text));
  return value;
}

const REPEATED_KEYS = 'yaml: unmarshal errors:\n';

function parseYaml(text: string, strict: string[]): unknown {
  const failed = (error: Error) =>
    new Unreadable(`error converting YAML to JSON: yaml: ${error.message.split('\n')[0]}`);
  let document;
  try {
    document = part('yaml').parseDocument(text, { schema: 'core', uniqueKeys: true });
  } catch {
    // Nested more deeply than the reader's stack allows.
    throw failed(new Error('exceeded max depth'));
  }
  const repeated: string[] = [];
  for (const error of document.errors) {
    if (error.code !== 'DUPLICATE_KEY') throw failed(error);
    const key = /^["']?([^"':]*)/.exec(text.slice(error.pos[0]))?.[1];
    repeated.push(`  line ${error.linePos?.[0].line}: key ${JSON.stringify(key)} already set in map`);
  }
  if (repeated.length) strict.push(REPEATED_KEYS + repeated.join('\n'));
  try {
    return exact(document.toJS({ maxAliasCount: 1000 }), text);
  } catch (error) {
    throw error instanceof InexactNumber ? badRequest(error.message) : failed(error as Error);
  }
}

/** JSON.parse, with the errors of Go's encoding/json. */
export function parseJson(text: string): unknown {
  try {
    return exactJson(text);
  } catch (error) {
    throw error instanceof InexactNumber ? badRequest(error.message) : new Unreadable(part('requests').jsonError(text));
  }
}

const NO_KIND = "couldn't get version/kind; json parse error: ";
const TYPE_META =
  'Go value of type struct { APIVersion string "json:\\"apiVersion,omitempty\\""; Kind string "json:\\"kind,omitempty\\"" }';
const SUMMARY_LENGTH = 30;

const unrecognized = (info: ResourceInfo, why: string) =>
  badRequest(`the object provided is unrecognized (must be of type ${info.kind}): ${why}`);

/** Why no kind can be read from a text. */
export const noText = ({ message }: Unreadable, type: string): string =>
  type === 'application/yaml' ? message : NO_KIND + message;

/** Why no kind can be read from a value. */
export function noObject(value: unknown): string {
  const what = Array.isArray(value) ? 'array' : typeof value === 'boolean' ? 'bool' : typeof value;
  return `${NO_KIND}json: cannot unmarshal ${what} into ${TYPE_META}`;
}

/** Why the kind that an object says cannot be read; undefined: it can. */
function oddIdentity(object: Partial<KubeObject> | null): string | undefined {
  for (const field of ['kind', 'apiVersion'] as const) {
    const given: unknown = object?.[field];
    if (given === undefined || given === null || typeof given === 'string') continue;
    const what = Array.isArray(given) ? 'array' : typeof given === 'boolean' ? 'bool' : typeof given;
    return `${NO_KIND}json: cannot unmarshal ${what} into Go struct field .${field} of type string`;
  }
  const version = object?.apiVersion;
  return version && version.split('/').length > 2 ? `unexpected GroupVersion string: ${version}` : undefined;
}

/** The beginning of what is no object, in hexadecimal. */
function summary(text: string): string {
  let hex = '';
  for (let i = 0; i < text.length && i < SUMMARY_LENGTH; i++) hex += text.charCodeAt(i).toString(16).padStart(2, '0');
  return text.length > SUMMARY_LENGTH ? `${hex} ...` : hex;
}

export function checkMediaType(type: string) {
  // Only a client that sends protobuf must be told that this server, unlike others, does not read it.
  if (type && !READ.includes(type)) throw unsupportedMediaType(type === PROTOBUF ? READ : [...READ, PROTOBUF]);
}

/** The body as an object of `info`'s kind, defaulted. */
export function readObject(scheme: Scheme, ctx: Context, info: ResourceInfo): KubeObject {
  const body = ctx.request.body;
  if (body !== null && typeof body === 'object') {
    return scheme.applyDefaults(info, withKind(info, withoutUndefined(body as KubeObject)));
  }
  const type = contentType(ctx);
  checkMediaType(type);
  if (body === undefined || body === '') {
    throw unrecognized(info, `${NO_KIND}unexpected end of JSON input (<empty>)`);
  }
  const strict: string[] = [];
  let value: unknown;
  try {
    value = parseText(body, type, strict);
  } catch (error) {
    throw error instanceof Unreadable ? unrecognized(info, `${noText(error, type)} (${summary(body)})`) : error;
  }
  if (Array.isArray(value) || typeof value !== 'object')
    throw unrecognized(info, `${noObject(value)} (${summary(body)})`);
  const odd = oddIdentity(value as Partial<KubeObject> | null);
  if (odd) throw unrecognized(info, `${odd} (${summary(body)})`);
  try {
    return readValue(scheme, ctx, info, value, strict);
  } catch (error) {
    throw error instanceof StatusError ? withLiteral(error, body) : error;
  }
}

/** A number in the decoder's words as the client wrote it: reading has made 1e+20 of twenty nines. */
function withLiteral(error: StatusError, text: string): StatusError {
  const { message } = error.status;
  const found = /cannot unmarshal number (\S+) into/.exec(message ?? '');
  if (!found || Math.abs(Number(found[1])) < Number.MAX_SAFE_INTEGER) return error;
  const literal = text.match(/-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/g)?.find((one) => Number(one) === Number(found[1]));
  return literal ? badRequest((message as string).replace(found[1], literal)) : error;
}

/** A parsed value as an object of the kind, with the field validation that the request asks for. */
export function readValue(
  scheme: Scheme,
  ctx: Context,
  info: ResourceInfo,
  value: unknown,
  strict: string[] = [],
): KubeObject {
  checkKind(scheme, info, value);
  try {
    const decoded = scheme.decode(info, value);
    reportStrict(ctx, info, [...strict, ...decoded.strict]);
    return scheme.applyDefaults(info, withKind(info, decoded.object));
  } catch (error) {
    if (!(error instanceof DecodeError)) throw error;
    throw badRequest(`${info.kind} in version "${info.version}" cannot be handled as a ${info.kind}: ${error.message}`);
  }
}

export function reportStrict(ctx: Context, info: ResourceInfo, problems: readonly string[]) {
  if (problems.length === 0 || ctx.fieldValidation === 'Ignore') return;
  if (ctx.fieldValidation === 'Warn') {
    for (const problem of problems) {
      // What the YAML reader says of several lines is a warning each.
      if (!problem.startsWith(REPEATED_KEYS)) warn(ctx, problem);
      else for (const line of problem.slice(REPEATED_KEYS.length).split('\n')) warn(ctx, line.trim());
    }
    return;
  }
  throw badRequest(
    `${info.kind} in version "${info.version}" cannot be handled as a ${info.kind}: strict decoding error: ${problems.join(', ')}`,
  );
}

const noSuchKind = (info: ResourceInfo, kind: string, apiVersion: string) =>
  badRequest(
    `${kind} in version "${versionOf(apiVersion)}" cannot be handled as a ${info.kind}: no kind "${kind}" is registered for version "${apiVersion}" in scheme "pkg/api/legacyscheme/scheme.go:30"`,
  );

function checkKind(scheme: Scheme, info: ResourceInfo, value: unknown) {
  if (value === undefined || value === null) return;
  if (typeof value !== 'object' || Array.isArray(value)) {
    throw badRequest(noObject(value));
  }
  const { apiVersion, kind } = value as Partial<KubeObject>;
  const said = apiVersion || info.groupVersion;
  const other = kind !== undefined && kind !== '' && (kind !== info.kind || said !== info.groupVersion);
  if (other && !info.custom && !isServed(scheme, said, kind)) throw noSuchKind(info, kind, said);
  // What a custom resource says of its kind is validated.
  if (kind && kind !== info.kind && !info.custom) {
    const version = versionOf(apiVersion || info.groupVersion);
    const internal = info.group ? info.group.split('.')[0] : 'core';
    throw badRequest(
      `${kind} in version "${version}" cannot be handled as a ${info.kind}: converting (${version}.${kind}) to (${internal}.${info.kind}): unknown conversion`,
    );
  }
  if (apiVersion && apiVersion !== info.groupVersion) {
    throw badRequest(
      `the API version in the data (${apiVersion}) does not match the expected API version (${info.groupVersion})`,
    );
  }
}

const versionOf = (groupVersion: string): string => groupVersion.slice(groupVersion.indexOf('/') + 1);

function isServed(scheme: Scheme, groupVersion: string, kind: string): boolean {
  const slash = groupVersion.indexOf('/');
  const group = slash < 0 ? '' : groupVersion.slice(0, slash);
  const version = versionOf(groupVersion);
  if (scheme.kind(group, version, kind)) return true;
  // Lists are kinds as well.
  return kind.endsWith('List') && scheme.kind(group, version, kind.slice(0, -4)) !== undefined;
}

export const withKind = (info: ResourceInfo, object: KubeObject): KubeObject =>
  object.kind === info.kind && object.apiVersion === info.groupVersion && object.metadata
    ? object
    : { ...object, kind: info.kind, apiVersion: info.groupVersion, metadata: object.metadata ?? {} };
