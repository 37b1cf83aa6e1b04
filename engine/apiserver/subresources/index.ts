// Subresources with ways of their own, by name; `status` and others not listed are read and updated like the object.

import { part } from '../../parts/index.ts';
import type { Context } from '../context.ts';
import type { Core } from '../handlers/types.ts';
import type { ApiResponse } from '../types.ts';
import { binding } from './binding.ts';
import { attach, exec, log, portForward } from './kubelet.ts';
import { scale } from './scale.ts';
import { token } from './token.ts';

/** Answers the whole request. */
export type Subresource = (core: Core, ctx: Context) => ApiResponse;

/** A connection, which webhooks and policies may refuse or change. */
const connected =
  (connect: Subresource): Subresource =>
  (core, ctx) =>
    connect(
      core,
      core.admission.idle('CONNECT', ctx.info, ctx.route.subresource)
        ? ctx
        : part('extensions').admitConnection(core, ctx),
    );

// By 'resource/subresource', or '*/subresource' for all resources that have it.
export const SUBRESOURCES: Readonly<Record<string, Subresource>> = {
  'pods/binding': binding,
  'pods/eviction': (core, ctx) => part('requests').eviction(core, ctx),
  'pods/log': log,
  'pods/exec': connected(exec),
  'pods/attach': connected(attach),
  'pods/portforward': connected(portForward),
  '*/proxy': connected((core, ctx) => part('requests').proxy(core, ctx)),
  'serviceaccounts/token': token,
  '*/scale': scale,
};
