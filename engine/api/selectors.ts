// Label selectors and field selectors: texts as query parameters and kubectl carry them, and LabelSelector objects.
// Refusals use the words of apimachinery's parsers.

import type { LabelSelector } from './types.ts';
import { isQualifiedName, isValidLabelValue } from './validation/names.ts';

export type LabelOperator = 'in' | 'notin' | 'exists' | '!' | 'gt' | 'lt';
type Labels = Record<string, string> | undefined | null;

export interface LabelRequirement {
  key: string;
  operator: LabelOperator;
  values: readonly string[];
  matches(labels: Labels): boolean;
}

export interface FieldRequirement {
  field: string;
  equal: boolean;
  value: string;
}

/** A selector that cannot be read. */
export class SelectorError extends Error {}

type Token = {
  kind: 'id' | 'in' | 'notin' | ',' | '(' | ')' | '!' | '=' | '==' | '!=' | '<' | '>' | 'end';
  text: string;
};

function tokenize(text: string): Token[] {
  const tokens: Token[] = [];
  const pattern = /\s*(==|!=|[=!<>(),]|[^\s=!<>(),]+)/y;
  pattern.lastIndex = 0;
  for (let match = pattern.exec(text); match; match = pattern.exec(text)) {
    const word = match[1];
    const symbol = /^(==|!=|[=!<>(),]|in|notin)$/.test(word);
    tokens.push({ kind: symbol ? (word as Token['kind']) : 'id', text: word });
  }
  tokens.push({ kind: 'end', text: '' });
  return tokens;
}

function makeRequirement(key: string, operator: LabelOperator, values: readonly string[]): LabelRequirement {
  return { key, operator, values, matches: matcher(key, operator, values) };
}

function matcher(key: string, operator: LabelOperator, values: readonly string[]): (labels: Labels) => boolean {
  switch (operator) {
    case 'in':
      if (values.length === 1) {
        const only = values[0];
        return (labels) => labels?.[key] === only;
      }
      return (labels) => {
        const value = labels?.[key];
        return value !== undefined && values.includes(value);
      };
    case 'notin':
      return (labels) => {
        const value = labels?.[key];
        return value === undefined || !values.includes(value);
      };
    case 'exists':
      return (labels) => labels?.[key] !== undefined;
    case '!':
      return (labels) => labels?.[key] === undefined;
    default: {
      const bound = Number(values[0]);
      return (labels) => {
        const value = labels?.[key];
        if (value === undefined || !/^[-+]?\d+$/.test(value)) return false;
        return operator === 'gt' ? Number(value) > bound : Number(value) < bound;
      };
    }
  }
}

/** labels.NewRequirement: checks the key and the values. */
function checkedRequirement(key: string, operator: LabelOperator, values: readonly string[]): LabelRequirement {
  const faults: string[] = [];
  for (const fault of isQualifiedName(key)) faults.push(`<nil>: Invalid value: ${JSON.stringify(key)}: ${fault}`);
  if (operator === 'gt' || operator === 'lt') {
    values.forEach((value, i) => {
      if (!/^[-+]?\d+$/.test(value)) {
        faults.push(
          `values[${i}]: Invalid value: ${JSON.stringify(value)}: for 'Gt', 'Lt' operators, the value must be an integer`,
        );
      }
    });
  }
  values.forEach((value, i) => {
    for (const fault of isValidLabelValue(value))
      faults.push(`values[${i}][${key}]: Invalid value: ${JSON.stringify(value)}: ${fault}`);
  });
  if (faults.length === 1) throw new SelectorError(`unable to parse requirement: ${faults[0]}`);
  if (faults.length) throw new SelectorError(`unable to parse requirement: [${faults.join(', ')}]`);
  return makeRequirement(key, operator, values);
}

const found = (token: Token, expected: string) => new SelectorError(`found '${token.text}', expected: ${expected}`);
const unreadable = (token: Token, expected: string) =>
  new SelectorError(`unable to parse requirement: found '${token.text}', expected: ${expected}`);

class LabelParser {
  private readonly tokens: Token[];
  private at = 0;

  constructor(text: string) {
    this.tokens = tokenize(text);
  }

  parse(): LabelRequirement[] {
    const requirements: LabelRequirement[] = [];
    for (;;) {
      const token = this.peek();
      if (token.kind === 'end') return requirements;
      if (token.kind !== 'id' && token.kind !== '!' && token.kind !== 'in' && token.kind !== 'notin') {
        throw found(token, "!, identifier, or 'end of string'");
      }
      requirements.push(this.requirement());
      const next = this.take();
      if (next.kind === 'end') return requirements;
      if (next.kind !== ',') throw found(next, "',' or 'end of string'");
      const after = this.peek();
      if (after.kind !== 'id' && after.kind !== '!' && after.kind !== 'in' && after.kind !== 'notin') {
        throw found(after, "identifier after ','");
      }
    }
  }

