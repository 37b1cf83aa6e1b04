// What kubeadm looks at before it changes a machine. Names and words are those of its checks.

import { numbersOf } from '../../kubeadm/releases.ts';
import { quantityValue } from '../../api/quantity.ts';
import { unreachable } from '../../kubelet/index.ts';
import { KUBERNETES, MANIFESTS, PKI, type Session } from './session.ts';

interface Check {
  name: string;
  warnings?: string[];
  errors?: string[];
}

/** kubeadm: ControlPlaneNumCPU and ControlPlaneMem (MB). */
const CPUS = 2;
const MEMORY_MB = 1700;
/** kubeadm: MinimumKubeletVersion, minor versions below its own. */
const KUBELET_SKEW = 3;
const IP6_FORWARD = '/proc/sys/net/ipv6/conf/default/forwarding';
const IP_FORWARD = '/proc/sys/net/ipv4/ip_forward';
const RUNTIME_CONFIG =
  'You must update your container runtime to a version that supports the CRI method RuntimeConfig. Falling back to using cgroupDriver from kubelet config will be removed in 1.36. For more information, see https://git.k8s.io/enhancements/keps/sig-node/4033-group-driver-detection-over-cri';

const port = (session: Session, number: number): Check => ({
  name: `Port-${number}`,
  errors: session.listens(number) ? [`Port ${number} is in use`] : [],
});
const absent = ({ fs }: Session, path: string): Check => ({
  name: `FileAvailable-${path.replace(/\//g, '-')}`,
  errors: fs.exists(path) ? [`${path} already exists`] : [],
});

/** Why the runtime cannot be spoken to. */
export const runtimeProblem = ({ kubelet }: Session): string | undefined =>
  kubelet.runtimeRuns
    ? undefined
    : `failed to create new CRI runtime service: validate service connection: validate CRI v1 runtime API for endpoint "unix:///var${kubelet.runtime.socket.replace(/^\/var/, '')}": ${unreachable(kubelet.runtime).replace('dial unix /run/', 'dial unix /var/run/')}`;

/** `kubernetes`: the version that the control plane will have; absent for those who join. */
function common(session: Session, kubernetes: string | undefined): Check[] {
  const { kubelet, software, systemd, process, version } = session;
  const problem = runtimeProblem(session);
  if (problem)
    session.log(
      'W',
      'checks.go:1080',
      `[preflight] WARNING: Couldn't create the interface used for talking to the container runtime: ${problem}`,
    );
  const checks: Check[] = [];
  const old = kubelet.runtime.name === 'containerd' && /^containerd:\/\/1\./.test(software.runtimeVersion);
  if (!problem && old && numbersOf(version).minor >= 35)
    checks.push({ name: 'ContainerRuntimeVersion', warnings: [RUNTIME_CONFIG] });
  const kubeletVersion: Check = { name: 'KubeletVersion', errors: [] };
  if (!process.host.program('kubelet')) {
    kubeletVersion.errors = [
      "couldn't get kubelet version: cannot execute 'kubelet --version': executable file not found in $PATH",
    ];
  } else {
    const installed = software.release('kubelet');
    const shown = JSON.stringify(installed.slice(1));
    if (numbersOf(installed).minor < numbersOf(version).minor - KUBELET_SKEW)
      kubeletVersion.errors = [`Kubelet version ${shown} is lower than kubeadm can support. Please upgrade kubelet`];
    else if (kubernetes && numbersOf(installed).minor > numbersOf(kubernetes).minor)
      kubeletVersion.errors = [
        `the kubelet version is higher than the control plane version. This is not a supported version skew and may lead to a malfunctional cluster. Kubelet version: ${shown} Control plane version: "${kubernetes.slice(1)}"`,
      ];
  }
  const service: Check = { name: 'Service-Kubelet', warnings: [] };
  if (!systemd.unit('kubelet.service')) service.warnings = ['kubelet service does not exist'];
  else if (!software.enabled.has('kubelet.service'))
    service.warnings = ["kubelet service is not enabled, please run 'systemctl enable kubelet.service'"];
  checks.push(kubeletVersion, service, port(session, 10250));
  return checks;
}

