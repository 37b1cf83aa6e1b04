// Pods of one template differ in nothing but their metadata, the name of the volume with the API token and the node they
// are bound to. What has been found out about the spec of the first of them holds for all: such knowledge is kept under the
// first, of those that wait for a node and of those that have one.

const firsts = new WeakMap<object, object>();

/** `one` is like `first` but for the name of that volume, or the node's. */
export function setTwin(one: object, first: object) {
  firsts.set(one, first);
}

/**
 * The first of those that a Pod's spec, or its list of containers, is like; itself where it is like none before. Who keeps
 * under it what does not depend on the two names works it out once for all Pods of a template.
 */
export const firstOf = <T extends object>(one: T): T => (firsts.get(one) as T | undefined) ?? one;
