// kubectl get: tables as the server makes them, or objects in any output format; once or as they change.

import type { WatchStream } from '../../apiserver/types.ts';
import type { Co } from '../../sim/index.ts';
import type { Command } from '../command.ts';
import { type Mapping, qualified } from '../discovery.ts';
import { Collected, CommandError, Exit, isNotFound, quote, statusError, throwAll, usageError } from '../errors.ts';
import type { Args } from '../flags.ts';
import type { Kubectl } from '../kubectl.ts';
import { compactJson } from '../../api/go-json.ts';
import { eventJson, wireJson } from '../../api/go-order.ts';
import { JsonPath, isPath, relaxedExpression } from '../output/jsonpath.ts';
import { PRINT_FLAGS, outputFormat, outputPrinter } from '../output/printers.ts';
import { type TableObject, TablePrinter, TableWriter, isTable } from '../output/table.ts';
import {
  ALL_NAMESPACES_FLAG,
  FIELD_SELECTOR_FLAG,
  FILENAME_FLAGS,
  type Found,
  type Info,
  SELECTOR_FLAG,
  find,
  hasFiles,
  selectionOf,
} from '../resource/builder.ts';
import { listItems, watchObjects } from '../resource/rest.ts';
import { ageColumnTable } from '../output/plain-table.ts';

export const get: Command = {
  name: 'get',
  short: 'Display one or many resources',
  group: 'Basic Commands (Intermediate)',
  usage:
    '[(-o|--output=)json|yaml|kyaml|name|go-template|go-template-file|template|templatefile|jsonpath|jsonpath-as-json|jsonpath-file|custom-columns|custom-columns-file|wide] (TYPE[.VERSION][.GROUP] [NAME | -l label] | TYPE[.VERSION][.GROUP]/NAME ...) [flags]',
  examples: [
    'kubectl get pods',
    'kubectl get pods -o wide',
    'kubectl get deploy,svc -l app=web',
    'kubectl get pod/web -o yaml',
  ],
  flags: [
    ALL_NAMESPACES_FLAG,
    SELECTOR_FLAG,
    FIELD_SELECTOR_FLAG,
    ...FILENAME_FLAGS,
    ...PRINT_FLAGS,
    {
      name: 'chunk-size',
      type: 'int',
      default: 500,
      usage: 'Return large lists in chunks rather than all at once. Pass 0 to disable.',
    },
    {
      name: 'ignore-not-found',
      type: 'bool',
      usage: 'If set to true, suppresses NotFound error for specific objects that do not exist.',
    },
    { name: 'label-columns', short: 'L', type: 'strings', usage: 'Labels that are going to be presented as columns.' },
    {
      name: 'no-headers',
      type: 'bool',
      usage: "When using the default or custom-column output format, don't print headers.",
    },
    {
      name: 'output-watch-events',
      type: 'bool',
      usage: 'Output watch event objects when --watch or --watch-only is used.',
    },
    { name: 'raw', type: 'string', usage: 'Raw URI to request from the server.' },
    {
      name: 'server-print',
      type: 'bool',
      default: true,
      usage: 'If true, have the server return the appropriate table output.',
    },
    { name: 'show-kind', type: 'bool', usage: 'If present, list the resource type for the requested object(s).' },
    { name: 'show-labels', type: 'bool', usage: 'When printing, show all labels as the last column.' },
    {
      name: 'sort-by',
      type: 'string',
      usage: "If non-empty, sort list types using this field specification (e.g. '{.metadata.name}').",
    },
    { name: 'subresource', type: 'string', usage: 'If specified, gets the subresource of the requested object.' },
    {
      name: 'watch',
      short: 'w',
      type: 'bool',
      usage: 'After listing/getting the requested object, watch for changes.',
    },
    {
      name: 'watch-only',
      type: 'bool',
      usage: 'Watch for changes to the requested object(s), without listing/getting first.',
    },
  ],
  *run(kubectl, args) {
    if (args.string('raw')) return yield* raw(kubectl, args);
    check(kubectl, args);
    if (args.bool('watch') || args.bool('watch-only')) return yield* watch(kubectl, args);
    const human = isHuman(args);
    const found = yield* find(kubectl, selection(args));
    if (args.bool('ignore-not-found')) found.errors = found.errors.filter((e) => !isNotFound(e));
    if (human) printTables(kubectl, args, found);
    else printObjects(kubectl, args, found);
  },
};