/** Of the family of the machine's address. */
function forwarding({ process }: Session): Check {
  const { net } = process.host;
  const six = net.addresses[0].includes(':');
  const path = six ? IP6_FORWARD : IP_FORWARD;
  return {
    name: `FileContent-${path.replace(/\//g, '-')}`,
    errors: (six ? net.forwarding6 : net.forwarding) ? [] : [`${path} contents are not set to 1`],
  };
}

interface InitChecks {
  /** Of etcd. */
  dataDir: string;
  /** The machine joins a control plane: what every machine that joins is asked has been asked. */
  joins?: boolean;
}

export function initChecks(session: Session, kubernetes: string, { dataDir: etcd, joins }: InitChecks): Check[] {
  const { kubelet, fs, version } = session;
  const { cpu = '4', memory = '8148000Ki' } = kubelet.node;
  const megabytes = Math.floor(quantityValue(memory) / 1024 / 1024);
  const newer = numbersOf(kubernetes).minor > numbersOf(version).minor;
  return [
    {
      name: 'NumCPU',
      errors: Number(cpu) < CPUS ? [`the number of available CPUs ${cpu} is less than the required ${CPUS}`] : [],
    },
    {
      name: 'Mem',
      errors:
        megabytes < MEMORY_MB ? [`the system RAM (${megabytes} MB) is less than the minimum ${MEMORY_MB} MB`] : [],
    },
    {
      name: 'KubernetesVersion',
      warnings: newer
        ? [
            `Kubernetes version is greater than kubeadm version. Please consider to upgrade kubeadm. Kubernetes version: ${kubernetes.slice(1)}. Kubeadm version: 1.${numbersOf(version).minor}.x`,
          ]
        : [],
    },
    port(session, 6443),
    port(session, 10259),
    port(session, 10257),
    ...['kube-apiserver', 'kube-controller-manager', 'kube-scheduler', 'etcd'].map((name) =>
      absent(session, `${MANIFESTS}/${name}.yaml`),
    ),
    ...(joins ? [] : [...common(session, kubernetes), forwarding(session)]),
    port(session, 2379),
    port(session, 2380),
    {
      name: `DirAvailable-${etcd.replace(/\//g, '-')}`,
      errors: fs.isDirectory(etcd) && fs.readdir(etcd).length ? [`${etcd} is not empty`] : [],
    },
  ];
}

export const joinChecks = (session: Session, controlPlane: boolean): Check[] => [
  absent(session, `${KUBERNETES}/kubelet.conf`),
  absent(session, `${KUBERNETES}/bootstrap-kubelet.conf`),
  ...common(session, undefined),
  ...(controlPlane ? [] : [absent(session, `${PKI}/ca.crt`)]),
  forwarding(session),
];

/** Shows what the checks say, and ends the command when one has failed that is not to be ignored. */
export function runChecks(session: Session, checks: readonly Check[], ignored: ReadonlySet<string>) {
  const fatal: string[] = [];
  for (const { name, warnings = [], errors = [] } of checks) {
    const lenient = ignored.has('all') || ignored.has(name.toLowerCase());
    for (const text of lenient ? [...warnings, ...errors] : warnings)
      session.complain(`\t[WARNING ${name}]: ${text}\n`);
    if (!lenient) for (const text of errors) fatal.push(`\t[ERROR ${name}]: ${text}\n`);
  }
  if (fatal.length) failed(session, fatal.join(''));
}

export function failed(session: Session, text: string): never {
  session.complain(
    `[preflight] Some fatal errors occurred:\n${text}[preflight] If you know what you are doing, you can make a check non-fatal with \`--ignore-preflight-errors=...\`\n`,
  );
  return session.fail('error execution phase preflight: preflight checks failed');
}

export const ignoredChecks = (text: string | undefined): ReadonlySet<string> =>
  new Set((text ?? '').toLowerCase().split(',').filter(Boolean));
