// -o custom-columns=HEADER:path,…: a table of what JSONPath expressions find.

import { CommandError } from '../errors.ts';
import type { Kubectl } from '../kubectl.ts';
import { JsonPath, JsonPathError, relaxedExpression } from './jsonpath.ts';
import { goMap } from './go-values.ts';
import { TableWriter } from './table.ts';

export class CustomColumns {
  private readonly writer = new TableWriter();
  private readonly paths: JsonPath[];

  private constructor(headers: string[], paths: string[], noHeaders: boolean) {
    this.paths = paths.map((p) => {
      const expression = relaxedExpression(p);
      try {
        return new JsonPath(expression, true);
      } catch (error) {
        if (error instanceof JsonPathError) throw new CommandError(error.message);
        throw error;
      }
    });
    if (!noHeaders) this.writer.row(headers);
  }

  static parse(kubectl: Kubectl, argument: string, isFile: boolean, noHeaders: boolean): CustomColumns {
    if (isFile) {
      if (!kubectl.fs.exists(argument)) {
        throw new CommandError(`error reading template ${argument}, open ${argument}: no such file or directory\n`);
      }
      const lines = kubectl.fs.readFile(argument).split('\n');
      const headers = lines[0].trim().split(/\s+/);
      const paths = (lines[1] ?? '')
        .trim()
        .split(/\s+/)
        .filter((p) => p);
      if (headers.length !== paths.length) {
        throw new CommandError(
          `number of headers (${headers.length}) and field specifications (${paths.length}) don't match`,
        );
      }
      return new CustomColumns(headers, paths, noHeaders);
    }
    const headers: string[] = [];
    const paths: string[] = [];
    for (const part of argument.split(',')) {
      const colon = part.indexOf(':');
      if (colon < 0) {
        throw new CommandError(`unexpected custom-columns spec: ${part}, expected <header>:<json-path-expr>`);
      }
      headers.push(part.slice(0, colon));
      paths.push(part.slice(colon + 1));
    }
    return new CustomColumns(headers, paths, noHeaders);
  }

  add(object: any) {
    if (Array.isArray(object?.items)) {
      for (const item of object.items) this.add(item);
      return;
    }
    this.writer.row(
      this.paths.map((path) => {
        const values = path.results(object)[0] ?? [];
        return values.length ? values.map((v) => (v === null ? '<nil>' : goMap(v))).join(',') : '<none>';
      }),
    );
  }

  text(): string {
    return this.writer.flush();
  }
}
