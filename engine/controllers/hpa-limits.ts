// What is made of a recommendation before it is acted on: stabilised over a window, kept to a rate of change and to the
// bounds (podautoscaler/horizontal.go: normalizeDesiredReplicas and its successors).

import type { HorizontalPodAutoscalerSpec, HPAScalingRules } from '../api/types.ts';

/** --horizontal-pod-autoscaler-downscale-stabilization, seconds. */
const DOWNSCALE_WINDOW = 300;
// Without rules of their own: at most double, or four.
const UP_FACTOR = 2;
const UP_MINIMUM = 4;

export interface Told {
  type: 'AbleToScale' | 'ScalingLimited';
  status: 'True' | 'False';
  reason: string;
  message: string;
}

interface Recommendation {
  at: number;
  replicas: number;
}

/** A change of the replicas that was made. */
interface ScaleEvent {
  at: number;
  change: number;
}

/** What is remembered of one autoscaler. */
export class ScaleHistory {
  private recommendations: Recommendation[] = [];
  private ups: ScaleEvent[] = [];
  private downs: ScaleEvent[] = [];

  /** The first thing known: how many there are. */
  begin(now: number, replicas: number) {
    if (this.recommendations.length === 0) this.recommendations.push({ at: now, replicas });
  }

  scaled(now: number, change: number, spec: HorizontalPodAutoscalerSpec) {
    const [list, rules] = change > 0 ? [this.ups, spec.behavior?.scaleUp] : [this.downs, spec.behavior?.scaleDown];
    const longest = Math.max(0, ...(rules?.policies ?? []).map(({ periodSeconds }) => periodSeconds));
    const kept = list.filter(({ at }) => at > now - longest * 1000);
    kept.push({ at: now, change: Math.abs(change) });
    if (change > 0) this.ups = kept;
    else this.downs = kept;
  }

  /** The number to scale to, and what is said of it. */
  normalize(spec: HorizontalPodAutoscalerSpec, current: number, desired: number, now: number): [number, Told[]] {
    const { minReplicas: min = 1, maxReplicas: max, behavior } = spec;
    const told: Told[] = [];
    let replicas: number;
    if (!behavior) {
      replicas = this.stabilize(desired, current, now, 0, DOWNSCALE_WINDOW, false, told);
      replicas = limit(replicas, min, Math.max(UP_FACTOR * current, UP_MINIMUM), max, told);
    } else {
      const up = behavior.scaleUp?.stabilizationWindowSeconds ?? 0;
      const down = behavior.scaleDown?.stabilizationWindowSeconds ?? DOWNSCALE_WINDOW;
      replicas = this.stabilize(desired, current, now, up, down, true, told);
      replicas = this.keepToRates(replicas, current, now, spec, min, max, told);
    }
    return [replicas, told];
  }

  private stabilize(
    desired: number,
    current: number,
    now: number,
    upWindow: number,
    downWindow: number,
    byBehavior: boolean,
    told: Told[],
  ): number {
    let lowest = desired;
    let highest = desired;
    const oldest = now - Math.max(upWindow, downWindow) * 1000;
    this.recommendations = this.recommendations.filter(({ at }) => at > oldest);
    for (const { at, replicas } of this.recommendations) {
      if (at > now - upWindow * 1000) lowest = Math.min(lowest, replicas);
      if (at > now - downWindow * 1000) highest = Math.max(highest, replicas);
    }
    this.recommendations.push({ at: now, replicas: desired });
    let stable: number;
    if (byBehavior) stable = Math.min(Math.max(current, lowest), highest);
    else stable = highest;
    if (stable === desired) {
      told.push(able('ReadyForNewScale', 'recommended size matches current size'));
    } else if (stable > desired) {
      const text = 'recent recommendations were higher than current one, applying the highest recent recommendation';
      told.push(able('ScaleDownStabilized', text));
    } else {
      const text = 'recent recommendations were lower than current one, applying the lowest recent recommendation';
      told.push(able('ScaleUpStabilized', text));
    }
    return stable;
  }