/** `kubectl get --raw /healthz` */
function* raw(kubectl: Kubectl, args: Args): Co {
  if (args.args.length) throw new CommandError('arguments may not be passed when --raw is specified');
  const uri = args.string('raw');
  const question = uri.indexOf('?');
  const query: Record<string, string> = {};
  if (question >= 0) {
    for (const part of uri.slice(question + 1).split('&')) {
      const equals = part.indexOf('=');
      query[decodeURIComponent(equals < 0 ? part : part.slice(0, equals))] =
        equals < 0 ? '' : decodeURIComponent(part.slice(equals + 1));
    }
  }
  const response = yield* kubectl.send({
    method: 'GET',
    path: question < 0 ? uri : uri.slice(0, question),
    query,
    headers: { accept: 'application/json, */*' },
  });
  const { body } = response;
  if (body !== undefined) kubectl.out(typeof body === 'string' ? body : wireJson(body) + '\n');
  const { watch, text } = response;
  if (watch) yield* drain(watch, (object, type) => kubectl.line(eventJson({ type, object })));
  if (text) for (let part = yield* text.read(); part !== undefined; part = yield* text.read()) kubectl.out(part);
}

function check(kubectl: Kubectl, args: Args) {
  const { format } = outputFormat(args);
  if (args.bool('show-labels') && format !== '' && format !== 'wide') {
    throw new CommandError(`--show-labels option cannot be used with ${args.string('output')} printer`);
  }
  const watching = args.bool('watch') || args.bool('watch-only');
  if (args.bool('output-watch-events') && !watching) {
    throw new CommandError('--output-watch-events option can only be used with --watch or --watch-only');
  }
  if (!watching && args.args.length === 0 && !hasFiles(selectionOf(args))) {
    kubectl.warn(
      'You must specify the type of resource to get. Use "kubectl api-resources" for a complete list of supported resources.\n',
    );
    throw usageError(
      kubectl.path,
      'Required resource not specified.\nUse "kubectl explain <resource>" for a detailed description of that resource (e.g. kubectl explain pods).',
    );
  }
  if (watching && args.string('sort-by'))
    kubectl.warn('warning: --watch requested, --sort-by will be ignored for watch events received');
}

const isHuman = (args: Args) => ['', 'wide'].includes(outputFormat(args).format);

const TABLE =
  'application/json;as=Table;v=v1;g=meta.k8s.io,application/json;as=Table;v=v1beta1;g=meta.k8s.io,application/json';

function selection(args: Args) {
  const tables = isHuman(args) && args.bool('server-print');
  const sorting = args.string('sort-by') !== '';
  return selectionOf(args, {
    bareTypes: true,
    latest: true,
    keepLists: tables,
    read: {
      accept: tables ? TABLE : undefined,
      includeObject: tables && sorting ? 'Object' : undefined,
      limit: sorting ? undefined : args.int('chunk-size'),
      subresource: args.string('subresource') || undefined,
    },
  });
}

/** The qualified kind that stands before names when several types are listed: `deployment.apps`. */
const kindPrefix = (mapping: Mapping) => qualified(mapping.kind.toLowerCase(), mapping.group);

function tablePrinter(args: Args, mapping: Mapping, withKind: boolean, writer: TableWriter): TablePrinter {
  return new TablePrinter(
    {
      wide: args.string('output') === 'wide',
      noHeaders: args.bool('no-headers'),
      withNamespace: args.bool('all-namespaces') && mapping.namespaced,
      withKind: withKind || args.bool('show-kind') ? kindPrefix(mapping) : undefined,
      showLabels: args.bool('show-labels'),
      labelColumns: args.strings('label-columns'),
    },
    writer,
  );
}

