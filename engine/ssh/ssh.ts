// ssh: a command or a shell on another machine, with its streams and its status; and ports carried to where it goes.

import { Exit, SIGNALS, terminalOf, type Process, type Program } from '../linux/index.ts';
import { Signal, type Co, type Task } from '../sim/index.ts';
import { login, type Channel, type Connection } from './client.ts';
import { destinationOf, type Destination } from './destination.ts';
import { localForwards } from './forwarding.ts';
import { end, FAILED, isPort, letters, SshOptions } from './options.ts';

const USAGE = `usage: ssh [-46AaCfGgKkMNnqsTtVvXxYy] [-B bind_interface] [-b bind_address]
           [-c cipher_spec] [-D [bind_address:]port] [-E log_file]
           [-e escape_char] [-F configfile] [-I pkcs11] [-i identity_file]
           [-J destination] [-L address] [-l login_name] [-m mac_spec]
           [-O ctl_cmd] [-o option] [-P tag] [-p port] [-R address]
           [-S ctl_path] [-W host:port] [-w local_tun[:remote_tun]]
           destination [command [argument ...]]
       ssh [-Q query_option]
`;
const LETTERS = '46AaCfGgKkMNnqsTtVvXxYyB:b:c:D:E:e:F:I:i:J:L:l:m:O:o:P:p:Q:R:S:W:w:';
/** They change nothing here: an address of IPv4 is tried first, there is no agent, nothing is compressed. */
const WITHOUT_EFFECT = '4aACkxe';
const VERSION = 'OpenSSH_10.0p2 Debian-7, OpenSSL 3.5.1 1 Jul 2025';

export const ssh: Program = function* (process): Co<number> {
  const { argv } = process;
  const usage = (message?: string): never => {
    if (message) process.stderr.write(`${message}\n`);
    process.stderr.write(USAGE);
    throw new Exit(FAILED);
  };
  const options = new SshOptions(process);
  const set = (text: string) => options.set(text, 'command-line: line 0');
  let [verbose, quiet, noInput, noCommand, background, terminals, noTerminal] = [0, 0, 0, 0, 0, 0, 0];
  let configFile: string | undefined;
  let standardForward: string | undefined;
  const take = (letter: string, value: string) => {
    switch (letter) {
      case 'v':
        verbose++;
        break;
      case 'q':
        quiet++;
        break;
      case 'n':
        noInput++;
        break;
      case 'N':
        noCommand++;
        break;
      case 'f':
        background++;
        break;
      case 't':
        terminals++;
        break;
      case 'T':
        noTerminal++;
        break;
      case 'F':
        configFile = value;
        break;
      case 'W':
        standardForward = value;
        break;
      case 'l':
        set(`User ${value}`);
        break;
      case 'p':
        if (!isPort(value)) end(process, `Bad port '${value}'`);
        set(`Port ${value}`);
        break;
      case 'i': {
        const path = value.replace(/^~(?=\/)/, process.env.HOME ?? '');
        if (process.host.fs.view(process).find(path)) set(`IdentityFile ${path}`);
        else process.stderr.write(`Warning: Identity file ${value} not accessible: No such file or directory.\n`);
        break;
      }
      case 'J':
        set(`ProxyJump ${value}`);
        break;
      case 'L':
        set(`LocalForward ${value}`);
        break;
      case 'o':
        set(value);
        break;
      case 'V':
        process.stderr.write(`${VERSION}\n`);
        throw new Exit(0);
      default:
        if (!WITHOUT_EFFECT.includes(letter)) end(process, `ssh: -${letter} is not modelled by this engine`);
    }
  };
  const first = letters(argv, 1, LETTERS, usage);
  for (const [letter, value] of first.given) take(letter, value);
  const target = argv[first.next];
  if (target === undefined) return usage();
  // Options may follow the destination.
  const second = letters(argv, first.next + 1, LETTERS, usage);
  for (const [letter, value] of second.given) take(letter, value);
  const words = argv.slice(second.next);
  const destination = destinationOf(process, { target, options, configFile, verbose: verbose > 0 });
  const asked = options.text('requesttty');
  const force = terminals > 1 || asked === 'force';
  const wants = noTerminal || asked === 'no' ? false : words.length === 0 || terminals > 0 || asked === 'yes' || force;
  const session = !noCommand && standardForward === undefined;
  if (session && wants && !force && !process.tty && !quiet && options.text('loglevel')?.toLowerCase() !== 'quiet')
    process.stderr.write('Pseudo-terminal will not be allocated because stdin is not a terminal.\n');
  if (verbose) process.stderr.write(`${VERSION}\n`);
  if (background && !words.length && session) end(process, 'Cannot fork into background without a command to execute.');
  const ready = new Signal();
  let isReady = false;
  const whole: Program = function* (own) {
    const connection = yield* login(own, destination);
    const forwards = localForwards(own, connection, options);
    try {
      if (typeof forwards === 'string') return end(own, forwards);
      isReady = true;
      ready.fire();
      if (standardForward !== undefined) return yield* forwardInput(own, connection, standardForward);
      if (!session) return yield* untilLost(own, connection, destination);
      const tty = wants && (own.tty || force);
      const input = noInput + background === 0;
      return yield* command(own, connection, destination, { words, tty, input, quiet: quiet > 0 });
    } finally {
      if (typeof forwards !== 'string') forwards.close();
      connection.disconnect();
    }
  };
  if (!background) return yield* whole(process);
  // It asks and logs in before it goes into the background.
  const { stdin, stdout, stderr, host, cwd, env, uid, gid, groups, tty } = process;
  const child = host.spawn({ program: whole, argv, stdin, stdout, stderr, cwd, env, uid, gid, groups, tty });
  while (!isReady && child.status === undefined) yield { signals: [ready, (child.task as Task<number>).exited] };
  return child.status ?? 0;
};

