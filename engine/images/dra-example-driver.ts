// dra-example-driver: a driver of GPUs that do not exist, which shows how drivers of devices work: it publishes them for its
// node, and makes claims to them ready by variables in the containers' environment (kubernetes-sigs/dra-example-driver).

import type { KubeObject } from '../api/types.ts';
import { listen, type Handler } from '../linux/grpc.ts';
import { serveGrpcHealth } from '../linux/grpc-health.ts';
import { encode } from '../linux/bytes.ts';
import { sha256 } from '../linux/sha256.ts';
import type { Process, Program } from '../linux/index.ts';
import type { Co } from '../sim/index.ts';
import { awaitEvent, callApi, isFailure, type ApiFailure } from './pod-api.ts';
import { clock, flagValue, untilSignal } from './service.ts';
import { DEBIAN_COMMANDS } from './tools.ts';
import type { Repository } from './types.ts';
import { plain } from './versions.ts';

const DRIVER = 'gpu.example.com';
const VENDOR = `k8s.${DRIVER}`;
const KIND = `${VENDOR}/gpu`;
const CONFIG_VERSION = 'gpu.resource.example.com/v1alpha1';
const SLICES = '/apis/resource.k8s.io/v1/resourceslices';
const RETRY_MS = 5000;

interface Result {
  request: string;
  driver: string;
  pool: string;
  device: string;
}
interface Configuration {
  source: string;
  requests?: string[];
  opaque?: { driver: string; parameters: GpuConfig };
}
interface Claim extends KubeObject {
  status?: { allocation?: { devices?: { results?: Result[]; config?: Configuration[] } } };
}
interface GpuConfig {
  apiVersion?: string;
  kind?: string;
  sharing?: {
    strategy?: string;
    timeSlicingConfig?: { interval?: string };
    spacePartitioningConfig?: { partitionCount?: number };
  };
}
interface PreparedDevice {
  request_names: string[];
  pool_name: string;
  device_name: string;
  cdi_device_ids: string[];
}

/** What a release says of its calls. */
interface Words {
  prepare: string;
  unprepare: string;
}
const WORDS: Readonly<Record<string, Words>> = {
  'v0.1.0': { prepare: 'NodePrepareResource', unprepare: 'NodeUnPrepareResource' },
  'v0.2.0': { prepare: 'PrepareResourceClaims', unprepare: 'UnprepareResourceClaims' },
};

class DriverError extends Error {}

/** Flags, each with the variable that stands for it. */
const FLAGS: Readonly<Record<string, [variable: string, fallback: string]>> = {
  'node-name': ['NODE_NAME', ''],
  'cdi-root': ['CDI_ROOT', '/etc/cdi'],
  'num-devices': ['NUM_DEVICES', '8'],
  'kubelet-registrar-directory-path': ['KUBELET_REGISTRAR_DIRECTORY_PATH', '/var/lib/kubelet/plugins_registry'],
  'kubelet-plugins-directory-path': ['KUBELET_PLUGINS_DIRECTORY_PATH', '/var/lib/kubelet/plugins'],
  'healthcheck-port': ['HEALTHCHECK_PORT', '-1'],
};

