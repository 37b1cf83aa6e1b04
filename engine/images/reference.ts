// Image references (`nginx`, `gcr.io/p/app:1.0`, `busybox@sha256:…`) as the distribution library reads them.

export interface Reference {
  /** With registry and, for docker.io, `library/`: `docker.io/library/nginx`. */
  readonly name: string;
  readonly tag: string;
  readonly digest: string;
}

/** Thrown for what is no reference; the message is the library's. */
export class ImageNameError extends Error {}

const NAME = /^[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*(?:\/[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*)*$/;
const DOMAIN =
  /^(?:[a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9])(?:\.(?:[a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9]))*(?::[0-9]+)?$/;
const TAG = /^[\w][\w.-]{0,127}$/;
const DIGEST = /^[a-z0-9]+(?:[+._-][a-z0-9]+)*:[0-9a-fA-F]{32,}$/;

/** The same few come with every Pod. */
let known = new Map<string, Reference>();
const MAX_KNOWN = 500;

/** Reads a reference as users write it; the tag is `latest` when neither tag nor digest is given. */
export function parseReference(text: string): Reference {
  let reference = known.get(text);
  if (!reference) {
    reference = read(text);
    if (known.size >= MAX_KNOWN) known = new Map();
    known.set(text, reference);
  }
  return reference;
}

function read(text: string): Reference {
  const invalid = () => new ImageNameError('invalid reference format');
  if (/^[a-f0-9]{64}$/.test(text)) {
    throw new ImageNameError(`invalid repository name (${text}), cannot specify 64-byte hexadecimal strings`);
  }
  const slash = text.indexOf('/');
  const first = slash < 0 ? '' : text.slice(0, slash);
  const isDomain = first.includes('.') || first.includes(':') || first === 'localhost' || first !== first.toLowerCase();
  let domain = isDomain ? first : 'docker.io';
  let rest = isDomain ? text.slice(slash + 1) : text;
  if (domain === 'index.docker.io') domain = 'docker.io';

  let digest = '';
  const at = rest.indexOf('@');
  if (at >= 0) {
    digest = rest.slice(at + 1);
    rest = rest.slice(0, at);
    if (!DIGEST.test(digest)) throw invalid();
  }
  let tag = '';
  const colon = rest.indexOf(':');
  if (colon >= 0) {
    tag = rest.slice(colon + 1);
    rest = rest.slice(0, colon);
  }
  if (domain === 'docker.io' && !rest.includes('/')) rest = `library/${rest}`;
  if (rest !== rest.toLowerCase()) {
    throw new ImageNameError(`invalid reference format: repository name (${rest}) must be lowercase`);
  }
  if (!NAME.test(rest) || !DOMAIN.test(domain) || (colon >= 0 && !TAG.test(tag))) throw invalid();
  if (domain.length + 1 + rest.length > 255)
    throw new ImageNameError('repository name must not be more than 255 characters');
  return { name: `${domain}/${rest}`, tag: tag || (digest ? '' : 'latest'), digest };
}

/** The whole name, as a runtime lists it. */
export function formatReference(reference: Reference): string {
  return reference.name + (reference.tag && `:${reference.tag}`) + (reference.digest && `@${reference.digest}`);
}
