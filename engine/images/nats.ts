// NATS: the server, and the box with its command.

import { LineReader, type Program, type Socket } from '../linux/index.ts';
import type { Co } from '../sim/index.ts';
import { app, html, json, text } from './app.ts';
import { execArguments, flagValue, refuse } from './service.ts';
import { BUSYBOX_COMMANDS } from './tools.ts';
import type { Repository } from './types.ts';
import { releases } from './versions.ts';

const alpine = {
  userland: 'busybox',
  commands: BUSYBOX_COMMANDS,
  os: 'Alpine Linux v3.23',
} as const satisfies Partial<Repository>;

interface Subscription {
  pattern: RegExp;
  sid: string;
  socket: Socket;
  /** What goes to a queue group goes to one of it. */
  queue: string;
}

/** `orders.*.new`, `orders.>` as an expression. */
const subjectPattern = (subject: string) =>
  new RegExp(
    `^${subject
      .split('.')
      .map((part) => (part === '*' ? '[^.]+' : part === '>' ? '.+' : part.replace(/[^\w-]/g, '\\$&')))
      .join('\\.')}$`,
  );

/** nats-server: subjects, subscriptions and queue groups by the protocol of NATS, which is lines of text. */
const natsServer = (version: string): Program =>
  function* (process): Co<number> {
    const { argv, host } = process;
    const port = Number(flagValue(argv, '-p', '--port') ?? 4222);
    const monitor = Number(flagValue(argv, '-m', '--http_port') ?? 8222);
    const id = host.sim.random('nats').hex(56).toUpperCase();
    let subscriptions: Subscription[] = [];
    let messages = 0;

    function publish(subject: string, reply: string, payload: string) {
      messages++;
      const groups = new Map<string, Subscription[]>();
      const send = ({ socket, sid }: Subscription) =>
        socket.writer.write(`MSG ${subject} ${sid} ${reply && `${reply} `}${payload.length}\r\n${payload}\r\n`);
      for (const one of subscriptions) {
        if (!one.pattern.test(subject)) continue;
        if (!one.queue) send(one);
        else groups.set(one.queue, [...(groups.get(one.queue) ?? []), one]);
      }
      for (const members of groups.values()) send(members[host.sim.random('nats queues').int(members.length)]);
    }
    function* talk(socket: Socket): Co {
      socket.writer.write(
        `INFO ${JSON.stringify({ server_id: id, server_name: host.hostname, version, proto: 1, port, headers: false, max_payload: 1_048_576 })} \r\n`,
      );
      const lines = new LineReader(socket.reader);
      for (let raw = yield* lines.line(); raw !== undefined; raw = yield* lines.line()) {
        const words = raw.trim().split(/\s+/);
        const verb = words[0].toUpperCase();
        if (verb === 'PING') socket.writer.write('PONG\r\n');
        else if (verb === 'SUB') {
          const sid = words[words.length - 1];
          subscriptions.push({
            pattern: subjectPattern(words[1]),
            sid,
            socket,
            queue: words.length > 3 ? words[2] : '',
          });
        } else if (verb === 'UNSUB')
          subscriptions = subscriptions.filter((one) => one.socket !== socket || one.sid !== words[1]);
        else if (verb === 'PUB')
          publish(words[1], words.length > 3 ? words[2] : '', ((yield* lines.line()) ?? '').replace(/\r$/, ''));
        else if (verb && !['CONNECT', 'PONG'].includes(verb)) {
          socket.writer.write("-ERR 'Unknown Protocol Operation'\r\n");
          break;
        }
      }
      subscriptions = subscriptions.filter((one) => one.socket !== socket);
      socket.close();
    }

    const line = (words: string) => `[${process.pid}] {slashes}.000000 [INF] ${words}\n`;
    return yield* app({
      ports: [
        { port, talk },
        {
          port: monitor,
          http: {
            '/': html('NATS'),
            '/healthz': text('{"status":"ok"}'),
            '/varz': () =>
              json({ server_id: id, version, port, in_msgs: messages, subscriptions: subscriptions.length }, 200, 2),
            '/connz': () => json({ num_connections: new Set(subscriptions.map((one) => one.socket)).size }, 200, 2),
          },
        },
      ],
      stream: 'stderr',
      start: line(`Starting nats-server`) + line(`  Version:  ${version}`) + line(`  ID:       ${id}`),
      ready:
        line(`Starting http monitor on 0.0.0.0:${monitor}`) +
        line(`Listening for client connections on 0.0.0.0:${port}`) +
        line('Server is ready'),
      stop: line('Initiating Shutdown...') + line('Server Exiting..'),
    })(process);
  };

