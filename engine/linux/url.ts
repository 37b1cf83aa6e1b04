// URLs of HTTP, as clients on a machine read them.

export interface Url {
  scheme: string;
  host: string;
  port: number;
  /** With the query. */
  path: string;
  user?: string;
}

export function parseUrl(text: string): Url | undefined {
  const match =
    /^(?:([a-zA-Z][\w+.-]*):\/\/)?(?:([^@/?#]*)@)?(\[[^\]]*\]|[^:/?#]*)(?::(\d*))?([/?][^#]*)?(?:#.*)?$/.exec(
      text.trim(),
    );
  if (!match || !match[3]) return undefined;
  const scheme = (match[1] ?? 'http').toLowerCase();
  const port = match[4] ? Number(match[4]) : scheme === 'https' ? 443 : 80;
  if (port > 65535) return undefined;
  const path = match[5] ?? '/';
  return {
    scheme,
    host: match[3].replace(/^\[|\]$/g, ''),
    port,
    path: path.startsWith('?') ? '/' + path : path,
    user: match[2],
  };
}

const usualPort = ({ scheme }: Url) => (scheme === 'https' ? 443 : 80);

/** 'example.com:8080'; the usual port is left out. */
export function hostHeader(url: Url): string {
  const { host, port } = url;
  const name = host.includes(':') ? `[${host}]` : host;
  return port === usualPort(url) ? name : `${name}:${port}`;
}

/** Where a server's Location leads from `base`. */
export function locationFrom(base: Url, location: string): string {
  if (/^[a-z]+:\/\//i.test(location)) return location;
  const origin = `${base.scheme}://${hostHeader(base)}`;
  return origin + (location.startsWith('/') ? location : base.path.replace(/[^/]*$/, '') + location);
}
