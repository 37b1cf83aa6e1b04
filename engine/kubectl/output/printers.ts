// What -o selects: from an object to text, for every format that kubectl knows. Tables are not here: `get` prints
// those itself.

import type { KubeObject } from '../../api/types.ts';
import { CommandError, quote } from '../errors.ts';
import type { Args, Flag } from '../flags.ts';
import type { Kubectl } from '../kubectl.ts';
import { toYaml } from '../yaml/emit.ts';
import { toKyaml } from '../yaml/kyaml.ts';
import { CustomColumns } from './custom-columns.ts';
import { inGoOrder, typedJson } from '../../api/go-order.ts';
import { compactJson, escapeHtml, sorted } from '../../api/go-json.ts';
import { JsonPathError, parseJsonPath } from './jsonpath.ts';
import { goMap, goSyntax } from './go-values.ts';
import { GoTemplate, TemplateError } from './template.ts';

/** Prints objects to stdout, one call each; `end` when there is something to write at the end. */
export interface Printer {
  print(object: any): void;
  end?(): void;
}

export const PRINT_FLAGS: readonly Flag[] = [
  {
    name: 'output',
    short: 'o',
    type: 'string',
    usage:
      'Output format. One of: (json, yaml, kyaml, name, go-template, go-template-file, template, templatefile, jsonpath, jsonpath-as-json, jsonpath-file).',
  },
  {
    name: 'template',
    type: 'string',
    usage: 'Template string or path to template file to use when -o=go-template, -o=go-template-file.',
  },
  {
    name: 'allow-missing-template-keys',
    type: 'bool',
    default: true,
    usage: 'If true, ignore any errors in templates when a field or map key is missing in the template.',
  },
  {
    name: 'show-managed-fields',
    type: 'bool',
    usage: 'If true, keep the managedFields when printing objects in JSON or YAML format.',
  },
];

const BASE_FORMATS = [
  'go-template',
  'go-template-file',
  'json',
  'jsonpath',
  'jsonpath-as-json',
  'jsonpath-file',
  'kyaml',
  'name',
  'template',
  'templatefile',
  'yaml',
];
const COLUMN_FORMATS = ['custom-columns', 'custom-columns-file', 'wide'];

/** `deployment.apps/web` */
export function objectName(object: KubeObject): string {
  const group = object.apiVersion?.includes('/') ? '.' + object.apiVersion.split('/')[0] : '';
  const name = object.metadata?.name ?? '';
  return `${(object.kind ?? '<unknown>').toLowerCase()}${group}/${name}`;
}

export function withoutManagedFields(object: any): any {
  if (object?.metadata?.managedFields) {
    const { managedFields: _, ...metadata } = object.metadata;
    object = { ...object, metadata };
  }
  if (Array.isArray(object?.items) && object.items.some((i: any) => i?.metadata?.managedFields)) {
    object = { ...object, items: object.items.map(withoutManagedFields) };
  }
  return object;
}

/**
 * Whether what is printed may show managedFields: templates and columns see whole objects, JSON and YAML when asked. For
 * all others the server may leave them out.
 */
export function seesManagedFields(args: Args): boolean {
  if (!args.has('output')) return false;
  return (
    (args.has('show-managed-fields') && args.bool('show-managed-fields')) ||
    (args.has('output-watch-events') && args.bool('output-watch-events')) ||
    /^(jsonpath|go-template|template|custom-columns)/.test(outputFormat(args).format)
  );
}

/** Pretty JSON, four blanks, as Go writes it: keys sorted, or in the order of Go's structs. */
export function toJson(object: unknown, typed = false): string {
  return escapeHtml(JSON.stringify(typed ? inGoOrder(object) : sorted(object), null, 4)) + '\n';
}

/** The format without its argument: 'jsonpath' of 'jsonpath={.a}'. */
export function outputFormat(args: Args): { format: string; argument: string } {
  // --template alone says the format too, whatever the command's default is.
  const template = !args.known('output') && args.has('template') && args.string('template');
  const output = template ? 'go-template' : args.string('output');
  const equals = output.indexOf('=');
  return {
    format: equals < 0 ? output : output.slice(0, equals),
    argument: equals < 0 ? '' : output.slice(equals + 1),
  };
}

/** Commands that change things say so (`created`), with the dry run named, unless -o asks for something else. */
export function changePrinter(kubectl: Kubectl, args: Args, operation: string, dryRun: DryRun = 'none'): Printer {
  if (outputFormat(args).format !== '') return outputPrinter(kubectl, args);
  const done = operation + { none: '', client: ' (dry run)', server: ' (server dry run)' }[dryRun];
  return { print: (object) => kubectl.line(`${objectName(object)} ${done}`) };
}

/** Prints, and says nothing of what goes wrong at that: some commands do not look. */
export function printAnyway(printer: Printer, object: unknown) {
  try {
    printer.print(object);
  } catch (error) {
    if (!(error instanceof CommandError)) throw error;
  }
}

