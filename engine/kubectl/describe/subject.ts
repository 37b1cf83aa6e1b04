// The subject of a certificate request (PKCS #10), read from its DER.

export interface Subject {
  commonName: string;
  serialNumber: string;
  organization: string[];
  organizationalUnit: string[];
  country: string[];
  locality: string[];
}

interface Element {
  tag: number;
  start: number;
  end: number;
}

/** The element at `at`; undefined past the end or when the bytes are no DER. */
function element(bytes: Uint8Array, at: number, limit: number): Element | undefined {
  if (at + 2 > limit) return undefined;
  let length = bytes[at + 1];
  let start = at + 2;
  if (length & 0x80) {
    const count = length & 0x7f;
    length = 0;
    for (let i = 0; i < count; i++) length = length * 256 + (bytes[start++] ?? 0);
  }
  return start + length > limit ? undefined : { tag: bytes[at], start, end: start + length };
}

function children(bytes: Uint8Array, parent: Element | undefined): Element[] {
  const out: Element[] = [];
  for (let at = parent?.start ?? 0; parent && at < parent.end;) {
    const next = element(bytes, at, parent.end);
    if (!next) break;
    out.push(next);
    at = next.end;
  }
  return out;
}

const text = (bytes: Uint8Array, { start, end }: Element) => {
  let out = '';
  for (let i = start; i < end; i++) out += String.fromCharCode(bytes[i]);
  return out;
};

/** The last arc of the attributes 2.5.4.x. */
const COMMON_NAME = 3;
const SERIAL_NUMBER = 5;
const COUNTRY = 6;
const LOCALITY = 7;
const ORGANIZATION = 10;
const UNIT = 11;

export function certificateSubject(bytes: Uint8Array): Subject {
  const subject: Subject = {
    commonName: '',
    serialNumber: '',
    organization: [],
    organizationalUnit: [],
    country: [],
    locality: [],
  };
  const [info] = children(bytes, element(bytes, 0, bytes.length));
  const [, name] = children(bytes, info);
  for (const set of children(bytes, name)) {
    for (const attribute of children(bytes, set)) {
      const [id, value] = children(bytes, attribute);
      if (!id || !value || bytes[id.start] !== 0x55 || bytes[id.start + 1] !== 4) continue;
      const content = text(bytes, value);
      switch (bytes[id.start + 2]) {
        case COMMON_NAME:
          subject.commonName = content;
          break;
        case SERIAL_NUMBER:
          subject.serialNumber = content;
          break;
        case COUNTRY:
          subject.country.push(content);
          break;
        case LOCALITY:
          subject.locality.push(content);
          break;
        case ORGANIZATION:
          subject.organization.push(content);
          break;
        case UNIT:
          subject.organizationalUnit.push(content);
          break;
      }
    }
  }
  return subject;
}
