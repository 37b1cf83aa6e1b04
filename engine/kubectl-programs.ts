// kubectl of any release, as the reader's machine, the nodes and the images have it.

import { utf8Base64 } from './api/base64.ts';
import type { ClientCertificates } from './apiserver/authentication/client-certificates.ts';
import type { Handle } from './apiserver/types.ts';
import type { ControlPlane } from './kubeadm/control-plane.ts';
import { hostPort, type Program } from './linux/index.ts';
import { lazyProgram, part } from './parts/index.ts';

export interface KubectlTargets {
  controlPlane: ControlPlane;
  serve: Handle;
  certificates: ClientCertificates;
  /** PEM of the cluster's authority. */
  ca: string;
}

/** By version. */
export function kubectlPrograms({
  controlPlane,
  serve,
  certificates,
  ca,
}: KubectlTargets): (version: string) => Program {
  const programs = new Map<string, Program>();
  const create = (version: string): Program =>
    lazyProgram(() =>
      part('kubectl').createKubectl({
        transport: (request, { user }) =>
          controlPlane.answered(() =>
            serve(certificates.connected(request, user['client-certificate-data'], user['client-key-data'])),
          ),
        known: ({ server, cluster }) =>
          !cluster['tls-server-name'] &&
          (server === `https://${hostPort(controlPlane.serviceIP, 443)}` ||
            (controlPlane.isServer(server) && cluster['certificate-authority-data'] === utf8Base64(ca))),
        version,
      }),
    );
  return (version) => {
    let program = programs.get(version);
    if (!program) programs.set(version, (program = create(version)));
    return program;
  };
}
