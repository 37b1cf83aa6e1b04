// A small web application in the shape of Spring Boot with Resilience4j: `GET /` calls the service behind it through the
// parts that its properties configure, and the actuator shows what they did. Retry is outermost, then the circuit
// breaker, the time limiter and the bulkhead, as the library's annotations nest.

import {
  exchange,
  serveHttp,
  STATUS_TEXT,
  type HttpRequest,
  type HttpResponse,
  type Process,
  type Program,
} from '../../linux/index.ts';
import type { Co } from '../../sim/index.ts';
import { clock, untilSignal } from '../service.ts';
import { CircuitBreaker, type BreakerConfig, type BreakerEvent, type State } from './circuit-breaker.ts';
import {
  Semaphore,
  bulkhead,
  retry,
  timeLimiter,
  type BulkheadConfig,
  type BulkheadEvent,
  type Call,
  type RetryConfig,
  type RetryEvent,
  type TimeLimiterConfig,
  type TimeLimiterEvent,
} from './decorators.ts';
import { EventLog } from './events.ts';
import { JavaException, badStatus, resourceAccess } from './exceptions.ts';
import { PropertyError, readProperties, readSettings, type Settings } from './properties.ts';

/** What the JVM takes to start the application, ms. */
const START = 1900;

export const application: Program = function* (process): Co<number> {
  const { sim, net } = process.host;
  let settings: Settings;
  try {
    settings = readSettings(readProperties(process));
  } catch (error) {
    if (!(error instanceof PropertyError)) throw error;
    process.stdout.write(
      log(process, 'ERROR', 'o.s.boot.SpringApplication', `Application run failed: ${error.message}`),
    );
    return 1;
  }
  yield START;
  const application = new Application(process, settings);
  const threads = new Semaphore(settings.threads);
  const listener = serveHttp(sim, net, settings.port, function* (request): Co<HttpResponse> {
    yield* threads.acquire(sim);
    try {
      return yield* application.answer(request);
    } finally {
      threads.release();
    }
  });
  if (!listener) {
    process.stdout.write(
      log(process, 'ERROR', 'o.s.b.d.LoggingFailureAnalysisReporter', `Port ${settings.port} was already in use.`),
    );
    return 1;
  }
  process.stdout.write(
    log(process, 'INFO', 'o.s.b.w.embedded.tomcat.TomcatWebServer', `Tomcat started on port ${settings.port} (http)`),
  );
  process.stdout.write(log(process, 'INFO', 'demo.Application', `Started Application in ${START / 1000} seconds`));
  yield* untilSignal(process, ['TERM', 'INT']);
  listener.close();
  return 143;
};

/** A line of Spring Boot's log. */
function log(process: Process, level: string, logger: string, text: string): string {
  return `${clock(process).iso} ${level.padStart(5)} ${process.pid} --- [           main] ${logger.padEnd(40)} : ${text}\n`;
}

const json = (value: unknown, status = 200): HttpResponse => ({
  status,
  headers: [['Content-Type', 'application/json']],
  body: JSON.stringify(value),
});
const text = (body: string, status = 200): HttpResponse => ({
  status,
  headers: [['Content-Type', 'text/plain;charset=UTF-8']],
  body,
});

class Application {
  private readonly process: Process;
  private readonly settings: Settings;
  private readonly breaker: CircuitBreaker | undefined;
  private readonly call: Call;
  private readonly breakerEvents: EventLog<BreakerEvent>;
  private readonly bulkheadEvents: EventLog<BulkheadEvent>;
  private readonly limiterEvents: EventLog<TimeLimiterEvent>;
  private readonly retryEvents: EventLog<RetryEvent>;

