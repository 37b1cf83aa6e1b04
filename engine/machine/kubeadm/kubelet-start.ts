// The phases of kubeadm that start the kubelet, and wait for the control plane that it starts.

import { serverURL } from '../../addressing.ts';
import { CONFIG_FILE } from '../../kubelet/index.ts';
import type { Co } from '../../sim/index.ts';
import { HEALTH_MS, MANIFESTS, type Session } from './session.ts';
import type { Arg } from './settings.ts';

/** Writes the kubelet's files, and starts it. */
export function* startKubelet(session: Session, config: string, args: readonly Arg[] = []): Co {
  const { systemd, kubelet } = session;
  systemd.stop('kubelet.service');
  writeKubeletFlags(session, args);
  writeKubeletConfig(session, kubelet.runtime.socket, config);
  session.say('[kubelet-start] Starting the kubelet');
  yield 500;
  systemd.start('kubelet.service');
}

/** What the kubelet is given beside its file. */
export function writeKubeletFlags(session: Session, args: readonly Arg[]) {
  const path = '/var/lib/kubelet/kubeadm-flags.env';
  session.say(`[kubelet-start] Writing kubelet environment file with flags to file "${path}"`);
  const flags = [...args].sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0));
  const text = flags.map(({ name, value = '' }) => `--${name}=${value}`).join(' ');
  session.write(path, `KUBELET_KUBEADM_ARGS=${JSON.stringify(text)}\n`);
}

export function writeKubeletConfig(session: Session, socket: string, config: string) {
  const instance = '/var/lib/kubelet/instance-config.yaml';
  session.say(
    `[kubelet-start] Writing kubelet configuration to file "${instance}"`,
    '[patches] Applied patch of type "application/strategic-merge-patch+json" to target "kubeletconfiguration"',
    `[kubelet-start] Writing kubelet configuration to file "${CONFIG_FILE}"`,
  );
  session.write(
    instance,
    `apiVersion: kubelet.config.k8s.io/v1beta1\ncontainerRuntimeEndpoint: unix:///var${socket}\nkind: KubeletConfiguration\n`,
  );
  session.write(CONFIG_FILE, config);
}

export function* waitKubelet(session: Session): Co {
  session.say(
    `[wait-control-plane] Waiting for the kubelet to boot up the control plane as static Pods from directory "${MANIFESTS}"`,
  );
  yield* session.kubeletHealthy();
}

export function* waitControlPlane(session: Session, ip: string): Co {
  const { process, targets } = session;
  const { hostname } = process.host;
  const waiting = new Map<string, [url: string, healthy: () => boolean]>([
    [
      'kube-apiserver',
      [`${serverURL(ip)}/livez`, () => session.listens(6443) && targets.controlPlane.reaches(hostname)],
    ],
    ['kube-controller-manager', ['https://127.0.0.1:10257/healthz', () => session.listens(10257)]],
    ['kube-scheduler', ['https://127.0.0.1:10259/livez', () => session.listens(10259)]],
  ]);
  session.say('[control-plane-check] Waiting for healthy control plane components. This can take up to 4m0s');
  waiting.forEach(([url], name) => session.say(`[control-plane-check] Checking ${name} at ${url}`));
  const start = session.now;
  yield 500;
  yield* session.poll(HEALTH_MS, () => {
    for (const [name, [, healthy]] of [...waiting]) {
      if (!healthy()) continue;
      waiting.delete(name);
      session.say(`[control-plane-check] ${name} is healthy after ${session.since(start)}`);
    }
    return waiting.size === 0 || undefined;
  });
  if (waiting.size === 0) return;
  waiting.forEach((_, name) => session.say(`[control-plane-check] ${name} is not healthy after 4m0s`));
  const endpoint = `unix:///var${session.kubelet.runtime.socket}`;
  session.say(
    '',
    'A control plane component may have crashed or exited when started by the container runtime.',
    'To troubleshoot, list all containers using your preferred container runtimes CLI.',
    'Here is one example how you may list all running Kubernetes containers by using crictl:',
    `\t- 'crictl --runtime-endpoint ${endpoint} ps -a | grep kube | grep -v pause'`,
    '\tOnce you have found the failing container, you can inspect its logs with:',
    `\t- 'crictl --runtime-endpoint ${endpoint} logs CONTAINERID'`,
    '',
  );
  const failures = [...waiting].map(([name, [url]]) => `${name} check failed at ${url}`).join(', ');
  session.fail(
    `error execution phase wait-control-plane: failed while waiting for the control plane to start: ${failures}`,
  );
}
