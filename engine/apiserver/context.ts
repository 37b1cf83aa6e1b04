// What travels with one request through the stages.

import type { ResourceInfo, SubresourceInfo } from '../api/types.ts';
import type { Writer } from './managed-fields/ledger.ts';
import type { Route } from './route.ts';
import type { ApiRequest, UserInfo } from './types.ts';

export interface Context {
  readonly request: ApiRequest;
  readonly route: Route;
  readonly info: ResourceInfo;
  readonly sub: SubresourceInfo | undefined;
  user: UserInfo;
  /** Virtual now, RFC 3339 in whole seconds. */
  readonly time: string;
  readonly dryRun: boolean;
  readonly fieldValidation: 'Ignore' | 'Warn' | 'Strict';
  /** Texts for the Warning header, in order, each once. */
  readonly warnings: string[];
}

export function warn(ctx: Context, text: string) {
  if (!ctx.warnings.includes(text)) ctx.warnings.push(text);
}

export function param(request: ApiRequest, name: string): string {
  const value = request.query?.[name];
  return value === undefined ? '' : Array.isArray(value) ? (value[0] ?? '') : value;
}

/** What it says has been checked. */
export function dryRunOf(value: string | string[] | undefined): boolean {
  return value !== undefined && value.length > 0;
}

/** As whom changes of this request are recorded. */
export const writerOf = (ctx: Context, subresource: string): Writer => ({
  manager: fieldManager(ctx.request),
  subresource,
  time: ctx.time,
});

/** The name under which changes are recorded: asked for, or the user agent up to the first '/'. */
export function fieldManager(request: ApiRequest): string {
  const asked = request.query && param(request, 'fieldManager');
  if (asked) return asked;
  const agent = request.headers?.['user-agent'] ?? '';
  const slash = agent.indexOf('/');
  const name = slash < 0 ? agent : agent.slice(0, slash);
  return (name.length > 128 ? name.slice(0, 128) : name) || 'unknown';
}
