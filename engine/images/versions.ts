// Tags of repositories, written briefly: series of patch releases and names for the newest ones.

/** `1.27` with patches 0 to `last`: tags 1.27.0 … and 1.27, which is the last of them. */
export function series(prefix: string, last: number, first = 0): Record<string, string> {
  const tags: Record<string, string> = {};
  for (let patch = first; patch <= last; patch++) tags[`${prefix}.${patch}`] = `${prefix}.${patch}`;
  tags[prefix] = `${prefix}.${last}`;
  return tags;
}

/** Tags that are versions themselves. */
export function plain(...versions: string[]): Record<string, string> {
  return Object.fromEntries(versions.map((version) => [version, version]));
}

/** Each tag once more with every suffix (`1.27-alpine`); variants are images of their own. */
export function variants(tags: Record<string, string>, ...suffixes: string[]): Record<string, string> {
  const out = { ...tags };
  for (const suffix of suffixes) {
    for (const tag in tags) {
      const version = `${tags[tag]}-${suffix}`;
      out[`${tag}-${suffix}`] = version;
      if (tag === 'latest') out[suffix] = version;
    }
  }
  return out;
}
