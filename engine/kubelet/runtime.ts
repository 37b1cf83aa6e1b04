// The container runtime of one node (containerd's part): sandboxes and containers with what the API objects ask
// of them. It goes on when the kubelet process stops.

import { quantityMilli, quantityValue } from '../api/quantity.ts';
import type { Container as ContainerSpec, EphemeralContainer, Pod, PodSpec } from '../api/types.ts';
import type { Image } from '../images/types.ts';
import { containerCapabilities, FileNode, type FileSystem, type PidNamespace } from '../linux/index.ts';
import type { CgroupLimits } from './cgroup.ts';
import { confinementOf, sysctlsOf } from './confinement.ts';
import { Container, type ContainerKind } from './container.ts';
import { ConfigError, expand } from './env.ts';
import { podText } from './format.ts';
import { ensureDirectory, place } from './place.ts';
import { podRef } from './reference.ts';
import { part } from '../parts/index.ts';
import { scheme } from './runtimes.ts';
import { hasOwnResolv, hostsFile, resolvFile, type Sandbox } from './sandbox.ts';
import type { PodWorker } from './pod-worker.ts';

const NO_GROUPS: readonly number[] = [];
const UNLIMITED: CgroupLimits = { memory: undefined, cpu: undefined, cpuRequest: 0 };
const ETC_PLACES: readonly string[] = ['/etc/hosts', '/etc/hostname', '/etc/resolv.conf'];

/** Makes a container ready to be started. Throws ConfigError when its configuration cannot be made, or CreateError. */
export function createContainer(
  worker: PodWorker,
  spec: ContainerSpec,
  kind: ContainerKind,
  image: Image,
  attempt: number,
): Container {
  const { pod, kubelet } = worker;
  const sandbox = worker.sandbox as Sandbox;
  const podSpec = pod.spec as PodSpec;
  const env = environment(worker, spec, image, sandbox.hostname);
  if (spec.resources?.claims) Object.assign(env, part('devices').deviceEnvironment(worker, spec));
  if (spec.tty) env.TERM ??= 'xterm';
  const user = userOf(pod, spec, image);
  env.HOME ??= user.uid === 0 ? '/root' : '/';

  let terminationFile: FileNode | undefined;
  const { fsGroup, supplementalGroups = NO_GROUPS, supplementalGroupsPolicy } = podSpec.securityContext ?? {};
  // containerd adds the primary group, and those that the image puts the user in; the kernel keeps the list sorted.
  const asked = fsGroup === undefined ? supplementalGroups : [fsGroup, ...supplementalGroups];
  const known = supplementalGroupsPolicy === 'Strict' ? NO_GROUPS : image.groupsOf(user.uid);
  const groups =
    asked.length || known.length ? [...new Set([user.gid, ...asked, ...known])].sort((a, b) => a - b) : [user.gid];
  const { terminationMessagePath } = spec;
  const { clusterDNS: server, clusterDomain: domain } = kubelet;
  const { files } = sandbox;
  const resolv = () =>
    (files.resolv ??= new FileNode(
      resolvFile(pod, { server, domain, node: () => kubelet.nodeResolv }, (text) =>
        kubelet.recorder.event(podRef(pod), 'Warning', 'DNSConfigForming', text),
      ),
    ));
  const mount = (fs: FileSystem) => {
    const { root } = fs;
    const etc = ensureDirectory(root, '/etc');
    etc?.set('hosts', (files.hosts ??= new FileNode(hostsFile(pod, sandbox, kubelet.node.name, domain))));
    etc?.set('hostname', (files.hostname ??= new FileNode(`${sandbox.hostname}\n`)));
    etc?.set('resolv.conf', resolv());
    worker.volumes.mount(fs, spec, (text) => expand(text, env));
    if (terminationMessagePath)
      place(root, terminationMessagePath, (terminationFile ??= new FileNode('', { mode: 0o666 })));
  };
  // What the node's file says now, and what is wrong with the Pod's wishes, is known when it starts.
  const places = hasOwnResolv(pod) ? undefined : worker.volumes.places(spec);
  return new Container(
    kubelet.sim,
    {
      spec,
      kind,
      image,
      attempt,
      command: commandOf(spec, image, env),
      env,
      workingDir: spec.workingDir || image.config.workingDir,
      hostname: sandbox.hostname,
      kernel: sandbox.kernel,
      net: sandbox.net,
      uid: user.uid,
      gid: user.gid,
      groups,
      capabilities: capabilitiesOf(spec),
      confinement: confinementOf(kubelet, pod, spec, sandbox),
      sysctls: sysctlsOf(pod),
      readOnlyRoot: !!spec.securityContext?.readOnlyRootFilesystem,
      limits: limitsOf(spec, pod),
      parent: podSpec.resources?.limits && (worker.cgroup ??= part('kubelet').podCgroup(podSpec)),
      pids: sandbox.pids ?? targetPids(worker, spec),
      disk: kubelet.machine.fs.disk,
      mayFork: mayFork(worker),
      others: podSpec.hostPID ? kubelet.machine.others : undefined,
      facts: kubelet.machine.facts,
      outOfMemory: (container) => part('machine').noteOutOfMemory(worker, container),
      mount,
      places:
        places &&
        (terminationMessagePath ? ETC_PLACES.concat(terminationMessagePath, places) : ETC_PLACES.concat(places)),
      terminationMessage: () => terminationFile?.text ?? '',
      runtime: scheme(kubelet.runtime),
    },
    (container) => worker.containerExited(container),
  );
}

