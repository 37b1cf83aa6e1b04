// The API requests behind a command line: what the log has gained since it began.

import type { LoggedRequest, RequestLog } from './apiserver/request-log.ts';

/** Programs that people start; everything else in the log is a component of the cluster. */
const PROGRAMS = /^(kubectl|curl|Wget|helm)\b/;

export class CommandRequests {
  private readonly log: RequestLog;
  /** Sequence numbers at which the command line before the present one, and the present one, began. */
  private before = 0;
  private began = 0;

  constructor(log: RequestLog) {
    this.log = log;
  }

  /** A command line begins. */
  mark() {
    this.before = this.began;
    this.began = this.log.count;
  }

  /** Of the present command line, whoever sent them. */
  present(): LoggedRequest[] {
    return this.log.since(this.began);
  }

  /** Of the present command line if it has sent any, else of the one before; `all`: the components' too. */
  list(all: boolean): LoggedRequest[] {
    const since = this.log.since(this.before);
    const mine = ({ userAgent }: LoggedRequest) => PROGRAMS.test(userAgent);
    const start = since.length - (this.log.count - this.began);
    const now = start >= 0 ? since.slice(start) : since;
    const chosen = now.some(mine) ? now : start >= 0 ? since.slice(0, start) : since;
    return all ? chosen : chosen.filter(mine);
  }
}
