// The control plane of NGINX Gateway Fabric: watches the Gateway API's kinds and what they refer to, says in their status
// what became of them, has a data plane made for every Gateway, and tells each what to do.

import type { Condition, Deployment, EndpointSlice, KubeObject, Namespace, Secret, Service } from '../api/types.ts';
import { ApiError, type Client, Informer, timestamp } from '../client/index.ts';
import { untilSignal } from '../images/service.ts';
import { LineReader, type Listener, type Process, type Program, serveHttp, type Socket } from '../linux/index.ts';
import type { Co, Timer } from '../sim/index.ts';
import {
  CLASS,
  CLASS_CONFLICT,
  conditions,
  type Finding,
  GATEWAY,
  NO_LISTENER,
  NO_PARAMETERS,
  PARAMETERS,
  PARAMETERS_IGNORED,
  SOME_LISTENERS,
} from './conditions.ts';
import { gatewayGraph, type GatewayGraph, type Objects, type ParentFindings } from './graph.ts';
import { dataPlaneName, provisioned } from './provision.ts';
import {
  type Configuration,
  CONTROLLER,
  type Gateway,
  type GatewayClass,
  GROUP,
  type HTTPRoute,
  type ListenerStatus,
  type NginxProxy,
  type ReferenceGrant,
  type Server,
} from './types.ts';

const SERVICE_NAME = 'kubernetes.io/service-name';
const AGENT_PORT = 8443;
const HEALTH_PORT = 8081;
/** Changes of one moment are looked at together. */
const BATCH = 500;
const ROUTES = 'httproutes';
/** The class is looked for by name; the controller's own name is what its manifests have. */
const FLAGS = new RegExp(`^--gatewayclass=.+$|^--gateway-ctlr-name=${CONTROLLER}$`);

export function gatewayController(connect: (process: Process) => Client | undefined, image: string): Program {
  return function* (process): Co<number> {
    yield 40;
    const log = (level: string, text: string, fields: object = {}) => {
      const ts = new Date(process.host.sim.now).toISOString();
      process.stderr.write(`${JSON.stringify({ level, ts, msg: text, ...fields })}\n`);
    };
    if (process.argv[1] !== 'controller') {
      process.stderr.write(`Error: unknown command ${JSON.stringify(process.argv[1] ?? '')} for "gateway"\n`);
      return 1;
    }
    const strange = process.argv.slice(2).find((arg) => !FLAGS.test(arg));
    if (strange !== undefined) {
      process.stderr.write(`Error: ${strange} is not modelled by this engine\n`);
      return 1;
    }
    const client = connect(process);
    if (!client) {
      log('error', 'Failed to start control loop', { error: 'unable to load in-cluster configuration' });
      return 1;
    }
    const controller = new Controller(process, client, image, log);
    try {
      controller.start();
      yield* untilSignal(process, ['TERM', 'INT']);
      return 0;
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      const missing = error.code === 404;
      const why = missing ? `no matches for kinds of version "${GROUP}/v1": are its CRDs installed?` : error.message;
      log('error', 'Failed to start control loop', { error: why });
      return 1;
    } finally {
      controller.stop();
    }
  };
}

class Controller {
  private readonly process: Process;
  private readonly client: Client;
  private readonly image: string;
  private readonly log: (level: string, text: string, fields?: object) => void;
  private readonly classes = new Informer<GatewayClass>();
  private readonly gateways = new Informer<Gateway>();
  private readonly routes = new Informer<HTTPRoute>();
  private readonly grants = new Informer<ReferenceGrant>();
  private readonly proxies = new Informer<NginxProxy>();
  private readonly services = new Informer<Service>();
  private readonly slices = new Informer<EndpointSlice>();
  private readonly secrets = new Informer<Secret>();
  private readonly namespaces = new Informer<Namespace>();
  private readonly deployments = new Informer<Deployment>();
  private readonly listeners: (Listener | undefined)[] = [];
  /** Connections of data planes, by Gateway. */
  private readonly agents = new Map<string, Set<Socket>>();
  private readonly told = new Map<string, { text: string; configuration: Configuration }>();
  private timer: Timer | undefined;

  constructor(process: Process, client: Client, image: string, log: Controller['log']) {
    this.process = process;
    this.client = client;
    this.image = image;
    this.log = log;
  }

