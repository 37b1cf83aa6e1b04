// Fluentd and Fluent Bit: they read files as their configuration says and write the lines to standard output, or say
// in one sentence that where the lines should go is not there.

import type { Process, Program } from '../linux/index.ts';
import { Signal, type Co } from '../sim/index.ts';
import { clock, flagValue, refuse } from './service.ts';
import { DEBIAN_COMMANDS } from './tools.ts';
import type { Repository } from './types.ts';
import { plain, releases } from './versions.ts';

interface Input {
  /** `tail`, `dummy`… */
  kind: string;
  paths: string[];
  tag: string;
  fromStart: boolean;
  dummy: string;
}
interface Output {
  kind: string;
  match: string;
}
interface Pipeline {
  inputs: Input[];
  outputs: Output[];
}

/** How often a dummy speaks, and how often it is looked for files that are not there yet. */
const INTERVAL = 1_000;
const REFRESH = 10_000;

/** `count.*`, `**`, `*`: the tags that an output takes. */
function matches(pattern: string, tag: string): boolean {
  return pattern.split(/\s+/).some((one) => {
    const source = one.replace(/[.+^${}()|[\]\\]/g, '\\$&').replace(/\*\*?/g, '.*');
    return new RegExp(`^${source}$`).test(tag);
  });
}

/** The files that a path with `*` in its last part means. */
function expand({ host }: Process, path: string): string[] {
  if (!path.includes('*')) return [path];
  const slash = path.lastIndexOf('/');
  const dir = path.slice(0, slash);
  if (!host.fs.isDirectory(dir)) return [];
  return host.fs
    .readdir(dir)
    .filter((name) => matches(path.slice(slash + 1), name))
    .map((name) => `${dir}/${name}`);
}

/** Reads and writes until it is told to stop. `line` makes the text of a record. */
function* ship(
  process: Process,
  pipeline: Pipeline,
  said: (path: string) => string,
  line: (tag: string, record: Record<string, unknown>) => string,
): Co {
  const { fs } = process.host;
  const read = new Map<string, number>();
  const known: string[] = [];
  const stopped = new Signal();
  let running = true;
  for (const name of ['TERM', 'INT', 'QUIT']) {
    process.handlers.set(name, () => {
      running = false;
      stopped.fire();
    });
  }
  const give = (tag: string, record: Record<string, unknown>) => {
    for (const output of pipeline.outputs) {
      if (output.kind === 'stdout' && matches(output.match, tag)) process.stdout.write(line(tag, record));
    }
  };
  let first = true;
  const ticking = pipeline.inputs.some(({ kind }) => kind === 'dummy');
  const looking = pipeline.inputs.some(({ paths }) => paths.length);
  while (running) {
    const changes = [stopped];
    for (const input of pipeline.inputs) {
      if (input.kind === 'dummy') give(input.tag, JSON.parse(input.dummy) as Record<string, unknown>);
      for (const path of input.paths.flatMap((one) => expand(process, one))) {
        const node = fs.find(path);
        if (node?.kind !== 'file') continue;
        if (!known.includes(path)) {
          known.push(path);
          process.stderr.write(said(path));
          // What was there before is left out, unless the configuration wants it.
          if (first && !input.fromStart) read.set(path, node.text.length);
        }
        changes.push(node.changed);
        const from = read.get(path) ?? 0;
        const end = node.text.lastIndexOf('\n') + 1;
        if (end <= from) {
          if (node.text.length < from) read.set(path, 0);
          continue;
        }
        read.set(path, end);
        const tag = input.tag.replace('*', path.slice(1).replaceAll('/', '.'));
        for (const text of node.text.slice(from, end - 1).split('\n')) give(tag, { log: text });
      }
    }
    first = false;
    if (!running) break;
    if (ticking || looking) yield { signals: changes, timeout: ticking ? INTERVAL : REFRESH };
    else yield stopped;
  }
}

// ---- Fluentd ----------------------------------------------------------------------------------------------------

