// The last events of a part, as the actuator lists them.

export class EventLog<Event extends object> {
  private readonly now: () => number;
  private readonly heard: ((event: Event) => void) | undefined;
  private readonly size = 100;
  private events: (Event & { creationTime: string })[] = [];

  constructor(now: () => number, heard?: (event: Event) => void) {
    this.now = now;
    this.heard = heard;
  }

  add(event: Event & { type: string }) {
    const { type } = event;
    // The name comes first, then the type and the time.
    const [[nameOf, name], ...rest] = Object.entries(event).filter(([key]) => key !== 'type');
    const dated = { [nameOf]: name, type, creationTime: zoned(this.now()), ...Object.fromEntries(rest) };
    this.events.push(dated as unknown as Event & { creationTime: string });
    if (this.events.length > this.size) this.events.shift();
    this.heard?.(event);
  }

  list(): readonly Event[] {
    return this.events;
  }
}

/** As Java prints a ZonedDateTime: seconds only when there are some. */
function zoned(ms: number): string {
  const iso = new Date(ms).toISOString();
  const fraction = iso.slice(19, 23);
  const seconds = iso.slice(16, 19);
  const time = fraction === '.000' ? (seconds === ':00' ? '' : seconds) : seconds + fraction;
  return `${iso.slice(0, 16)}${time}Z[Etc/UTC]`;
}
