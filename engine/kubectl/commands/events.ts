// kubectl events: what happened, in the order of time, of everything or of one object.

import type { Event, KubeObject } from '../../api/types.ts';
import type { Co } from '../../sim/index.ts';
import type { Command } from '../command.ts';
import type { Mapping } from '../discovery.ts';
import { BareError, CommandError } from '../errors.ts';
import type { Args } from '../flags.ts';
import type { Kubectl } from '../kubectl.ts';
import { since } from '../describe/common.ts';
import { TableWriter } from '../output/table.ts';
import { outputPrinter, PRINT_FLAGS } from '../output/printers.ts';
import { ALL_NAMESPACES_FLAG } from '../resource/builder.ts';
import { listItems, listObjects, watchObjects } from '../resource/rest.ts';
import { typed } from '../resource/typed.ts';

export const events: Command = {
  name: 'events',
  typed: true,
  short: 'List events',
  group: 'Troubleshooting and Debugging Commands',
  usage: '[(-o|--output=)json|yaml|name|…] [--for TYPE/NAME] [--watch] [--types=Normal,Warning]',
  flags: [
    ALL_NAMESPACES_FLAG,
    ...PRINT_FLAGS,
    {
      name: 'chunk-size',
      type: 'int',
      default: 500,
      usage: 'Return large lists in chunks rather than all at once. Pass 0 to disable.',
    },
    { name: 'for', type: 'string', usage: 'Filter events to only those pertaining to the specified resource.' },
    { name: 'no-headers', type: 'bool', usage: "When using the default output format, don't print headers." },
    { name: 'types', type: 'strings', usage: 'Output only events of given types.' },
    { name: 'watch', short: 'w', type: 'bool', usage: 'After listing the requested events, watch for more events.' },
  ],
  *run(kubectl, args) {
    const types = args.strings('types').map((type) => type.toLowerCase());
    for (const type of types) {
      if (type !== 'normal' && type !== 'warning') throw new CommandError('valid --types are Normal or Warning');
    }
    const mapping = yield* kubectl.mappingFor('events');
    const namespace = args.bool('all-namespaces') ? '' : kubectl.namespace;
    const fieldSelector = yield* subject(kubectl, args.string('for'));
    const list = yield* listObjects(kubectl, mapping, namespace, { fieldSelector, limit: args.int('chunk-size') });
    const wanted = (event: Event) => types.length === 0 || types.includes((event.type ?? '').toLowerCase());
    const found = (listItems(list) as unknown as Event[]).filter(wanted);
    found.sort((a, b) => lastSeen(a) - lastSeen(b));
    const table = new TableWriter();
    const printer = args.string('output') ? outputPrinter(kubectl, args) : undefined;
    if (printer) {
      printer.print({
        kind: list.kind,
        apiVersion: list.apiVersion,
        metadata: {},
        items: found.map((event) => typed(event as unknown as KubeObject)),
      });
    } else if (found.length === 0 && !args.bool('watch')) {
      if (args.bool('all-namespaces')) kubectl.warn('No events found.');
      else kubectl.warn(`No events found in ${kubectl.namespace} namespace.`);
    } else {
      if (!args.bool('no-headers')) table.row(headers(args));
      for (const event of found) table.row(cells(kubectl, args, event));
      kubectl.out(table.flush());
    }
    if (!args.bool('watch')) return;
    const resourceVersion = (list.metadata as { resourceVersion?: string }).resourceVersion;
    const stream = yield* watchObjects(kubectl, mapping, namespace, { fieldSelector, resourceVersion });
    try {
      while (!stream.ended) {
        for (let next = stream.next(); next; next = stream.next()) {
          if (next.type !== 'ADDED' && next.type !== 'MODIFIED') continue;
          const event = next.object as unknown as Event;
          if (!wanted(event)) continue;
          if (printer) printer.print(typed(next.object));
          else {
            table.row(cells(kubectl, args, event));
            kubectl.out(table.flush());
          }
        }
        yield stream.changed;
      }
    } finally {
      stream.stop();
    }
  },
};

const lastSeen = (event: Event): number =>
  Date.parse(event.series?.lastObservedTime ?? event.lastTimestamp ?? event.eventTime ?? '') || 0;

function headers(args: Args): string[] {
  const columns = ['LAST SEEN', 'TYPE', 'REASON', 'OBJECT', 'MESSAGE'];
  return args.bool('all-namespaces') ? ['NAMESPACE', ...columns] : columns;
}

function cells(kubectl: Kubectl, args: Args, event: Event): string[] {
  const first = since(event.eventTime ?? event.firstTimestamp, kubectl.now);
  let age = first;
  if (event.series) age = `${since(event.series.lastObservedTime, kubectl.now)} (x${event.series.count} over ${first})`;
  else if ((event.count ?? 0) > 1) age = `${since(event.lastTimestamp, kubectl.now)} (x${event.count} over ${first})`;
  const { kind, name } = event.involvedObject;
  const row = [age, event.type ?? '', event.reason ?? '', `${kind}/${name}`, (event.message ?? '').trim()];
  return args.bool('all-namespaces') ? [event.metadata.namespace ?? '', ...row] : row;
}

/** The field selector for `--for TYPE/NAME`. */
function* subject(kubectl: Kubectl, text: string): Co<string | undefined> {
  if (!text) return undefined;
  const slash = text.indexOf('/');
  if (slash < 0) throw new CommandError('--for must be in resource/name form');
  let mapping: Mapping;
  try {
    mapping = yield* kubectl.mappingFor(text.slice(0, slash));
  } catch (error) {
    throw error instanceof CommandError ? new BareError(error.message) : error;
  }
  const name = text.slice(slash + 1);
  const apiVersion = mapping.groupVersion;
  return `involvedObject.kind=${mapping.kind},involvedObject.name=${name},involvedObject.apiVersion=${apiVersion}`;
}
