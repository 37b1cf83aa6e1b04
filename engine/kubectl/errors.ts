// What can go wrong in a kubectl command, and the words in which kubectl reports it before it exits.

import type { ApiRequest, ApiResponse, Status } from '../apiserver/types.ts';

/** Ends the command; printed as `error: …` unless it begins so already. `exitCode` 1 unless told. */
export class CommandError extends Error {
  exitCode: number;
  constructor(message: string, exitCode = 1) {
    super(message);
    this.exitCode = exitCode;
  }
}

/** Its words stand alone, without `error: ` in front. */
export class BareError extends CommandError {}

/** Ends the command with a status and no words (what had to be said was printed). */
export class Exit extends Error {
  exitCode: number;
  constructor(exitCode: number) {
    super('exit');
    this.exitCode = exitCode;
  }
}

/** The API server answered with a Status from 400 on. */
export class StatusError extends Error {
  readonly status: Status;
  readonly code: number;
  constructor(status: Status, code: number) {
    super(status.message ?? '');
    this.status = status;
    this.code = code;
  }
  get reason(): string {
    return this.status.reason ?? '';
  }
}

/** Several failures of one command, reported one a line. */
export class AggregateFailure extends Error {
  readonly errors: Error[];
  constructor(errors: Error[]) {
    super(errors.length === 1 ? errors[0].message : `[${errors.map((e) => e.message).join(', ')}]`);
    this.errors = errors;
  }
}

/** Failures that were gathered while others were shown: even a single one stands without `error: ` in front. */
export class Collected extends AggregateFailure {}

/** No API server answers at the address in the kubeconfig. */
export class ConnectionError extends Error {}

export const isNotFound = (error: unknown) => error instanceof StatusError && error.reason === 'NotFound';
export const isConflict = (error: unknown) => error instanceof StatusError && error.reason === 'Conflict';
export const isAlreadyExists = (error: unknown) => error instanceof StatusError && error.reason === 'AlreadyExists';

export function usageError(commandPath: string, message: string): CommandError {
  return new CommandError(`${message}\nSee '${commandPath} -h' for help and examples`);
}

/**
 * Reads an answer from 400 on; a body that is no Status gives the words that client-go makes up for the code and, where the
 * request was for a resource, names it.
 */
export function statusError(response: ApiResponse, request?: ApiRequest): StatusError {
  const body = response.body;
  if (typeof body === 'object' && (body as Status).kind === 'Status') {
    return new StatusError(body as unknown as Status, response.code);
  }
  const known = UNSTRUCTURED[response.code];
  const status: Status = {
    kind: 'Status',
    apiVersion: 'v1',
    metadata: {},
    status: 'Failure',
    code: response.code,
    reason: known?.reason,
    message: known
      ? known.message + (request ? askedFor(request) : '')
      : typeof body === 'string'
        ? body.trim()
        : `an error on the server ("unknown") has prevented the request from succeeding`,
  };
  return new StatusError(status, response.code);
}

/** ` (get crontabs.stable.example.com web)`, as client-go adds it for a path of a resource. */
function askedFor({ method, path }: ApiRequest): string {
  // Without a version (`/api//…`) it is the path of no resource.
  if (path.includes('//')) return '';
  const words = path.split('/');
  const group = words[1] === 'apis' ? words[2] : '';
  const rest = words.slice(words[1] === 'apis' ? 4 : words[1] === 'api' ? 3 : words.length);
  if (rest[0] === 'namespaces' && rest.length > 2) rest.splice(0, 2);
  const [resource, name] = rest;
  if (!resource) return '';
  return ` (${method.toLowerCase()} ${resource}${group ? `.${group}` : ''}${name ? ` ${name}` : ''})`;
}

const UNSTRUCTURED: Record<number, { reason: string; message: string }> = {
  401: { reason: 'Unauthorized', message: 'the server has asked for the client to provide credentials' },
  403: { reason: 'Forbidden', message: 'the server does not allow this method on the requested resource' },
  404: { reason: 'NotFound', message: 'the server could not find the requested resource' },
  405: { reason: 'MethodNotAllowed', message: 'the server does not allow this method on the requested resource' },
};