/** `<source>` and `<match>` of a configuration; other blocks shape records and are left out. */
function readFluentd(text: string): Pipeline | string {
  const pipeline: Pipeline = { inputs: [], outputs: [] };
  const blocks = text.replace(/^\s*#.*$/gm, '').matchAll(/<(source|match)\s*([^>]*)>([\s\S]*?)<\/\1>/g);
  for (const [, block, argument, body] of blocks) {
    const value = (name: string) => new RegExp(`^\\s*@?${name}\\s+(.+?)\\s*$`, 'm').exec(body)?.[1];
    const kind = value('type') ?? '';
    if (block === 'match') pipeline.outputs.push({ kind, match: argument.trim() || '**' });
    else if (['tail', 'forward', 'http', 'monitor_agent', 'prometheus', 'systemd', 'dummy', 'sample'].includes(kind)) {
      pipeline.inputs.push({
        kind: kind === 'sample' ? 'dummy' : kind,
        paths: kind === 'tail' ? (value('path') ?? '').split(',').map((one) => one.trim()) : [],
        tag: value('tag') ?? '',
        fromStart: value('read_from_head') === 'true',
        dummy: value('sample') ?? value('dummy') ?? '{"message":"sample"}',
      });
    } else return `Unknown input plugin '${kind}'. Run 'gem search -rd fluent-plugin' to find plugins`;
  }
  return pipeline;
}

const fluentd = (version: string): Program =>
  function* (process): Co<number> {
    const { env, argv, host } = process;
    if (argv.includes('--version')) {
      process.stdout.write(`fluentd ${version}\n`);
      return 0;
    }
    const given = (env.FLUENTD_ARGS ?? env.FLUENTD_OPT ?? '').split(/\s+/);
    const path =
      flagValue([...argv, ...given], '-c', '--config') ??
      (env.FLUENTD_CONF ? `/fluentd/etc/${env.FLUENTD_CONF}` : '/fluentd/etc/fluent.conf');
    const log = (level: string, text: string) => `${clock(process).plain} +0000 [${level}]: ${text}\n`;
    const text = host.fs.exists(path) ? host.fs.readFile(path) : undefined;
    process.stdout.write(log('info', 'init supervisor logger path=nil rotate_age=nil rotate_size=nil'));
    if (text === undefined) {
      process.stdout.write(
        log(
          'error',
          `config error file="${path}" error_class=Fluent::ConfigError error="No such file or directory @ rb_sysopen - ${path}"`,
        ),
      );
      return 1;
    }
    process.stdout.write(log('info', `parsing config file is succeeded path="${path}"`));
    const pipeline = readFluentd(text);
    if (typeof pipeline === 'string') {
      process.stdout.write(
        log('error', `config error file="${path}" error_class=Fluent::NotFoundPluginError error="${pipeline}"`),
      );
      return 1;
    }
    process.stdout.write(log('info', `starting fluentd-${version} pid=${process.pid} ruby="3.2.6"`));
    for (const { kind, match } of pipeline.outputs) {
      if (!['stdout', 'null'].includes(kind))
        process.stdout.write(
          log('warn', `#0 the output "${kind}" of ${match} is not modelled by this engine, its records are dropped`),
        );
    }
    yield 400;
    const listening = pipeline.inputs.some(({ kind }) => kind === 'forward') || pipeline.inputs.length === 0;
    const listener = listening ? host.net.listen(24224, () => undefined) : undefined;
    process.stdout.write(log('info', '#0 fluentd worker is now running worker=0'));
    yield* ship(
      process,
      pipeline,
      (file) => log('info', `#0 following tail of ${file}`),
      (tag, record) =>
        `${clock(process).plain}.000000000 +0000 ${tag}: ${JSON.stringify('log' in record ? { message: record.log } : record)}\n`,
    );
    listener?.close();
    process.stdout.write(log('info', 'Worker 0 finished with status 0'));
    return 0;
  };

// ---- Fluent Bit -------------------------------------------------------------------------------------------------

/** Sections of the classic configuration, or `-i tail -p path=… -o stdout` of the command line. */
function readFluentBit(text: string): Pipeline {
  const pipeline: Pipeline = { inputs: [], outputs: [] };
  for (const section of text.replace(/^\s*#.*$/gm, '').split(/^\s*(?=\[)/m)) {
    const value = (name: string) => new RegExp(`^\\s*${name}\\s+(.+?)\\s*$`, 'im').exec(section)?.[1];
    const kind = (value('Name') ?? '').toLowerCase();
    if (section.startsWith('[INPUT]')) {
      pipeline.inputs.push({
        kind,
        paths: kind === 'tail' ? (value('Path') ?? '').split(',').map((one) => one.trim()) : [],
        tag: value('Tag') ?? `${kind}.0`,
        fromStart: /^(true|on)$/i.test(value('Read_from_Head') ?? ''),
        dummy: value('Dummy') ?? '{"message":"dummy"}',
      });
    } else if (section.startsWith('[OUTPUT]')) pipeline.outputs.push({ kind, match: value('Match') ?? '*' });
  }
  return pipeline;
}

const fluentBit = (version: string): Program =>
  function* (process): Co<number> {
    const { argv, host } = process;
    const log = (level: string, text: string) => `[${clock(process).plain.replaceAll('-', '/')}] [${level}] ${text}\n`;
    if (argv.includes('--version')) {
      process.stdout.write(`Fluent Bit v${version}\n`);
      return 0;
    }
    const path = flagValue(argv, '-c', '--config');
    let text = '';
    if (path !== undefined) {
      if (!host.fs.exists(path)) {
        process.stderr.write(log('error', `[config] could not open configuration file ${path}`));
        return 1;
      }
      text = host.fs.readFile(path);
      if (/^\s*(service|pipeline):/m.test(text))
        return yield* refuse('configurations in YAML are not modelled by this engine')(process);
    } else {
      for (let i = 1; i < argv.length; i += 2) {
        const [flag, word = ''] = [argv[i], argv[i + 1]];
        if (flag === '-i') text += `[INPUT]\nName ${word}\n`;
        else if (flag === '-o') text += `[OUTPUT]\nName ${word}\n`;
        else if (flag === '-p') text += `${word.replace('=', ' ')}\n`;
        else if (flag === '-m') text += `Match ${word}\n`;
      }
    }
    const pipeline = readFluentBit(text);
    process.stderr.write(
      `Fluent Bit v${version}\n* Copyright (C) 2015-2025 The Fluent Bit Authors\n* https://fluentbit.io\n\n${log('info', `[fluent bit] version=${version}, commit=, pid=${process.pid}`)}`,
    );
    for (const { kind, match } of pipeline.outputs) {
      if (!['stdout', 'null'].includes(kind))
        process.stderr.write(
          log(
            'warn',
            `[output:${kind}] the output ${kind} of ${match} is not modelled by this engine, its records are dropped`,
          ),
        );
    }
    const listener = /HTTP_Server\s+On/i.test(text) ? host.net.listen(2020, () => undefined) : undefined;
    process.stderr.write(log('info', '[sp] stream processor started'));
    let number = 0;
    yield* ship(
      process,
      pipeline,
      (file) => log('info', `[input:tail:tail.0] inotify_fs_add(): name=${file}`),
      (tag, record) => `[${number++}] ${tag}: [[${host.sim.now / 1000}, {}], ${JSON.stringify(record)}]\n`,
    );
    listener?.close();
    process.stderr.write(
      log('warn', '[engine] service will shutdown in max 5 seconds') +
        log('info', '[engine] service has stopped (0 pending tasks)'),
    );
    return 0;
  };

const base = {
  userland: 'gnu',
  commands: DEBIAN_COMMANDS,
  os: 'Debian GNU/Linux 12 (bookworm)',
} as const satisfies Partial<Repository>;

/** What the images of Fluentd are set to do until they are told otherwise. */
const FLUENT_CONF =
  '<source>\n  @type  forward\n  @id    input1\n  port  24224\n</source>\n\n<match **>\n  @type stdout\n</match>\n';

export const shipperRepositories: Repository[] = [
  {
    ...base,
    names: [
      'docker.io/fluent/fluentd',
      'docker.io/library/fluentd',
      'quay.io/fluentd_elasticsearch/fluentd',
      'docker.io/fluent/fluentd-kubernetes-daemonset',
    ],
    tags: {
      'v2.5.2': '1.4.2',
      'v3.4.0': '1.14.3',
      'v4.7.5': '1.16.3',
      'v5.0.1': '1.17.1',
      'v1.16': '1.16.9',
      'v1.17': '1.17.1',
      'v1.18': '1.18.0',
      'v1.16-1': '1.16.9',
      'v1.17-1': '1.17.1',
      'v1.17-debian-1': '1.17.1',
      'v1.16-debian-1': '1.16.9',
      'v1.16-debian-elasticsearch7-1': '1.16.9',
      'v1-debian-elasticsearch': '1.16.9',
      latest: '1.18.0',
    },
    size: 51_000_000,
    cmd: ['fluentd'],
    exposedPorts: ['24224/tcp', '5140/tcp'],
    env: { FLUENTD_CONF: 'fluent.conf' },
    memory: 60_000_000,
    files: () => ({ '/fluentd/etc/fluent.conf': FLUENT_CONF, '/fluentd/log/': '' }),
    versionedPrograms: (version) => ({ '/usr/bin/fluentd': fluentd(version) }),
  },
  {
    ...base,
    names: [
      'registry.k8s.io/fluentd-gcp',
      'registry.k8s.io/fluentd-elasticsearch',
      'gcr.io/stackdriver-agents/stackdriver-logging-agent',
    ],
    tags: () => plain('1.20', '1.30', '2.0.2', 'v2.0.1', 'v2.4.0'),
    size: 70_000_000,
    cmd: ['/run.sh'],
    memory: 58_000_000,
    files: () => ({ '/fluentd/etc/fluent.conf': FLUENT_CONF }),
    programs: { '/run.sh': fluentd('1.2.5') },
  },
  {
    ...base,
    names: ['docker.io/fluent/fluent-bit', 'cr.fluentbit.io/fluent/fluent-bit'],
    tags: () =>
      releases(
        '1.3.11',
        '1.5.7',
        '1.8.15',
        '1.9.10',
        '2.0.14',
        '2.1.10',
        '2.2.3',
        '3.0.7',
        '3.1.10',
        '3.2.10',
        '4.0.14',
        '4.1.1',
        '4.2.1',
      ),
    size: 36_000_000,
    userland: undefined,
    commands: undefined,
    entrypoint: ['/fluent-bit/bin/fluent-bit'],
    cmd: ['-c', '/fluent-bit/etc/fluent-bit.conf'],
    exposedPorts: ['2020/tcp'],
    memory: 14_000_000,
    files: () => ({
      '/fluent-bit/etc/fluent-bit.conf': '[INPUT]\n    Name cpu\n\n[OUTPUT]\n    Name  stdout\n    Match *\n',
    }),
    versionedPrograms: (version) => ({ '/fluent-bit/bin/fluent-bit': fluentBit(version) }),
  },
];
