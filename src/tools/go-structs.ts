// Reads the struct types that a Go program carries for reflection out of its ELF file (x86-64, not position
// independent): each type's package and name, and of each field its name, tag and type. Layout: Go's internal/abi.

import { readFileSync } from 'node:fs';

export interface GoField {
  name: string;
  tag: string;
  embedded: boolean;
  type: GoType;
}

export interface GoType {
  /** `bool`, `int32`, `string`, `struct`, `ptr`, `slice`, `map`… */
  kind: string;
  name: string;
  pkg: string;
  /** What a pointer, slice or map leads to. */
  element?: GoType;
  fields: GoField[];
}

const KINDS: Record<number, string> = { 1: 'bool', 5: 'int32', 6: 'int64', 21: 'map', 22: 'ptr', 23: 'slice' };
const STRING = 24;
const STRUCT = 25;
const RTYPE = 48;

export class GoStructs {
  private readonly bytes: Buffer;
  private readonly sections: { name: string; address: number; offset: number; size: number }[] = [];
  private readonly known = new Map<number, GoType>();
  private readonly types: number;
  private readonly byName = new Map<string, GoType>();

  constructor(file: string) {
    this.bytes = readFileSync(file);
    const { bytes } = this;
    const table = Number(bytes.readBigUInt64LE(40));
    const entry = bytes.readUInt16LE(58);
    const raw = Array.from({ length: bytes.readUInt16LE(60) }, (_, i) => table + i * entry);
    const names = Number(bytes.readBigUInt64LE(raw[bytes.readUInt16LE(62)] + 24));
    for (const at of raw) {
      const start = names + bytes.readUInt32LE(at);
      this.sections.push({
        name: bytes.toString('latin1', start, bytes.indexOf(0, start)),
        address: Number(bytes.readBigUInt64LE(at + 16)),
        offset: Number(bytes.readBigUInt64LE(at + 24)),
        size: Number(bytes.readBigUInt64LE(at + 32)),
      });
    }
    this.types = this.section('.rodata').address;
    const links = this.section('.typelink');
    for (let at = links.offset; at < links.offset + links.size; at += 4) this.type(this.types + bytes.readInt32LE(at));
  }

  /** A struct by package path and name. */
  struct(pkg: string, name: string): GoType | undefined {
    return this.byName.get(`${pkg}.${name}`);
  }

  private section(name: string) {
    const found = this.sections.find((section) => section.name === name);
    if (!found) throw new Error(`no section ${name}: not a Go program for Linux?`);
    return found;
  }

  private offset(address: number): number {
    const section = this.sections.find((s) => s.address && address >= s.address && address < s.address + s.size);
    if (!section) throw new Error(`address ${address.toString(16)} is in no section`);
    return section.offset + address - section.address;
  }

  private pointer(at: number): number {
    return Number(this.bytes.readBigUInt64LE(at));
  }

  private text(at: number): { text: string; end: number } {
    let length = 0;
    let shift = 0;
    for (let byte = 0x80; byte & 0x80; shift += 7) {
      byte = this.bytes[at++];
      length |= (byte & 0x7f) << shift;
    }
    return { text: this.bytes.toString('utf8', at, at + length), end: at + length };
  }

  private name(address: number): { name: string; tag: string; embedded: boolean } {
    const at = this.offset(address);
    const flags = this.bytes[at];
    const { text: name, end } = this.text(at + 1);
    return { name, tag: flags & 2 ? this.text(end).text : '', embedded: (flags & 8) !== 0 };
  }

  private type(address: number): GoType {
    const known = this.known.get(address);
    if (known) return known;
    const { bytes } = this;
    const at = this.offset(address);
    const flags = bytes[at + 20];
    const kind = bytes[at + 23] & 31;
    let { name } = this.name(this.types + bytes.readInt32LE(at + 40));
    if (flags & 2) name = name.slice(1);
    const type: GoType = {
      kind: KINDS[kind] ?? (kind === STRING ? 'string' : kind === STRUCT ? 'struct' : `kind ${kind}`),
      name: name.slice(name.lastIndexOf('.') + 1),
      pkg: '',
      fields: [],
    };
    this.known.set(address, type);
    if (kind === 22 || kind === 23) type.element = this.type(this.pointer(at + RTYPE));
    if (kind === 21) type.element = this.type(this.pointer(at + RTYPE + 8));
    if (kind !== STRUCT) return type;
    if (flags & 1) {
      const pkg = bytes.readInt32LE(at + RTYPE + 32);
      if (pkg) type.pkg = this.name(this.types + pkg).name;
    }
    const first = this.pointer(at + RTYPE + 8);
    const count = this.pointer(at + RTYPE + 16);
    for (let i = 0; i < count; i++) {
      const field = this.offset(first + i * 24);
      type.fields.push({ ...this.name(this.pointer(field)), type: this.type(this.pointer(field + 8)) });
    }
    if (type.pkg) this.byName.set(`${type.pkg}.${type.name}`, type);
    return type;
  }
}
