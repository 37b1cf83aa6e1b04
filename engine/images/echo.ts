// Servers that show the request or say hello: of the Kubernetes tutorials, of minikube's and of load balancers.

import { header, hostPort, type HttpRequest, type HttpResponse, type Process } from '../linux/index.ts';
import type { Co } from '../sim/index.ts';
import { app, html, json, pathOf, portFrom, queryOf, text, type AppOptions, type Route } from './app.ts';
import { clock } from './service.ts';
import { BUSYBOX_COMMANDS, DEBIAN_COMMANDS } from './tools.ts';
import type { Repository } from './types.ts';
import { plain, releases } from './versions.ts';

const every = (route: Route) => ({ '/*': route });
const hostOf = (process: Process) => process.host.hostname;
const lower = (headers: HttpRequest['headers']) =>
  Object.fromEntries(headers.map(([name, value]) => [name.toLowerCase(), value]));

/** jmalloc/echo-server, and minikube's copy of it. */
const echoServer: AppOptions = {
  ports: (process) => [
    {
      port: portFrom('PORT', 8080)(process),
      http: every((request, { env, host }) => {
        const first = env.SEND_SERVER_HOSTNAME === 'false' ? '' : `Request served by ${host.hostname}\n\n`;
        const headers = request.headers.filter(([name]) => name.toLowerCase() !== 'host');
        const lines = headers.map(([name, value]) => `${name}: ${value}\n`).join('');
        const body = request.body && `\n${request.body}`;
        return `${first}HTTP/1.1 ${request.method} ${request.target}\n\nHost: ${header(request.headers, 'host') ?? ''}\n${lines}${body}`;
      }),
    },
  ],
  start: 'Echo server listening on port {port}.\n',
  access: ({ method, target, socket }) => `${hostPort(socket.remote.ip, socket.remote.port)} | ${method} ${target}\n`,
};

/** ealen/echo-server: JSON, and the status, body and delay that the query asks for. */
const ealen: AppOptions = {
  ports: (process) => [
    {
      port: portFrom('PORT', 80)(process),
      http: every(function* (request, { env, host }): Co<HttpResponse> {
        const query = queryOf(request);
        if (query.echo_time) yield Number(query.echo_time);
        const status = Number(query.echo_code?.split('-')[0] ?? 200);
        if (query.echo_body !== undefined) return json(query.echo_body, status);
        if (query.echo_env_body !== undefined) return json(env[query.echo_env_body] ?? null, status);
        const ip = `::ffff:${request.socket.remote.ip}`;
        return json(
          {
            host: { hostname: header(request.headers, 'host')?.split(':')[0] ?? '', ip, ips: [] },
            http: { method: request.method, baseUrl: '', originalUrl: request.target, protocol: 'http' },
            request: {
              params: { 0: pathOf(request) },
              query,
              cookies: {},
              body: request.body || {},
              headers: lower(request.headers),
            },
            environment: { ...env, HOSTNAME: host.hostname },
          },
          status,
        );
      }),
    },
  ],
  start: 'Listening on port {port}.\n',
};

/** mendhak/http-https-echo: the request as indented JSON, which is logged as well. */
const mendhakEcho: Route = (request, process) => {
  const query = queryOf(request);
  return json(
    {
      path: pathOf(request),
      headers: lower(request.headers),
      method: request.method,
      body: request.body,
      fresh: false,
      hostname: header(request.headers, 'host')?.split(':')[0] ?? '',
      ip: `::ffff:${request.socket.remote.ip}`,
      ips: [],
      protocol: 'http',
      query,
      subdomains: [],
      xhr: false,
      os: { hostname: hostOf(process) },
      connection: {},
    },
    Number(query['x-set-response-status-code'] ?? header(request.headers, 'x-set-response-status-code') ?? 200),
    2,
  );
};
const mendhak: AppOptions = {
  ports: (process) => [{ port: portFrom('HTTP_PORT', 8080)(process), http: every(mendhakEcho) }],
  ready: 'Listening on ports {port} for http, TLS is not modelled by this engine.\n',
  access: (_request, response) => `-----------------\n${response.body as string}`,
};

const plainHello = (request: HttpRequest, process: Process): string =>
  `Server address: ${hostPort(request.socket.local.ip, request.socket.local.port)}\nServer name: ${hostOf(process)}\nDate: ${clock(process).common}\nURI: ${request.target}\nRequest ID: ${process.host.sim.random('request ids').hex(32)}\n`;