const kubeletPlugin = (words: Words): Program =>
  function* (process): Co<number> {
    const { host, env, argv } = process;
    const { fs, sim, net } = host;
    const setting = (name: string) => flagValue(argv, `--${name}`) ?? env[FLAGS[name][0]] ?? FLAGS[name][1];
    const node = setting('node-name');
    if (node === '') {
      process.stderr.write('Error: Required flag "node-name" not set\n');
      return 1;
    }
    const devices = gpusOf(node, Number(setting('num-devices')));
    const names = new Set(devices.map(({ name }) => name));
    const driver = new Driver(process, words, node, names, setting('cdi-root'));
    driver.writeCommon();
    const endpoint = `${setting('kubelet-plugins-directory-path')}/${DRIVER}/dra.sock`;
    const registration = `${setting('kubelet-registrar-directory-path')}/${DRIVER}-reg.sock`;
    listen(process, endpoint, (method, request) => driver.answer(method, request as never));
    // eslint-disable-next-line require-yield
    listen(process, registration, function* (method) {
      if (method !== 'Registration/GetInfo') return {};
      return { type: 'DRAPlugin', name: DRIVER, endpoint, supported_versions: ['v1.DRAPlugin', 'v1beta1.DRAPlugin'] };
    } satisfies Handler);
    const port = Number(setting('healthcheck-port'));
    if (port >= 0)
      serveGrpcHealth(sim, net, port, (service) =>
        service === '' || service === 'liveness' ? 'SERVING' : 'SERVICE_UNKNOWN',
      );
    const publishing = sim.spawn('resource slices', publish(process, node, devices));
    yield* untilSignal(process, ['TERM', 'INT', 'QUIT', 'HUP']);
    publishing.kill();
    for (const socket of [registration, endpoint]) if (fs.exists(socket)) fs.remove(socket);
    return 0;
  };

/** So many of them, the same ones whenever the node is asked. */
function gpusOf(node: string, count: number) {
  return Array.from({ length: count }, (_, i) => {
    const hex = sha256(encode(`${node}/${i}`)).slice(0, 32);
    const uuid = hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
    return {
      name: `gpu-${i}`,
      attributes: {
        driverVersion: { version: '1.0.0' },
        index: { int: i },
        model: { string: 'LATEST-GPU-MODEL' },
        uuid: { string: `gpu-${uuid}` },
      },
      capacity: { memory: { value: '80Gi' } },
    };
  });
}

/** Keeps the slice of this node as it should be. */
function* publish(process: Process, node: string, devices: object[]): Co {
  const log = (text: string) =>
    void process.stderr.write(`E${clock(process).klog.slice(1)}       1 resourceslicecontroller.go:508] ${text}\n`);
  for (;;) {
    let failure = yield* publishOnce(process, node, devices);
    if (!failure) {
      const path = `${SLICES}?watch=true&${selector(node)}`;
      const event = yield* awaitEvent(process, path, ({ type }) => type === 'DELETED' || type === 'MODIFIED');
      if (event && !isFailure(event)) continue;
      failure = event ?? { code: 0, message: 'watch closed' };
    }
    log(`"Unhandled Error" err=${JSON.stringify(`processing ResourceSlice objects: ${failure.message}`)}`);
    yield RETRY_MS;
  }
}

const selector = (node: string) => `fieldSelector=${encodeURIComponent(`spec.driver=${DRIVER},spec.nodeName=${node}`)}`;

function* publishOnce(process: Process, node: string, devices: object[]): Co<ApiFailure | undefined> {
  const owner = yield* callApi<KubeObject>(process, 'GET', `/api/v1/nodes/${node}`);
  if (isFailure(owner)) return { ...owner, message: `retrieve node ${JSON.stringify(node)}: ${owner.message}` };
  const found = yield* callApi<{ items: KubeObject[] }>(process, 'GET', `${SLICES}?${selector(node)}`);
  if (isFailure(found)) return found;
  const old = found.items[0];
  const generation = old ? Number(old.spec.pool.generation) : 1;
  const spec = {
    devices,
    driver: DRIVER,
    nodeName: node,
    pool: { generation, name: node, resourceSliceCount: 1 },
  };
  if (old && JSON.stringify(old.spec.devices) === JSON.stringify(devices)) return undefined;
  const { uid } = owner.metadata;
  const answer = old
    ? yield* callApi(process, 'PUT', `${SLICES}/${old.metadata.name}`, {
        ...old,
        spec: { ...spec, pool: { ...spec.pool, generation: generation + 1 } },
      })
    : yield* callApi(process, 'POST', SLICES, {
        apiVersion: 'resource.k8s.io/v1',
        kind: 'ResourceSlice',
        metadata: {
          generateName: `${node}-${DRIVER}-`,
          ownerReferences: [{ apiVersion: 'v1', kind: 'Node', name: node, uid, controller: true }],
        },
        spec,
      });
  return isFailure(answer) ? { ...answer, message: `create ResourceSlice: ${answer.message}` } : undefined;
}

