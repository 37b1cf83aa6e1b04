// An object on its way through a build: what it is now, what it was called before, and which names were put around it.

export type Json = Record<string, any>;

export const isMap = (value: unknown): value is Json =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** Objects are changed in place, so nothing may be shared (YAML anchors do share). */
export function copy<T>(value: T): T {
  if (Array.isArray(value)) return value.map(copy) as T;
  if (!isMap(value)) return value;
  const out: Json = {};
  for (const key in value) out[key] = copy(value[key]);
  return out as T;
}

export interface Gvk {
  group?: string;
  version?: string;
  kind?: string;
}

export interface Id extends Required<Gvk> {
  name: string;
  namespace: string;
}

export function gvkOf(object: Json): Required<Gvk> {
  const parts = String(object.apiVersion ?? '').split('/');
  return { group: parts.length > 1 ? parts[0] : '', version: parts[parts.length - 1], kind: String(object.kind ?? '') };
}

/** Deployment.v1.apps/web.[noNs] */
export function idText(id: Id): string {
  return `${gvkText(id)}/${id.name || '[noName]'}.${id.namespace || '[noNs]'}`;
}
export const gvkText = (gvk: Required<Gvk>) =>
  `${gvk.kind || '[noKind]'}.${gvk.version || '[noVer]'}.${gvk.group || '[noGrp]'}`;

/** Whether `gvk` is one that `selected` means: what it leaves out may be anything. */
export function isSelected(gvk: Gvk, selected: Gvk): boolean {
  return (
    (!selected.kind || selected.kind === gvk.kind) &&
    (!selected.group || selected.group === gvk.group) &&
    (!selected.version || selected.version === gvk.version)
  );
}

/** 'default' and none are the same namespace. */
const effective = (namespace: string) => namespace || 'default';

export const sameId = (a: Id, b: Id) =>
  a.kind === b.kind &&
  a.group === b.group &&
  a.version === b.version &&
  a.name === b.name &&
  effective(a.namespace) === effective(b.namespace);

export class Resource {
  object: Json;
  /** Older ids, the first one first. */
  readonly previous: Id[] = [];
  readonly prefixes: string[] = [];
  readonly suffixes: string[] = [];
  /** Its name gets a hash of its content at the end of the build. */
  needsHash = false;
  /** Of a generated one: what to do with an object of the same id that is there already. */
  behavior = '';

  constructor(object: Json) {
    this.object = object;
  }

  get name(): string {
    return this.object.metadata?.name ?? '';
  }
  set name(name: string) {
    this.object.metadata.name = name;
  }
  get namespace(): string {
    return this.object.metadata?.namespace ?? '';
  }
  get id(): Id {
    return { ...gvkOf(this.object), name: this.name, namespace: this.namespace };
  }
  /** As it was in the file. */
  get originalId(): Id {
    return this.previous[0] ?? this.id;
  }
  get ids(): Id[] {
    return [...this.previous, this.id];
  }

  /** To be called before the name, the namespace or the kind changes. */
  remember() {
    const { id } = this;
    const last = this.previous.at(-1);
    if (!last || idText(last) !== idText(id)) this.previous.push(id);
  }
}
