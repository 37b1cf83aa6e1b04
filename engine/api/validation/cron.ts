// Cron schedules, for validation: the five fields and the @-words, with the words of the parser that Kubernetes uses.

const MONTHS = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'];
const DAYS = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'];
const FIELDS: { min: number; max: number; names?: string[]; base?: number }[] = [
  { min: 0, max: 59 },
  { min: 0, max: 23 },
  { min: 1, max: 31 },
  { min: 1, max: 12, names: MONTHS, base: 1 },
  { min: 0, max: 6, names: DAYS, base: 0 },
];
const DESCRIPTORS = ['@yearly', '@annually', '@monthly', '@weekly', '@daily', '@midnight', '@hourly'];

type Bounds = (typeof FIELDS)[number];

function number(text: string, bounds: Bounds): number | string {
  const name = bounds.names?.indexOf(text.toLowerCase()) ?? -1;
  if (name >= 0) return name + (bounds.base as number);
  if (!/^[-+]?\d+$/.test(text))
    return `failed to parse int from ${text}: strconv.Atoi: parsing ${JSON.stringify(text)}: invalid syntax`;
  return Number(text) < 0 ? `negative number (${Number(text)}) not allowed: ${text}` : Number(text);
}

function rangeFault(expression: string, bounds: Bounds): string | undefined {
  const rangeAndStep = expression.split('/');
  const lowAndHigh = rangeAndStep[0].split('-');
  let start: number | string;
  let end: number | string;
  if (lowAndHigh[0] === '*' || lowAndHigh[0] === '?') {
    start = bounds.min;
    end = bounds.max;
  } else {
    start = number(lowAndHigh[0], bounds);
    if (typeof start === 'string') return start;
    if (lowAndHigh.length === 1) end = start;
    else if (lowAndHigh.length === 2) end = number(lowAndHigh[1], bounds);
    else return `too many hyphens: ${expression}`;
    if (typeof end === 'string') return end;
  }
  let step: number | string = 1;
  if (rangeAndStep.length === 2) {
    step = number(rangeAndStep[1], bounds);
    if (typeof step === 'string') return step;
    if (lowAndHigh.length === 1 && lowAndHigh[0] !== '*') end = bounds.max;
  } else if (rangeAndStep.length > 2) {
    return `too many slashes: ${expression}`;
  }
  if (start < bounds.min) return `beginning of range (${start}) below minimum (${bounds.min}): ${expression}`;
  if (end > bounds.max) return `end of range (${end}) above maximum (${bounds.max}): ${expression}`;
  if (start > end) return `beginning of range (${start}) beyond end of range (${end}): ${expression}`;
  if (step === 0) return `step of range should be a positive number: ${expression}`;
  return undefined;
}

/** What is wrong with a schedule, or nothing. */
export function cronSchedule(schedule: string): string | undefined {
  let spec = schedule;
  const zone = /^(?:CRON_)?TZ=(\S*) (.*)$/.exec(schedule);
  if (zone) spec = zone[2].trim();
  if (spec.startsWith('@')) {
    if (DESCRIPTORS.includes(spec)) return undefined;
    if (spec.startsWith('@every ')) {
      return /^@every (\d+(\.\d+)?(ns|us|µs|ms|s|m|h))+$/.test(spec)
        ? undefined
        : `failed to parse duration ${spec}: time: invalid duration ${JSON.stringify(spec.slice(7))}`;
    }
    return `unrecognized descriptor: ${spec}`;
  }
  const fields = spec.split(/\s+/).filter(Boolean);
  if (fields.length !== 5) return `expected exactly 5 fields, found ${fields.length}: [${fields.join(' ')}]`;
  for (let i = 0; i < 5; i++) {
    for (const expression of fields[i].split(',').filter(Boolean)) {
      const fault = rangeFault(expression, FIELDS[i]);
      if (fault) return fault;
    }
  }
  return undefined;
}
