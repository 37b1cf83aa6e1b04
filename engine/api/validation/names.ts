// The formats of names, labels, ports and addresses (apimachinery's util/validation), each answering with upstream's
// explanation of what is wrong, or nothing.

const DNS_LABEL = '[a-z0-9]([-a-z0-9]*[a-z0-9])?';
const DNS_SUBDOMAIN = `${DNS_LABEL}(\\.${DNS_LABEL})*`;
const DNS_1035 = '[a-z]([-a-z0-9]*[a-z0-9])?';
const QUALIFIED_NAME = '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]';
const LABEL_VALUE = '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?';
const CONFIG_MAP_KEY = '[-._a-zA-Z0-9]+';
const C_IDENTIFIER = '[A-Za-z_][A-Za-z0-9_]*';
const WILDCARD_SUBDOMAIN = `\\*\\.${DNS_SUBDOMAIN}`;
const PERCENT = '[0-9]+%';
const HTTP_HEADER = '[-A-Za-z0-9]+';
const HTTP_PATH = "[A-Za-z0-9/\\-._~%!$&'()*+,;=:]+";

/** A format: says what is wrong with a value, one sentence a fault. */
export type Format = (value: string) => string[];

const whole = (pattern: string) => new RegExp(`^(?:${pattern})$`);

export function maxLengthError(length: number): string {
  return `must be no more than ${length} bytes`;
}

/** regexError of upstream: the message, examples and the expression. */
export function regexError(message: string, pattern: string, ...examples: string[]): string {
  const eg = examples.map((example) => `'${example}', `).join(' or ');
  return `${message} (${examples.length ? `e.g. ${eg}` : ''}regex used for validation is '${pattern}')`;
}

function format(pattern: string, message: () => string, examples: string[], max?: number): Format {
  const expression = whole(pattern);
  return (value) => {
    const faults: string[] = [];
    if (max !== undefined && value.length > max) faults.push(maxLengthError(max));
    if (!expression.test(value)) faults.push(regexError(message(), pattern, ...examples));
    return faults;
  };
}

const labelFormat = format(
  DNS_LABEL,
  () =>
    "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character",
  ['my-name', '123-abc'],
  63,
);
export const isDNS1123Subdomain = format(
  DNS_SUBDOMAIN,
  () =>
    "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character",
  ['example.com'],
  253,
);
/** A name that has only dots too many is told so. */
export const isDNS1123Label: Format = (value) => {
  const faults = labelFormat(value);
  if (faults.length && isDNS1123Subdomain(value).length === 0 && value.includes('.'))
    faults[faults.length - 1] = 'must not contain dots';
  return faults;
};
export const isDNS1035Label = format(
  DNS_1035,
  () =>
    "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, and end with an alphanumeric character",
  ['my-name', 'abc-123'],
  63,
);
export const isWildcardDNS1123Subdomain = format(
  WILDCARD_SUBDOMAIN,
  () =>
    "a wildcard DNS-1123 subdomain must start with '*.', followed by a valid DNS subdomain, which must consist of lower case alphanumeric characters, '-' or '.' and end with an alphanumeric character",
  ['*.example.com'],
  253,
);
export const isValidLabelValue = format(
  LABEL_VALUE,
  () =>
    "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character",
  ['MyValue', 'my_value', '12345'],
  63,
);
export const isCIdentifier = format(
  C_IDENTIFIER,
  () =>
    "a valid C identifier must start with alphabetic character or '_', followed by a string of alphanumeric characters or '_'",
  ['my_name', 'MY_NAME', 'MyName'],
);
export const isValidPercent = format(
  PERCENT,
  () => "a valid percent string must be a numeric string followed by an ending '%'",
  ['1%', '93%'],
);
export const isHTTPHeaderName = format(
  HTTP_HEADER,
  () => "a valid HTTP header must consist of alphanumeric characters or '-'",
  ['X-Header-Name'],
);

/** Printable ASCII without '=' (relaxed environment variable names). */
export const isEnvVarName: Format = (value) => {
  const faults: string[] = [];
  if (value.length === 0) faults.push('environment variable name must be non-empty');
  for (let i = 0; i < value.length; i++) {
    const code = value.charCodeAt(i);
    if (code < 32 || code > 126 || code === 61) {
      faults.push("a valid environment variable name must consist only of printable ASCII characters other than '='");
      break;
    }
  }
  return faults;
};

const qualifiedPart = format(
  QUALIFIED_NAME,
  () =>
    "must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character",
  ['MyName', 'my.name', '123-abc'],
);

const qualifiedSeen = new Map<string, string[]>();

/** `prefix/name`, as label keys are. */
export const isQualifiedName: Format = (value) => {
  const known = qualifiedSeen.get(value);
  if (known) return known;
  const faults: string[] = [];
  const parts = value.split('/');
  const name = parts[parts.length - 1];
  if (parts.length === 2) {
    if (parts[0] === '') faults.push('prefix part must be non-empty');
    else for (const fault of isDNS1123Subdomain(parts[0])) faults.push(`prefix part ${fault}`);
  } else if (parts.length > 2) {
    return [
      `a qualified name ${regexError(
        "must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character",
        QUALIFIED_NAME,
        'MyName',
        'my.name',
        '123-abc',
      )} with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')`,
    ];
  }
  if (name === '') faults.push('name part must be non-empty');
  else if (name.length > 63) faults.push(`name part ${maxLengthError(63)}`);
  for (const fault of qualifiedPart(name)) faults.push(`name part ${fault}`);
  if (qualifiedSeen.size > 2000) qualifiedSeen.clear();
  qualifiedSeen.set(value, faults);
  return faults;
};

