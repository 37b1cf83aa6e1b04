// Tags of repositories, written briefly: series of patch releases and names for the newest ones.

import type { Repository } from './types.ts';

/** Those of a repository: many are made when somebody asks. */
export const tagsOf = ({ tags }: Pick<Repository, 'tags'>) => (typeof tags === 'function' ? tags() : tags);

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

const VERSION = /^(v?)(\d+(?:\.\d+){0,2})(-[a-z][a-z0-9.-]*)?$/;
/** How far beyond the newest listed number a release may lie, after the first number. */
const AHEAD = 10;

/**
 * The version of a tag that is not listed, if the repository's listed tags make it a likely one: written in their way,
 * with no number far beyond theirs. `1.161` after `1.29` is a slip, `1.31` a release.
 */
export function likelyVersion(tags: Readonly<Record<string, string>>, tag: string): string | undefined {
  const asked = VERSION.exec(tag);
  if (!asked) return undefined;
  const [, prefix, numbers, suffix = ''] = asked;
  const newest: number[] = [];
  let known = false;
  for (const one in tags) {
    const listed = VERSION.exec(one);
    if (!listed || listed[1] !== prefix) continue;
    known ||= (listed[3] ?? '') === suffix;
    listed[2].split('.').forEach((part, i) => (newest[i] = Math.max(newest[i] ?? 0, Number(part))));
  }
  const parts = numbers.split('.').map(Number);
  if (!known || parts.length > newest.length) return undefined;
  const next = parts[0] === newest[0] + 1 && parts.slice(1).every((part) => part === 0);
  const within = parts[0] <= newest[0] && parts.every((part, i) => i === 0 || part <= newest[i] + AHEAD);
  return next || within ? tag : undefined;
}

/** Releases, oldest first: each under its own number and all of its beginnings (`8.0.44`, `8.0`, `8`), the last is latest. */
export function releases(...versions: string[]): Record<string, string> {
  const tags: Record<string, string> = {};
  for (const version of versions) {
    const parts = version.split('.');
    for (let n = parts.length; n > 0; n--) tags[parts.slice(0, n).join('.')] = version;
  }
  tags.latest = versions[versions.length - 1];
  return tags;
}
