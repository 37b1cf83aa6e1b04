// The catalogue of kinds: `createScheme()` and the small languages that kinds are written in.

export { createScheme, type Catalog, type Conversion, type CustomKind } from './scheme.ts';
export { deepEqual } from './change.ts';
export { base64Length, base64Text, utf8Base64, utf8Length } from './base64.ts';
export { humanDuration, shortHumanDuration, translateTimestampSince, translateTimestampUntil } from './duration.ts';
export { pullPolicyFor } from './defaults/pod.ts';
export { podQOSClass, type QOSClass } from './qos.ts';
export {
  QuantityError,
  addQuantities,
  canonicalQuantity,
  compareQuantities,
  formatQuantity,
  parseQuantity,
  quantityMilli,
  quantityValue,
  subtractQuantities,
} from './quantity.ts';
export {
  SelectorError,
  formatLabelSelector,
  formatLabels,
  matchesLabels,
  matchesRequirements,
  matchesSelector,
  parseFieldSelector,
  parseLabelSelector,
  requirementText,
  selectorRequirements,
  type FieldRequirement,
  type LabelRequirement,
} from './selectors.ts';
export { podSummary } from './pod-summary.ts';
export { formatMicroTime, formatTime, normalizeTime } from './time.ts';
export * from './types.ts';
