// Pods of one template differ in nothing but their metadata and the name of the volume with the API token. What has been
// found out about the spec of the first of them holds for all: such knowledge is kept under the first.

const firsts = new WeakMap<object, object>();

/** `one` is like `first` but for the name of a volume. */
export function setTwin(one: object, first: object) {
  firsts.set(one, first);
}

/** The first of those that a Pod's spec, or its list of containers, is like; itself where it is like none before. */
export const firstOf = <T extends object>(one: T): T => (firsts.get(one) as T | undefined) ?? one;
