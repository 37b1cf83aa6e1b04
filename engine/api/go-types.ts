// Values in error messages that are of the API server's internal types: these have no names for JSON, so that v1.34 and later
// print each field under its name in Go, and earlier releases in Go's syntax (%#v). Part `schema`.

import { goValueText } from './go-values.ts';
import { internalValue } from './internal-types.ts';

type Json = Record<string, unknown>;

/**
 * Fields in Go's order, 'Name:type', with '=name' after it where the field of the API is called otherwise. Types: s a text,
 * b a boolean, i a number, I a number or a text, ? a pointer, [] a list, others by name.
 */
const STRUCTS: Readonly<Record<string, string>> = {
  'apiextensions.CustomResourceDefinitionVersion':
    'Name:s Served:b Storage:b Deprecated:b DeprecationWarning:?string Schema:?apiextensions.CustomResourceValidation Subresources:?apiextensions.CustomResourceSubresources AdditionalPrinterColumns:[]apiextensions.CustomResourceColumnDefinition',
  'apiextensions.ValidationRule':
    'Rule:s Message:s MessageExpression:s Reason:?apiextensions.FieldValueErrorReason FieldPath:s',
  'apps.DaemonSetUpdateStrategy': 'Type:s RollingUpdate:?apps.RollingUpdateDaemonSet',
  'apps.DeploymentStrategy': 'Type:s RollingUpdate:?apps.RollingUpdateDeployment',
  'apps.RollingUpdateDaemonSet': 'MaxUnavailable:I MaxSurge:I',
  'apps.RollingUpdateDeployment': 'MaxUnavailable:I MaxSurge:I',
  'apps.RollingUpdateStatefulSetStrategy': 'Partition:i MaxUnavailable:?intstr.IntOrString',
  'apps.StatefulSetUpdateStrategy': 'Type:s RollingUpdate:?apps.RollingUpdateStatefulSetStrategy',
  'authorization.NonResourceAttributes': 'Path:s Verb:s',
  'networking.ServiceCIDRSpec': 'CIDRs:[]string=cidrs',
  'policy.PodDisruptionBudgetSpec':
    'MinAvailable:?intstr.IntOrString Selector:?v1.LabelSelector MaxUnavailable:?intstr.IntOrString UnhealthyPodEvictionPolicy:?policy.UnhealthyPodEvictionPolicyType',
  'rbac.RoleRef': 'APIGroup:s=apiGroup Kind:s Name:s',
  'storage.VolumeAttachmentSource': 'PersistentVolumeName:?string InlineVolumeSpec:?core.PersistentVolumeSpec',
  'storage.VolumeAttachmentSpec': 'Attacher:s Source:storage.VolumeAttachmentSource NodeName:s',
};

/** Fields that later releases have and earlier ones do not. */
const LATER: Readonly<Record<string, string>> = {
  'apiextensions.CustomResourceDefinitionVersion': ' SelectableFields:[]apiextensions.SelectableField',
  'apiextensions.ValidationRule': ' OptionalOldSelf:?bool',
};

interface Field {
  name: string;
  type: string;
  key: string;
}

const fieldsOf = (text: string): Field[] =>
  text.split(' ').map((field) => {
    const [, name, type, key] = /^(\w+):([^=]+)(?:=(\w+))?$/.exec(field) as RegExpExecArray;
    return { name, type, key: key ?? name[0].toLowerCase() + name.slice(1) };
  });

export function typedText(type: string, value: unknown, inGo: boolean): string {
  return inGo ? go(type, value) : JSON.stringify(internal(type, value));
}

const ZEROS: Readonly<Record<string, unknown>> = { s: '', b: false, i: 0, I: 0 };

/** The value with the names and all the fields of its internal type. */
function internal(type: string, value: unknown): unknown {
  if (value === undefined || value === null) return ZEROS[type] ?? null;
  if (type.startsWith('[]')) return (value as unknown[]).map((one) => internal(type.slice(2), one));
  const name = type.replace(/^\?/, '');
  const struct = STRUCTS[name];
  // Of the core group the schema tells the fields.
  if (!struct) return name.startsWith('core.') ? internalValue(name.slice(5), value as Json) : value;
  const out: Json = {};
  for (const field of fieldsOf(struct + (LATER[name] ?? '')))
    out[field.name] = internal(field.type, (value as Json)[field.key]);
  return out;
}

function go(type: string, value: unknown): string {
  if (type.startsWith('?'))
    return `(*${type.slice(1)})(${value === undefined || value === null ? 'nil' : '0xc000012340'})`;
  if (value === undefined || value === null) {
    if (/^(?:\[\]|map\[)/.test(type)) return `${type}(nil)`;
    if (type === 'I') return goValueText('.maxSurge', 0) as string;
    return JSON.stringify(ZEROS[type] ?? '');
  }
  if (type.startsWith('[]')) return `${type}{${(value as unknown[]).map((one) => go(type.slice(2), one)).join(', ')}}`;
  if (type === 'I') return goValueText('.maxSurge', value) as string;
  const struct = STRUCTS[type];
  if (struct) {
    const fields = fieldsOf(struct).map((field) => `${field.name}:${go(field.type, (value as Json)[field.key])}`);
    return `${type}{${fields.join(', ')}}`;
  }
  if (type === 'map[string]interface {}') {
    const pairs = Object.keys(value as Json)
      .sort()
      .map((key) => `${JSON.stringify(key)}:${JSON.stringify((value as Json)[key])}`);
    return `${type}{${pairs.join(', ')}}`;
  }
  return (type.startsWith('map[') && goValueText('.labels', value)) || JSON.stringify(value);
}
