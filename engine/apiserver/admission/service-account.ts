// ServiceAccount: every Pod runs as one, gets its pull secrets and a volume with a token, the CA and the namespace.

import type { Container, Pod, PodSpec, ResourceInfo, ServiceAccount, Volume, VolumeMount } from '../../api/types.ts';
import { podReferences } from '../authorization/pod-references.ts';
import { forbidden } from '../status.ts';
import { onPods, type AdmissionHost, type AdmissionPlugin, type Attributes } from './types.ts';

const TOKEN_PATH = '/var/run/secrets/kubernetes.io/serviceaccount';
const VOLUME_PREFIX = 'kube-api-access-';
const ENFORCE = 'kubernetes.io/enforce-mountable-secrets';
const MIRROR_POD = 'kubernetes.io/config.mirror';

/** An hour and 7 s, so that the kubelet's rotation is seen early. */
const TOKEN_SECONDS = 3607;

/** The same for all Pods but for its name. */
const PROJECTED: Volume['projected'] = {
  sources: [
    { serviceAccountToken: { expirationSeconds: TOKEN_SECONDS, path: 'token' } },
    { configMap: { name: 'kube-root-ca.crt', items: [{ key: 'ca.crt', path: 'ca.crt' }] } },
    {
      downwardAPI: {
        items: [{ path: 'namespace', fieldRef: { apiVersion: 'v1', fieldPath: 'metadata.namespace' } }],
      },
    },
  ],
  defaultMode: 420,
};

export const serviceAccount: AdmissionPlugin = {
  name: 'ServiceAccount',
  handles: onPods('CREATE'),
  mutate(attributes, host) {
    const { object, info, namespace, name } = attributes;
    const pod = object as unknown as Pod;
    const spec = pod.spec;
    if (!spec) return object;
    if (pod.metadata.annotations?.[MIRROR_POD] !== undefined) {
      check(attributes, host);
      return object;
    }
    const accountName = accountNameOf(spec);
    const account = accountOf(spec, namespace, host);
    if (!account) {
      throw forbidden(
        info,
        name,
        `error looking up service account ${namespace}/${accountName}: serviceaccount "${accountName}" not found`,
      );
    }
    const next: PodSpec = { ...spec, serviceAccountName: accountName, serviceAccount: accountName };
    if (!spec.imagePullSecrets?.length && account.imagePullSecrets?.length) {
      next.imagePullSecrets = account.imagePullSecrets;
    }
    if (mounts(spec, account)) mountToken(next, host);
    const admitted = { ...object, spec: next };
    check({ ...attributes, object: admitted }, host);
    return admitted;
  },
  findings({ object, namespace }, host) {
    const { metadata, spec } = object as unknown as Pod;
    if (!spec || metadata.annotations?.[MIRROR_POD] !== undefined) return undefined;
    return accountOf(spec, namespace, host);
  },
  renew(outcome, given, account, host) {
    if (!mounts(given, account as ServiceAccount) || tokenVolume(given)) return outcome;
    const name = freshName(host);
    return outcome.volumes?.length === given.volumes?.length ? outcome : renamed(outcome, name);
  },
  // Webhooks may have changed what was found right before.
  validate: check,
};

const accountNameOf = (spec: PodSpec): string => spec.serviceAccountName || 'default';

function accountOf(spec: PodSpec, namespace: string, { scheme, storage }: AdmissionHost): ServiceAccount | undefined {
  const accounts = scheme.resource('', 'v1', 'serviceaccounts');
  return accounts && (storage.get(accounts, namespace, accountNameOf(spec)) as unknown as ServiceAccount | undefined);
}

/** Whether a Pod of that account gets a token. */
const mounts = (spec: PodSpec, account: ServiceAccount): boolean =>
  spec.automountServiceAccountToken ?? account.automountServiceAccountToken ?? true;

function check({ object, info, namespace, name }: Attributes, { scheme, storage }: AdmissionHost) {
  const { metadata, spec } = object as unknown as Pod;
  if (!spec) return;
  let why: string | undefined;
  if (metadata.annotations?.[MIRROR_POD] !== undefined) why = mirrorFault(spec, metadata.name as string);
  else {
    const accounts = scheme.resource('', 'v1', 'serviceaccounts') as ResourceInfo;
    const account = storage.get(accounts, namespace, spec.serviceAccountName as string);
    if (account?.metadata.annotations?.[ENFORCE] === 'true')
      why = secretFault(spec, account as unknown as ServiceAccount);
  }
  if (why) throw forbidden(info, name, why);
}