interface Command {
  words: string[];
  tty: boolean;
  input: boolean;
  quiet: boolean;
}

function* command(
  process: Process,
  connection: Connection,
  destination: Destination,
  { words, tty, input, quiet }: Command,
): Co<number> {
  const { shown, debug } = destination;
  const terminal = tty ? (terminalOf(process) ?? { columns: 80, rows: 24 }) : undefined;
  const env: Record<string, string> = {};
  for (const name in process.env) if (name === 'LANG' || name.startsWith('LC_')) env[name] = process.env[name];
  if (tty) env.TERM = process.env.TERM ?? 'dumb';
  const text = words.join(' ');
  debug(text ? `Sending command: ${text}` : 'Entering interactive session.');
  const channel = connection.open({ session: { env, ...(text && { command: text }), ...(terminal && { terminal }) } });
  const feeder = input ? process.host.sim.spawn('ssh stdin', feed(process, connection, channel)) : undefined;
  if (!input) connection.eof(channel);
  if (tty) process.handlers.set('INT', () => connection.send(channel, '\x03'));
  const printed = yield* copyOut(process, connection, channel);
  feeder?.kill();
  if (!printed) return 128 + SIGNALS.PIPE;
  if (channel.status === undefined) {
    const { ended } = connection;
    process.stderr.write(
      ended === 'timeout'
        ? `Timeout, server ${shown} not responding.\r\n`
        : ended === 'silent'
          ? `client_loop: send disconnect: Connection timed out\r\n`
          : `Connection to ${shown} closed by remote host.\r\n`,
    );
  }
  if (tty && !quiet) process.stderr.write(`Connection to ${shown} closed.\r\n`);
  debug(`Exit status ${channel.signal === undefined ? (channel.status ?? -1) : -1}`);
  return channel.signal === undefined ? (channel.status ?? FAILED) : FAILED;
}

/** Prints what comes until the command has ended; false: nobody reads any more. */
function* copyOut(process: Process, connection: Connection, channel: Channel): Co<boolean> {
  const { out, err } = channel;
  for (;;) {
    const text = out.take();
    const errors = err.take();
    if (text && !process.stdout.write(text)) return false;
    if (errors) process.stderr.write(errors);
    yield* process.stdout.drain();
    if (out.size || err.size) continue;
    if (channel.status !== undefined || connection.ended || channel.state === 'closed') return true;
    yield { signals: [channel.changed, out.changed, err.changed, connection.changed] };
  }
}

function* feed(process: Process, connection: Connection, channel: Channel): Co {
  for (;;) {
    const text = yield* process.stdin.read();
    if (text === undefined || !connection.send(channel, text)) break;
    yield* connection.drain();
  }
  connection.eof(channel);
}

/** -N */
function* untilLost(process: Process, connection: Connection, { shown }: Destination): Co<number> {
  while (!connection.ended) yield connection.changed;
  process.stderr.write(
    connection.ended === 'timeout'
      ? `Timeout, server ${shown} not responding.\r\n`
      : `Connection to ${shown} closed by remote host.\r\n`,
  );
  return FAILED;
}

/** -W */
function* forwardInput(process: Process, connection: Connection, target: string): Co<number> {
  const [, six, four, port] = /^(?:\[(.*)\]|([^:]+)):(\d+)$/.exec(target) ?? [];
  if (!port || !isPort(port)) return end(process, `Bad stdio forwarding specification '${target}'`);
  const channel = connection.open({ host: six ?? four, port: Number(port) });
  const why = yield* connection.opened(channel);
  if (why !== undefined) return end(process, `channel 0: open failed: ${why}\nstdio forwarding failed`);
  const feeder = process.host.sim.spawn('ssh stdin', feed(process, connection, channel));
  try {
    for (;;) {
      const text = yield* channel.out.read();
      if (text === undefined || !process.stdout.write(text)) return 0;
    }
  } finally {
    feeder.kill();
  }
}
