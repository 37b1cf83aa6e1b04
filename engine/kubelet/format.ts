// How the kubelet words durations, Pods and lists in messages.

import type { Pod } from '../api/types.ts';

/** As Go prints a time.Duration: `850ms`, `1.2s`, `1m20s`, `5m0s`. */
export function goDuration(ms: number): string {
  if (ms === 0) return '0s';
  if (ms < 1) return `${trim(ms * 1000)}µs`;
  if (ms < 1000) return `${trim(ms)}ms`;
  const seconds = ms / 1000;
  if (seconds < 60) return `${trim(seconds)}s`;
  const minutes = Math.floor(seconds / 60);
  const rest = `${trim(seconds - minutes * 60)}s`;
  return minutes < 60 ? `${minutes}m${rest}` : `${Math.floor(minutes / 60)}h${minutes % 60}m${rest}`;
}

function trim(value: number): string {
  return String(Math.round(value * 1000) / 1000);
}

/** `web_default(6f1e…)`, as log lines and back-off messages name a Pod. */
export function podText(pod: Pod): string {
  return `${pod.metadata?.name}_${pod.metadata?.namespace}(${pod.metadata?.uid})`;
}

/** Go's %q of a plain string. */
export function quote(text: string): string {
  return JSON.stringify(text);
}