  private requirement(): LabelRequirement {
    let token = this.take();
    const negated = token.kind === '!';
    if (negated) token = this.take();
    if (token.kind !== 'id' && token.kind !== 'in' && token.kind !== 'notin') throw unreadable(token, 'identifier');
    const key = token.text;
    if (negated) return checkedRequirement(key, '!', []);
    const next = this.peek();
    if (next.kind === 'end' || next.kind === ',') return checkedRequirement(key, 'exists', []);
    this.at++;
    switch (next.kind) {
      case 'in':
      case 'notin':
        return checkedRequirement(key, next.kind, this.values());
      case '=':
      case '==':
        return checkedRequirement(key, 'in', [this.exactValue()]);
      case '!=':
        return checkedRequirement(key, 'notin', [this.exactValue()]);
      case '>':
        return checkedRequirement(key, 'gt', [this.exactValue()]);
      case '<':
        return checkedRequirement(key, 'lt', [this.exactValue()]);
      default:
        throw unreadable(next, 'in, notin, =, ==, !=, gt, lt');
    }
  }

  private exactValue(): string {
    const token = this.peek();
    if (token.kind === 'end' || token.kind === ',') return '';
    this.at++;
    if (token.kind !== 'id' && token.kind !== 'in' && token.kind !== 'notin') throw unreadable(token, 'identifier');
    return token.text;
  }

  private values(): string[] {
    const open = this.take();
    if (open.kind !== '(') throw unreadable(open, "'('");
    const values = new Set<string>();
    const first = this.peek();
    if (first.kind === ')') {
      this.at++;
      return [''];
    }
    if (first.kind !== 'id' && first.kind !== ',' && first.kind !== 'in' && first.kind !== 'notin') {
      throw unreadable(first, "',', ')' or identifier");
    }
    for (;;) {
      const token = this.take();
      if (token.kind === ',') {
        // A comma without a value before or after it stands for the empty value.
        values.add('');
        if (this.peek().kind === ')') {
          this.at++;
          return [...values].sort();
        }
        continue;
      }
      if (token.kind !== 'id' && token.kind !== 'in' && token.kind !== 'notin')
        throw unreadable(token, "',', or identifier");
      values.add(token.text);
      const after = this.take();
      if (after.kind === ')') return [...values].sort();
      if (after.kind !== ',') throw unreadable(after, "',' or ')'");
      if (this.peek().kind === ')') {
        this.at++;
        values.add('');
        return [...values].sort();
      }
    }
  }

  private peek(): Token {
    return this.tokens[this.at];
  }

  private take(): Token {
    const token = this.tokens[this.at];
    if (token.kind !== 'end') this.at++;
    return token;
  }
}

const CACHE_LIMIT = 500;
const labelCache = new Map<string, LabelRequirement[]>();

/** Reads `a=b,c in (x,y),!d`. Throws SelectorError. */
export function parseLabelSelector(text: string): LabelRequirement[] {
  const known = labelCache.get(text);
  if (known) return known;
  const requirements = new LabelParser(text).parse();
  if (labelCache.size >= CACHE_LIMIT) labelCache.clear();
  labelCache.set(text, requirements);
  return requirements;
}

export function matchesRequirements(requirements: readonly LabelRequirement[], labels: Labels): boolean {
  for (let i = 0; i < requirements.length; i++) if (!requirements[i].matches(labels)) return false;
  return true;
}

const OPERATORS: Record<string, LabelOperator> = {
  In: 'in',
  NotIn: 'notin',
  Exists: 'exists',
  DoesNotExist: '!',
  Gt: 'gt',
  Lt: 'lt',
};

// The selector of an object is compiled once for as long as the object lives.
const compiled = new WeakMap<object, LabelRequirement[]>();