/** nginxdemos/hello: who answered, as a page or as text. */
const nginxHello = (version: string) =>
  app({
    ports: [
      {
        port: 80,
        http: every((request, process) => {
          const about = plainHello(request, process);
          return version.startsWith('plain-text')
            ? about
            : html('Hello World', about.replace(/^(.*?): +(.*)\n/gm, '<p><span>$1:</span> <span>$2</span></p>\n'));
        }),
      },
    ],
    headers: [['Server', 'nginx/1.29.4']],
  });

/** kubernetes-bootcamp, of "Kubernetes Basics". */
const bootcamp = (version: string): AppOptions => {
  let requests = 0;
  let since = 0;
  return {
    ports: [
      {
        port: 8080,
        http: every((_request, process) => {
          const { sim } = process.host;
          process.stdout.write(
            `Running On: ${hostOf(process)} | Total Requests: ${++requests} | App Uptime: ${(sim.now - since) / 1000} seconds | Log Time: ${clock(process).iso}\n`,
          );
          return {
            status: 200,
            body: `Hello Kubernetes bootcamp! | Running on: ${hostOf(process)} | v=${version.slice(1)}\n`,
          };
        }),
      },
    ],
    ready: (process) => {
      since = process.host.sim.now;
      return `Kubernetes Bootcamp App Started At: ${clock(process).iso} | Running On:  ${hostOf(process)} \n\n`;
    },
  };
};

const node = { userland: 'gnu', commands: DEBIAN_COMMANDS.concat('curl', 'wget', 'ps'), memory: 22_000_000 } as const;
const alpine = { userland: 'busybox', commands: BUSYBOX_COMMANDS, memory: 6_000_000 } as const;