/** `edit` shows what it has changed in three forms only. */
export function checkEditOutput(args: Args) {
  if (!['', 'json', 'kyaml', 'yaml'].includes(args.string('output'))) {
    throw new CommandError(
      `unable to match a printer suitable for the output format ${quote(args.string('output'))}, allowed formats are: json,kyaml,yaml`,
    );
  }
}

export type DryRun = 'none' | 'client' | 'server';

/** The printer of -o; `columns` when the command knows wide and custom columns too. */
export function outputPrinter(kubectl: Kubectl, args: Args, columns = false, noHeaders = false): Printer {
  const { format, argument } = outputFormat(args);
  const show = args.bool('show-managed-fields') ? (o: any) => o : withoutManagedFields;
  const template = () => {
    const text = argument || args.string('template');
    return text;
  };
  const needed = (what: string) => {
    const text = template();
    if (!text) throw new CommandError(what);
    return text;
  };
  const readTemplate = (what: string) => {
    const path = needed(what);
    if (!kubectl.fs.exists(path))
      throw new CommandError(`error reading --template ${path}, open ${path}: no such file or directory\n`);
    return kubectl.fs.readFile(path);
  };
  const allowMissing = args.bool('allow-missing-template-keys');
  switch (format) {
    case 'json':
      return { print: (o) => kubectl.out(toJson(show(o), kubectl.typed)) };
    case 'yaml':
    case 'kyaml': {
      let count = 0;
      const inKyaml = (o: unknown) => (kubectl.typed ? toKyaml(inGoOrder(o), true) : toKyaml(o));
      const text = format === 'yaml' ? toYaml : inKyaml;
      return {
        print(o) {
          if (count++ > 0 || format === 'kyaml') kubectl.out('---\n');
          kubectl.out(text(show(o)));
        },
      };
    }
    case 'name':
      return {
        print: (o) =>
          Array.isArray(o.items)
            ? o.items.forEach((i: KubeObject) => kubectl.line(objectName(i)))
            : kubectl.line(objectName(o)),
      };
    case 'jsonpath':
    case 'jsonpath-file':
    case 'jsonpath-as-json':
      return jsonPathPrinter(
        kubectl,
        format === 'jsonpath-file'
          ? readTemplate('template format specified but no template given')
          : needed('template format specified but no template given'),
        format === 'jsonpath-as-json',
        allowMissing,
      );
    case 'go-template':
    case 'template':
      return templatePrinter(kubectl, needed('template format specified but no template given'), allowMissing);
    case 'go-template-file':
    case 'templatefile':
      return templatePrinter(kubectl, readTemplate('template format specified but no template given'), allowMissing);
    case 'custom-columns':
    case 'custom-columns-file':
      if (columns) {
        if (!argument) throw new CommandError('custom-columns format specified but no custom columns given');
        const table = CustomColumns.parse(kubectl, argument, format === 'custom-columns-file', noHeaders);
        return { print: (o) => table.add(o), end: () => kubectl.out(table.text()) };
      }
  }
  const allowed = columns ? [...BASE_FORMATS, ...COLUMN_FORMATS].sort() : BASE_FORMATS;
  throw new CommandError(
    `unable to match a printer suitable for the output format ${quote(args.string('output'))}, allowed formats are: ${allowed.join(',')}`,
  );
}

function jsonPathPrinter(kubectl: Kubectl, template: string, asJson: boolean, allowMissing: boolean): Printer {
  const path = parseJsonPath(template, allowMissing);
  return {
    print(object) {
      try {
        if (asJson)
          kubectl.out(
            escapeHtml(
              JSON.stringify(
                path
                  .results(object)
                  .flat()
                  .map((v) => sorted(v)),
                null,
                4,
              ),
            ) + '\n',
          );
        else kubectl.out(path.print(object));
      } catch (error) {
        if (!(error instanceof JsonPathError)) throw error;
        throw new CommandError(
          `error executing jsonpath ${quote(template)}: Error executing template: ${error.message}. Printing more information for debugging the template:\n\ttemplate was:\n\t\t${template}\n\tobject given to jsonpath engine was:\n\t\t${goSyntax(object)}\n\n\n`,
        );
      }
    },
  };
}

function templatePrinter(kubectl: Kubectl, text: string, allowMissing: boolean): Printer {
  let template: GoTemplate;
  try {
    template = new GoTemplate(text, allowMissing);
  } catch (error) {
    if (error instanceof TemplateError) throw new CommandError(`error parsing template ${text}, ${error.message}`);
    throw error;
  }
  return {
    print(object) {
      try {
        template.write(object, (part) => kubectl.out(part));
      } catch (error) {
        if (!(error instanceof TemplateError)) throw error;
        kubectl.out(
          `Error executing template: ${error.message}. Printing more information for debugging the template:\n\ttemplate was:\n\t\t${text}\n\traw data was:\n\t\t${kubectl.typed ? typedJson(object) : compactJson(object)}\n\tobject given to template engine was:\n\t\t${goMap(object)}\n\n`,
        );
        throw new CommandError(`error executing template ${quote(text)}: ${error.message}`);
      }
    },
  };
}
