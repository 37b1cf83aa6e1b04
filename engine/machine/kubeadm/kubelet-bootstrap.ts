// The phases of kubeadm join that start the kubelet with a token, and wait until it has a certificate of its own.

import { base64Text } from '../../api/base64.ts';
import type { Node } from '../../api/types.ts';
import { isNotFound } from '../../client/index.ts';
import { kubeconfigOf } from '../../kubeadm/kubeconfig.ts';
import { KUBELET_CONF } from '../../kubeadm/kubelet-certificates.ts';
import type { Co } from '../../sim/index.ts';
import { BOOTSTRAP_CONF } from '../kubelet-service.ts';
import { writeKubeletConfig, writeKubeletFlags } from './kubelet-start.ts';
import type { Found, JoinSettings } from './join.ts';
import { MANIFESTS, PKI, type Session } from './session.ts';

/** kubeadm: the timeout of TLS bootstrap. */
const BOOTSTRAP_MS = 300_000;

export function* bootstrapKubelet(session: Session, settings: JoinSettings, found: Found): Co {
  const { discovery, kubeletArgs } = settings;
  const { kubeconfig, client, kubelet } = found;
  const { hostname } = session.process.host;
  const server = /server: (\S+)/.exec(kubeconfig)?.[1] ?? '';
  const data = /certificate-authority-data: (\S+)/.exec(kubeconfig)?.[1] ?? '';
  // With the administrator's rights there is no token: the kubelet is who it was before.
  if (discovery)
    session.write(
      BOOTSTRAP_CONF,
      kubeconfigOf(server, data, 'tls-bootstrap-token-user', { token: discovery.token }),
      0o600,
    );
  if (!session.fs.exists(`${PKI}/ca.crt`)) session.write(`${PKI}/ca.crt`, base64Text(data));
  try {
    const node = client.of<Node>('v1', 'nodes', false).get('', hostname);
    if (node.status?.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True')) {
      if (session.fs.exists(BOOTSTRAP_CONF)) session.fs.unlink(BOOTSTRAP_CONF);
      session.fail(
        `error execution phase kubelet-start: a Node with name ${JSON.stringify(hostname)} and status "Ready" already exists in the cluster. You must delete the existing Node or change the name of this new joining Node`,
      );
    }
  } catch (error) {
    if (!isNotFound(error)) throw error;
  }
  session.systemd.stop('kubelet.service');
  writeKubeletConfig(session, session.kubelet.runtime.socket, kubelet);
  writeKubeletFlags(session, kubeletArgs);
  session.fs.mkdir(MANIFESTS, { recursive: true });
  session.say('[kubelet-start] Starting the kubelet');
  yield 500;
  session.systemd.start('kubelet.service');
}

export function* waitBootstrap(session: Session): Co {
  yield* session.kubeletHealthy();
  session.say('[kubelet-start] Waiting for the kubelet to perform the TLS Bootstrap');
  const joined = yield* session.poll(BOOTSTRAP_MS, () => session.fs.exists(KUBELET_CONF) || undefined);
  if (session.fs.exists(BOOTSTRAP_CONF)) session.fs.unlink(BOOTSTRAP_CONF);
  if (!joined) session.fail('error execution phase kubelet-wait-bootstrap: context deadline exceeded');
}