export const echoRepositories: Repository[] = [
  {
    ...node,
    names: ['gcr.io/google-samples/kubernetes-bootcamp', 'docker.io/jocatalin/kubernetes-bootcamp'],
    tags: () => plain('v1', 'v2'),
    size: 83_000_000,
    env: { NPM_CONFIG_LOGLEVEL: 'info', NODE_VERSION: '6.3.1' },
    cmd: ['/bin/sh', '-c', 'node server.js'],
    files: () => ({ '/server.js': "var http = require('http');\n" }),
    versionedPrograms: (version) => ({ '/usr/local/bin/node': (process) => app(bootcamp(version), version)(process) }),
  },
  {
    ...node,
    names: ['gcr.io/google-samples/node-hello', 'gcr.io/google_samples/node-hello'],
    tags: () => plain('1.0'),
    size: 264_000_000,
    env: { NPM_CONFIG_LOGLEVEL: 'info', NODE_VERSION: '4.4.2' },
    exposedPorts: ['8080/tcp'],
    cmd: ['/bin/sh', '-c', 'node server.js'],
    files: () => ({ '/server.js': "var http = require('http');\n" }),
    programs: {
      '/usr/local/bin/node': app({
        ports: [{ port: 8080, http: every({ status: 200, body: 'Hello Kubernetes!' }) }],
        access: ({ target }) => `Received request for URL: ${target}\n`,
      }),
    },
  },
  {
    names: ['docker.io/kicbase/echo-server', 'docker.io/jmalloc/echo-server'],
    tags: () => ({ ...plain('1.0', '0.1.0', '0.2.0', '0.3.0', '0.3.7'), latest: '0.3.7' }),
    size: 2_100_000,
    exposedPorts: ['8080/tcp'],
    env: { PORT: '8080' },
    entrypoint: ['/bin/echo-server'],
    programs: { '/bin/echo-server': app(echoServer) },
    memory: 4_000_000,
  },
  {
    ...alpine,
    names: ['docker.io/ealen/echo-server', 'ghcr.io/ealenn/echo-server'],
    tags: () => releases('0.5.1', '0.6.0', '0.7.0', '0.8.12', '0.9.2'),
    size: 37_000_000,
    exposedPorts: ['80/tcp'],
    entrypoint: ['node', 'webserver.js'],
    workingDir: '/app/build',
    programs: { '/usr/local/bin/node': app(ealen) },
  },
  {
    ...alpine,
    names: ['docker.io/mendhak/http-https-echo', 'ghcr.io/mendhak/http-https-echo'],
    tags: () => ({ ...plain('23', '26', '29', '30', '31', '32', '33', '34', '35', '36', '37', '38'), latest: '38' }),
    size: 45_000_000,
    user: '1000',
    exposedPorts: ['8080/tcp', '8443/tcp'],
    workingDir: '/app',
    entrypoint: ['docker-entrypoint.sh'],
    cmd: ['node', './index.js'],
    entrypointRuns: '/usr/local/bin/docker-entrypoint.sh',
    programs: { '/usr/local/bin/node': app(mendhak) },
  },
  {
    ...alpine,
    names: ['docker.io/nginxdemos/hello'],
    tags: () => plain('latest', '0.2', '0.3', '0.4', 'plain-text', '0.4-plain-text'),
    size: 17_000_000,
    exposedPorts: ['80/tcp'],
    entrypoint: ['/docker-entrypoint.sh'],
    cmd: ['nginx', '-g', 'daemon off;'],
    entrypointRuns: '/docker-entrypoint.sh',
    versionedPrograms: (version) => ({ '/usr/sbin/nginx': nginxHello(version.replace(/^[\d.]+-/, '')) }),
  },
  {
    ...alpine,
    names: ['docker.io/paulbouwer/hello-kubernetes'],
    tags: () => ({ ...plain('1.4', '1.5', '1.7', '1.8', '1.9', '1.10', '1.10.1'), latest: '1.10.1' }),
    size: 41_000_000,
    user: '1001',
    exposedPorts: ['8080/tcp'],
    workingDir: '/usr/src/app',
    entrypoint: ['docker-entrypoint.sh'],
    cmd: ['npm', 'start'],
    entrypointRuns: '/usr/local/bin/docker-entrypoint.sh',
    programs: {
      '/usr/local/bin/npm': app({
        ports: (process) => [
          {
            port: portFrom('PORT', 8080)(process),
            http: every((_request, { env, host }) =>
              html(
                'Hello Kubernetes!',
                `<div id="message">${env.MESSAGE || 'Hello world!'}</div>\n<table>\n<tr><th>namespace:</th><td>${env.KUBERNETES_NAMESPACE || '-'}</td></tr>\n<tr><th>pod:</th><td>${env.KUBERNETES_POD_NAME || host.hostname}</td></tr>\n<tr><th>node:</th><td>${env.KUBERNETES_NODE_NAME || '-'}</td></tr>\n</table>`,
              ),
            ),
          },
        ],
        ready: 'Listening on: http://{host}:{port}\n',
      }),
    },
  },
  {
    names: ['docker.io/argoproj/rollouts-demo'],
    tags: () => ({ ...plain('red', 'orange', 'yellow', 'green', 'blue', 'purple'), latest: 'blue' }),
    size: 5_000_000,
    exposedPorts: ['8080/tcp'],
    entrypoint: ['/rollouts-demo'],
    memory: 4_000_000,
    versionedPrograms: (color) => ({
      '/rollouts-demo': app({
        ports: [
          {
            port: 8080,
            http: {
              '/': html('Argo Rollouts Demo'),
              '/color': (_request, { env, host }) => {
                const failing = host.sim.random('rollouts-demo').float() * 100 < Number(env.ERROR_RATE ?? 0);
                return text(JSON.stringify(color), failing ? 500 : 200);
              },
            },
          },
        ],
        ready: (process) => `${clock(process).slashes} Started server on :8080\n`,
        stop: (process) => `${clock(process).slashes} Server stopped\n`,
        stream: 'stderr',
      }),
    }),
  },
  {
    names: ['gcr.io/google-samples/whereami', 'us-docker.pkg.dev/google-samples/containers/gke/whereami'],
    tags: () => ({ ...plain('v1', 'v1.2.24'), latest: 'v1.2.24' }),
    size: 70_000_000,
    ...alpine,
    exposedPorts: ['8080/tcp'],
    entrypoint: ['python', 'app.py'],
    programs: {
      '/usr/local/bin/python': app({
        ports: (process) => [
          {
            port: portFrom('PORT', 8080)(process),
            http: {
              '/healthz': text('"OK"'),
              '/*': (request, { env, host }) =>
                json(
                  Object.fromEntries(
                    Object.entries({
                      host_header: header(request.headers, 'host'),
                      metadata: env.METADATA || undefined,
                      node_name: env.NODE_NAME,
                      pod_ip: env.POD_IP ?? host.net.addresses[0],
                      pod_name: env.POD_NAME ?? host.hostname,
                      pod_namespace: env.POD_NAMESPACE,
                      pod_service_account: env.POD_SERVICE_ACCOUNT,
                      timestamp: new Date(host.sim.now).toISOString().slice(0, 19),
                    }).filter(([, value]) => value !== undefined),
                  ),
                ),
            },
          },
        ],
        ready: ' * Running on http://0.0.0.0:{port}/ (Press CTRL+C to quit)\n',
        stream: 'stderr',
      }),
    },
  },
];
