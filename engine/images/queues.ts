// RabbitMQ and Kafka: they start, listen and tell how they are. Messages are not there, and their clients say so.

import type { Program } from '../linux/index.ts';
import { utf8Base64 } from '../api/base64.ts';
import type { Co } from '../sim/index.ts';
import { app, html, json, text, type AppOptions, type Route } from './app.ts';
import { execArguments, refuse } from './service.ts';
import { DEBIAN_COMMANDS } from './tools.ts';
import type { Repository } from './types.ts';
import { releases, variants } from './versions.ts';

const debian = {
  userland: 'gnu',
  commands: DEBIAN_COMMANDS,
  os: 'Debian GNU/Linux 13 (trixie)',
} as const satisfies Partial<Repository>;

/** A client whose words are known and whose protocol is not. */
const client = (what: string): Program => refuse(`${what} are not modelled by this engine`);

// ---- RabbitMQ ---------------------------------------------------------------------------------------------------

const rabbitmq = (version: string): Program => {
  const number = version.split('-')[0];
  const management = version.includes('management');
  const line = (pid: string, message: string) => `{plain}.000000+00:00 [info] <0.${pid}.0> ${message}\n`;
  /** Everything of the management plugin wants a user. */
  const guarded =
    (answer: Route): Route =>
    (request, process) => {
      const { env } = process;
      const user = `${env.RABBITMQ_DEFAULT_USER ?? 'guest'}:${env.RABBITMQ_DEFAULT_PASS ?? 'guest'}`;
      const given = request.headers.find(([name]) => name.toLowerCase() === 'authorization')?.[1];
      if (given !== `Basic ${utf8Base64(user)}`) {
        return json({ error: 'not_authorized', reason: 'Not_Authorized' }, 401);
      }
      return typeof answer === 'function' ? answer(request, process) : answer;
    };
  return app(
    {
      ports: [
        { port: 5672 },
        { port: 25672 },
        {
          port: 15692,
          http: {
            '/metrics': `# TYPE rabbitmq_build_info untyped\nrabbitmq_build_info{rabbitmq_version="${number}"} 1\n`,
          },
        },
        ...(management
          ? [
              {
                port: 15672,
                http: {
                  '/': html('RabbitMQ Management'),
                  '/api/overview': guarded((_request, { host }) =>
                    json({ management_version: number, rabbitmq_version: number, node: `rabbit@${host.hostname}` }),
                  ),
                  '/api/queues*': guarded(json([])),
                  '/api/*': guarded(
                    text('this part of the management interface is not modelled by this engine\n', 501),
                  ),
                },
              },
            ]
          : []),
      ],
      boot: 5_000,
      start: line('213', `Starting RabbitMQ ${number} on Erlang 27.3.4 [jit]`),
      ready: `${management ? line('620', 'Management plugin: HTTP (non-TLS) listener started on port 15672') : ''}${line('647', 'started TCP listener on [::]:5672')} completed with ${management ? 5 : 2} plugins.\n${line('9', 'Server startup complete; 2 plugins started.')}`,
      stop: line('9', 'Successfully stopped RabbitMQ and its dependencies'),
    },
    number,
  );
};

const rabbitCommands = (): Record<string, Program> => {
  const diagnostics: Program = function* (process): Co<number> {
    const words = process.argv.slice(1).filter((word) => !word.startsWith('-'));
    const up = process.host.net.listener('127.0.0.1', 5672) !== undefined;
    yield 900;
    const node = `rabbit@${process.host.hostname}`;
    if (!up) {
      process.stderr.write(
        `Error: unable to perform an operation on node '${node}'. Please see diagnostics information and suggestions below.\n`,
      );
      return 69;
    }
    switch (words[0]) {
      case 'ping':
        process.stdout.write(
          `Will ping ${node}. This only checks if the OS process is running and registered with epmd. Timeout: 60000 ms.\nPing succeeded\n`,
        );
        return 0;
      case 'status':
      case 'check_running':
      case 'check_port_connectivity':
      case 'check_local_alarms':
        process.stdout.write(`Status of node ${node} ...\nRuntime\n\nOS PID: 1\nOS: Linux\n`);
        return 0;
    }
    return yield* client('queues and users of RabbitMQ')(process);
  };
  return {
    '/opt/rabbitmq/sbin/rabbitmq-diagnostics': diagnostics,
    '/opt/rabbitmq/sbin/rabbitmqctl': diagnostics,
    '/opt/rabbitmq/sbin/rabbitmqadmin': client('queues of RabbitMQ'),
  };
};