class Driver {
  private readonly process: Process;
  private readonly words: Words;
  private readonly node: string;
  private readonly names: ReadonlySet<string>;
  private readonly cdiRoot: string;
  private readonly prepared = new Map<string, PreparedDevice[]>();

  constructor(process: Process, words: Words, node: string, names: ReadonlySet<string>, cdiRoot: string) {
    this.process = process;
    this.words = words;
    this.node = node;
    this.names = names;
    this.cdiRoot = cdiRoot;
  }

  private log(where: string, text: string) {
    this.process.stderr.write(`${clock(this.process).klog}       1 ${where}] ${text}\n`);
  }

  writeCommon() {
    const env = [`KUBERNETES_NODE_NAME=${this.node}`, `DRA_RESOURCE_DRIVER_NAME=${DRIVER}`];
    this.writeSpec('common', { common: env });
  }

  private specPath(id: string): string {
    return `${this.cdiRoot}/${VENDOR}-gpu_${id}.yaml`;
  }

  /** A file of CDI with the variables of each device. */
  private writeSpec(id: string, devices: Readonly<Record<string, readonly string[]>>) {
    const { fs } = this.process.host;
    const lines = ['---', 'cdiVersion: 0.3.0', 'containerEdits: {}', 'devices:'];
    for (const name in devices)
      lines.push('- containerEdits:', '    env:', ...devices[name].map((one) => `    - ${one}`), `  name: ${name}`);
    fs.mkdir(this.cdiRoot, { recursive: true });
    fs.writeFile(this.specPath(id), `${[...lines, `kind: ${KIND}`].join('\n')}\n`);
  }

  *answer(
    method: string,
    request: { claims: { namespace: string; name: string; uid: string }[] },
  ): Co<Record<string, unknown>> {
    const claims: Record<string, { devices?: PreparedDevice[]; error?: string }> = {};
    const prepares = method === 'DRAPlugin/NodePrepareResources';
    const called = prepares ? this.words.prepare : this.words.unprepare;
    this.log(
      prepares ? 'driver.go:84' : 'driver.go:117',
      `${called} is called: number of claims: ${request.claims.length}`,
    );
    for (const { namespace, name, uid } of request.claims) {
      try {
        if (prepares) claims[uid] = { devices: yield* this.prepare(namespace, name, uid) };
        else claims[uid] = this.unprepare(uid);
      } catch (error) {
        if (!(error instanceof DriverError)) throw error;
        claims[uid] = { error: error.message };
      }
    }
    return { claims };
  }

  private *prepare(namespace: string, name: string, uid: string): Co<PreparedDevice[]> {
    let devices = this.prepared.get(uid);
    if (!devices) {
      const path = `/apis/resource.k8s.io/v1/namespaces/${namespace}/resourceclaims/${name}`;
      const claim = yield* callApi<Claim>(this.process, 'GET', path);
      if (isFailure(claim)) throw new DriverError(`failed to fetch ResourceClaim ${name} in namespace ${namespace}`);
      devices = this.devicesOf(claim, uid);
      this.prepared.set(uid, devices);
    }
    const shown = devices.map(
      (one) =>
        `&Device{RequestNames:[${one.request_names.join(' ')}],PoolName:${one.pool_name},DeviceName:${one.device_name},CDIDeviceIDs:[${one.cdi_device_ids.join(' ')}],}`,
    );
    this.log('driver.go:112', `Returning newly prepared devices for claim '${uid}': [${shown.join(' ')}]`);
    return devices;
  }

