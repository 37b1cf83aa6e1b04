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
// `kubectl kustomize` and -k share KubectlOptions.buildKustomization (../kubectl.ts), which createKubectl's caller passes
// or ../index.ts sets as its default.

import type { Command } from '../command.ts';
import { create } from './create.ts';
import { describe } from './describe.ts';
import { get } from './get.ts';
import { options } from './root.ts';
import { set } from './set.ts';
import { run } from './run.ts';
import { rollout } from './rollout.ts';
import { refusedCommands } from './refused.ts';
import { expose } from './expose.ts';
import { diff } from './diff.ts';
import { apiResources, apiVersions, clusterInfo, version } from './info.ts';
import { wait } from './wait.ts';
import { replace } from './replace.ts';
import { patch } from './patch.ts';
import { annotate, label } from './label.ts';
import { edit } from './edit.ts';
import { del } from './delete.ts';
import { autoscale, scale } from './scale.ts';
import { apply } from './apply.ts';
import { attach, exec } from './exec.ts';
import { logs } from './logs.ts';

export const commands: readonly Command[] = [
  logs,
  exec,
  attach,
  annotate,
  apply,
  autoscale,
  create,
  del,
  edit,
  label,
  patch,
  replace,
  scale,
  wait,
  describe,
  get,
  options,
  apiResources,
  apiVersions,
  clusterInfo,
  diff,
  expose,
  rollout,
  run,
  set,
  version,
  ...refusedCommands,
];