  start() {
    const { sim, net } = this.process.host;
    this.slices.addIndex('service', ({ metadata: { namespace, labels } }) => [
      `${namespace}/${labels?.[SERVICE_NAME]}`,
    ]);
    const changed = () => {
      this.timer ??= sim.after(BATCH, () => this.sync());
    };
    const watch = <T extends object>(informer: Informer<T>, version: string, plural: string) => {
      informer.on({ add: changed, update: changed, delete: changed });
      informer.start(this.client, version, plural, {});
    };
    watch(this.classes, `${GROUP}/v1`, 'gatewayclasses');
    watch(this.gateways, `${GROUP}/v1`, 'gateways');
    watch(this.routes, `${GROUP}/v1`, ROUTES);
    watch(this.grants, `${GROUP}/v1beta1`, 'referencegrants');
    watch(this.proxies, 'gateway.nginx.org/v1alpha2', 'nginxproxies');
    watch(this.services, 'v1', 'services');
    watch(this.slices, 'discovery.k8s.io/v1', 'endpointslices');
    watch(this.secrets, 'v1', 'secrets');
    watch(this.namespaces, 'v1', 'namespaces');
    watch(this.deployments, 'apps/v1', 'deployments');
    this.listeners.push(
      net.listen(AGENT_PORT, (socket) => void sim.spawn('agent', this.serve(socket)), { process: this.process }),
      // eslint-disable-next-line require-yield
      serveHttp(sim, net, HEALTH_PORT, function* ({ target }) {
        return target === '/readyz' ? { status: 200 } : { status: 404 };
      }),
    );
    this.log('info', 'Starting control loop');
  }

  stop() {
    this.timer?.cancel();
    for (const informer of [this.classes, this.gateways, this.routes, this.grants, this.proxies]) informer.stop();
    for (const informer of [this.services, this.slices, this.secrets, this.namespaces, this.deployments])
      informer.stop();
    for (const listener of this.listeners) listener?.close();
    this.agents.forEach((sockets) => sockets.forEach((socket) => socket.close()));
  }

  // ---- data planes ---------------------------------------------------------------------------------------

  /** A data plane says whose it is, and hears of every change until it goes. */
  private *serve(socket: Socket): Co {
    const lines = new LineReader(socket.reader);
    const hello = yield* lines.line();
    const { gateway = '', pod } = hello ? (JSON.parse(hello) as { gateway?: string; pod?: string }) : {};
    this.log('info', 'Successfully connected to nginx agent', { gateway, pod });
    const sockets = this.agents.get(gateway) ?? new Set();
    this.agents.set(gateway, sockets.add(socket));
    const known = this.told.get(gateway);
    if (known) socket.writer.write(`${JSON.stringify(known.configuration)}\n`);
    while ((yield* lines.line()) !== undefined);
    sockets.delete(socket);
    socket.close();
  }

  private tell(gateway: string, servers: Server[]) {
    const text = JSON.stringify(servers);
    const known = this.told.get(gateway);
    if (known?.text === text) return;
    const configuration = { version: (known?.configuration.version ?? 0) + 1, servers };
    this.told.set(gateway, { text, configuration });
    this.log('info', 'Sending nginx configuration to agent', { gateway, configVersion: configuration.version });
    this.agents.get(gateway)?.forEach((socket) => socket.writer.write(`${JSON.stringify(configuration)}\n`));
  }

  // ---- from objects to what is done ----------------------------------------------------------------------

  private sync() {
    this.timer = undefined;
    const ours = this.ownClass();
    const parents = new Map<HTTPRoute, ParentFindings[]>();
    const objects: Objects = {
      routes: this.routes.list().sort(byAge),
      grants: this.grants.list(),
      namespace: (name) => this.namespaces.get('', name),
      service: (namespace, name) => this.services.get(namespace, name),
      slices: (namespace, name) => this.slices.byIndex('service', `${namespace}/${name}`),
      secret: (namespace, name) => this.secrets.get(namespace, name),
    };
    for (const gateway of ours ? this.gateways.list() : []) {
      if (gateway.spec.gatewayClassName !== ours?.metadata.name || gateway.metadata.deletionTimestamp) continue;
      const graph = gatewayGraph(gateway, objects, parents);
      this.attempt(() => this.provide(gateway, graph, this.parametersOf(ours)));
      this.tell(`${gateway.metadata.namespace}/${gateway.metadata.name}`, graph.servers);
      this.attempt(() => this.report(gateway, graph));
    }
    for (const route of objects.routes) this.attempt(() => this.reportRoute(route, parents.get(route) ?? []));
  }

  /** A request that is refused stops nothing else; the next change tries it again. */
  private attempt(work: () => void) {
    try {
      work();
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      this.log('error', 'Failed to update', { error: error.message });
    }
  }

  /** The class that --gatewayclass names; others with the same controller are told of the conflict. */
  private ownClass(): GatewayClass | undefined {
    const prefix = '--gatewayclass=';
    const name = this.process.argv.find((arg) => arg.startsWith(prefix))?.slice(prefix.length) ?? 'nginx';
    let own: GatewayClass | undefined;
    for (const one of this.classes.list()) {
      if (one.spec.controllerName !== CONTROLLER) continue;
      if (one.metadata.name === name) own = one;
      const missing = one.spec.parametersRef && !this.parametersOf(one);
      const parameters = missing ? [PARAMETERS_IGNORED, NO_PARAMETERS] : one.spec.parametersRef ? [PARAMETERS] : [];
      const findings = one.metadata.name === name ? [...CLASS, ...parameters] : [CLASS_CONFLICT];
      const list = this.conditions(one, findings, one.status?.conditions);
      this.attempt(() => this.write('gatewayclasses', one, { ...one.status, conditions: list }, false));
    }
    return own;
  }

