// The formats of strings that a schema may ask for; others are allowed and mean nothing.

const IPV4 = /^(?:(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)\.){3}(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)$/;
const HEX = (n: number) => `[0-9a-fA-F]{${n}}`;
const uuid = (version: string) =>
  new RegExp(
    `^${HEX(8)}-?${HEX(4)}-?${version}${HEX(3)}-?${version === HEX(1) ? HEX(1) : '[0-9a-fA-F]'}${HEX(3)}-?${HEX(12)}$`,
  );
const DATE = /^(\d{4})-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])$/;
const TIME = /^(\d{4}-\d\d-\d\d)[Tt ]([01]\d|2[0-3]):[0-5]\d:([0-5]\d|60)(?:\.\d+)?(?:[Zz]|[+-]\d\d:?\d\d)?$/;
const HOST =
  /^([a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]{0,61}[a-zA-Z0-9])(\.([a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]{0,61}[a-zA-Z0-9]))*$/;

const isDate = (text: string): boolean => {
  const match = DATE.exec(text);
  return match !== null && Number(match[3]) <= new Date(Date.UTC(Number(match[1]), Number(match[2]), 0)).getUTCDate();
};

export function isIPv6(text: string): boolean {
  const [head, tail, ...more] = text.split('::');
  if (more.length || text === '' || !text.includes(':')) return false;
  const groups = (part: string | undefined) => (part ? part.split(':') : []);
  const all = [...groups(head), ...groups(tail)];
  const last = all.at(-1);
  let count = all.length;
  if (last?.includes('.')) {
    if (!IPV4.test(last)) return false;
    all.pop();
    count++;
  }
  if (!all.every((group) => /^[0-9a-fA-F]{1,4}$/.test(group))) return false;
  return tail === undefined ? count === 8 : count < 8;
}

export const isIPv4 = (text: string): boolean => IPV4.test(text);

export function isCIDR(text: string): boolean {
  const match = /^(.*)\/(\d{1,3})$/.exec(text);
  if (!match || (match[2].length > 1 && match[2][0] === '0')) return false;
  return isIPv4(match[1]) ? Number(match[2]) <= 32 : isIPv6(match[1]) && Number(match[2]) <= 128;
}

/** Go's durations, and words for longer ones ('3 days'). */
const DURATION = /^[+-]?(?:0|(?:(?:\d+(?:\.\d*)?|\.\d+)(?:ns|us|µs|μs|ms|s|m|h))+)$/;
const LONG_DURATION =
  /^(?:\d+\s*(?:ns|nanos?|nanoseconds?|us|µs|micros?|microseconds?|ms|millis?|milliseconds?|s|secs?|seconds?|m|mins?|minutes?|h|hrs?|hours?|d|days?|w|wks?|weeks?)\s*)+$/;

const luhn = (text: string): boolean => {
  const digits = text.replace(/[ -]/g, '');
  if (!/^\d{12,19}$/.test(digits)) return false;
  let sum = 0;
  for (let i = 0; i < digits.length; i++) {
    let digit = Number(digits[digits.length - 1 - i]);
    if (i % 2 === 1) digit = digit > 4 ? digit * 2 - 9 : digit * 2;
    sum += digit;
  }
  return sum % 10 === 0;
};

function isISBN(text: string, length: 10 | 13): boolean {
  const digits = text.replace(/[\s-]/g, '');
  if (!(length === 10 ? /^\d{9}[\dX]$/ : /^\d{13}$/).test(digits)) return false;
  let sum = 0;
  for (let i = 0; i < length; i++) {
    const digit = digits[i] === 'X' ? 10 : Number(digits[i]);
    sum += digit * (length === 10 ? i + 1 : i % 2 ? 3 : 1);
  }
  return sum % (length === 10 ? 11 : 10) === 0;
}

const DNS_LABEL = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/;

export const FORMATS: Readonly<Record<string, (text: string) => boolean>> = {
  bsonobjectid: (text) => /^[0-9a-fA-F]{24}$/.test(text),
  uri: (text) => /^(?:[a-zA-Z][a-zA-Z0-9+.-]*:\S+|\/\S*)$/.test(text),
  email: (text) => /^[^\s@<>]+@[^\s@<>]+$/.test(text),
  hostname: (text) => text.length <= 255 && HOST.test(text),
  ipv4: isIPv4,
  ipv6: isIPv6,
  cidr: isCIDR,
  mac: (text) => /^(?:[0-9a-fA-F]{2}([:-]))(?:[0-9a-fA-F]{2}\1){4}[0-9a-fA-F]{2}$/.test(text),
  uuid: (text) => uuid(HEX(1)).test(text),
  uuid3: (text) => uuid('3').test(text),
  uuid4: (text) => uuid('4').test(text),
  uuid5: (text) => uuid('5').test(text),
  isbn: (text) => isISBN(text, 10) || isISBN(text, 13),
  isbn10: (text) => isISBN(text, 10),
  isbn13: (text) => isISBN(text, 13),
  creditcard: luhn,
  ssn: (text) => /^\d{3}[- ]?\d{2}[- ]?\d{4}$/.test(text),
  hexcolor: (text) => /^#?([0-9a-fA-F]{3}|[0-9a-fA-F]{6})$/.test(text),
  rgbcolor: (text) => {
    const match = /^rgb\(\s*(\d{1,3})\s*,\s*(\d{1,3})\s*,\s*(\d{1,3})\s*\)$/.exec(text);
    return match !== null && match.slice(1).every((part) => Number(part) <= 255);
  },
  byte: (text) => text !== '' && /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/.test(text),
  password: () => true,
  date: isDate,
  duration: (text) => DURATION.test(text) || LONG_DURATION.test(text),
  datetime: (text) => TIME.test(text) && isDate(text.slice(0, 10)),
  'date-time': (text) => TIME.test(text) && isDate(text.slice(0, 10)),
  'k8s-short-name': (text) => text.length <= 63 && DNS_LABEL.test(text),
  'k8s-long-name': (text) => text.length <= 253 && text.split('.').every((label) => DNS_LABEL.test(label)),
};

/** Formats of numbers are known too, and checked by their types. */
export const isKnownFormat = (format: string): boolean =>
  FORMATS[format] !== undefined || ['int32', 'int64', 'float', 'double'].includes(format);
