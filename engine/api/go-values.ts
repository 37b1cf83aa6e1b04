// Values in error messages until v1.33: in Go's syntax (%#v), which tells their types (part `schema`). Which type a
// value has follows from its field; of those that occur, the ones that people meet are here.

type Json = Record<string, unknown>;

/** Elements of lists that are no plain strings. */
const ELEMENTS: Readonly<Record<string, string>> = {
  operations: 'admissionregistration.OperationType',
  policyTypes: 'networking.PolicyType',
  scopes: 'core.ResourceQuotaScope',
  validationActions: 'admissionregistration.ValidationAction',
  volumeLifecycleModes: 'storage.VolumeLifecycleMode',
};
const INT_OR_STRING = /\.(maxSurge|maxUnavailable|minAvailable)$/;
const SELECTOR = /(^|\.)(\w*S|s)elector$/;
const quote = (value: unknown) => JSON.stringify(value);

function strings(list: readonly unknown[] | undefined, element = 'string'): string {
  return list ? `[]${element}{${list.map(quote).join(', ')}}` : `[]${element}(nil)`;
}

function stringMap(map: Json | undefined): string {
  if (!map) return 'map[string]string(nil)';
  const pairs = Object.keys(map)
    .sort()
    .map((key) => `${quote(key)}:${quote(map[key])}`);
  return `map[string]string{${pairs.join(', ')}}`;
}

function labelSelector({ matchLabels, matchExpressions }: { matchLabels?: Json; matchExpressions?: Json[] }): string {
  const requirement = 'v1.LabelSelectorRequirement';
  const each = (matchExpressions ?? []).map(
    ({ key, operator, values }) =>
      `${requirement}{Key:${quote(key)}, Operator:${quote(operator)}, Values:${strings(values as unknown[] | undefined)}}`,
  );
  const expressions = matchExpressions ? `{${each.join(', ')}}` : '(nil)';
  return `v1.LabelSelector{MatchLabels:${stringMap(matchLabels)}, MatchExpressions:[]${requirement}${expressions}}`;
}

/** Undefined: of a type that prints as it does today, or that is not known here. */
export function goValueText(field: string, value: unknown): string | undefined {
  if (INT_OR_STRING.test(field) && (typeof value === 'number' || typeof value === 'string')) {
    return typeof value === 'number'
      ? `intstr.IntOrString{Type:0, IntVal:${value}, StrVal:""}`
      : `intstr.IntOrString{Type:1, IntVal:0, StrVal:${quote(value)}}`;
  }
  if (field === 'metadata.resourceVersion' && value === 0) return '0x0';
  if (/\.labels$/.test(field) && typeof (value ?? {}) === 'object') return stringMap((value ?? undefined) as Json);
  if (Array.isArray(value)) {
    if (!value.length || value.some((one) => typeof one !== 'string')) return undefined;
    return strings(value, ELEMENTS[/\w*$/.exec(field.replace(/\[\d+\]$/, ''))?.[0] ?? '']);
  }
  if (!value || typeof value !== 'object') return undefined;
  const known = Object.keys(value).every((key) => key === 'matchLabels' || key === 'matchExpressions');
  return known && SELECTOR.test(field) ? labelSelector(value) : undefined;
}
