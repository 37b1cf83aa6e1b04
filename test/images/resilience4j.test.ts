// The demonstration of Resilience4j: what its circuit breaker, time limiter, bulkhead and retry do to calls.
import { expect, test } from 'vitest';
import { start } from '../../src/cli/host.ts';

/** Runs lines on a cluster with the service `back` and a Pod `front` that has these properties; what the last one printed. */
async function front(properties: string, ...lines: string[]): Promise<string> {
  const runner = await start({ unsandboxed: true });
  runner.writeFile('application.properties', properties);
  runner.writeFile(
    'front.yaml',
    `apiVersion: v1
kind: Pod
metadata: {name: front}
spec:
  volumes: [{name: config, configMap: {name: front}}]
  containers:
    - name: app
      image: kubebook/resilience4j-demo:2.3.0
      volumeMounts: [{name: config, mountPath: /app/config}]
      readinessProbe: {httpGet: {path: /actuator/health/readiness, port: 8080}}
`,
  );
  runner.writeFile('call.sh', 'kubectl exec front -- curl -s -m 30 localhost:8080/$1\n');
  const setUp = [
    'kubectl run back --image=nginx --port=80 --expose',
    'kubectl create configmap front --from-file=application.properties',
    'kubectl apply -f front.yaml',
    'sleep 20',
  ];
  let text = '';
  for (const line of [...setUp, ...lines]) {
    text = '';
    await runner.run(line, { onOutput: (_, part) => (text += part) });
  }
  return text;
}

const breaker = (rest: string) => `
management.endpoints.web.exposure.include=*
resilience4j.circuitbreaker.instances.back.sliding-window-size=4
${rest}`;
const calls = (n: number) => `for i in $(seq ${n}); do sh call.sh >/dev/null; done`;
const TYPES = 'sh call.sh actuator/circuitbreakerevents | jq -r ".circuitBreakerEvents[] | .stateTransition // .type"';

test('the breaker opens at the threshold, lets trials through after its wait and closes when they succeed', async () => {
  const out = await front(
    breaker('resilience4j.circuitbreaker.instances.back.permittedNumberOfCallsInHalfOpenState=2'),
    calls(2),
    'sim app back --status 500',
    calls(3),
    'sim app back --ok; sleep 60',
    calls(2),
    TYPES,
  );
  expect(out.trim().split('\n')).toEqual(
    ['SUCCESS', 'SUCCESS', 'ERROR', 'ERROR', 'FAILURE_RATE_EXCEEDED', 'CLOSED_TO_OPEN', 'NOT_PERMITTED'].concat([
      'OPEN_TO_HALF_OPEN',
      'SUCCESS',
      'SUCCESS',
      'HALF_OPEN_TO_CLOSED',
    ]),
  );
});

test('calls that are slow open it too, as soon as the least number of calls is there', async () => {
  const out = await front(
    breaker(`resilience4j.circuitbreaker.instances.back.minimum-number-of-calls=2
resilience4j.circuitbreaker.instances.back.slow-call-duration-threshold=0
resilience4j.timelimiter.instances.back.timeoutDuration=5s`),
    calls(2),
    'sh call.sh',
  );
  expect(out).toContain("CallNotPermittedException: CircuitBreaker 'back' is OPEN and does not permit further calls");
});

test('an old failure leaves a window of time', async () => {
  const out = await front(
    breaker(`resilience4j.circuitbreaker.instances.back.sliding-window-type=TIME_BASED
resilience4j.circuitbreaker.instances.back.minimum-number-of-calls=2`),
    'sim app back --status 500',
    calls(1),
    'sim app back --ok; sleep 10',
    calls(2),
    'sh call.sh actuator/circuitbreakers | jq -c ".circuitBreakers.back | [.state, .bufferedCalls, .failureRate]"',
  );
  expect(out).toBe('["CLOSED",2,"0.0%"]\n');
});

test('the time limiter gives up after its time', async () => {
  const out = await front(
    'resilience4j.timelimiter.instances.back.timeout-duration=2s',
    'sim app back --hang',
    'sh call.sh',
  );
  expect(out).toBe("java.util.concurrent.TimeoutException: TimeLimiter 'back' recorded a timeout exception.\n");
});

test('retry makes three attempts by default', async () => {
  const out = await front(
    'resilience4j.retry.instances.back.wait-duration=100ms\nmanagement.endpoints.web.exposure.include=*',
    'sim app back --status 503',
    'sh call.sh',
    'sh call.sh actuator/retryevents | jq -c "[.retryEvents[] | [.type, .numberOfAttempts]]"',
  );
  expect(out).toBe('[["RETRY",1],["RETRY",2],["ERROR",3]]\n');
});

test('a property without effect keeps the program from starting, and is named', async () => {
  const out = await front('resilience4j.ratelimiter.instances.back.limit-for-period=1', 'kubectl logs front');
  expect(out).toContain('resilience4j.ratelimiter.instances.back.limitforperiod: this program has no such property');
});