  private keepToRates(
    desired: number,
    current: number,
    now: number,
    { behavior }: HorizontalPodAutoscalerSpec,
    min: number,
    max: number,
    told: Told[],
  ): number {
    if (desired > current) {
      const allowed = Math.max(current, this.upLimit(current, now, behavior?.scaleUp));
      const most = Math.min(allowed, max);
      if (desired > most) {
        told.push(
          allowed < max
            ? limited('ScaleUpLimit', 'the desired replica count is increasing faster than the maximum scale rate')
            : limited('TooManyReplicas', 'the desired replica count is more than the maximum replica count'),
        );
        return most;
      }
    } else if (desired < current) {
      const allowed = Math.min(current, this.downLimit(current, now, behavior?.scaleDown));
      const least = Math.max(allowed, min);
      if (desired < least) {
        told.push(
          allowed > min
            ? limited('ScaleDownLimit', 'the desired replica count is decreasing faster than the maximum scale rate')
            : limited('TooFewReplicas', 'the desired replica count is less than the minimum replica count'),
        );
        return least;
      }
    }
    told.push(IN_RANGE);
    return desired;
  }

  private upLimit(current: number, now: number, rules: HPAScalingRules = DEFAULT_UP): number {
    if (rules.selectPolicy === 'Disabled') return current;
    const limits = (rules.policies ?? []).map(({ type, value, periodSeconds }) => {
      const before = current - changed(this.ups, now, periodSeconds) + changed(this.downs, now, periodSeconds);
      return type === 'Pods' ? before + value : Math.ceil(before * (1 + value / 100));
    });
    return rules.selectPolicy === 'Min' ? Math.min(...limits) : Math.max(...limits);
  }

  private downLimit(current: number, now: number, rules: HPAScalingRules = DEFAULT_DOWN): number {
    if (rules.selectPolicy === 'Disabled') return current;
    const limits = (rules.policies ?? []).map(({ type, value, periodSeconds }) => {
      const before = current - changed(this.ups, now, periodSeconds) + changed(this.downs, now, periodSeconds);
      return type === 'Pods' ? before - value : Math.trunc(before * (1 - value / 100));
    });
    return rules.selectPolicy === 'Min' ? Math.max(...limits) : Math.min(...limits);
  }
}

/** What the API server fills in for a side that is left out. */
const DEFAULT_UP: HPAScalingRules = {
  selectPolicy: 'Max',
  policies: [
    { type: 'Pods', value: 4, periodSeconds: 15 },
    { type: 'Percent', value: 100, periodSeconds: 15 },
  ],
};
const DEFAULT_DOWN: HPAScalingRules = {
  selectPolicy: 'Max',
  policies: [{ type: 'Percent', value: 100, periodSeconds: 15 }],
};

function changed(events: readonly ScaleEvent[], now: number, seconds: number): number {
  let sum = 0;
  for (const { at, change } of events) if (at > now - seconds * 1000) sum += change;
  return sum;
}

function limit(desired: number, min: number, rate: number, max: number, told: Told[]): number {
  const most = Math.min(rate, max);
  if (desired < min) {
    told.push(limited('TooFewReplicas', 'the desired replica count is less than the minimum replica count'));
    return min;
  }
  if (desired > most) {
    told.push(
      rate < max
        ? limited('ScaleUpLimit', 'the desired replica count is increasing faster than the maximum scale rate')
        : limited('TooManyReplicas', 'the desired replica count is more than the maximum replica count'),
    );
    return most;
  }
  told.push(IN_RANGE);
  return desired;
}

const able = (reason: string, message: string): Told => ({ type: 'AbleToScale', status: 'True', reason, message });
const limited = (reason: string, message: string): Told => ({
  type: 'ScalingLimited',
  status: 'True',
  reason,
  message,
});
const IN_RANGE: Told = {
  type: 'ScalingLimited',
  status: 'False',
  reason: 'DesiredWithinRange',
  message: 'the desired count is within the acceptable range',
};
