// Subresources with ways of their own, by name; `status` and others not listed are read and updated like the object.

import type { Context } from '../context.ts';
import type { Core } from '../handlers/types.ts';
import type { ApiResponse } from '../types.ts';
import { binding } from './binding.ts';
import { eviction } from './eviction.ts';
import { attach, exec, log, portForward } from './kubelet.ts';
import { proxy } from './proxy.ts';
import { scale } from './scale.ts';
import { token } from './token.ts';

/** Answers the whole request. */
export type Subresource = (core: Core, ctx: Context) => ApiResponse;

// By 'resource/subresource', or '*/subresource' for all resources that have it.
export const SUBRESOURCES: Readonly<Record<string, Subresource>> = {
  'pods/binding': binding,
  'pods/eviction': eviction,
  'pods/log': log,
  'pods/exec': exec,
  'pods/attach': attach,
  'pods/portforward': portForward,
  '*/proxy': proxy,
  'serviceaccounts/token': token,
  '*/scale': scale,
};
