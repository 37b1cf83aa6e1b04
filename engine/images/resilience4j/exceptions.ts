// What a call can fail with, in the names and words of Java, Spring and Resilience4j.

import { STATUS_TEXT } from '../../linux/index.ts';

export class JavaException extends Error {
  readonly className: string;
  constructor(className: string, message: string) {
    super(message);
    this.className = className;
  }
  override toString(): string {
    return `${this.className}: ${this.message}`;
  }
  /** Whether it is of one of these classes, or of one that extends them. */
  isOneOf(classes: readonly string[]): boolean {
    if (classes.length === 0) return false;
    const outer = this.className.replace(/\$.*/, '');
    const own = [this.className, outer, ...(PARENTS[outer] ?? []), 'java.lang.Exception', 'java.lang.Throwable'];
    return classes.some((name) => own.includes(name));
  }
}

const SPRING = 'org.springframework.web.client';
const RUNTIME = ['java.lang.RuntimeException'];
const RESPONSE = [`${SPRING}.RestClientResponseException`, `${SPRING}.RestClientException`, ...RUNTIME];
/** What the classes extend, up to Exception. */
const PARENTS: Record<string, readonly string[]> = {
  [`${SPRING}.HttpServerErrorException`]: [`${SPRING}.HttpStatusCodeException`, ...RESPONSE],
  [`${SPRING}.HttpClientErrorException`]: [`${SPRING}.HttpStatusCodeException`, ...RESPONSE],
  [`${SPRING}.ResourceAccessException`]: [`${SPRING}.RestClientException`, ...RUNTIME],
  'io.github.resilience4j.circuitbreaker.CallNotPermittedException': RUNTIME,
  'io.github.resilience4j.bulkhead.BulkheadFullException': RUNTIME,
};

export const callNotPermitted = (name: string, state: string) =>
  new JavaException(
    'io.github.resilience4j.circuitbreaker.CallNotPermittedException',
    `CircuitBreaker '${name}' is ${state} and does not permit further calls`,
  );

export const bulkheadFull = (name: string) =>
  new JavaException(
    'io.github.resilience4j.bulkhead.BulkheadFullException',
    `Bulkhead '${name}' is full and does not permit further calls`,
  );

export const timedOut = (name: string) =>
  new JavaException('java.util.concurrent.TimeoutException', `TimeLimiter '${name}' recorded a timeout exception.`);

/** The other side cannot be reached. */
export const resourceAccess = (url: string, why: string) =>
  new JavaException(`${SPRING}.ResourceAccessException`, `I/O error on GET request for "${url}": ${why}`);

/** Spring's client has a class of its own for these. */
const NAMED = [400, 401, 403, 404, 405, 406, 409, 410, 415, 422, 429, 500, 501, 502, 503, 504];

/** An answer with a status from 400 on. */
export function badStatus(status: number, body: string): JavaException {
  const text = STATUS_TEXT[status] ?? '';
  const side = status < 500 ? 'HttpClientErrorException' : 'HttpServerErrorException';
  const named = NAMED.includes(status) ? `$${text.replaceAll(/[^A-Za-z]/g, '')}` : '';
  const shown = body ? `"${body.replaceAll('\n', '<EOL>')}"` : '[no body]';
  return new JavaException(`${SPRING}.${side}${named}`, `${status} ${text}: ${shown}`);
}
