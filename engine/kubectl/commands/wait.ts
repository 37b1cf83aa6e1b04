// kubectl wait: until a condition, a value, the creation or the deletion of objects.

import type { KubeObject } from '../../api/types.ts';
import type { Co } from '../../sim/index.ts';
import type { Command } from '../command.ts';
import { CommandError, isNotFound, quote, throwAll } from '../errors.ts';
import type { Kubectl } from '../kubectl.ts';
import { JsonPath, JsonPathError, relaxedExpression } from '../output/jsonpath.ts';
import { PRINT_FLAGS, changePrinter, printAnyway } from '../output/printers.ts';
import {
  ALL_NAMESPACES_FLAG,
  FIELD_SELECTOR_FLAG,
  FILES_RECURSIVELY,
  type Info,
  SELECTOR_FLAG,
  find,
  selectionOf,
} from '../resource/builder.ts';
import { getObject } from '../resource/rest.ts';
import { A_WEEK, waitFor } from '../resource/waiting.ts';

type Check = (object: KubeObject) => boolean;

export const wait: Command = {
  name: 'wait',
  short: 'Wait for a specific condition on one or many resources',
  group: 'Advanced Commands',
  usage:
    "([-f FILENAME] | resource.group/resource.name | resource.group [(-l label | --all)]) [--for=create|--for=delete|--for condition=available|--for=jsonpath='{}'[=value]]",
  flags: [
    ...FILES_RECURSIVELY,
    SELECTOR_FLAG,
    FIELD_SELECTOR_FLAG,
    ALL_NAMESPACES_FLAG,
    ...PRINT_FLAGS,
    { name: 'all', type: 'bool', usage: 'Select all resources in the namespace of the specified resource types' },
    {
      name: 'for',
      type: 'string',
      usage:
        "The condition to wait on: [create|delete|condition=condition-name[=condition-value]|jsonpath='{JSONPath expression}'=[JSONPath value]].",
    },
    { name: 'local', type: 'bool', usage: 'If true, wait will NOT contact api-server but run locally.' },
    {
      name: 'timeout',
      type: 'duration',
      default: 30_000,
      usage:
        "The length of time to wait before giving up. Zero means check once and don't wait, negative means wait for a week.",
    },
  ],
  *run(kubectl, args) {
    if (args.bool('local')) throw new CommandError('--local cannot wait: objects in files do not change');
    const condition = args.string('for');
    const keyword = condition.toLowerCase();
    const check = keyword === 'delete' || keyword === 'create' ? undefined : checkOf(condition);
    const timeout = args.duration('timeout') < 0 ? A_WEEK : args.duration('timeout');
    const end = kubectl.now + timeout;
    const printer = changePrinter(kubectl, args, 'condition met');
    const selection = selectionOf(args, { latest: keyword !== 'create', nameOnly: keyword === 'create' });
    let found = yield* find(kubectl, selection);
    if (keyword === 'create') {
      // What does not exist yet cannot be listed: look again until something is there.
      while (found.infos.length === 0 && !found.errors.length && kubectl.now < end) {
        yield 1000;
        found = yield* find(kubectl, selection);
      }
    }
    if (keyword === 'delete') found.errors = found.errors.filter((e) => !isNotFound(e));
    const errors: Error[] = found.errors;
    for (const info of found.infos) {
      try {
        const left = Math.max(0, end - kubectl.now);
        const met = check
          ? yield* untilMet(kubectl, info, check, left, timeout)
          : yield* untilExists(kubectl, info, keyword === 'create', left, timeout);
        printAnyway(printer, met);
      } catch (error) {
        errors.push(error as Error);
      }
    }
    throwAll(errors);
    if (found.infos.length === 0 && keyword !== 'delete') throw new CommandError('no matching resources found');
  },
};

const TIMED_OUT = 'timed out waiting for the condition';
const timedOut = (info: Info) => new CommandError(`${TIMED_OUT} on ${info.mapping.resource}/${info.name}`);
const notMet = (info: Info) => new CommandError(`condition not met for ${info.mapping.resource}/${info.name}`);

