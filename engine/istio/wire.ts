// Mutual TLS between proxies, and the stream of configuration from istiod. On the wire stand record heads only; what a
// record holds is known to the two ends of its session.

import type { Reader, Socket } from '../linux/index.ts';
import type { Co, Sim } from '../sim/index.ts';
import type { Snapshot, Workload } from './types.ts';

/** A workload's certificate, as istiod has signed it. */
export interface Credential {
  /** spiffe://… */
  uri: string;
  /** Which authority has signed it. */
  issuer: string;
  serial: string;
  notBefore: number;
  notAfter: number;
}

interface Session {
  client: Hello;
  server: Hello | undefined;
  records: string[];
}

/** What an end says of itself in the handshake. */
export interface Hello {
  credential: Credential;
  /** Server name: outbound_.80_._.web.default.svc.cluster.local */
  sni: string;
  /** Istio's: what is inside. */
  alpn: 'istio-http/1.1' | 'istio' | 'hbone';
  /** Metadata exchange of proxies. */
  peer: Workload | undefined;
  /** Where ztunnel is to go on to. */
  target?: { ip: string; port: number };
}

/** What ends that know each other have in common: sessions by number, and what istiod has computed. */
class Wires {
  readonly sessions = new Map<number, Session>();
  readonly snapshots = new Map<string, Snapshot>();
  private last = 0;

  open(session: Session): number {
    this.sessions.set(++this.last, session);
    return this.last;
  }
}

const wires = new WeakMap<Sim, Wires>();

export function wiresOf(sim: Sim): Wires {
  let found = wires.get(sim);
  if (!found) wires.set(sim, (found = new Wires()));
  return found;
}

const HANDSHAKE = '\x16\x03';
const RECORD = '\x17\x03\x03';

/** A connection inside of which bytes are secret, and who is at its other end. */
export interface Secured {
  socket: Socket;
  peer: Hello;
  sni: string;
}

/** Sends the client's hello and waits for the answer; a text is why there is no session. */
export function* secureClient(sim: Sim, socket: Socket, hello: Hello): Co<Secured | string> {
  const session: Session = { client: hello, server: undefined, records: [] };
  const { sessions } = wiresOf(sim);
  const id = wiresOf(sim).open(session);
  socket.writer.write(`${HANDSHAKE}\x01${id}\n`);
  const answer = yield* socket.reader.read();
  if (answer === undefined || !session.server) {
    sessions.delete(id);
    const text =
      answer === undefined
        ? 'connection termination'
        : 'TLS_error:|268435703:SSL routines:OPENSSL_internal:WRONG_VERSION_NUMBER:TLS_error_end';
    return text;
  }
  const end = answer.indexOf('\n') + 1;
  if (end < answer.length) socket.reader.unread(answer.slice(end));
  const problem = distrusted(session.server.credential, hello.credential, sim.now);
  if (problem) return problem;
  return { socket: sealed(socket, session), peer: session.server, sni: hello.sni };
}

/** Whether what a client sends first is a hello of this kind. */
export const isHello = (text: string): boolean => text.startsWith(HANDSHAKE);

/** Answers a client's hello, whose text has been read; a text is why it is turned away. */
export function secureServer(
  sim: Sim,
  socket: Socket,
  text: string,
  own: { credential: Credential; peer: Workload | undefined },
): Secured | string {
  const end = text.indexOf('\n');
  const session = wiresOf(sim).sessions.get(Number(text.slice(HANDSHAKE.length + 1, end)));
  wiresOf(sim).sessions.delete(Number(text.slice(HANDSHAKE.length + 1, end)));
  if (!session) return 'TLS_error:|268435703:SSL routines:OPENSSL_internal:WRONG_VERSION_NUMBER:TLS_error_end';
  const problem = distrusted(session.client.credential, own.credential, sim.now);
  if (problem) return problem;
  session.server = { credential: own.credential, sni: session.client.sni, alpn: session.client.alpn, peer: own.peer };
  socket.writer.write(`${HANDSHAKE}\x03\n`);
  if (end + 1 < text.length) socket.reader.unread(text.slice(end + 1));
  return { socket: sealed(socket, session), peer: session.client, sni: session.client.sni };
}

function distrusted(shown: Credential, own: Credential, now: number): string | undefined {
  if (shown.issuer !== own.issuer)
    return 'TLS_error:|268435581:SSL routines:OPENSSL_internal:CERTIFICATE_VERIFY_FAILED:verify cert failed:TLS_error_end';
  if (now > shown.notAfter)
    return 'TLS_error:|268435581:SSL routines:OPENSSL_internal:CERTIFICATE_VERIFY_FAILED:certificate has expired:TLS_error_end';
  return undefined;
}

/** The connection with its texts in records. */
function sealed(socket: Socket, session: Session): Socket {
  const { records } = session;
  let rest = '';
  let back = '';
  const reader: Reader = {
    *read() {
      if (back) {
        const text = back;
        back = '';
        return text;
      }
      for (;;) {
        const raw = yield* socket.reader.read();
        if (raw === undefined) return undefined;
        const whole = rest + raw;
        const end = whole.lastIndexOf('\n');
        rest = whole.slice(end + 1);
        if (end < 0) continue;
        let text = '';
        for (const head of whole.slice(0, end).split('\n')) {
          const number = Number(head.slice(RECORD.length));
          text += records[number];
          records[number] = '';
        }
        return text;
      }
    },
    unread(text) {
      back = text + back;
    },
    close: () => socket.reader.close(),
  };
  return {
    local: socket.local,
    remote: socket.remote,
    reader,
    writer: {
      write: (text) => text === '' || socket.writer.write(`${RECORD}${records.push(text) - 1}\n`),
      drain: () => socket.writer.drain(),
      close: () => socket.writer.close(),
    },
    get wasReset() {
      return socket.wasReset;
    },
    close: () => socket.close(),
    reset: () => socket.reset(),
  };
}

/** Passes bytes on both ways until both ends have ended; what has been carried each way. */
export function* join(
  sim: Sim,
  a: Socket,
  b: Socket,
  count = { forth: 0, back: 0 },
): Co<{ forth: number; back: number }> {
  const copy = function* (from: Socket, to: Socket, way: 'forth' | 'back'): Co {
    for (;;) {
      const text = yield* from.reader.read();
      if (text === undefined) break;
      count[way] += text.length;
      if (!to.writer.write(text)) break;
      yield* to.writer.drain();
    }
    if (from.wasReset) to.reset();
    else to.writer.close();
  };
  const tasks = [sim.spawn('join', copy(a, b, 'forth')), sim.spawn('join', copy(b, a, 'back'))];
  for (const task of tasks) while (!task.done) yield task.exited;
  a.close();
  b.close();
  return count;
}