function printTables(kubectl: Kubectl, args: Args, found: Found) {
  const { infos, errors } = found;
  const kinds = new Set(infos.map((i) => i.mapping));
  const sortBy = args.string('sort-by');
  if (sortBy) sortInfos(kubectl, infos, sortBy);
  let out = '';
  let writer = new TableWriter();
  let printer: TablePrinter | undefined;
  let last: Mapping | undefined;
  let allNamespaced = !args.bool('all-namespaces');
  const flush = () => {
    const text = writer.flush();
    if (text && out && !args.bool('no-headers')) out += '\n';
    out += text;
  };
  for (const info of infos) {
    allNamespaced &&= info.mapping.namespaced;
    if (!printer || last !== info.mapping) {
      flush();
      writer = new TableWriter();
      printer = tablePrinter(args, info.mapping, kinds.size > 1, writer);
      last = info.mapping;
    }
    printer.print(isTable(info.object) ? info.object : ageColumnTable([info.object], kubectl.now));
  }
  flush();
  kubectl.out(out);
  if (!out && errors.length === 0 && !args.bool('ignore-not-found')) {
    kubectl.warn(allNamespaced ? `No resources found in ${kubectl.namespace} namespace.` : 'No resources found');
  }
  if (errors.length) throw new Collected(errors);
}

function printObjects(kubectl: Kubectl, args: Args, found: Found) {
  const printer = outputPrinter(kubectl, args, true, args.bool('no-headers'));
  const { infos, errors, single } = found;
  if (single && errors.length) throwAll(errors);
  if (infos.length === 0 && (single || args.bool('ignore-not-found'))) return;
  if (args.string('sort-by')) sortInfos(kubectl, infos, args.string('sort-by'));
  if (single && infos.length === 1) printer.print(infos[0].object);
  else {
    const items = infos.map((i) => i.object);
    const { format } = outputFormat(args);
    // Names and columns need no list around them.
    if (format === 'name' || format.startsWith('custom-columns')) items.forEach((o) => printer.print(o));
    else printer.print({ apiVersion: 'v1', kind: 'List', metadata: { resourceVersion: '' }, items });
  }
  printer.end?.();
  if (errors.length) throw new Collected(errors);
}

type SortKey = string | number | undefined;

/** Sorts rows of tables, and objects, by what a JSONPath expression finds in them. */
function sortInfos(kubectl: Kubectl, infos: Info[], sortBy: string) {
  const tables = infos.some((i) => isTable(i.object));
  if (tables && !isPath(sortBy)) {
    // Nothing is shown of what cannot be sorted.
    infos.length = 0;
    return;
  }
  const expression = relaxedExpression(sortBy);
  const path = new JsonPath(expression, true);
  const keyOf = (object: unknown): SortKey => {
    const value = path.results(object).flat()[0];
    if (value === undefined || value === null) return undefined;
    if (typeof value === 'object') {
      const type = Array.isArray(value) ? '[]interface {}' : 'map[string]interface {}';
      kubectl.log(
        'F',
        `sorter.go:375] Field ${expression} in [][][]reflect.Value is an unsortable type: interface, err: unsortable type: ${type}`,
      );
      throw new Exit(1);
    }
    return typeof value === 'boolean' ? Number(value) : sortable(value as string | number);
  };
  if (tables) {
    for (let i = 0; i < infos.length; i++) {
      const table = infos[i].object as unknown as TableObject;
      const { list, found } = sortedBy(table.rows, (row) => keyOf(row.object));
      // A table in which no row has the field is not shown at all.
      infos[i] = { ...infos[i], object: { ...infos[i].object, rows: found ? list : [] } };
    }
    return;
  }
  if (infos.length < 2) return;
  const { list, found } = sortedBy(infos, (info) => keyOf(info.object));
  if (!found) throw new CommandError(`couldn't find any field with path ${quote(expression)} in the list of objects`);
  infos.splice(0, infos.length, ...list);
}