  private parametersOf({ spec }: GatewayClass): NginxProxy | undefined {
    return spec.parametersRef && this.proxies.get(spec.parametersRef.namespace, spec.parametersRef.name);
  }

  private report(gateway: Gateway, { listeners }: GatewayGraph) {
    const valid = listeners.filter((one) => one.valid).length;
    const findings = [...GATEWAY, ...(valid === 0 ? NO_LISTENER : valid < listeners.length ? [SOME_LISTENERS] : [])];
    const before = gateway.status?.listeners;
    const status: Gateway['status'] = {
      addresses: valid ? this.addresses(gateway) : undefined,
      conditions: this.conditions(gateway, findings, gateway.status?.conditions),
      listeners: listeners.map((one): ListenerStatus => {
        const old = before?.find(({ name }) => name === one.spec.name)?.conditions;
        return {
          name: one.spec.name,
          supportedKinds: one.kinds,
          attachedRoutes: one.attached.size,
          conditions: this.conditions(gateway, one.findings, old),
        };
      }),
    };
    this.write('gateways', gateway, status);
  }

  private addresses(gateway: Gateway): { type: string; value: string }[] {
    const service = this.services.get(gateway.metadata.namespace ?? '', dataPlaneName(gateway));
    if (!service?.spec?.clusterIP) return [];
    if (service.spec.type !== 'LoadBalancer') return [{ type: 'IPAddress', value: service.spec.clusterIP }];
    return (service.status?.loadBalancer?.ingress ?? []).map(({ ip, hostname }) =>
      ip ? { type: 'IPAddress', value: ip } : { type: 'Hostname', value: hostname ?? '' },
    );
  }

  /** What other controllers say of their parents stays. */
  private reportRoute(route: HTTPRoute, findings: readonly ParentFindings[]) {
    const before = route.status?.parents ?? [];
    const others = before.filter(({ controllerName }) => controllerName !== CONTROLLER);
    const own = findings.map(({ parentRef, findings: list }) => {
      const ref = { group: GROUP, kind: 'Gateway', ...parentRef };
      const same = JSON.stringify(ref);
      const old = before.find((one) => one.controllerName === CONTROLLER && JSON.stringify(one.parentRef) === same);
      return { parentRef: ref, controllerName: CONTROLLER, conditions: this.conditions(route, list, old?.conditions) };
    });
    if (own.length === 0 && others.length === before.length) return;
    this.write(ROUTES, route, { parents: [...others, ...own] });
  }

  private conditions(of: KubeObject, findings: readonly Finding[], before: readonly Condition[] | undefined) {
    return conditions(findings, of.metadata.generation ?? 1, timestamp(this.process.host.sim.now), before);
  }

  private write(plural: string, object: KubeObject, status: object | undefined, namespaced = true) {
    if (JSON.stringify(object.status) === JSON.stringify(status)) return;
    const { namespace = '', name = '' } = object.metadata;
    this.client.of(`${GROUP}/v1`, plural, namespaced).updateStatus(namespace, name, { ...object, status });
  }

  /** Makes what a Gateway needs, or brings it in line. */
  private provide(gateway: Gateway, { servers }: GatewayGraph, proxy: NginxProxy | undefined) {
    if (servers.length === 0) return;
    const { POD_NAMESPACE = 'nginx-gateway' } = this.process.env;
    const host = `nginx-gateway.${POD_NAMESPACE}.svc`;
    const namespace = gateway.metadata.namespace ?? '';
    for (const { apiVersion, plural, object } of provisioned(gateway, servers, proxy, this.image, host)) {
      const client = this.client.of(apiVersion, plural);
      const known = client.find(namespace, object.metadata.name ?? '');
      if (!known) {
        client.create(namespace, object);
        this.log('info', 'Creating or updating nginx resources', { resource: plural, name: object.metadata.name });
      } else if (plural === 'services' || plural === 'deployments') this.align(known, object, client);
    }
  }

  private align(known: KubeObject, wanted: KubeObject, client: ReturnType<Client['of']>) {
    const ports = (object: KubeObject) =>
      object.kind === 'Service'
        ? `${object.spec.type} ${object.spec.ports.map(({ port }: { port: number }) => port).join()}`
        : `${object.spec.replicas} ${object.spec.template.spec.containers[0].ports.map((one: { containerPort: number }) => one.containerPort).join()}`;
    if (ports(known) === ports(wanted)) return;
    const { namespace = '', name = '' } = known.metadata;
    const spec = { ...known.spec, ...wanted.spec };
    client.update(namespace, name, { ...known, spec });
  }
}

/** Of two routes that say the same, the older one counts, then the first by name. */
function byAge(a: HTTPRoute, b: HTTPRoute): number {
  const key = ({ metadata }: HTTPRoute) => `${metadata.creationTimestamp} ${metadata.namespace}/${metadata.name}`;
  return key(a) < key(b) ? -1 : 1;
}
