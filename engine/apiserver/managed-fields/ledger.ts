// Who owns which field of each stored object. An update only notes what it replaced; the field sets are worked out
// when somebody wants to see or to apply, since most objects are never asked (and their updates must be quick).

import type { KubeObject, ManagedFieldsEntry, ResourceInfo, Scheme } from '../../api/types.ts';
import { part } from '../../parts/index.ts';
import { difference, union, type FieldSet } from './field-set.ts';
import type { Typed } from './schema-walk.ts';

/** One manager's way of writing. */
export interface Writer {
  manager: string;
  subresource: string;
  /** Undefined for who has changed nothing. */
  time: string | undefined;
}

interface Note extends Writer {
  old: KubeObject | undefined;
  info: ResourceInfo;
  /** Notes before this one that are not worked out yet. */
  depth: number;
  /** What the writer wrote, before admission and strategy added to it: that is nobody's. */
  wrote: KubeObject | undefined;
}

/** The writer of changes that the server makes in storage, for which nobody is recorded. */
export const NOBODY: Writer = { manager: '', subresource: '', time: undefined };

/** So many updates by alternating writers are noted before they are worked out. */
const MAX_DEPTH = 6;

export type Entries = readonly ManagedFieldsEntry[];
const NONE: Entries = [];

export class Ledger {
  private readonly scheme: Scheme;
  private readonly notes = new WeakMap<KubeObject, Note>();
  private readonly known = new WeakMap<KubeObject, Entries>();
  private readonly typed = new WeakMap<ResourceInfo, Typed>();
  /** Objects that are others in another version, if there are any. */
  private same: WeakMap<KubeObject, KubeObject> | undefined;

  constructor(scheme: Scheme) {
    this.scheme = scheme;
  }

  typedOf(info: ResourceInfo): Typed {
    let typed = this.typed.get(info);
    if (!typed) this.typed.set(info, (typed = new (part('apply').Typed)(this.scheme, info)));
    return typed;
  }

  /** `stored` replaces `old` by an update (or a creation) of this writer, who wrote `wrote` if that is not the same. */
  note(info: ResourceInfo, stored: KubeObject, old: KubeObject | undefined, writer: Writer, wrote?: KubeObject) {
    const { manager, subresource, time } = writer;
    const before = old && this.notes.get(this.original(old));
    let depth = 1;
    if (before) {
      if (!before.wrote && before.manager === manager && before.subresource === subresource && before.info === info) {
        // The same writer again: one step from what it first found.
        old = before.old;
        depth = before.depth;
      } else if (before.depth < MAX_DEPTH) depth = before.depth + 1;
      else this.entries(old as KubeObject);
    }
    this.notes.set(this.original(stored), { manager, subresource, time, old, info, depth, wrote });
  }

  /** Sets what is known of a stored object outright. */
  set(stored: KubeObject, entries: Entries) {
    const original = this.original(stored);
    this.notes.delete(original);
    this.known.set(original, entries);
  }

  /** `view` is `stored` in another version: who owns what of it is known there. */
  alias(view: KubeObject, stored: KubeObject) {
    if (view !== stored) (this.same ??= new WeakMap()).set(view, this.original(stored));
  }

  /** managedFields of a stored object. */
  entries(stored: KubeObject): Entries {
    return this.entriesOf(this.original(stored));
  }

  private original(object: KubeObject): KubeObject {
    const { same } = this;
    return same ? (same.get(object) ?? object) : object;
  }

  private entriesOf(stored: KubeObject): Entries {
    const known = this.known.get(stored);
    if (known) return known;
    const note = this.notes.get(stored);
    if (!note) return NONE;
    const base = note.old ? this.entries(note.old) : NONE;
    // Objects that nobody is recorded for stay so until somebody applies.
    const entries =
      note.old && base.length === 0 ? NONE : this.updated(note.info, base, note.old, note.wrote ?? stored, note);
    this.set(stored, entries);
    return entries;
  }

  /** Entries after an update from `old` to `now`: the writer owns what it changed, nobody what is gone. */
  updated(info: ResourceInfo, base: Entries, old: KubeObject | undefined, now: KubeObject, writer: Writer): Entries {
    const reset = resetFields(info, writer.subresource);
    const all = this.typedOf(info).compare(old, now);
    const changed = difference(all.changed, reset, true);
    const removed = difference(all.removed, reset, true);
    if (!changed && !removed) return base;
    const lost = union(changed, removed);
    const out: ManagedFieldsEntry[] = [];
    let own: ManagedFieldsEntry | undefined;
    for (const entry of base) {
      if (isUpdateBy(entry, writer, info)) own = entry;
      else {
        const left = difference(entry.fieldsV1 as FieldSet, lost);
        if (left) out.push(left === entry.fieldsV1 ? entry : { ...entry, fieldsV1: left });
      }
    }
    const fields = union(difference(own?.fieldsV1 as FieldSet | undefined, removed), changed);
    if (fields && writer.manager) out.push(entryFor(writer, 'Update', info.groupVersion, fields));
    return sorted(out);
  }
}

const STATUS: FieldSet = { 'f:status': {} };

/** What a request of this subresource cannot write, and therefore never owns: the status, unless it is asked for by name. */
export const resetFields = ({ subresources }: ResourceInfo, subresource: string): FieldSet | undefined =>
  subresource === '' && subresources.status ? STATUS : undefined;

function isUpdateBy(entry: ManagedFieldsEntry, writer: Writer, info: ResourceInfo): boolean {
  return (
    entry.operation === 'Update' &&
    entry.manager === writer.manager &&
    (entry.subresource ?? '') === writer.subresource &&
    entry.apiVersion === info.groupVersion
  );
}

export function entryFor(
  writer: Writer,
  operation: 'Apply' | 'Update',
  apiVersion: string,
  fields: FieldSet,
): ManagedFieldsEntry {
  const entry: ManagedFieldsEntry = { manager: writer.manager, operation, apiVersion };
  if (writer.time) entry.time = writer.time;
  entry.fieldsType = 'FieldsV1';
  entry.fieldsV1 = part('apply').ordered(fields);
  if (writer.subresource) entry.subresource = writer.subresource;
  return entry;
}

/** Apply before Update, then by time, then by manager. */
export function sorted(entries: ManagedFieldsEntry[]): ManagedFieldsEntry[] {
  const key = ({ operation, time, manager, subresource }: ManagedFieldsEntry) =>
    `${operation}\n${time ?? ''}\n${manager}\n${subresource ?? ''}`;
  return entries.sort((a, b) => (key(a) < key(b) ? -1 : 1));
}
