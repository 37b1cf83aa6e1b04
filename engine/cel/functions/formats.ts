// format.dns1123Label().validate(text): the named formats of Kubernetes' CEL, which answer with what is wrong.

import {
  isDNS1035Label,
  isDNS1123Label,
  isDNS1123Subdomain,
  isQualifiedName,
  isValidLabelValue,
  maskTrailingDash,
  type Format,
} from '../../api/validation/names.ts';
import { Optional, type Environment } from '../library.ts';
import { define } from './define.ts';

class NamedFormat {
  readonly check: Format;
  constructor(check: Format) {
    this.check = check;
  }
}

const prefix =
  (format: Format): Format =>
  (text) =>
    format(maskTrailingDash(text));
const matching =
  (pattern: RegExp, complaint: string): Format =>
  (text) =>
    pattern.test(text) ? [] : [complaint];

const FORMATS: Readonly<Record<string, NamedFormat>> = {
  dns1123Label: new NamedFormat(isDNS1123Label),
  dns1123Subdomain: new NamedFormat(isDNS1123Subdomain),
  dns1035Label: new NamedFormat(isDNS1035Label),
  qualifiedName: new NamedFormat(isQualifiedName),
  dns1123LabelPrefix: new NamedFormat(prefix(isDNS1123Label)),
  dns1123SubdomainPrefix: new NamedFormat(prefix(isDNS1123Subdomain)),
  dns1035LabelPrefix: new NamedFormat(prefix(isDNS1035Label)),
  labelValue: new NamedFormat(isValidLabelValue),
  uri: new NamedFormat(matching(/^(?:[a-zA-Z][a-zA-Z0-9+.-]*:\S+|\/\S*)$/, 'invalid URI for request')),
  uuid: new NamedFormat(
    matching(
      /^[0-9a-fA-F]{8}-?[0-9a-fA-F]{4}-?[0-9a-fA-F]{4}-?[0-9a-fA-F]{4}-?[0-9a-fA-F]{12}$/,
      'does not match the UUID format',
    ),
  ),
  byte: new NamedFormat(matching(/^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/, 'invalid base64')),
  date: new NamedFormat(matching(/^\d{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d|3[01])$/, 'invalid date')),
  datetime: new NamedFormat(
    matching(
      /^\d{4}-\d\d-\d\d[Tt](?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d(?:\.\d+)?(?:[Zz]|[+-]\d\d:\d\d)$/,
      'invalid datetime',
    ),
  ),
};

/** `format` is written like a variable. */
class FormatNamespace {}

export function formats(environment: Environment) {
  environment.registerType('kubernetes.NamedFormat', NamedFormat);
  environment.registerType('FormatNamespace', FormatNamespace);
  environment.registerConstant('format', 'FormatNamespace', new FormatNamespace());
  const functions: Record<string, (...args: never[]) => unknown> = {
    'FormatNamespace.named(string): optional<kubernetes.NamedFormat>': (_: unknown, name: string) =>
      FORMATS[name] ? Optional.of(FORMATS[name]) : Optional.none(),
    'kubernetes.NamedFormat.validate(string): optional<list<string>>': (format: NamedFormat, text: string) => {
      const faults = format.check(text);
      return faults.length ? Optional.of(faults) : Optional.none();
    },
  };
  for (const name in FORMATS) functions[`FormatNamespace.${name}(): kubernetes.NamedFormat`] = () => FORMATS[name];
  define(environment, functions);
}