/** By the variables of services, which most Pods of a namespace have and nothing else. */
const beginnings = new WeakMap<object, { image: Image; env: Record<string, string> }>();

/** containerd: PATH, HOSTNAME, the image's, the Pod's. */
function environment(worker: PodWorker, spec: ContainerSpec, image: Image, hostname: string): Record<string, string> {
  const { env } = image.config;
  const own = worker.objects.environment(spec);
  if (spec.env || spec.envFrom || env.HOSTNAME !== undefined)
    return { PATH: env.PATH, HOSTNAME: hostname, ...env, ...own };
  let known = beginnings.get(own);
  if (known?.image !== image) {
    known = { image, env: { PATH: env.PATH, HOSTNAME: '', ...env, ...own } };
    beginnings.set(own, known);
  }
  const made = { ...known.env };
  made.HOSTNAME = hostname;
  return made;
}

/** kubelet: podPidsLimit, which the containers of a Pod share. */
function mayFork(worker: PodWorker): (() => boolean) | undefined {
  const { podPids } = worker.kubelet.tuning;
  return podPids > 0 ? () => worker.processes < podPids : undefined;
}

/** A debug container sees the processes of the container that it is meant for. */
function targetPids(worker: PodWorker, spec: ContainerSpec): PidNamespace | undefined {
  const { targetContainerName } = spec as EphemeralContainer;
  return targetContainerName ? worker.records.get(targetContainerName)?.current?.host?.pids : undefined;
}

function capabilitiesOf({ securityContext }: ContainerSpec): ReadonlySet<string> | undefined {
  const { add, drop } = securityContext?.capabilities ?? {};
  return securityContext?.privileged ? undefined : containerCapabilities(add, drop);
}

/** What the kernel is told of a container's resources; where it has no limit of its own, the Pod's bounds it. */
export function limitsOf({ resources }: Pick<ContainerSpec, 'resources'>, pod: Pod): CgroupLimits {
  if (!pod.spec?.resources && !resources?.limits && !resources?.requests) return UNLIMITED;
  const { memory, cpu } = { ...pod.spec?.resources?.limits, ...resources?.limits };
  const request = resources?.requests?.cpu ?? cpu;
  return {
    memory: memory === undefined ? undefined : quantityValue(memory) || undefined,
    cpu: cpu === undefined ? undefined : quantityMilli(cpu) || undefined,
    cpuRequest: request === undefined ? 0 : quantityMilli(request),
  };
}

/** command replaces the entry point and drops the image's CMD, args replace CMD. */
function commandOf(spec: ContainerSpec, image: Image, env: Record<string, string>): string[] {
  const { entrypoint, cmd } = image.config;
  if (!spec.command?.length && !spec.args?.length && entrypoint.length + cmd.length) return usualCommand(image);
  const command = spec.command?.length ? spec.command.map((text) => expand(text, env)) : entrypoint;
  const args = spec.args?.length ? spec.args.map((text) => expand(text, env)) : spec.command?.length ? [] : cmd;
  const all = [...command, ...args];
  if (all.length === 0) throw new ConfigError('no command specified');
  return all;
}

/** What images run by themselves. */
const usual = new WeakMap<Image, string[]>();

function usualCommand(image: Image): string[] {
  let command = usual.get(image);
  if (!command) usual.set(image, (command = [...image.config.entrypoint, ...image.config.cmd]));
  return command;
}

function userOf(pod: Pod, spec: ContainerSpec, image: Image): { uid: number; gid: number } {
  const podContext = pod.spec?.securityContext;
  const context = spec.securityContext;
  const { user } = image.config;
  if (user === '' && context === undefined && podContext?.runAsUser === undefined && !podContext?.runAsNonRoot)
    return { uid: 0, gid: podContext?.runAsGroup ?? 0 };
  const [name, group] = user.split(':');
  const imageUid = name === '' ? 0 : /^\d+$/.test(name) ? Number(name) : image.userId(name);
  const asked = context?.runAsUser ?? podContext?.runAsUser;
  const uid = asked ?? imageUid ?? 0;
  const nonRoot = context?.runAsNonRoot ?? podContext?.runAsNonRoot;
  const where = `(pod: ${JSON.stringify(podText(pod))}, container: ${spec.name})`;
  if (nonRoot && asked === 0) throw new ConfigError(`container's runAsUser breaks non-root policy ${where}`);
  if (nonRoot && asked === undefined) {
    if (name && !/^\d+$/.test(name)) {
      throw new ConfigError(
        `container has runAsNonRoot and image has non-numeric user (${name}), cannot verify user is non-root ${where}`,
      );
    }
    if (uid === 0) throw new ConfigError(`container has runAsNonRoot and image will run as root ${where}`);
  }
  const imageGid =
    asked !== undefined
      ? 0
      : group !== undefined && /^\d+$/.test(group)
        ? Number(group)
        : name && uid
          ? (image.userId(group ?? name) ?? 0)
          : 0;
  return { uid, gid: context?.runAsGroup ?? podContext?.runAsGroup ?? imageGid };
}
