// crictl inspect and inspectp: a container and a Pod's sandbox as the runtime has them.

import type { Container, Kubelet } from '../kubelet/index.ts';
import type { Process } from '../linux/index.ts';
import type { Worker } from '../kubelet/pod-slices.ts';
import { nodeProcesses, original } from './node-processes.ts';

const STATES = { created: 'CONTAINER_CREATED', running: 'CONTAINER_RUNNING', exited: 'CONTAINER_EXITED' } as const;
const time = (ms: number) => new Date(ms).toISOString().replace('.000Z', 'Z');
const show = (process: Process, object: object) => process.stdout.write(`${JSON.stringify(object, null, 2)}\n`);

function podLabels({ pod }: Worker): Record<string, string> {
  const { name = '', namespace = '', uid = '' } = pod.metadata ?? {};
  return { 'io.kubernetes.pod.name': name, 'io.kubernetes.pod.namespace': namespace, 'io.kubernetes.pod.uid': uid };
}

const logDirectory = ({ pod }: Worker) =>
  `/var/log/pods/${pod.metadata.namespace}_${pod.metadata.name}_${pod.metadata.uid}`;

/** The number that the node knows a container's main process by; 0 when it has ended. */
function pidOf(kubelet: Kubelet, { process }: Container): number {
  if (!process) return 0;
  return nodeProcesses(kubelet).find((one) => original(one) === process)?.pid ?? 0;
}

export function inspect(process: Process, kubelet: Kubelet, container: Container, worker: Worker, sandboxID: string) {
  const { config, id, name, state, createdAt, startedAt, finishedAt, exitCode, reason, message } = container;
  const { image, attempt, spec, uid, gid, groups } = config;
  show(process, {
    info: {
      config: { command: config.command, working_dir: config.workingDir, envs: pairs(config.env) },
      pid: pidOf(kubelet, container),
      runtimeType: 'io.containerd.runc.v2',
      sandboxID,
      snapshotter: 'overlayfs',
    },
    status: {
      annotations: {
        'io.kubernetes.container.restartCount': String(attempt),
        'io.kubernetes.container.terminationMessagePath': spec.terminationMessagePath ?? '/dev/termination-log',
        'io.kubernetes.container.terminationMessagePolicy': spec.terminationMessagePolicy ?? 'File',
        'io.kubernetes.pod.terminationGracePeriod': String(worker.pod.spec?.terminationGracePeriodSeconds ?? 30),
      },
      createdAt: time(createdAt),
      exitCode,
      finishedAt: time(finishedAt),
      id,
      image: { annotations: {}, image: image.reference, runtimeHandler: '', userSpecifiedImage: '' },
      imageId: image.digest,
      imageRef: `${image.repository}@${image.digest}`,
      labels: { 'io.kubernetes.container.name': name, ...podLabels(worker) },
      logPath: `${logDirectory(worker)}/${name}/${attempt}.log`,
      message,
      metadata: { attempt, name },
      mounts: (spec.volumeMounts ?? []).map(({ mountPath, readOnly = false }) => ({
        containerPath: mountPath,
        readonly: readOnly,
      })),
      reason,
      startedAt: time(startedAt),
      state: STATES[state],
      user: { linux: { gid: String(gid), supplementalGroups: groups.map(String), uid: String(uid) } },
    },
  });
}

const pairs = (env: Readonly<Record<string, string>>) => Object.keys(env).map((key) => ({ key, value: env[key] }));

export function inspectSandbox(process: Process, worker: Worker, id: string) {
  const { pod, startTime, sandbox } = worker;
  const { annotations = {}, labels = {}, name = '', namespace = '', uid = '' } = pod.metadata ?? {};
  const mode = (own: boolean | undefined) => (own ? 'NODE' : 'POD');
  const { hostNetwork, hostIPC, hostPID, shareProcessNamespace } = pod.spec ?? {};
  show(process, {
    status: {
      annotations,
      createdAt: time(startTime),
      id,
      labels: { ...labels, ...podLabels(worker) },
      linux: {
        namespaces: {
          options: {
            ipc: mode(hostIPC),
            network: mode(hostNetwork),
            pid: hostPID ? 'NODE' : shareProcessNamespace ? 'POD' : 'CONTAINER',
          },
        },
      },
      metadata: { attempt: 0, name, namespace, uid },
      network: { additionalIps: [], ip: hostNetwork ? '' : (sandbox?.ip ?? '') },
      runtimeHandler: '',
      state: 'SANDBOX_READY',
    },
  });
}
