// Fifth stage: reading what was sent. Text is JSON or YAML by its content type and is checked strictly; an object
// comes from a component of the cluster, which builds it from types, and passes as it is.

import { DecodeError, type KubeObject, type ResourceInfo, type Scheme } from '../api/types.ts';
import { part } from '../parts/index.ts';
import { warn, type Context } from './context.ts';
import { duplicateFields } from './duplicate-fields.ts';
import { badRequest, unsupportedMediaType } from './status.ts';
import { withoutUndefined } from './without-undefined.ts';

const READ = ['application/json', 'application/yaml'];
const PROTOBUF = 'application/vnd.kubernetes.protobuf';

export const contentType = (ctx: Context): string =>
  (ctx.request.headers?.['content-type'] ?? '').split(';')[0].trim().toLowerCase();

/** JSON or YAML text as a value; problems that strict decoding reports (duplicate fields) are added to `strict`. */
export function parseText(text: string, type: string, strict: string[]): unknown {
  if (type === 'application/yaml' || type.endsWith('+yaml')) {
    return parseYaml(text, strict);
  }
  const value = parseJson(text);
  if (value !== null && typeof value === 'object') strict.push(...duplicateFields(text));
  return value;
}

function parseYaml(text: string, strict: string[]): unknown {
  const failed = (error: Error) => badRequest(`error converting YAML to JSON: yaml: ${error.message.split('\n')[0]}`);
  const document = part('yaml').parseDocument(text, { schema: 'core', uniqueKeys: true });
  const repeated: string[] = [];
  for (const error of document.errors) {
    if (error.code !== 'DUPLICATE_KEY') throw failed(error);
    const key = /^["']?([^"':]*)/.exec(text.slice(error.pos[0]))?.[1];
    repeated.push(`  line ${error.linePos?.[0].line}: key ${JSON.stringify(key)} already set in map`);
  }
  if (repeated.length) strict.push(`yaml: unmarshal errors:\n${repeated.join('\n')}`);
  try {
    return document.toJS({ maxAliasCount: 1000 });
  } catch (error) {
    throw failed(error as Error);
  }
}

/** JSON.parse, with the errors of Go's encoding/json. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw badRequest(jsonError(text));
  }
}

/** Where and why a JSON text cannot be read, in encoding/json's words for the commonest cases. */
export function jsonError(text: string): string {
  const trimmed = text.trim();
  if (trimmed === '') return 'unexpected end of JSON input';
  const first = trimmed[0];
  if (!/[[{"\-0-9tfn]/.test(first)) return `invalid character '${first}' looking for beginning of value`;
  // The shortest prefix that is already wrong ends in the offending character.
  let state = scan(trimmed);
  if (state === undefined) state = { char: '', where: '' };
  return state.char === ''
    ? 'unexpected end of JSON input'
    : `invalid character '${state.char === "'" ? "\\'" : state.char}' ${state.where}`;
}

/** Walks a JSON text as a state machine; the first character that does not fit, and what was expected there. */
function scan(text: string): { char: string; where: string } | undefined {
  const stack: string[] = [];
  let expect: 'value' | 'key' | 'colon' | 'after' = 'value';
  let first = false;
  const fail = (char: string, where: string) => ({ char, where });
  for (let i = 0; i < text.length; i++) {
    const c = text[i];
    if (c === ' ' || c === '\n' || c === '\t' || c === '\r') continue;
    if (expect === 'colon') {
      if (c !== ':') return fail(c, 'after object key');
      expect = 'value';
    } else if (expect === 'key') {
      if (c === '}' && first) {
        stack.pop();
        expect = 'after';
      } else if (c === '"') {
        const end = stringEnd(text, i);
        if (end < 0) return undefined;
        i = end;
        expect = 'colon';
      } else return fail(c, 'looking for beginning of object key string');
      first = false;
    } else if (expect === 'after') {
      const top = stack[stack.length - 1];
      if (!top) return fail(c, 'after top-level value');
      if (c === ',') expect = top === '{' ? 'key' : 'value';
      else if (c === (top === '{' ? '}' : ']')) stack.pop();
      else return fail(c, top === '{' ? 'after object key:value pair' : 'after array element');
      first = false;
    } else {
      if (c === '{') {
        stack.push('{');
        expect = 'key';
        first = true;
        continue;
      }
      if (c === '[') {
        stack.push('[');
        first = true;
        continue;
      }
      if (c === ']' && first && stack[stack.length - 1] === '[') stack.pop();
      else if (c === '"') {
        const end = stringEnd(text, i);
        if (end < 0) return undefined;
        i = end;
      } else {
        const word = /^(?:true|false|null|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)/.exec(text.slice(i, i + 40));
        if (!word) return fail(c, 'looking for beginning of value');
        i += word[0].length - 1;
      }
      expect = 'after';
      first = false;
    }
  }
  return undefined;
}

function stringEnd(text: string, start: number): number {
  for (let i = start + 1; i < text.length; i++) {
    if (text[i] === '\\') i++;
    else if (text[i] === '"') return i;
  }
  return -1;
}

const NO_KIND = "couldn't get version/kind; json parse error: ";
const TYPE_META =
  'Go value of type struct { APIVersion string "json:\\"apiVersion,omitempty\\""; Kind string "json:\\"kind,omitempty\\"" }';
const SUMMARY_LENGTH = 30;

const unrecognized = (info: ResourceInfo, why: string) =>
  badRequest(`the object provided is unrecognized (must be of type ${info.kind}): ${why}`);

/** The beginning of what is no object, in hexadecimal. */
function summary(text: string): string {
  let hex = '';
  for (let i = 0; i < text.length && i < SUMMARY_LENGTH; i++) hex += text.charCodeAt(i).toString(16).padStart(2, '0');
  return text.length > SUMMARY_LENGTH ? `${hex} ...` : hex;
}

/** The body as an object of `info`'s kind, defaulted. */
export function readObject(scheme: Scheme, ctx: Context, info: ResourceInfo): KubeObject {
  const body = ctx.request.body;
  if (body !== null && typeof body === 'object') {
    return scheme.applyDefaults(info, withKind(info, withoutUndefined(body as KubeObject)));
  }
  const type = contentType(ctx);
  // Only a client that sends protobuf must be told that this server, unlike others, does not read it.
  if (type && !READ.includes(type)) throw unsupportedMediaType(type === PROTOBUF ? READ : [...READ, PROTOBUF]);
  if (body === undefined || body === '') {
    throw unrecognized(info, `${NO_KIND}unexpected end of JSON input (<empty>)`);
  }
  const strict: string[] = [];
  const value = parseText(body, type, strict);
  if (Array.isArray(value) || typeof value !== 'object') {
    const what = Array.isArray(value) ? 'array' : typeof value === 'boolean' ? 'bool' : typeof value;
    throw unrecognized(info, `${NO_KIND}json: cannot unmarshal ${what} into ${TYPE_META} (${summary(body)})`);
  }
  return readValue(scheme, ctx, info, value, strict);
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
    for (const problem of problems) warn(ctx, problem);
    return;
  }
  throw badRequest(
    `${info.kind} in version "${info.version}" cannot be handled as a ${info.kind}: strict decoding error: ${problems.join(', ')}`,
  );
}

function checkKind(scheme: Scheme, info: ResourceInfo, value: unknown) {
  if (value === undefined || value === null) return;
  if (typeof value !== 'object' || Array.isArray(value)) {
    const what = Array.isArray(value) ? 'array' : typeof value === 'boolean' ? 'bool' : typeof value;
    throw badRequest(`${NO_KIND}json: cannot unmarshal ${what} into ${TYPE_META}`);
  }
  const { apiVersion, kind } = value as Partial<KubeObject>;
  if (kind && apiVersion && apiVersion !== info.groupVersion && !isServed(scheme, apiVersion, kind)) {
    throw badRequest(
      `${kind} in version "${versionOf(apiVersion)}" cannot be handled as a ${info.kind}: no kind "${kind}" is registered for version "${apiVersion}" in scheme "pkg/api/legacyscheme/scheme.go:30"`,
    );
  }
  if (kind && kind !== info.kind) {
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
  return scheme.kind(slash < 0 ? '' : groupVersion.slice(0, slash), versionOf(groupVersion), kind) !== undefined;
}

const withKind = (info: ResourceInfo, object: KubeObject): KubeObject =>
  object.kind === info.kind && object.apiVersion === info.groupVersion && object.metadata
    ? object
    : { ...object, kind: info.kind, apiVersion: info.groupVersion, metadata: object.metadata ?? {} };
