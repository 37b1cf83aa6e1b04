// Label selectors, node selectors, affinity, tolerations and taints as validation sees them.

import type {
  Affinity,
  JsonObject,
  LabelSelector,
  NodeSelector,
  NodeSelectorTerm,
  PodAffinityTerm,
  Toleration,
} from '../types.ts';
import { Faults } from './field.ts';
import { labels } from './metadata.ts';
import { isDNS1123Label, isDNS1123Subdomain, isQualifiedName, isValidLabelValue } from './names.ts';

/** metav1 ValidateLabelSelector. */
export function labelSelector(faults: Faults, path: string, selector: LabelSelector | undefined | null) {
  if (!selector) return;
  labels(faults, `${path}.matchLabels`, selector.matchLabels);
  (selector.matchExpressions ?? []).forEach((expression, i) => {
    const at = `${path}.matchExpressions[${i}]`;
    switch (expression.operator) {
      case 'In':
      case 'NotIn':
        if (!expression.values?.length)
          faults.required(`${at}.values`, "must be specified when `operator` is 'In' or 'NotIn'");
        break;
      case 'Exists':
      case 'DoesNotExist':
        if (expression.values?.length)
          faults.forbidden(`${at}.values`, "may not be specified when `operator` is 'Exists' or 'DoesNotExist'");
        break;
      default:
        faults.invalid(`${at}.operator`, expression.operator, 'not a valid selector operator');
    }
    faults.check(`${at}.key`, expression.key, isQualifiedName);
    (expression.values ?? []).forEach((value, v) => faults.check(`${at}.values[${v}]`, value, isValidLabelValue));
  });
}

function nodeExpression(faults: Faults, at: string, expression: JsonObject, anyValue: boolean) {
  const count = expression.values?.length ?? 0;
  switch (expression.operator) {
    case 'In':
    case 'NotIn':
      if (count === 0) faults.required(`${at}.values`, "must be specified when `operator` is 'In' or 'NotIn'");
      break;
    case 'Exists':
    case 'DoesNotExist':
      if (count > 0)
        faults.forbidden(`${at}.values`, "may not be specified when `operator` is 'Exists' or 'DoesNotExist'");
      break;
    case 'Gt':
    case 'Lt':
      if (count !== 1)
        faults.required(`${at}.values`, "must be specified single value when `operator` is 'Lt' or 'Gt'");
      break;
    default:
      faults.invalid(`${at}.operator`, expression.operator ?? '', 'not a valid selector operator');
  }
  faults.check(`${at}.key`, expression.key ?? '', isQualifiedName);
  if (anyValue) return;
  (expression.values ?? []).forEach((value: string, i: number) =>
    faults.check(`${at}.values[${i}]`, value, isValidLabelValue),
  );
}

function nodeField(faults: Faults, at: string, expression: JsonObject) {
  if (expression.operator !== 'In' && expression.operator !== 'NotIn') {
    faults.invalid(`${at}.operator`, expression.operator ?? '', 'not a valid selector operator');
  } else if (expression.values?.length !== 1) {
    faults.required(
      `${at}.values`,
      "must be only one value when `operator` is 'In' or 'NotIn' for node field selector",
    );
  }
  if (expression.key !== 'metadata.name') {
    faults.invalid(`${at}.key`, expression.key ?? '', 'not a valid field selector key');
    return;
  }
  (expression.values ?? []).forEach((value: string, i: number) =>
    faults.check(`${at}.values[${i}]`, value, isDNS1123Subdomain),
  );
}

/** `anyValue`: preferences may name values that no label can have. */
function nodeSelectorTerm(faults: Faults, path: string, term: NodeSelectorTerm, anyValue = false) {
  (term.matchExpressions ?? []).forEach((e, i) =>
    nodeExpression(faults, `${path}.matchExpressions[${i}]`, e, anyValue),
  );
  (term.matchFields ?? []).forEach((e, i) => nodeField(faults, `${path}.matchFields[${i}]`, e));
}

export function nodeSelector(faults: Faults, path: string, selector: NodeSelector) {
  const terms = selector.nodeSelectorTerms;
  if (!terms?.length) faults.required(`${path}.nodeSelectorTerms`, 'must have at least one node selector term');
  (terms ?? []).forEach((term, i) => nodeSelectorTerm(faults, `${path}.nodeSelectorTerms[${i}]`, term));
}

function weight(faults: Faults, path: string, value: number) {
  if (value <= 0 || value > 100) faults.invalid(`${path}.weight`, value, 'must be in the range 1-100');
}

function labelKeys(faults: Faults, path: string, keys: string[] | undefined, selector: LabelSelector | undefined) {
  if (!keys?.length) return;
  if (!selector) faults.forbidden(path, 'must not be specified when labelSelector is not set');
  else keys.forEach((key, i) => faults.check(`${path}[${i}]`, key, isQualifiedName));
}