// ---- Kafka ------------------------------------------------------------------------------------------------------

const kafka = (version: string): AppOptions => ({
  ports: [{ port: 9092 }, { port: 9093 }],
  boot: 4_000,
  start: `===> User\nuid=1000(appuser) gid=1000(appuser) groups=1000(appuser)\n===> Configuring ...\n===> Launching ...\n[{plain},000] INFO Kafka version: ${version} (org.apache.kafka.common.utils.AppInfoParser)\n`,
  ready: '[{plain},000] INFO [KafkaRaftServer nodeId=1] Kafka Server started (kafka.server.KafkaRaftServer)\n',
  stop: '[{plain},000] INFO [KafkaRaftServer nodeId=1] shut down completed (kafka.server.KafkaRaftServer)\n',
  status: 143,
});
const kafkaClients = (dir: string, suffix: string): Record<string, Program> =>
  Object.fromEntries(
    ['topics', 'console-producer', 'console-consumer', 'consumer-groups', 'configs'].map((name) => [
      `${dir}/kafka-${name}${suffix}`,
      client('topics and messages of Kafka'),
    ]),
  );

export const queueRepositories: Repository[] = [
  {
    ...debian,
    names: ['docker.io/library/rabbitmq'],
    tags: () =>
      variants(
        releases('3.8.34', '3.9.29', '3.10.25', '3.11.28', '3.12.14', '3.13.7', '4.0.9', '4.1.6', '4.2.2'),
        'management',
        'alpine',
        'management-alpine',
      ),
    size: 118_000_000,
    entrypoint: ['docker-entrypoint.sh'],
    cmd: ['rabbitmq-server'],
    exposedPorts: ['4369/tcp', '5671/tcp', '5672/tcp', '15691/tcp', '15692/tcp', '25672/tcp'],
    env: (version) => ({
      RABBITMQ_VERSION: version.split('-')[0],
      PATH: '/opt/rabbitmq/sbin:/opt/erlang/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
    }),
    memory: 130_000_000,
    programs: rabbitCommands(),
    versionedPrograms: (version) => ({
      '/usr/local/bin/docker-entrypoint.sh': execArguments('rabbitmq-server'),
      '/opt/rabbitmq/sbin/rabbitmq-server': rabbitmq(version),
    }),
  },
  {
    ...debian,
    names: ['docker.io/apache/kafka', 'docker.io/apache/kafka-native'],
    tags: () => releases('3.7.2', '3.8.1', '3.9.1', '4.0.1', '4.1.1'),
    size: 250_000_000,
    user: '1000',
    cmd: ['/etc/kafka/docker/run'],
    entrypoint: ['/__cacert_entrypoint.sh'],
    entrypointRuns: '/__cacert_entrypoint.sh',
    exposedPorts: ['9092/tcp'],
    memory: 380_000_000,
    programs: kafkaClients('/opt/kafka/bin', '.sh'),
    versionedPrograms: (version) => ({ '/etc/kafka/docker/run': app(kafka(version), version) }),
  },
  {
    ...debian,
    names: ['docker.io/confluentinc/cp-kafka', 'docker.io/bitnami/kafka', 'docker.io/bitnamilegacy/kafka'],
    tags: () =>
      releases('3.4.1', '3.6.2', '3.9.0', '4.0.0', '5.5.0', '6.2.15', '7.3.13', '7.5.11', '7.8.4', '7.9.3', '8.1.0'),
    size: 370_000_000,
    user: '1001',
    cmd: ['/etc/confluent/docker/run'],
    exposedPorts: ['9092/tcp'],
    memory: 400_000_000,
    programs: kafkaClients('/usr/bin', ''),
    versionedPrograms: (version) => ({ '/etc/confluent/docker/run': app(kafka(version), version) }),
  },
];