  private devicesOf({ status }: Claim, uid: string): PreparedDevice[] {
    const failed = (why: string) => new DriverError(`error preparing devices for claim ${uid}: prepare failed: ${why}`);
    const { results = [], config = [] } = status?.allocation?.devices ?? {};
    if (!status?.allocation) throw failed('claim not yet allocated');
    // What the claim says goes before what its class says; of equals the later one.
    const ordered = ['FromClaim', 'FromClass'].flatMap((source) =>
      config.filter((one) => one.source === source && one.opaque?.driver === DRIVER).reverse(),
    );
    const env: Record<string, string[]> = {};
    const devices: PreparedDevice[] = [];
    for (const { request, driver, pool, device } of results) {
      if (driver !== DRIVER) continue;
      if (!this.names.has(device)) throw failed(`requested GPU is not allocatable: ${device}`);
      const chosen = ordered.find(({ requests = [] }) => requests.length === 0 || requests.includes(request));
      const variable = `GPU_DEVICE_${device.slice('gpu-'.length)}`;
      const own = sharing(chosen?.opaque?.parameters, failed).map(([name, value]) => `${variable}_${name}=${value}`);
      const id = `${uid}-${device}`;
      env[id] = [`${variable}_RESOURCE_CLAIM=${uid}`, `${variable}=${device}`, ...own];
      devices.push({
        request_names: [request],
        pool_name: pool,
        device_name: device,
        cdi_device_ids: [`${KIND}=common`, `${KIND}=${id}`],
      });
    }
    this.writeSpec(uid, env);
    return devices;
  }

  private unprepare(uid: string): object {
    const { fs } = this.process.host;
    this.prepared.delete(uid);
    if (fs.exists(this.specPath(uid))) fs.remove(this.specPath(uid));
    return {};
  }
}

const INTERVALS = ['Default', 'Short', 'Medium', 'Long'];

/** How a GPU is shared, as a GpuConfig says it; by time, unless it says something else. */
function sharing(config: GpuConfig | undefined, failed: (why: string) => DriverError): [name: string, value: string][] {
  if (config && (config.apiVersion !== CONFIG_VERSION || config.kind !== 'GpuConfig')) {
    const what = `no kind ${JSON.stringify(config.kind ?? '')} is registered for version ${JSON.stringify(config.apiVersion ?? '')}`;
    throw failed(`error getting opaque device configs: error decoding config parameters: ${what}`);
  }
  const { strategy = 'TimeSlicing', timeSlicingConfig, spacePartitioningConfig } = config?.sharing ?? {};
  const invalid = (why: string) => failed(`error applying GPU config: error validating GPU config: ${why}`);
  if (strategy === 'TimeSlicing') {
    const interval = timeSlicingConfig?.interval ?? 'Default';
    if (!INTERVALS.includes(interval)) throw invalid(`unknown time-slice interval: ${interval}`);
    return [
      ['SHARING_STRATEGY', strategy],
      ['TIMESLICE_INTERVAL', interval],
    ];
  }
  if (strategy !== 'SpacePartitioning') throw invalid(`unknown GPU sharing strategy: ${strategy}`);
  const count = spacePartitioningConfig?.partitionCount ?? 1;
  if (count <= 0) throw invalid(`invalid partition count: ${count}`);
  return [
    ['SHARING_STRATEGY', strategy],
    ['PARTITION_COUNT', String(count)],
  ];
}

export const draDriverRepositories: readonly Repository[] = [
  {
    names: ['registry.k8s.io/dra-example-driver/dra-example-driver'],
    tags: () => plain('v0.1.0', 'v0.2.0'),
    size: 78_400_000,
    memory: 19_000_000,
    userland: 'gnu',
    commands: DEBIAN_COMMANDS,
    cmd: ['/bin/bash'],
    versionedPrograms: (version) => ({
      '/usr/bin/dra-example-kubeletplugin': kubeletPlugin(WORDS[version] ?? WORDS['v0.2.0']),
    }),
  },
];