/** The `nats` command: pub, sub, reply and request. */
const natsCli: Program = function* (process): Co<number> {
  const words = process.argv.slice(1);
  const server = flagValue(words, '-s', '--server') ?? process.env.NATS_URL ?? 'nats://127.0.0.1:4222';
  const queue = flagValue(words, '--queue') ?? '';
  const count = Number(flagValue(words, '--count') ?? Infinity);
  const [verb, subject, ...rest] = words.filter(
    (word, i) => !word.startsWith('-') && !/^(-s|--server|--queue|--count)$/.test(words[i - 1] ?? ''),
  );
  if (!['pub', 'publish', 'sub', 'subscribe', 'request', 'req', 'reply'].includes(verb)) {
    return yield* refuse(`the command "${verb ?? ''}" is not modelled by this engine`)(process);
  }
  const [host, port = '4222'] = server.replace(/^nats:\/\//, '').split(':');
  const addresses = yield* process.host.resolve(host);
  const socket = addresses?.length
    ? yield* process.host.net.connect(addresses[0], Number(port), { timeout: 2_000 })
    : 'ENOENT';
  if (typeof socket === 'string') {
    process.stderr.write(
      `nats: error: ${addresses?.length ? 'nats: no servers available for connection' : `dial tcp: lookup ${host}: no such host`}\n`,
    );
    return 1;
  }
  const lines = new LineReader(socket.reader);
  yield* lines.line();
  const say = (line: string) => process.stdout.write(`${line}\n`);
  const text = rest.join(' ');
  socket.writer.write('CONNECT {"verbose":false}\r\n');
  if (verb.startsWith('pub')) {
    socket.writer.write(`PUB ${subject} ${text.length}\r\n${text}\r\nPING\r\n`);
    yield* lines.line();
    say(`${new Date(process.host.sim.now).toISOString().slice(11, 19)} Published ${text.length} bytes to "${subject}"`);
    socket.close();
    return 0;
  }
  const asking = verb.startsWith('req');
  const inbox = `_INBOX.${process.host.sim.random('nats inboxes').hex(22)}`;
  socket.writer.write(`SUB ${asking ? inbox : subject} ${queue && `${queue} `}1\r\n`);
  if (asking) socket.writer.write(`PUB ${subject} ${inbox} ${text.length}\r\n${text}\r\n`);
  say(
    asking
      ? `Sending request on "${subject}"`
      : verb === 'reply'
        ? `Listening on "${subject}" in group "${queue || 'NATS-RPLY-22'}"`
        : `Subscribing on ${subject} `,
  );
  process.handlers.set('TERM', () => socket.close());
  process.handlers.set('INT', () => socket.close());
  for (let n = 1; n <= count; n++) {
    const head = (yield* lines.line())?.trim().split(' ');
    if (!head) break;
    const payload = ((yield* lines.line()) ?? '').replace(/\r$/, '');
    say(`[#${n}] Received on "${head[1]}"\n${payload}\n`);
    if (verb === 'reply' && head.length > 4) socket.writer.write(`PUB ${head[3]} ${text.length}\r\n${text}\r\n`);
    if (asking) break;
  }
  socket.close();
  return 0;
};

export const natsRepositories: Repository[] = [
  {
    ...alpine,
    names: ['docker.io/library/nats', 'docker.io/nats-io/nats-server'],
    tags: Object.assign(releases('2.9.25', '2.10.29', '2.11.11', '2.12.3'), {
      alpine: '2.12.3',
      '2.10-alpine': '2.10.29',
      '2.11-alpine': '2.11.11',
      '2.12-alpine': '2.12.3',
    }),
    size: 8_900_000,
    entrypoint: ['docker-entrypoint.sh'],
    cmd: ['nats-server', '--config', '/etc/nats/nats-server.conf'],
    exposedPorts: ['4222/tcp', '6222/tcp', '8222/tcp'],
    memory: 12_000_000,
    versionedPrograms: (version) => ({
      '/usr/local/bin/docker-entrypoint.sh': execArguments('nats-server'),
      '/usr/local/bin/nats-server': natsServer(version),
    }),
  },
  {
    ...alpine,
    names: ['docker.io/natsio/nats-box', 'docker.io/synadia/nats-box'],
    tags: () => releases('0.14.5', '0.18.1', '0.19.2'),
    size: 42_000_000,
    commands: BUSYBOX_COMMANDS.concat('curl', 'bash'),
    entrypoint: ['/entrypoint.sh'],
    cmd: ['sh', '-l'],
    entrypointRuns: '/entrypoint.sh',
    programs: { '/usr/local/bin/nats': natsCli },
  },
];
