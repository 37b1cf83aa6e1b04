// The structured allocator: chooses devices that a node reaches for all claims of a Pod, or finds that there are none
// (k8s.io/dynamic-resource-allocation/structured).

import { keyOf } from '../../client/index.ts';
import type {
  AllocationResult,
  DeviceAllocationConfiguration,
  DeviceAttribute,
  DeviceClass,
  DeviceRequest,
  DeviceSelector,
  DeviceSubRequest,
  ExactDeviceRequest,
  NodeSelector,
} from '../../api/types.ts';
import type { ResourceClaim } from '../../api/resource-claims.ts';
import type { NodeInfo } from '../node-info.ts';
import type { Candidate, Pool } from './dynamic-resources-pools.ts';

/** AllocationResultsMaxSize. */
const MAX_DEVICES = 32;
/** Steps of the search; upstream stops it by the time that it takes. */
const MAX_STEPS = 20_000;

/** Nothing can be allocated before something else is put right. */
export class AllocationError extends Error {}
/** The search was given up on this node. */
export class SearchTimeout extends Error {}
/** Nothing was found, and a pool whose devices cannot be told apart is among those that were passed over. */
export class InvalidPools extends Error {}

export interface Selector {
  matches(device: Candidate['device'], driver: string): boolean;
}

export interface AllocatorOptions {
  node: NodeInfo;
  claims: readonly ResourceClaim[];
  pools: readonly Pool[];
  classOf(name: string): DeviceClass | undefined;
  inUse(id: string): boolean;
  /** The program of a selector, or what is wrong with it. */
  compile(expression: string): Selector | string;
}

/** A request, or one of the alternatives of a request. */
interface Wanted {
  /** 'request' or 'request/alternative'. */
  name: string;
  request: string;
  spec: ExactDeviceRequest | DeviceSubRequest;
  admin: boolean;
  deviceClass: DeviceClass;
  count: number;
  /** All that match; undefined: not looked for yet. */
  candidates: Candidate[] | undefined;
}

interface Chosen {
  wanted: Wanted;
  candidate: Candidate;
}

interface Task {
  claim: ResourceClaim;
  /** Of each request its alternatives. */
  requests: Wanted[][];
  chosen: Chosen[];
}

/** An allocation for each claim; undefined when the node has not enough devices. Throws the errors above. */
export function allocate(options: AllocatorOptions): AllocationResult[] | undefined {
  const search = new Search(options);
  if (search.run()) return search.tasks.map((task) => resultOf(task, options.node));
  if (options.pools.some(({ invalid }) => invalid)) throw new InvalidPools('invalid resource pools were encountered');
  return undefined;
}

class Search {
  readonly tasks: Task[];
  private readonly options: AllocatorOptions;
  private readonly usable: readonly Candidate[];
  private readonly taken = new Set<string>();
  private steps = 0;

  constructor(options: AllocatorOptions) {
    this.options = options;
    this.usable = options.pools.flatMap(({ incomplete, invalid, candidates }) =>
      incomplete || invalid ? [] : candidates,
    );
    this.tasks = options.claims.map((claim) => this.prepare(claim));
  }

  run(): boolean {
    return this.next(0, 0);
  }

  private prepare(claim: ResourceClaim): Task {
    const wanted = claim.spec.devices?.requests ?? [];
    const requests = wanted.map((request) => this.alternatives(claim, request));
    const least = requests.reduce((sum, list) => sum + Math.min(...list.map(({ count }) => count)), 0);
    if (least > MAX_DEVICES)
      throw new AllocationError(
        `claim ${keyOf(claim)}: number of requested devices ${least} exceeds the claim limit of ${MAX_DEVICES}`,
      );
    return { claim, requests, chosen: [] };
  }

  private alternatives(claim: ResourceClaim, { name, exactly, firstAvailable = [] }: DeviceRequest): Wanted[] {
    if (exactly) return [this.wanted(claim, name, name, name, exactly)];
    return firstAvailable.map((one) => this.wanted(claim, `${name}/${one.name}`, name, one.name, one));
  }