/** The requirements of a LabelSelector object; an empty one selects everything. Throws SelectorError for an unknown operator. */
export function selectorRequirements(selector: LabelSelector): LabelRequirement[] {
  const known = compiled.get(selector);
  if (known) return known;
  const requirements: LabelRequirement[] = [];
  const matchLabels = selector.matchLabels;
  for (const key in matchLabels) requirements.push(makeRequirement(key, 'in', [matchLabels[key]]));
  for (const expression of selector.matchExpressions ?? []) {
    const operator = OPERATORS[expression.operator];
    if (!operator || operator === 'gt' || operator === 'lt') {
      throw new SelectorError(`${JSON.stringify(expression.operator)} is not a valid label selector operator`);
    }
    requirements.push(makeRequirement(expression.key, operator, expression.values ?? []));
  }
  compiled.set(selector, requirements);
  return requirements;
}

/** Whether a LabelSelector object selects these labels; no selector selects nothing. */
export function matchesSelector(selector: LabelSelector | undefined | null, labels: Labels): boolean {
  return selector ? matchesRequirements(selectorRequirements(selector), labels) : false;
}

/** Whether a plain map of labels (a Service's selector) selects these labels; an empty one selects nothing. */
export function matchesLabels(selector: Labels, labels: Labels): boolean {
  if (!selector) return false;
  let any = false;
  for (const key in selector) {
    if (labels?.[key] !== selector[key]) return false;
    any = true;
  }
  return any;
}

const WORDS: Record<LabelOperator, (key: string, values: readonly string[]) => string> = {
  in: (key, values) => (values.length === 1 ? `${key}=${values[0]}` : `${key} in (${values.join(',')})`),
  notin: (key, values) => (values.length === 1 ? `${key}!=${values[0]}` : `${key} notin (${values.join(',')})`),
  exists: (key) => key,
  '!': (key) => `!${key}`,
  gt: (key, values) => `${key}>${values[0]}`,
  lt: (key, values) => `${key}<${values[0]}`,
};

/** metav1.FormatLabelSelector: `a=b,c in (x,y)`; `<none>` for an empty selector, `<error>` for a broken one. */
export function formatLabelSelector(selector: LabelSelector | undefined | null): string {
  if (!selector) return '<none>';
  let requirements: LabelRequirement[];
  try {
    requirements = selectorRequirements(selector);
  } catch {
    return '<error>';
  }
  const sorted = requirements.slice().sort((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0));
  const text = sorted
    .map(({ key, operator, values }) =>
      // In of one value from matchExpressions keeps its form, as upstream does.
      operator === 'in' && selector.matchLabels?.[key] === undefined
        ? `${key} in (${[...values].sort().join(',')})`
        : operator === 'notin'
          ? `${key} notin (${[...values].sort().join(',')})`
          : WORDS[operator](key, values),
    )
    .join(',');
  return text || '<none>';
}

/** A requirement as text, as selectors are sent. */
export function requirementText(requirement: LabelRequirement): string {
  return WORDS[requirement.operator](requirement.key, requirement.values);
}

/** Labels as text, `<none>` when there are none: labels.FormatLabels. */
export function formatLabels(labels: Labels): string {
  const keys = labels ? Object.keys(labels).sort() : [];
  return keys.length ? keys.map((key) => `${key}=${(labels as Record<string, string>)[key]}`).join(',') : '<none>';
}

/** Reads `metadata.name=x,status.phase!=Running`; a backslash escapes `,`, `=` and itself. Throws SelectorError. */
export function parseFieldSelector(text: string): FieldRequirement[] {
  const out: FieldRequirement[] = [];
  for (const term of splitUnescaped(text)) {
    if (term === '') continue;
    const match = /^((?:\\.|[^=!\\]|!(?!=))*?)(!=|==|=)(.*)$/s.exec(term);
    if (!match) throw new SelectorError(`invalid selector: '${text}'; can't understand '${term}'`);
    out.push({ field: match[1], equal: match[2] !== '!=', value: unescapeValue(match[3]) });
  }
  return out;
}

function splitUnescaped(text: string): string[] {
  const terms: string[] = [];
  let start = 0;
  for (let i = 0; i < text.length; i++) {
    if (text[i] === '\\') i++;
    else if (text[i] === ',') {
      terms.push(text.slice(start, i));
      start = i + 1;
    }
  }
  terms.push(text.slice(start));
  return terms;
}

function unescapeValue(value: string): string {
  let out = '';
  for (let i = 0; i < value.length; i++) {
    const char = value[i];
    if (char === '\\') {
      const next = value[++i];
      if (next !== '\\' && next !== ',' && next !== '=') {
        throw new SelectorError(`invalid field selector: invalid escape sequence: \\${next ?? ''}`);
      }
      out += next;
    } else if (char === ',' || char === '=') {
      throw new SelectorError(`invalid field selector: unescaped character in ${value}: ${char}`);
    } else {
      out += char;
    }
  }
  return out;
}