  constructor(process: Process, settings: Settings) {
    const { sim } = process.host;
    const { name, instances } = settings;
    const now = () => sim.now;
    this.process = process;
    this.settings = settings;
    this.breakerEvents = new EventLog(now, (event) => this.hear(event));
    this.bulkheadEvents = new EventLog(now);
    this.limiterEvents = new EventLog(now);
    this.retryEvents = new EventLog(now);
    let call: Call = () => fetchFrom(process, settings.url);
    if (instances.bulkhead)
      call = bulkhead(name, instances.bulkhead as unknown as BulkheadConfig, sim, this.bulkheadEvents)(call);
    if (instances.timelimiter)
      call = timeLimiter(name, instances.timelimiter as unknown as TimeLimiterConfig, sim, this.limiterEvents)(call);
    if (instances.circuitbreaker) {
      const after = (ms: number, run: () => void) => void sim.after(ms, run);
      const config = instances.circuitbreaker as unknown as BreakerConfig;
      const breaker = new CircuitBreaker(name, config, { now, after }, this.breakerEvents);
      this.breaker = breaker;
      call = guarded(breaker, now, call);
    }
    if (instances.retry) call = retry(name, instances.retry as unknown as RetryConfig, this.retryEvents)(call);
    this.call = call;
  }

  /** State transitions are logged, as an event consumer of the application does it. */
  private hear({ circuitBreakerName, stateTransition }: BreakerEvent) {
    if (!stateTransition) return;
    const [from, to] = stateTransition.split('_TO_');
    this.process.stdout.write(
      log(
        this.process,
        to === 'OPEN' ? 'WARN' : 'INFO',
        'demo.CircuitBreakerLog',
        `CircuitBreaker '${circuitBreakerName}' changed state from ${from} to ${to}`,
      ),
    );
  }

  *answer(request: HttpRequest): Co<HttpResponse> {
    const path = request.target.split('?', 1)[0];
    if (path === '/') {
      if (request.method !== 'GET' && request.method !== 'HEAD') return this.noSuch(path, 405);
      return yield* this.front();
    }
    return (path.startsWith('/actuator/') && this.actuator(path.slice(10), request)) || this.noSuch(path, 404);
  }

  /** The call, or its fallback, or what it failed with. */
  private *front(): Co<HttpResponse> {
    try {
      return text(yield* this.call());
    } catch (error) {
      if (!(error instanceof JavaException)) throw error;
      const { fallback } = this.settings;
      return fallback === undefined ? text(`${error}\n`, 503) : text(`${fallback}\n`);
    }
  }

  private noSuch(path: string, status: number): HttpResponse {
    const timestamp = clock(this.process).iso.replace('Z', '+00:00');
    return json({ timestamp, status, error: STATUS_TEXT[status], path }, status);
  }

  private actuator(path: string, { method, body }: HttpRequest): HttpResponse | undefined {
    const [endpoint, name, ...more] = path.split('/');
    const { exposed, instances } = this.settings;
    if ((!exposed.includes('*') && !exposed.includes(endpoint)) || more.length > 1) return undefined;
    const names = (section: keyof typeof instances) => (instances[section] ? [this.settings.name] : []);
    const { breaker } = this;
    if (endpoint === 'circuitbreakers' && name !== undefined && method === 'POST') return this.force(name, body);
    if (method !== 'GET') return undefined;
    switch (endpoint) {
      case 'health':
        return this.health(name);
      case 'circuitbreakers':
        return json({ circuitBreakers: breaker ? { [breaker.name]: breaker.details() } : {} });
      case 'circuitbreakerevents':
        return json({ circuitBreakerEvents: chosen(this.breakerEvents, name, more[0]) });
      case 'bulkheads':
        return json({ bulkheads: names('bulkhead') });
      case 'bulkheadevents':
        return json({ bulkheadEvents: chosen(this.bulkheadEvents, name, more[0]) });
      case 'timelimiters':
        return json({ timeLimiters: names('timelimiter') });
      case 'timelimiterevents':
        return json({ timeLimiterEvents: chosen(this.limiterEvents, name, more[0]) });
      case 'retries':
        return json({ retries: names('retry') });
      case 'retryevents':
        return json({ retryEvents: chosen(this.retryEvents, name, more[0]) });
    }
    return undefined;
  }

