// NAME and AGE: what is shown of objects that no server made a table of.

import type { KubeObject } from '../../api/types.ts';
import { translateTimestampSince } from '../../api/duration.ts';
import type { TableObject } from './table.ts';

export function ageColumnTable(objects: readonly KubeObject[], now: number): TableObject {
  return {
    kind: 'Table',
    columnDefinitions: [
      { name: 'Name', type: 'string' },
      { name: 'Age', type: 'string' },
    ],
    rows: objects.map((object) => ({
      cells: [object.metadata.name ?? '', translateTimestampSince(object.metadata.creationTimestamp, now)],
      object,
    })),
  };
}
