// Probes and lifecycle hooks: one handler each.

import type { Container, JsonObject, Lifecycle, Probe } from '../types.ts';
import { Faults } from './field.ts';
import { isHTTPHeaderName } from './names.ts';
import { portNumberOrName } from './ports.ts';

type Action = (faults: Faults, path: string, action: JsonObject, gracePeriod: number | undefined) => void;

const HANDLERS: Record<string, Action> = {
  exec(faults, path, action) {
    if (!action.command?.length) faults.required(`${path}.command`);
  },
  httpGet(faults, path, action) {
    if (!action.path) faults.required(`${path}.path`);
    portNumberOrName(faults, `${path}.port`, action.port);
    faults.ifNot(`${path}.scheme`, action.scheme ?? '', ['HTTP', 'HTTPS']);
    (action.httpHeaders ?? []).forEach((header: JsonObject) => {
      faults.check(`${path}.httpHeaders`, header.name ?? '', isHTTPHeaderName);
    });
  },
  tcpSocket(faults, path, action) {
    portNumberOrName(faults, `${path}.port`, action.port);
  },
  grpc(faults, path, action) {
    portNumberOrName(faults, `${path}.port`, action.port);
  },
  sleep(faults, path, { seconds }, gracePeriod) {
    if (gracePeriod === undefined || (seconds >= 0 && seconds <= gracePeriod)) return;
    faults.invalid(path, seconds, `must be non-negative and less than terminationGracePeriodSeconds (${gracePeriod})`);
  },
};

function handler(faults: Faults, path: string, value: JsonObject, gracePeriod?: number) {
  let count = 0;
  for (const kind in HANDLERS) {
    if (!value[kind]) continue;
    if (++count > 1) faults.forbidden(`${path}.${kind}`, 'may not specify more than 1 handler type');
    else HANDLERS[kind](faults, `${path}.${kind}`, value[kind], gracePeriod);
  }
  if (count === 0) faults.required(path, 'must specify a handler type');
}

function probe(faults: Faults, path: string, value: Probe | undefined) {
  if (!value) return;
  handler(faults, path, value);
  for (const field of [
    'initialDelaySeconds',
    'timeoutSeconds',
    'periodSeconds',
    'successThreshold',
    'failureThreshold',
  ] as const) {
    faults.nonNegative(`${path}.${field}`, value[field]);
  }
  const grace = value.terminationGracePeriodSeconds;
  if (grace !== undefined && grace <= 0) {
    faults.invalid(`${path}.terminationGracePeriodSeconds`, grace, 'must be greater than 0');
  }
}

export function probes(faults: Faults, path: string, container: Container) {
  probe(faults, `${path}.livenessProbe`, container.livenessProbe);
  if (container.livenessProbe && (container.livenessProbe.successThreshold ?? 1) !== 1) {
    faults.invalid(`${path}.livenessProbe.successThreshold`, container.livenessProbe.successThreshold, 'must be 1');
  }
  probe(faults, `${path}.readinessProbe`, container.readinessProbe);
  if (container.readinessProbe?.terminationGracePeriodSeconds !== undefined) {
    faults.invalid(
      `${path}.readinessProbe.terminationGracePeriodSeconds`,
      container.readinessProbe.terminationGracePeriodSeconds,
      'must not be set for readinessProbes',
    );
  }
  probe(faults, `${path}.startupProbe`, container.startupProbe);
  if (container.startupProbe && (container.startupProbe.successThreshold ?? 1) !== 1) {
    faults.invalid(`${path}.startupProbe.successThreshold`, container.startupProbe.successThreshold, 'must be 1');
  }
}

export function lifecycle(faults: Faults, path: string, value: Lifecycle | undefined, gracePeriod: number | undefined) {
  if (value?.postStart) handler(faults, `${path}.postStart`, value.postStart, gracePeriod);
  if (value?.preStop) handler(faults, `${path}.preStop`, value.preStop, gracePeriod);
}