  private wanted(
    claim: ResourceClaim,
    name: string,
    request: string,
    shown: string,
    spec: ExactDeviceRequest | DeviceSubRequest,
  ): Wanted {
    const { deviceClassName, allocationMode, count = 1 } = spec;
    const deviceClass = this.options.classOf(deviceClassName);
    const where = `claim ${keyOf(claim)}, request ${shown}`;
    if (!deviceClass)
      throw new AllocationError(
        `${where}: could not retrieve device class ${deviceClassName}: deviceclass.resource.k8s.io ${JSON.stringify(deviceClassName)} not found`,
      );
    const admin = 'adminAccess' in spec && spec.adminAccess === true;
    const wanted: Wanted = { name, request, spec, admin, deviceClass, count, candidates: undefined };
    if (allocationMode !== 'All') return wanted;
    for (const { id, incomplete, invalid } of this.options.pools)
      if (incomplete || invalid)
        throw new AllocationError(
          `${where}: asks for all devices, but resource pool ${id} is currently ${incomplete ? 'being updated' : 'invalid'}`,
        );
    return { ...wanted, count: this.matching(claim, wanted).length, candidates: this.matching(claim, wanted) };
  }

  /** The devices that the class and the request select. */
  private matching(claim: ResourceClaim, wanted: Wanted): Candidate[] {
    return (wanted.candidates ??= this.usable.filter(
      (candidate) =>
        this.selects(candidate, wanted.deviceClass.spec.selectors, `class ${wanted.deviceClass.metadata.name}`) &&
        this.selects(candidate, wanted.spec.selectors, `claim ${keyOf(claim)}`),
    ));
  }

  private selects({ device, slice }: Candidate, selectors: DeviceSelector[] = [], whose: string): boolean {
    for (let i = 0; i < selectors.length; i++) {
      const selector = this.options.compile(selectors[i].cel?.expression ?? '');
      if (typeof selector === 'string')
        throw new AllocationError(`${whose}: selector #${i}: CEL compile error: ${selector}`);
      try {
        if (!selector.matches(device, slice.spec.driver)) return false;
      } catch (error) {
        throw new AllocationError(`${whose}: selector #${i}: CEL runtime error: ${(error as Error).message}`);
      }
    }
    return true;
  }

  /** Serves all requests from this one on. */
  private next(index: number, request: number): boolean {
    if (index === this.tasks.length) return true;
    const task = this.tasks[index];
    if (request === task.requests.length) return this.next(index + 1, 0);
    for (const wanted of task.requests[request]) {
      if (task.chosen.length + wanted.count > MAX_DEVICES) continue;
      const all = wanted.spec.allocationMode === 'All';
      if (all && wanted.count === 0) continue;
      if (this.choose(index, request, wanted, wanted.count, 0)) return true;
    }
    return false;
  }

  /** Chooses `missing` more devices for one request, from the candidate at `from` on. */
  private choose(index: number, request: number, wanted: Wanted, missing: number, from: number): boolean {
    if (missing === 0) return this.next(index, request + 1);
    const task = this.tasks[index];
    const candidates = this.matching(task.claim, wanted);
    for (let i = from; i <= candidates.length - missing; i++) {
      if (++this.steps > MAX_STEPS) throw new SearchTimeout('timed out trying to allocate devices');
      const chosen = { wanted, candidate: candidates[i] };
      const all = wanted.spec.allocationMode === 'All';
      const free = this.isFree(task, chosen);
      if (free && this.satisfies(task, chosen)) {
        task.chosen.push(chosen);
        if (!wanted.admin) this.taken.add(chosen.candidate.id);
        if (this.choose(index, request, wanted, missing - 1, i + 1)) return true;
        task.chosen.pop();
        if (!wanted.admin) this.taken.delete(chosen.candidate.id);
      } else if (free && all) {
        const { id } = chosen.candidate;
        throw new AllocationError(
          `claim ${keyOf(task.claim)}, request ${wanted.name}: cannot add device ${id} because a claim constraint would not be satisfied`,
        );
      }
      if (all) return false;
    }
    return false;
  }

  /** Admin access shares devices with all other claims, but not within one. */
  private isFree(task: Task, { wanted, candidate: { id } }: Chosen): boolean {
    if (wanted.admin) return !task.chosen.some(({ candidate }) => candidate.id === id);
    return !this.taken.has(id) && !this.options.inUse(id);
  }

