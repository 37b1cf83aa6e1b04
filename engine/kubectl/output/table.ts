// Columns of text as kubectl prints them, and the server's Tables on top of that.

/** Pads cells to columns; widths are remembered from flush to flush, so that rows of a watch stand under each other. */
export class TableWriter {
  private widths: number[] = [];
  private rows: string[][] = [];
  private readonly min: number;
  private readonly padding: number;

  constructor(min = 6, padding = 3) {
    this.min = min;
    this.padding = padding;
  }

  row(cells: string[]) {
    this.rows.push(cells);
  }

  /** The text of the rows since the last flush. */
  flush(): string {
    const widths = this.widths;
    for (let r = 0; r < this.rows.length; r++) {
      const cells = this.rows[r];
      for (let i = 0; i < cells.length - 1; i++) {
        const width = Math.max(textWidth(cells[i]) + this.padding, this.min);
        if (!(widths[i] >= width)) widths[i] = width;
      }
    }
    let out = '';
    for (let r = 0; r < this.rows.length; r++) {
      const cells = this.rows[r];
      const last = cells.length - 1;
      for (let i = 0; i < last; i++) out += cells[i] + ' '.repeat(widths[i] - textWidth(cells[i]));
      out += (cells[last] ?? '') + '\n';
    }
    this.rows = [];
    return out;
  }

  forget() {
    this.widths = [];
  }
}

const LOW_SURROGATES = /[\udc00-\udfff]/g;

/** Characters, not UTF-16 units. */
export function textWidth(text: string): number {
  const pairs = text.match(LOW_SURROGATES);
  return pairs ? text.length - pairs.length : text.length;
}

/** meta/v1 Table as it arrives. */
export interface TableObject {
  kind: 'Table';
  metadata?: { resourceVersion?: string; continue?: string };
  columnDefinitions: { name: string; type: string; format?: string; priority?: number }[];
  rows: { cells: unknown[]; object?: any }[];
}

export const isTable = (object: any): object is TableObject => object?.kind === 'Table';

export interface TableOptions {
  wide: boolean;
  noHeaders: boolean;
  withNamespace: boolean;
  /** 'deployment.apps': names are printed with it in front. */
  withKind?: string;
  showLabels: boolean;
  labelColumns: readonly string[];
}

/** Prints the server's Tables; the headers appear when the columns change. */
export class TablePrinter {
  private readonly options: TableOptions;
  private readonly writer: TableWriter;
  private columns: TableObject['columnDefinitions'] = [];
  private headed = false;

  constructor(options: TableOptions, writer: TableWriter) {
    this.options = options;
    this.writer = writer;
  }

  /** `event`: ADDED, MODIFIED, DELETED, as the first column (--output-watch-events). */
  print(table: TableObject, event?: string) {
    const { options, writer } = this;
    if (table.columnDefinitions?.length) this.columns = table.columnDefinitions;
    const shown: number[] = [];
    for (let i = 0; i < this.columns.length; i++) if (options.wide || !this.columns[i].priority) shown.push(i);
    if (!this.headed && table.rows?.length) {
      this.headed = true;
      if (!options.noHeaders) writer.row(this.headers(shown, event !== undefined));
    }
    for (const row of table.rows ?? []) writer.row(this.cells(row, shown, event));
  }

  private headers(shown: number[], events: boolean): string[] {
    const { options } = this;
    const cells: string[] = events ? ['EVENT'] : [];
    if (options.withNamespace) cells.push('NAMESPACE');
    for (const i of shown) cells.push(this.columns[i].name.toUpperCase());
    for (const label of options.labelColumns) cells.push(label.slice(label.lastIndexOf('/') + 1).toUpperCase());
    if (options.showLabels) cells.push('LABELS');
    return cells;
  }

  private cells(row: TableObject['rows'][number], shown: number[], event?: string): string[] {
    const { options } = this;
    const metadata = row.object?.metadata;
    const cells: string[] = event === undefined ? [] : [event.padEnd(EVENT_WIDTH)];
    if (options.withNamespace) cells.push(metadata?.namespace ?? '');
    for (let k = 0; k < shown.length; k++) {
      const i = shown[k];
      let text = cellText(row.cells[i]);
      if (i === 0 && options.withKind && this.columns[i].name === 'Name') text = `${options.withKind}/${text}`;
      cells.push(text);
    }
    for (const label of options.labelColumns) cells.push(metadata?.labels?.[label] ?? '');
    if (options.showLabels) cells.push(labelsText(metadata?.labels));
    return cells;
  }
}

/** As wide as MODIFIED, so that later events stand under the first. */
const EVENT_WIDTH = 8;

/** `a=b,c=d`, or `<none>`. */
export function labelsText(labels: Record<string, string> | undefined): string {
  let out = '';
  if (labels) for (const key of Object.keys(labels).sort()) out += `${out ? ',' : ''}${key}=${labels[key]}`;
  return out || '<none>';
}

/** A cell ends at its first line break, and terminal escapes are shown, not sent. */
function cellText(value: unknown): string {
  if (value === null || value === undefined) return '';
  if (typeof value !== 'string') return String(value);
  const end = value.search(/[\n\f\r]/);
  const text = end < 0 ? value : value.slice(0, end) + '...';
  return text.includes('\x1b') ? text.replaceAll('\x1b', '^[') : text;
}
