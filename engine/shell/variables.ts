// A shell's variables: values, arrays, attributes, and the layers that functions put over them with `local`.

/** Never changed in place, so that a subshell shares them with its parent. */
export interface Variable {
  value?: string;
  /** Indexed array; holes are missing elements. */
  list?: readonly (string | undefined)[];
  /** Associative array. */
  map?: ReadonlyMap<string, string>;
  exported?: boolean;
  readonly?: boolean;
  integer?: boolean;
  /** Values are put in lower or upper case. */
  letters?: 'lower' | 'upper';
}

export class ReadonlyError {
  readonly name: string;
  constructor(name: string) {
    this.name = name;
  }
}

export class Variables {
  private readonly all: Map<string, Variable>;
  /** What each running function hides: the variables as they were before `local`. */
  private readonly frames: Map<string, Variable | undefined>[] = [];
  private environment: Record<string, string> | undefined;

  constructor(all: Map<string, Variable> = new Map()) {
    this.all = all;
  }

  copy(): Variables {
    const copy = new Variables(new Map(this.all));
    copy.environment = this.environment;
    for (const frame of this.frames) copy.frames.push(new Map(frame));
    return copy;
  }

  get(name: string): Variable | undefined {
    return this.all.get(name);
  }

  names(): string[] {
    return [...this.all.keys()].sort();
  }

  /** Replaces the whole variable; the caller has checked that it may. */
  put(name: string, variable: Variable) {
    const before = this.all.get(name);
    if (variable.exported || before?.exported) this.environment = undefined;
    this.all.set(name, variable);
  }

  /** Assigns to a variable, an element of it, or all of its elements (`index` undefined means the variable itself). */
  assign(name: string, value: string, index?: string) {
    const before = this.all.get(name);
    if (before?.readonly) throw new ReadonlyError(name);
    const text =
      before?.letters === 'upper' ? value.toUpperCase() : before?.letters === 'lower' ? value.toLowerCase() : value;
    if (before?.map) {
      const map = new Map(before.map);
      map.set(index ?? '0', text);
      this.put(name, { ...before, map });
    } else if (index !== undefined || before?.list) {
      const list = before?.list ? before.list.slice() : before?.value !== undefined ? [before.value] : [];
      let at = Number(index ?? 0);
      if (at < 0) at += list.length;
      list[at] = text;
      this.put(name, { ...before, value: undefined, list });
    } else this.put(name, before ? { ...before, value: text } : { value: text });
  }

  unset(name: string, index?: string) {
    const before = this.all.get(name);
    if (!before) return;
    if (before.readonly) throw new ReadonlyError(name);
    if (before.exported) this.environment = undefined;
    if (index !== undefined && before.map) {
      const map = new Map(before.map);
      map.delete(index);
      this.put(name, { ...before, map });
    } else if (index !== undefined && before.list) {
      const list = before.list.slice();
      let at = Number(index);
      if (at < 0) at += list.length;
      delete list[at];
      this.put(name, { ...before, list });
    } else this.all.delete(name);
  }

  // ---- functions -----------------------------------------------------------------------------------------

  enter() {
    this.frames.push(new Map());
  }

  leave() {
    const frame = this.frames.pop();
    frame?.forEach((before, name) => {
      if (this.all.get(name)?.exported || before?.exported) this.environment = undefined;
      if (before) this.all.set(name, before);
      else this.all.delete(name);
    });
  }

  get inFunction(): boolean {
    return this.frames.length > 0;
  }

  /** Makes `name` belong to the running function. */
  local(name: string) {
    const frame = this.frames[this.frames.length - 1];
    if (frame.has(name)) return;
    const before = this.all.get(name);
    frame.set(name, before);
    this.put(name, before?.exported ? { exported: true } : {});
  }

  /** What commands get as their environment; the object is shared until an exported variable changes. */
  exported(): Record<string, string> {
    if (!this.environment) {
      const environment: Record<string, string> = {};
      this.all.forEach((variable, name) => {
        if (variable.exported && variable.value !== undefined) environment[name] = variable.value;
      });
      this.environment = environment;
    }
    return this.environment;
  }
}
