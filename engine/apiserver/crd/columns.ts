// Tables of custom resources: the name, then the columns of the definition, else the age.

import { translateTimestampSince } from '../../api/duration.ts';
import { normalizeTime } from '../../api/time.ts';
import type { JsonObject, KubeObject, Table, TableColumn } from '../../api/types.ts';

/** Values of a JSONPath in an object; throws when it leads nowhere. */
export type JsonPaths = (path: string) => (value: unknown) => unknown[];

type Cell = string | number | boolean | null;
type Column = (object: KubeObject, now: number) => Cell;

const NAME: TableColumn = { name: 'Name', type: 'string', format: 'name', description: '', priority: 0 };
const AGE = { name: 'Age', type: 'date', jsonPath: '.metadata.creationTimestamp' };

export function printer(columns: readonly JsonObject[] | undefined, paths: JsonPaths) {
  const wanted: readonly JsonObject[] = columns?.length ? columns : [AGE];
  const columnDefinitions = [
    NAME,
    ...wanted.map(({ name, type, format = '', description = '', priority = 0 }) => ({
      name,
      type,
      format,
      description,
      priority,
    })),
  ];
  const cells: Column[] = wanted.map(({ type, jsonPath }) => cellOf(type, paths(jsonPath)));
  return (objects: readonly KubeObject[], now: number): Table => ({
    columnDefinitions,
    rows: objects.map((object) => ({
      cells: [object.metadata.name ?? '', ...cells.map((cell) => cell(object, now))],
    })),
  });
}

function cellOf(type: string, find: (value: unknown) => unknown[]): Column {
  return (object, now) => {
    const [value] = find(object);
    if (value === undefined) return null;
    if (type === 'string') return typeof value === 'string' ? value : JSON.stringify(value);
    if (value === null) return null;
    switch (type) {
      case 'integer':
        return typeof value === 'number' ? Math.trunc(value) : null;
      case 'number':
        return typeof value === 'number' ? value : null;
      case 'boolean':
        return typeof value === 'boolean' ? value : null;
      case 'date':
        if (typeof value !== 'string') return null;
        return normalizeTime(value, false) === undefined ? '<invalid>' : translateTimestampSince(value, now);
      default:
        return null;
    }
  };
}
