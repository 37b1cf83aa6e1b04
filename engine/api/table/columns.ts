// What a printer of a kind is, the notation of its columns, and cells that many kinds share.

import { humanDuration, translateTimestampSince } from '../duration.ts';
import type { JsonObject, KubeObject, TableColumn } from '../types.ts';

export type Cell = string | number | boolean | null;

export interface Printer {
  /** `Name:string:name` or `Name` for a string; a `*` before it shows the column with -o wide only. Comma-separated. */
  columns: string;
  /** The cells of a row. */
  row(object: KubeObject, now: number): Cell[];
  /** The order of rows, where it is not that of the list. */
  order?(a: KubeObject, b: KubeObject): number;
  /** Conditions that a client may dim a row by (finished Pods). */
  conditions?(object: KubeObject): JsonObject[] | undefined;
}

export function parseColumns(text: string): TableColumn[] {
  return text.split(',').map((part) => {
    const wide = part[0] === '*';
    const [name, type = 'string', format = ''] = (wide ? part.slice(1) : part).split(':');
    return { name, type, format, description: '', priority: wide ? 1 : 0 };
  });
}

export const NONE = '<none>';
export const UNKNOWN = '<unknown>';
export const UNSET = '<unset>';

export const name = (object: KubeObject) => object.metadata.name ?? '';

export function age(object: KubeObject, now: number): string {
  return translateTimestampSince(object.metadata.creationTimestamp, now);
}

export function since(timestamp: string | undefined | null, now: number, absent = UNKNOWN): string {
  return timestamp ? humanDuration(now - Date.parse(timestamp)) : absent;
}

/** Names and images of the containers of a template, comma-separated. */
export function containerCells(template: JsonObject | undefined): [string, string] {
  const containers: JsonObject[] = template?.spec?.containers ?? [];
  return [containers.map((c) => c.name).join(','), containers.map((c) => c.image ?? '').join(',')];
}

/** How many keys a map has, if there is one. */
export const keyCount = (map: JsonObject | undefined) => (map ? Object.keys(map).length : 0);

const ACCESS_MODES: [string, string][] = [
  ['ReadWriteOnce', 'RWO'],
  ['ReadOnlyMany', 'ROX'],
  ['ReadWriteMany', 'RWX'],
  ['ReadWriteOncePod', 'RWOP'],
];

/** `RWO,RWX`: the access modes of a volume in their usual order. */
export function accessModes(modes: readonly string[] | undefined): string {
  return ACCESS_MODES.filter(([mode]) => modes?.includes(mode))
    .map(([, short]) => short)
    .join(',');
}

/** The first of the list and how many more there are. */
export function firstThree(list: readonly string[]): string {
  if (list.length <= 3) return list.join(',');
  return `${list.slice(0, 3).join(',')} + ${list.length - 3} more...`;
}