type LabelKeys = Pick<PodAffinityTerm, 'matchLabelKeys' | 'mismatchLabelKeys' | 'labelSelector'>;

/** The selector of a new Pod has taken in its own labels, so that a key may stand there once more than the client wrote. */
export function matchLabelKeys(
  faults: Faults,
  path: string,
  { matchLabelKeys: match, mismatchLabelKeys: mismatch, labelSelector: selector }: LabelKeys,
) {
  labelKeys(faults, `${path}.matchLabelKeys`, match, selector);
  labelKeys(faults, `${path}.mismatchLabelKeys`, mismatch, selector);
  const selected = new Set(Object.keys(selector?.matchLabels ?? {}));
  for (const { key } of selector?.matchExpressions ?? []) {
    const index = match?.indexOf(key) ?? -1;
    if (index >= 0 && selected.has(key))
      faults.invalid(`${path}[${index}]`, key, 'exists in both matchLabelKeys and labelSelector');
    selected.add(key);
  }
  match?.forEach((key, i) => {
    if (mismatch?.includes(key))
      faults.invalid(`${path}.matchLabelKeys[${i}]`, key, 'exists in both matchLabelKeys and mismatchLabelKeys');
  });
}

function podAffinityTerm(faults: Faults, path: string, term: PodAffinityTerm) {
  labelSelector(faults, `${path}.labelSelector`, term.labelSelector);
  labelSelector(faults, `${path}.namespaceSelector`, term.namespaceSelector);
  for (const name of term.namespaces ?? []) faults.check(`${path}.namespace`, name, isDNS1123Label);
  matchLabelKeys(faults, path, term);
  if (!term.topologyKey) faults.required(`${path}.topologyKey`, 'can not be empty');
  faults.check(`${path}.topologyKey`, term.topologyKey ?? '', isQualifiedName);
}

const REQUIRED = 'requiredDuringSchedulingIgnoredDuringExecution';
const PREFERRED = 'preferredDuringSchedulingIgnoredDuringExecution';

export function affinity(faults: Faults, path: string, value: Affinity | undefined) {
  if (!value) return;
  const node = value.nodeAffinity;
  if (node) {
    if (node[REQUIRED]) nodeSelector(faults, `${path}.nodeAffinity.${REQUIRED}`, node[REQUIRED]);
    (node[PREFERRED] ?? []).forEach((term, i) => {
      const at = `${path}.nodeAffinity.${PREFERRED}[${i}]`;
      weight(faults, at, term.weight);
      nodeSelectorTerm(faults, `${at}.preference`, term.preference, true);
    });
  }
  for (const kind of ['podAffinity', 'podAntiAffinity'] as const) {
    const rules = value[kind];
    (rules?.[REQUIRED] ?? []).forEach((term, i) => podAffinityTerm(faults, `${path}.${kind}.${REQUIRED}[${i}]`, term));
    (rules?.[PREFERRED] ?? []).forEach((term, i) => {
      const at = `${path}.${kind}.${PREFERRED}[${i}]`;
      weight(faults, at, term.weight);
      podAffinityTerm(faults, `${at}.podAffinityTerm`, term.podAffinityTerm);
    });
  }
}

/** All that is wrong with a value as one fault. */
export function labelValue(faults: Faults, path: string, value: string) {
  const wrong = isValidLabelValue(value);
  if (wrong.length) faults.invalid(path, value, wrong.join(';'));
}

export const TAINT_EFFECTS = ['NoSchedule', 'PreferNoSchedule', 'NoExecute'];

export function tolerations(faults: Faults, path: string, list: Toleration[] | undefined) {
  (list ?? []).forEach((toleration, i) => {
    const at = `${path}[${i}]`;
    if (toleration.key) faults.check(`${at}.key`, toleration.key, isQualifiedName);
    if (!toleration.key && toleration.operator !== 'Exists') {
      faults.invalid(
        `${at}.operator`,
        toleration.operator ?? '',
        'operator must be Exists when `key` is empty, which means "match all values and all keys"',
      );
    }
    if (toleration.tolerationSeconds !== undefined && toleration.effect !== 'NoExecute') {
      faults.invalid(
        `${at}.effect`,
        toleration.effect ?? '',
        "effect must be 'NoExecute' when `tolerationSeconds` is set",
      );
    }
    switch (toleration.operator) {
      case undefined:
      case '':
      case 'Equal':
        labelValue(faults, `${at}.operator`, toleration.value ?? '');
        break;
      case 'Exists':
        if (toleration.value)
          faults.invalid(`${at}.operator`, toleration.value, "value must be empty when `operator` is 'Exists'");
        break;
      default:
        faults.notSupported(`${at}.operator`, toleration.operator, ['Equal', 'Exists']);
    }
    if (toleration.effect) faults.ifNot(`${at}.effect`, toleration.effect, TAINT_EFFECTS);
  });
}