function* untilMet(kubectl: Kubectl, info: Info, check: Check, left: number, timeout: number): Co<KubeObject> {
  if (timeout === 0) {
    const object = yield* getObject(kubectl, info.mapping, info.namespace, info.name);
    if (!check(object)) throw notMet(info);
    return object;
  }
  let seen = false;
  const met = yield* waitFor(
    kubectl,
    info.mapping,
    info.namespace,
    info.name,
    left,
    (object): KubeObject | 'gone' | undefined => {
      if (!object) return seen ? undefined : 'gone';
      seen = true;
      return check(object) ? object : undefined;
    },
  );
  // Gives the server's own words for what is not there.
  if (met === 'gone') return yield* getObject(kubectl, info.mapping, info.namespace, info.name);
  if (!met) throw timedOut(info);
  return met;
}

function* untilExists(kubectl: Kubectl, info: Info, exists: boolean, left: number, timeout: number): Co<KubeObject> {
  const uid = exists ? undefined : info.object.metadata.uid;
  let last = info.object;
  const met = yield* waitFor(kubectl, info.mapping, info.namespace, info.name, left, (object) => {
    if (object) last = object;
    if (exists) return object ? true : undefined;
    return !object || (uid && object.metadata.uid !== uid) ? true : undefined;
  });
  if (!met) throw timeout === 0 ? notMet(info) : exists ? new CommandError(TIMED_OUT) : timedOut(info);
  return last;
}

function checkOf(text: string): Check {
  if (text.startsWith('condition=')) {
    const [name, value = 'true'] = splitOnce(text.slice('condition='.length));
    return (object) => conditionHolds(object, name.toLowerCase(), value.toLowerCase());
  }
  if (text.startsWith('jsonpath=')) return jsonPathCheck(text.slice('jsonpath='.length));
  throw new CommandError(`unrecognized condition: ${quote(text)}`);
}

function splitOnce(text: string): [string, string | undefined] {
  const equals = text.indexOf('=');
  return equals < 0 ? [text, undefined] : [text.slice(0, equals), text.slice(equals + 1)];
}

interface Condition {
  type: string;
  status: string;
  observedGeneration?: number;
}

/** A condition that speaks of an older generation does not count. */
function conditionHolds(object: KubeObject, name: string, value: string): boolean {
  const conditions: Condition[] = object.status?.conditions ?? [];
  const condition = conditions.find((c) => c.type?.toLowerCase() === name);
  if (!condition) return false;
  const observed = condition.observedGeneration ?? object.status?.observedGeneration;
  if (object.metadata.generation !== undefined && observed !== undefined && observed < object.metadata.generation)
    return false;
  return condition.status?.toLowerCase() === value;
}

/** Splits at a single '='; '==' belongs to a filter. */
function splitAtEquals(text: string): string[] {
  const parts = [''];
  for (let i = 0; i < text.length; i++) {
    if (text[i] !== '=') parts[parts.length - 1] += text[i];
    else if (text[i + 1] === '=') {
      parts[parts.length - 1] += '==';
      i++;
    } else parts.push('');
  }
  return parts;
}

function jsonPathCheck(input: string): Check {
  const parts = splitAtEquals(input);
  if (parts.length > 2) {
    throw new CommandError(
      "jsonpath wait format must be --for=jsonpath='{.status.readyReplicas}'=3 or --for=jsonpath='{.status.readyReplicas}'",
    );
  }
  const expression = relaxedExpression(parts[0]);
  if (!expression) throw new CommandError('jsonpath expression cannot be empty');
  const wanted = parts.length > 1 ? parts[1].replace(/^['"]+|['"]+$/g, '') : undefined;
  if (wanted === '')
    throw new CommandError(
      "jsonpath wait has to have a value after equal sign, like --for=jsonpath='{.status.readyReplicas}'=3",
    );
  let path: JsonPath;
  try {
    path = new JsonPath(expression, true);
  } catch (error) {
    if (error instanceof JsonPathError) throw new CommandError(error.message);
    throw error;
  }
  return (object) => {
    const results = path.results(object);
    const values = results.flat();
    if (results.length === 0 || values.length === 0) return false;
    if (wanted === undefined) return true;
    if (values.length > 1) throw new CommandError('given jsonpath expression matches more than one value');
    if (values[0] !== null && typeof values[0] === 'object')
      throw new CommandError('jsonpath leads to a nested object or list which is not supported');
    return String(values[0]).trim() === wanted.trim();
  };
}