/** What a mirror Pod must not have: its static Pod runs without the API server's leave. */
function mirrorFault(spec: PodSpec, name: string): string | undefined {
  if (spec.serviceAccountName) return 'a mirror pod may not reference service accounts';
  if (podReferences(spec, name, undefined).secrets.length) return 'a mirror pod may not reference secrets';
  const projects = spec.volumes?.some(({ projected }) => projected?.sources?.some((one) => one.serviceAccountToken));
  return projects ? 'a mirror pod may not use ServiceAccountToken volume projections' : undefined;
}

/** A secret that the Pod uses and its account does not list. */
function secretFault(spec: PodSpec, account: ServiceAccount): string | undefined {
  const mountable = new Set((account.secrets ?? []).map(({ name }) => name));
  const pullable = new Set((account.imagePullSecrets ?? []).map(({ name }) => name));
  const because = `is not allowed because service account ${account.metadata.name} does not reference that`;
  const faulty = (name: string | undefined) => name !== undefined && !mountable.has(name);
  for (const { secret } of spec.volumes ?? []) {
    if (secret && faulty(secret.secretName))
      return `volume with secret.secretName="${secret.secretName}" ${because} secret`;
  }
  for (const [kind, containers] of [
    ['init container', spec.initContainers],
    ['container', spec.containers],
  ] as const) {
    for (const { name, env = [] } of containers ?? []) {
      for (const { name: variable, valueFrom } of env) {
        const secret = valueFrom?.secretKeyRef?.name;
        if (faulty(secret))
          return `${kind} ${name} with envVar ${variable} referencing secret.secretName="${secret}" ${because} secret`;
      }
    }
  }
  const at = (spec.imagePullSecrets ?? []).findIndex(({ name }) => !pullable.has(name));
  return at < 0
    ? undefined
    : `imagePullSecrets[${at}].name="${spec.imagePullSecrets?.[at].name}" ${because} imagePullSecret`;
}

const freshName = ({ sim }: AdmissionHost): string => VOLUME_PREFIX + sim.random('kube-api-access').suffix(5);
const tokenVolume = ({ volumes }: PodSpec): Volume | undefined =>
  volumes?.find((volume) => volume.name.startsWith(VOLUME_PREFIX));
const tokenMount = (name: string): VolumeMount => ({ name, readOnly: true, mountPath: TOKEN_PATH });

function mountToken(spec: PodSpec, host: AdmissionHost) {
  const present = tokenVolume(spec);
  const name = present?.name ?? freshName(host);
  const mount = tokenMount(name);
  let needed = false;
  const mounted = (containers: Container[] | undefined) => {
    if (!containers) return containers;
    const out: Container[] = [];
    for (let i = 0; i < containers.length; i++) {
      const mounts = containers[i].volumeMounts;
      if (mounts?.some((other) => other.mountPath === TOKEN_PATH)) out.push(containers[i]);
      else {
        needed = true;
        out.push({ ...containers[i], volumeMounts: mounts ? [...mounts, mount] : [mount] });
      }
    }
    return out;
  };
  const init = mounted(spec.initContainers);
  if (init) spec.initContainers = init;
  spec.containers = mounted(spec.containers) as Container[];
  if (needed && !present) {
    const volume: Volume = { name, projected: PROJECTED };
    spec.volumes = spec.volumes ? [...spec.volumes, volume] : [volume];
  }
}

/** The spec with another name for the volume that `mountToken` has put last, in whose mounts the name is last, too. */
function renamed(spec: PodSpec, name: string): PodSpec {
  const volumes = (spec.volumes as Volume[]).slice();
  const old = volumes[volumes.length - 1].name;
  volumes[volumes.length - 1] = { name, projected: PROJECTED };
  const mount = tokenMount(name);
  const remounted = (containers: Container[]) => {
    const out: Container[] = [];
    for (let i = 0; i < containers.length; i++) {
      const own = containers[i].volumeMounts as VolumeMount[];
      const last = own.length - 1;
      if (own[last].name !== old) out.push(containers[i]);
      else out.push({ ...containers[i], volumeMounts: last ? [...own.slice(0, last), mount] : [mount] });
    }
    return out;
  };
  const next: PodSpec = { ...spec, volumes, containers: remounted(spec.containers) };
  if (spec.initContainers) next.initContainers = remounted(spec.initContainers);
  return next;
}