  /** An open circuit is a status of its own, which says nothing of the whole, unless it is allowed to fail it. */
  private health(group: string | undefined): HttpResponse | undefined {
    if (group === 'liveness' || group === 'readiness') return json({ status: 'UP' });
    if (group !== undefined) return undefined;
    const { breaker, settings } = this;
    const components: Record<string, { status: string; details?: object }> = {};
    if (breaker?.config.registerHealthIndicator && settings.breakersInHealth) {
      const open = breaker.config.allowHealthIndicatorToFail ? 'DOWN' : 'CIRCUIT_OPEN';
      const own = { OPEN: open, FORCED_OPEN: open, HALF_OPEN: 'CIRCUIT_HALF_OPEN', CLOSED: 'UP', DISABLED: 'UP' };
      const status = own[breaker.state];
      components.circuitBreakers = {
        status: status === 'UP' || status === 'DOWN' ? status : 'UNKNOWN',
        details: { [breaker.name]: { status, details: breaker.details() } },
      };
    }
    components.ping = { status: 'UP' };
    const status = components.circuitBreakers?.status === 'DOWN' ? 'DOWN' : 'UP';
    return json({ status, ...(settings.showDetails ? { components } : {}) }, status === 'UP' ? 200 : 503);
  }

  /** An operator's hand on the switch. */
  private force(name: string, body: string): HttpResponse {
    const { breaker } = this;
    if (breaker?.name !== name) return this.noSuch(`/actuator/circuitbreakers/${name}`, 404);
    const wanted = /"updateState"\s*:\s*"(\w+)"/.exec(body)?.[1] ?? '';
    const states: Record<string, State> = { CLOSE: 'CLOSED', FORCE_OPEN: 'FORCED_OPEN', DISABLE: 'DISABLED' };
    if (!Object.hasOwn(states, wanted)) return this.noSuch(`/actuator/circuitbreakers/${name}`, 400);
    breaker.become(states[wanted]);
    const message = `${name} state has been changed successfully`;
    return json({ circuitBreakerName: name, currentState: breaker.state, message });
  }
}

/** All events, or those of one instance, or of one type of its. */
const chosen = <Event extends { type: string }>(events: EventLog<Event>, name?: string, type?: string) =>
  events
    .list()
    .filter((event) => name === undefined || Object.values(event)[0] === name)
    .filter((event) => type === undefined || event.type === type.toUpperCase());

/** A call behind a circuit breaker. */
const guarded = (breaker: CircuitBreaker, now: () => number, call: Call): Call =>
  function* () {
    breaker.acquirePermission();
    const began = now();
    try {
      const answer = yield* call();
      breaker.onCall(now() - began);
      return answer;
    } catch (error) {
      if (error instanceof JavaException) breaker.onCall(now() - began, error);
      throw error;
    }
  };

/** GET with Spring's client, which by itself waits for ever. */
function* fetchFrom(process: Process, url: string): Co<string> {
  const { host } = process;
  const match = /^http:\/\/([^/:]+)(?::(\d+))?(\/.*)?$/.exec(url);
  if (!match) throw resourceAccess(url, 'only http:// is spoken here');
  const [, name, port = '80', path = '/'] = match;
  const addresses = yield* host.resolve(name);
  if (!addresses?.length) throw resourceAccess(url, name);
  const socket = yield* host.net.connect(addresses[0], Number(port));
  if (typeof socket === 'string') throw resourceAccess(url, WHY[socket]);
  try {
    const headers: [string, string][] = [
      ['Host', port === '80' ? name : `${name}:${port}`],
      ['Accept', 'text/plain, application/json, */*'],
      ['Connection', 'close'],
    ];
    const answer = yield* exchange(socket, { method: 'GET', target: path, headers });
    if (!answer) throw resourceAccess(url, 'Unexpected end of file from server');
    let body = '';
    for (let more = yield* answer.read(); more !== undefined; more = yield* answer.read()) body += more;
    if (answer.status >= 400) throw badStatus(answer.status, body);
    return body;
  } finally {
    socket.close();
  }
}

const WHY = {
  ECONNREFUSED: 'Connection refused',
  ETIMEDOUT: 'Connection timed out',
  EHOSTUNREACH: 'No route to host',
};