  /** matchAttribute: all devices of the requests that it is about have the attribute, with one value. */
  private satisfies({ claim, chosen }: Task, next: Chosen): boolean {
    for (const { matchAttribute, requests = [] } of claim.spec.devices?.constraints ?? []) {
      const applies = ({ wanted }: Chosen) =>
        requests.length === 0 || requests.includes(wanted.request) || requests.includes(wanted.name);
      if (matchAttribute === undefined || !applies(next)) continue;
      const value = attributeOf(next.candidate, matchAttribute);
      if (!value) return false;
      const first = chosen.find(applies);
      const other = first && attributeOf(first.candidate, matchAttribute);
      if (other && !sameValue(value, other)) return false;
    }
    return true;
  }
}

/** By its full name; the driver's own may be published without the domain. */
function attributeOf({ device, slice }: Candidate, name: string): DeviceAttribute | undefined {
  const full = device.attributes?.[name];
  if (full) return full;
  const slash = name.indexOf('/');
  return name.slice(0, slash) === slice.spec.driver ? device.attributes?.[name.slice(slash + 1)] : undefined;
}

const sameValue = (a: DeviceAttribute, b: DeviceAttribute): boolean =>
  a.string === b.string && a.int === b.int && a.bool === b.bool && a.version === b.version;

function resultOf(task: Task, node: NodeInfo): AllocationResult {
  const config = configOf(task);
  const results = task.chosen.map(({ wanted, candidate: { device, slice } }) => ({
    request: wanted.name,
    driver: slice.spec.driver,
    pool: slice.spec.pool.name,
    device: device.name,
    ...('adminAccess' in wanted.spec && { adminAccess: wanted.spec.adminAccess }),
  }));
  const nodeSelector = nodesOf(task, node);
  return { devices: { results, ...(config.length && { config }) }, ...(nodeSelector && { nodeSelector }) };
}

/** The parameters of the classes, and of the claim where they are about what was chosen. */
function configOf({ claim, requests, chosen }: Task): DeviceAllocationConfiguration[] {
  const config: DeviceAllocationConfiguration[] = [];
  const selected = requests.map(
    (list) => list.find((wanted) => chosen.some((one) => one.wanted === wanted)) ?? list[0],
  );
  const ofClass = new Map<DeviceClass, string[]>();
  for (const { deviceClass, name } of selected) {
    const names = ofClass.get(deviceClass);
    if (names) names.push(name);
    else ofClass.set(deviceClass, [name]);
  }
  // None named is all of them.
  const about = (names: readonly string[] = []) =>
    names.length > 0 && names.length !== requests.length ? { requests: [...names] } : {};
  ofClass.forEach((names, { spec }) => {
    for (const one of spec.config ?? []) config.push({ source: 'FromClass', ...about(names), ...one });
  });
  for (const { requests: names = [], ...one } of claim.spec.devices?.config ?? []) {
    if (names.length === 0 || selected.some(({ request, name }) => names.includes(request) || names.includes(name)))
      config.push({ source: 'FromClaim', ...about(names), ...one });
  }
  return config;
}

/** Where the chosen devices can be used; undefined: everywhere. */
function nodesOf({ chosen }: Task, node: NodeInfo): NodeSelector | undefined {
  const matchExpressions = new Map<string, object>();
  const matchFields = new Map<string, object>();
  for (const { candidate } of chosen) {
    const { nodeName, nodeSelector } = candidate.slice.spec;
    if (nodeName) {
      const here = { key: 'metadata.name', operator: 'In', values: [node.name] };
      return { nodeSelectorTerms: [{ matchFields: [here] }] };
    }
    for (const term of nodeSelector?.nodeSelectorTerms ?? []) {
      for (const one of term.matchExpressions ?? []) matchExpressions.set(JSON.stringify(one), one);
      for (const one of term.matchFields ?? []) matchFields.set(JSON.stringify(one), one);
    }
  }
  if (matchExpressions.size + matchFields.size === 0) return undefined;
  const term = {
    ...(matchExpressions.size && { matchExpressions: [...matchExpressions.values()] }),
    ...(matchFields.size && { matchFields: [...matchFields.values()] }),
  };
  return { nodeSelectorTerms: [term] } as NodeSelector;
}
