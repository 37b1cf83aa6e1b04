// The releases of Kubernetes that can be installed: what the package repositories and the image registry have.

/** By minor number the newest patch release, as of the first days of 2026. */
export const NEWEST_PATCH: Readonly<Record<number, number>> = { 31: 14, 32: 11, 33: 7, 34: 3, 35: 0 };

/** All releases of a minor, newest first. */
export function releasesOf(minor: number): string[] {
  const newest = NEWEST_PATCH[minor];
  if (newest === undefined) return [];
  return Array.from({ length: newest + 1 }, (_, i) => `v1.${minor}.${newest - i}`);
}

/** Tags of an image of which each release has its own version; `also` is a cluster's that may be older. */
export function releaseTags(also: string): Record<string, string> {
  const tags: Record<string, string> = { [also]: also };
  for (const minor in NEWEST_PATCH) for (const release of releasesOf(Number(minor))) tags[release] = release;
  return tags;
}

/** The minor and patch number of 'v1.34.3'. */
export function numbersOf(version: string): { minor: number; patch: number } {
  const [, minor, patch] = /^v?1\.(\d+)\.(\d+)/.exec(version) ?? [];
  return { minor: Number(minor), patch: Number(patch) };
}
