// --controllers of kube-controller-manager: the names that it knows, with the older ones that still stand for them. Asked when
// somebody has changed the flag.

/** `name`, and `name=older`; a star: the engine has none such, so it cannot be asked to run. */
const NAMES = `
 serviceaccount-token-controller=serviceaccount-token endpoints-controller=endpoint endpointslice-controller=endpointslice
 endpointslice-mirroring-controller=endpointslicemirroring replicationcontroller-controller=replicationcontroller
 pod-garbage-collector-controller=podgc resourcequota-controller=resourcequota namespace-controller=namespace
 serviceaccount-controller=serviceaccount garbage-collector-controller=garbagecollector daemonset-controller=daemonset job-controller=job
 deployment-controller=deployment replicaset-controller=replicaset horizontal-pod-autoscaler-controller=horizontalpodautoscaling
 disruption-controller=disruption statefulset-controller=statefulset cronjob-controller=cronjob
 certificatesigningrequest-signing-controller=csrsigning certificatesigningrequest-approving-controller=csrapproving
 certificatesigningrequest-cleaner-controller=csrcleaner ttl-controller=ttl* bootstrap-signer-controller=bootstrapsigner
 token-cleaner-controller=tokencleaner node-ipam-controller=nodeipam node-lifecycle-controller=nodelifecycle taint-eviction-controller
 device-taint-eviction-controller* service-lb-controller=service* node-route-controller=route*
 cloud-node-lifecycle-controller=cloud-node-lifecycle* persistentvolume-binder-controller=persistentvolume-binder
 persistentvolume-attach-detach-controller=attachdetach persistentvolume-expander-controller=persistentvolume-expander
 clusterrole-aggregation-controller=clusterrole-aggregation persistentvolumeclaim-protection-controller=pvc-protection
 persistentvolume-protection-controller=pv-protection volumeattributesclass-protection-controller* ttl-after-finished-controller=ttl-after-finished
 root-ca-certificate-publisher-controller=root-ca-cert-publisher kube-apiserver-serving-clustertrustbundle-publisher-controller*
 ephemeral-volume-controller=ephemeral-volume storageversion-garbage-collector-controller=storage-version-gc*
 resourceclaim-controller=resource-claim-controller* legacy-serviceaccount-token-cleaner-controller=legacy-service-account-token-cleaner*
 validatingadmissionpolicy-status-controller=validatingadmissionpolicy-status* service-cidr-controller storage-version-migrator-controller*
 selinux-warning-controller* podcertificaterequest-cleaner-controller*`;

/** The list with the names of today, or why the program ends. */
export function readControllers(text: string): string[] | { reason: string } {
  const byName = new Map<string, string>();
  const absent = new Set<string>();
  for (const word of NAMES.trim().split(/\s+/)) {
    const [, name, older] = /^([-a-z0-9]+)(?:=([-a-z0-9]+))?/.exec(word) ?? [];
    byName.set(name, name);
    if (word.endsWith('*')) absent.add(name);
    if (older) byName.set(older, name);
  }
  const read: string[] = [];
  for (const word of text.split(',')) {
    const [, minus, given] = /^(-?)(.*)$/.exec(word) ?? [];
    const name = given === '*' ? given : byName.get(given);
    if (name === undefined || (minus && given === '*'))
      return { reason: `${JSON.stringify(given)} is not in the list of known controllers` };
    if (!minus && absent.has(name)) return { reason: `the controller ${name} is not modelled by this engine` };
    read.push(minus + name);
  }
  return read;
}
