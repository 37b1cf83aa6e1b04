// The subcommands of `kubectl create`. A new one is a `generator` and a line here.

import type { Command } from '../../command.ts';
import { configmap } from './configmap.ts';
import { ingress } from './ingress.ts';
import { clusterrole, clusterrolebinding, role, rolebinding } from './rbac.ts';
import { secret } from './secret.ts';
import { service } from './service.ts';
import { token } from './token.ts';
import {
  cronjob,
  deployment,
  job,
  namespace,
  poddisruptionbudget,
  priorityclass,
  quota,
  serviceaccount,
} from './workloads.ts';

export const subcommands: readonly Command[] = [
  clusterrole,
  clusterrolebinding,
  configmap,
  cronjob,
  deployment,
  ingress,
  job,
  namespace,
  poddisruptionbudget,
  priorityclass,
  quota,
  role,
  rolebinding,
  secret,
  service,
  serviceaccount,
  token,
];