/** Names the file an error came from: `error when creating "web.yaml": …`; the reason stays what it was. */
export function addSource(verb: string, source: string, error: unknown): Error {
  if (!source || !(error instanceof Error) || error instanceof Exit) return error as Error;
  const message = `error when ${verb} ${quote(source)}: ${error.message}`;
  return error instanceof StatusError
    ? new StatusError({ ...error.status, message }, error.code)
    : new CommandError(message);
}

/** Throws nothing, the one, or all of them together. */
export function throwAll(errors: Error[]) {
  // Nobody reads what it says any more: nothing is said of the rest.
  for (const error of errors) if (error instanceof Exit) throw error;
  if (errors.length === 1) throw errors[0];
  if (errors.length > 1) throw new AggregateFailure(errors);
}

/** What failed while objects were worked on, and after it, as one, what had already failed when they were looked for. */
export function throwBoth(errors: Error[], found: Error[]) {
  throwAll(errors.length && found.length > 1 ? [...errors, new AggregateFailure(found)] : [...errors, ...found]);
}

/** A Go string literal, as %q prints it. */
export function quote(text: string): string {
  let out = '"';
  for (const c of text) {
    const code = c.codePointAt(0) as number;
    if (c === '"' || c === '\\') out += '\\' + c;
    else if (c === '\n') out += '\\n';
    else if (c === '\t') out += '\\t';
    else if (c === '\r') out += '\\r';
    else if (code < 0x20 || code === 0x7f) out += '\\x' + code.toString(16).padStart(2, '0');
    else out += c;
  }
  return out + '"';
}

/** The words of one error without a prefix of our own; undefined for what has no standard form. */
function standardMessage(error: Error): string | undefined {
  if (error instanceof StatusError) {
    if (error.reason === 'Unauthorized') return `error: You must be logged in to the server (${error.message})`;
    return error.reason
      ? `Error from server (${error.reason}): ${error.message}`
      : `Error from server: ${error.message}`;
  }
  if (error instanceof ConnectionError) return error.message;
  return undefined;
}

const messageOf = (error: Error) => standardMessage(error) ?? error.message;

/** What kubectl prints on stderr for an error, and its exit status. */
export function report(error: Error): { text: string; code: number } {
  if (error instanceof AggregateFailure && !(error instanceof Collected) && error.errors.length === 1)
    error = error.errors[0];
  if (error instanceof Exit) return { text: '', code: error.exitCode };
  if (error instanceof AggregateFailure) {
    return { text: error.errors.map((e) => messageOf(e) + '\n').join(''), code: 1 };
  }
  if (error instanceof StatusError && error.reason === 'Invalid') return { text: invalidMessage(error), code: 1 };
  let text = standardMessage(error);
  if (text === undefined)
    text =
      error instanceof BareError || error.message.startsWith('error: ') ? error.message : `error: ${error.message}`;
  if (!text.endsWith('\n')) text += '\n';
  return { text, code: error instanceof CommandError ? error.exitCode : 1 };
}

function invalidMessage(error: StatusError): string {
  const details = error.status.details;
  let text = 'The request is invalid';
  if (!details) return `${text}: ${error.message}\n`;
  const causes: string[] = [];
  for (const cause of details.causes ?? []) {
    const line = `${cause.field ?? ''}: ${cause.message ?? ''}`;
    if (!causes.includes(line)) causes.push(line);
  }
  if (details.kind || details.name) text = `The ${details.kind ?? ''} ${quote(details.name ?? '')} is invalid`;
  else if (causes.length === 0) text += `: ${error.message}`;
  if (causes.length === 0) return text + '\n';
  if (causes.length === 1) return `${text}: ${causes[0]}\n`;
  return `${text}: \n${causes.map((c) => `* ${c}\n`).join('')}`;
}
