// Part: settings of the control plane's programs that kubeadm does not write.

import { metricsServerFlags } from '../addons/metrics-server-flags.ts';
import type { KubeObject } from '../api/types.ts';
import { readAudit } from '../apiserver/audit/audit.ts';
import { EncryptionAtRest } from '../apiserver/encryption/at-rest.ts';
import { readEncryption } from '../apiserver/encryption/configuration.ts';
import { storageForm } from '../apiserver/encryption/storage-form.ts';
import { oidcFlags, readAuthenticationConfiguration } from '../apiserver/authentication/jwt-configuration.ts';
import { OpenIdTokens } from '../apiserver/authentication/openid-tokens.ts';
import { readControllers } from '../kubeadm/controller-names.ts';
import { flagOf } from '../kubeadm/flag-tables.ts';
import { nodeMasks, serviceRangeProblem } from '../kubeadm/range-flags.ts';
import { nodeAccess } from '../kubeadm/node-access-flags.ts';
import { provide } from './index.ts';

provide('control-plane', {
  metricsServerFlags,
  flagOf,
  nodeAccess,
  nodeMasks,
  serviceRangeProblem,
  oidcFlags,
  openIdTokens: (issuers, host, log) => new OpenIdTokens(issuers, host, log),
  readAudit,
  readAuthenticationConfiguration,
  readControllers,
  readEncryption,
  encryptionAtRest: (host, encryption, before) => new EncryptionAtRest(host, encryption, before),
  stored: ({ storage: { atRest }, ledger }, kv) =>
    atRest ? atRest.bytesOf(kv) : storageForm(kv.key, kv.value as KubeObject, ledger),
});