/** What has no key comes first, the last of those before the others: so does kubectl's comparison order them. */
function sortedBy<T>(items: readonly T[], keyOf: (item: T) => SortKey): { list: T[]; found: boolean } {
  const keyed: { item: T; key: string | number }[] = [];
  const without: T[] = [];
  for (const item of items) {
    const key = keyOf(item);
    if (key === undefined) without.unshift(item);
    else keyed.push({ item, key });
  }
  keyed.sort((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0));
  return { list: [...without, ...keyed.map((k) => k.item)], found: keyed.length > 0 };
}

const SUFFIX: Record<string, number> = {
  '': 1,
  m: 1e-3,
  k: 1e3,
  M: 1e6,
  G: 1e9,
  T: 1e12,
  P: 1e15,
  E: 1e18,
  Ki: 2 ** 10,
  Mi: 2 ** 20,
  Gi: 2 ** 30,
  Ti: 2 ** 40,
  Pi: 2 ** 50,
  Ei: 2 ** 60,
};

/** Quantities (100m, 64Mi) sort by what they mean. */
function sortable(key: string | number): string | number {
  const match = typeof key === 'string' ? /^(\d+(?:\.\d+)?)(m|k|M|G|T|P|E|Ki|Mi|Gi|Ti|Pi|Ei)?$/.exec(key) : null;
  return match ? Number(match[1]) * SUFFIX[match[2] ?? ''] : key;
}

/** Prints what is there and then what changes, until the watch ends. */
function* watch(kubectl: Kubectl, args: Args): Co {
  const human = isHuman(args);
  const found = yield* find(kubectl, { ...selection(args), keepLists: true, singleType: true });
  throwAll(found.errors);
  if (found.infos.length !== 1) {
    throw new CommandError(
      'watch is only supported on individual resources and resource collections - more than 1 resource was found',
    );
  }
  const [info] = found.infos;
  const events = args.bool('output-watch-events');
  const print = watchPrinter(kubectl, args, info.mapping, human, events);
  if (!args.bool('watch-only')) {
    if (isTable(info.object)) print(info.object, 'ADDED');
    else for (const object of info.name ? [info.object] : listItems(info.object)) print(object, 'ADDED');
  }
  const stream = yield* watchObjects(kubectl, info.mapping, info.namespace, {
    accept: selection(args).read?.accept,
    labelSelector: args.string('selector') || undefined,
    fieldSelector: info.name ? `metadata.name=${info.name}` : args.string('field-selector') || undefined,
    // A watch of one object begins with what it is now, which has been seen.
    resourceVersion: info.name ? '0' : versionOf(info),
  });
  let seen = !info.name;
  yield* drain(stream, (object, event) => {
    if (seen) print(object, event);
    seen = true;
  });
}

function versionOf(info: Info): string | undefined {
  const own = info.object.metadata as { resourceVersion?: string } | undefined;
  return own?.resourceVersion;
}

function* drain(stream: WatchStream, print: (object: any, event: string) => void): Co {
  try {
    for (;;) {
      for (let event = stream.next(); event; event = stream.next()) {
        if (event.type === 'BOOKMARK') continue;
        if (event.type === 'ERROR') throw statusError({ code: 500, headers: {}, body: event.object });
        print(event.object, event.type);
      }
      if (stream.ended) return;
      yield stream.changed;
    }
  } finally {
    stream.stop();
  }
}

function watchPrinter(
  kubectl: Kubectl,
  args: Args,
  mapping: Mapping,
  human: boolean,
  events: boolean,
): (object: any, event: string) => void {
  if (!human) {
    const printer = outputPrinter(kubectl, args, true, args.bool('no-headers'));
    // An event is no object whose managedFields could be left out, and as JSON it stays on one line.
    const compact = events && outputFormat(args).format === 'json';
    return (object, event) => {
      if (compact) kubectl.line(`{"type":${JSON.stringify(event)},"object":${compactJson(object)}}`);
      else printer.print(events ? { type: event, object } : object);
      printer.end?.();
    };
  }
  const writer = new TableWriter();
  const printer = tablePrinter(args, mapping, false, writer);
  return (object, event) => {
    printer.print(isTable(object) ? object : ageColumnTable([object], kubectl.now), events ? event : undefined);
    kubectl.out(writer.flush());
  };
}