const configMapKeyWords = () => "a valid config key must consist of alphanumeric characters, '-', '_' or '.'";
const configMapKey = format(CONFIG_MAP_KEY, configMapKeyWords, ['key.name', 'KEY_NAME', 'key-name'], 253);

export const isConfigMapKey: Format = (value) => {
  const faults = configMapKey(value);
  if (value === '.') faults.push("must not be '.'");
  else if (value === '..') faults.push("must not be '..'");
  else if (value.startsWith('..')) faults.push("must not start with '..'");
  return faults;
};

export const isValidPortNum = (port: number): string[] =>
  port >= 1 && port <= 65535 ? [] : ['must be between 1 and 65535, inclusive'];

/** IANA service names, as ports carry them. */
export const isValidPortName: Format = (value) => {
  const faults: string[] = [];
  if (value.length > 15) faults.push('must be no more than 15 characters');
  if (!/^[-a-z0-9]+$/.test(value))
    faults.push('must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)');
  if (!/[a-z]/.test(value)) faults.push('must contain at least one letter (a-z)');
  if (value.includes('--')) faults.push('must not contain consecutive hyphens');
  if (value !== '' && (value[0] === '-' || value[value.length - 1] === '-'))
    faults.push('must not begin or end with a hyphen');
  return faults;
};

const domainPath = whole(HTTP_PATH);
export const isDomainPrefixedPath: Format = (value) => {
  if (value === '') return ['must be non-empty'];
  const slash = value.indexOf('/');
  if (slash <= 0 || slash === value.length - 1) return ['must be a domain-prefixed path (such as "acme.io/foo")'];
  const faults = isDNS1123Subdomain(value.slice(0, slash)).map((fault) => `prefix part ${fault}`);
  const path = value.slice(slash + 1);
  if (!domainPath.test(path)) faults.push(`path part ${regexError('Invalid path', HTTP_PATH)}`);
  return faults;
};

// With leading zeros, which fields from before v1.33 go on to accept.
const IPV4 = /^(?:0*(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)(?:\.|$)){4}$/;
const HEXTET = /^[0-9a-fA-F]{1,4}$/;

/** Whether the text is an IPv4 or IPv6 address: 4, 6 or 0. */
export function ipFamily(text: string): 0 | 4 | 6 {
  if (IPV4.test(text) && !text.endsWith('.')) return 4;
  if (!text.includes(':')) return 0;
  let rest = text;
  let groups = 0;
  const lastColon = rest.lastIndexOf(':');
  const tail = rest.slice(lastColon + 1);
  if (tail.includes('.')) {
    if (ipFamily(tail) !== 4) return 0;
    groups = 2;
    rest = rest.slice(0, lastColon + 1);
    rest = rest.endsWith('::') ? rest : rest.slice(0, -1);
  }
  const halves = rest.split('::');
  if (halves.length > 2) return 0;
  for (const half of halves) {
    if (half === '') continue;
    for (const hextet of half.split(':')) {
      if (!HEXTET.test(hextet)) return 0;
      groups++;
    }
  }
  return halves.length === 2 ? (groups < 8 ? 6 : 0) : groups === 8 ? 6 : 0;
}

export const isValidIP: Format = (value) =>
  ipFamily(value) ? [] : ['must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)'];

/** `address/length`: 4, 6 or 0 for none. */
export function cidrFamily(text: string): 0 | 4 | 6 {
  const slash = text.indexOf('/');
  if (slash < 0) return 0;
  const family = ipFamily(text.slice(0, slash));
  const length = text.slice(slash + 1);
  if (!family || !/^\d{1,3}$/.test(length) || Number(length) > (family === 4 ? 32 : 128)) return 0;
  return family;
}

/** An address as a number, for range checks. */
export function ipNumber(text: string): bigint {
  if (ipFamily(text) === 4) return text.split('.').reduce((sum, part) => sum * 256n + BigInt(part), 0n);
  let address = text;
  const tail = address.slice(address.lastIndexOf(':') + 1);
  if (tail.includes('.')) {
    const v4 = ipNumber(tail);
    address =
      address.slice(0, address.length - tail.length) + (v4 >> 16n).toString(16) + ':' + (v4 & 0xffffn).toString(16);
  }
  const [head, rest] = address.split('::');
  const left = head ? head.split(':') : [];
  const right = rest ? rest.split(':') : [];
  const middle = rest === undefined ? 0 : 8 - left.length - right.length;
  const groups = [...left, ...'0'.repeat(middle), ...right];
  return groups.reduce((sum, group) => sum * 65536n + BigInt(parseInt(group, 16)), 0n);
}

/** First address and prefix length of a valid CIDR. */
export function parseCIDR(text: string): { network: bigint; prefix: number; family: 4 | 6 } {
  const slash = text.indexOf('/');
  const address = text.slice(0, slash);
  const family = ipFamily(address) as 4 | 6;
  const prefix = Number(text.slice(slash + 1));
  const host = BigInt((family === 4 ? 32 : 128) - prefix);
  return { network: (ipNumber(address) >> host) << host, prefix, family };
}

/** The name that `generateName` will get stands for is checked with a suffix in place of a trailing dash. */
export function maskTrailingDash(name: string): string {
  return name.length > 1 && name.endsWith('-') ? `${name.slice(0, -2)}a` : name;
}
