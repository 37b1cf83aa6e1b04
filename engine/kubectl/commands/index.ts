// All commands of kubectl. To add one:
//
// 1. Write commands/NAME.ts that exports a `Command` (see ../command.ts): its name, one line of `short`, the `group` under
//    which `kubectl --help` lists it, a table of `flags`, and either `commands` (a parent: rollout, create, set) or
//    `*run(kubectl, args)`, a coroutine that returns the exit status (nothing: 0) and throws CommandError, usageError(…)
//    or throwAll(errors) (../errors.ts) for what goes wrong; StatusErrors of requests may simply pass through.
// 2. Add one line to the list below.
//
// What a command finds ready:
//   args.string('x'), .bool, .int, .strings, .duration, .changed('x'), args.args, args.dash   values of its flags
//   yield* find(kubectl, selectionOf(args, {…}))   TYPE NAME, TYPE/NAME, -f, -k, -l, -A, --all → infos (resource/builder.ts);
//                                                  spread FILENAME_FLAGS, SELECTOR_FLAG, ALL_NAMESPACES_FLAG into `flags`
//   getObject, listObjects, watchObjects, createObject, patchObject, deleteObject …           requests (resource/rest.ts)
//   kubectl.send({method, path, …}), kubectl.mappingFor('pods')                               anything else of the API
//   changePrinter(kubectl, args, 'created', dryRun), outputPrinter(kubectl, args)             -o (output/printers.ts; PRINT_FLAGS)
//   TableWriter (output/table.ts), toYaml, parseYaml (yaml/)                                  text
//   kubectl.out, .line, .warn, .namespace, .fs, .now, .process                                the process it runs in
// `yield 500` waits virtual milliseconds; `yield watch.changed` waits for an event.

import type { Command } from '../command.ts';
import { apply } from './apply.ts';
import { auth } from './auth.ts';
import { autoscale } from './autoscale.ts';
import { certificate } from './certificate.ts';
import { completion } from './completion.ts';
import { config } from './config/index.ts';
import { cp } from './cp.ts';
import { create } from './create.ts';
import { debug } from './debug.ts';
import { del } from './delete.ts';
import { describe } from './describe.ts';
import { diff } from './diff.ts';
import { edit } from './edit.ts';
import { events } from './events.ts';
import { attach, exec } from './exec.ts';
import { explain } from './explain.ts';
import { expose } from './expose.ts';
import { get } from './get.ts';
import { apiResources, apiVersions, clusterInfo, version } from './info.ts';
import { alpha } from './kuberc.ts';
import { kustomize } from './kustomize.ts';
import { annotate, label } from './label.ts';
import { logs } from './logs.ts';
import { cordon, drain, uncordon } from './nodes.ts';
import { patch } from './patch.ts';
import { plugin } from './plugin.ts';
import { portForward } from './port-forward.ts';
import { proxy } from './proxy.ts';
import { replace } from './replace.ts';
import { rollout } from './rollout.ts';
import { run } from './run.ts';
import { scale } from './scale.ts';
import { set } from './set.ts';
import { taint } from './taint.ts';
import { top } from './top.ts';
import { wait } from './wait.ts';

export const commands: readonly Command[] = [
  annotate,
  apiResources,
  apiVersions,
  apply,
  attach,
  auth,
  autoscale,
  certificate,
  clusterInfo,
  config,
  cordon,
  cp,
  create,
  debug,
  del,
  describe,
  diff,
  drain,
  edit,
  events,
  exec,
  explain,
  expose,
  get,
  kustomize,
  label,
  logs,
  patch,
  portForward,
  proxy,
  replace,
  rollout,
  run,
  scale,
  set,
  taint,
  top,
  uncordon,
  version,
  wait,
  alpha,
  completion,
  plugin,
];
