// Pods, their containers, and how they are scheduled. index.ts says how to read it.

export const PODS = `
Pod: A group of containers that run together on one node and share its network and volumes.
PodTemplateSpec: What the Pods that are made from it look like.
 metadata Labels and annotations that the Pods get.
PodTemplate: A template of Pods as an object of its own.
PodSpec: What a Pod runs, where, and under which rules.
 activeDeadlineSeconds Seconds after its start in which the Pod may be active; then it is ended and Failed.
 affinity Rules about nodes and about other Pods that the scheduler follows.
 automountServiceAccountToken Whether a token of the service account is mounted.
 containers The containers of the Pod; at least one, and none can be added later.
 dnsConfig Name servers, search domains and options beside those of dnsPolicy.
 dnsPolicy{ClusterFirst ClusterFirstWithHostNet Default None} How names are resolved; ClusterFirst when nothing is said. Default takes the node's way, None only dnsConfig.
 enableServiceLinks Whether environment variables name the Services of the namespace; true when nothing is said.
 ephemeralContainers Containers that were added to the running Pod to look into it, as kubectl debug does.
 hostAliases Lines for the containers' /etc/hosts.
 hostIPC Share the node's IPC namespace.
 hostNetwork Use the node's network instead of one of the Pod's own.
 hostPID Share the node's process IDs.
 hostUsers False gives the Pod a user namespace of its own: its root is not the node's.
 hostname Name of the Pod as its containers see it; the Pod's name when absent.
 hostnameOverride The whole host name, whatever hostname and subdomain say.
 imagePullSecrets Secrets of the namespace with which images are pulled.
 initContainers Containers that run one after another, to the end, before the others start; with restartPolicy Always they stay as sidecars.
 nodeName The node the Pod is bound to; the scheduler sets it.
 nodeSelector Labels that the node must have.
 os The operating system of the containers; kubelets of another one refuse the Pod.
 overhead What running the Pod costs beside its containers; the RuntimeClass sets it.
 preemptionPolicy{Never PreemptLowerPriority} Whether Pods of lower priority may be evicted for this one.
 priority The priority as a number, from the class; higher goes first.
 priorityClassName The class from which the priority comes.
 readinessGates Conditions that must be True, beside the containers' readiness, for the Pod to be ready.
 resourceClaims Devices and the like that are allocated before the Pod starts.
 resources What all containers of the Pod together ask for and may use.
 restartPolicy{Always Never OnFailure} What happens when a container ends; Always when nothing is said.
 runtimeClassName The RuntimeClass whose handler runs the Pod.
 schedulerName The scheduler that places the Pod; default-scheduler when nothing is said.
 schedulingGates While there is one, the scheduler leaves the Pod alone.
 securityContext User, groups and other settings for all containers of the Pod.
 serviceAccount The older name of serviceAccountName.
 serviceAccountName The service account the Pod runs as.
 setHostnameAsFQDN The host name is the whole domain name of the Pod.
 shareProcessNamespace All containers of the Pod see each other's processes.
 subdomain With hostname, the Pod's name in DNS: hostname.subdomain.namespace.svc and the cluster's domain.
 terminationGracePeriodSeconds Seconds between the signal to stop and the kill; 30 when nothing is said.
 tolerations Taints of nodes that do not keep this Pod away.
 topologySpreadConstraints How the Pods of a group are to be spread over zones or nodes.
 volumes Volumes that the containers can mount.
 workloadRef The group of a Workload this Pod is scheduled with.

PodStatus: What the kubelet has found of a Pod.
 allocatedResources What the node has set aside for the Pod.
 conditions PodScheduled, Initialized, ContainersReady, Ready and others.
 containerStatuses State, restarts and image of each container.
 initContainerStatuses State of each init container, in their order.
 ephemeralContainerStatuses State of each ephemeral container.
 extendedResourceClaimStatus The claim that stands behind extended resources of the Pod.
 hostIP Address of the node.
 hostIPs Addresses of the node, one of each IP family.
 message Why the Pod is in this phase, as a sentence.
 nominatedNodeName The node on which others are evicted for this Pod; it may still land elsewhere.
 phase{Failed Pending Running Succeeded Unknown} Where the Pod is in its life, in one word.
 podIP Address of the Pod, from all nodes the same.
 podIPs Addresses of the Pod, one of each IP family.
 qosClass{BestEffort Burstable Guaranteed} What the requests and limits make of the Pod; BestEffort is evicted first.
 reason Why the Pod is in this phase, e.g. Evicted.
 resize How a change of resources in place stands; now conditions say that.
 resourceClaimStatuses The claims that were made for resourceClaims.
 resources What is set for the Pod as a whole.
 startTime When the kubelet took the Pod, before images are pulled.
PodCondition: One aspect of where the Pod stands.
 type PodScheduled, Initialized, ContainersReady, Ready, DisruptionTarget and others, or a readiness gate.
 status True, False or Unknown.
HostIP: One address of the node.
 ip The address.
PodIP: One address of the Pod.
 ip The address.

Container: One container of a Pod.
 args Arguments of the command; the image's CMD when absent. $(NAME) is expanded.
 command The program to run, without a shell; the image's ENTRYPOINT when absent.
 env Environment variables.
 envFrom ConfigMaps and Secrets whose keys all become environment variables.
 image Name of the image, with a tag or a digest.
 imagePullPolicy{Always IfNotPresent Never} When the image is pulled; without it Always for the tag latest, IfNotPresent for others.
 lifecycle What to do after the start and before the stop.
 livenessProbe The container is restarted when this check fails.
 name Name of the container, unique in the Pod.
 ports Ports that the container listens on. They inform; a port that is not listed is open too.
 readinessProbe Services send nothing to the Pod while this check fails.
 resizePolicy Whether a change of resources restarts the container.
 resources What the container asks for and what it may use at most.
 restartPolicy When this container is restarted, whatever the Pod says; Always makes an init container a sidecar.
 restartPolicyRules Exit codes for which the container is restarted or not, before restartPolicy is asked.
 securityContext Settings of its own, above the Pod's.
 startupProbe The other probes wait until this check has succeeded; when it fails, the container is restarted.
 stdin Keep an input open for the container.
 stdinOnce Close the input after the first client that attached has gone.
 terminationMessagePath File whose text becomes the message of the container's end; /dev/termination-log when nothing is said.
 terminationMessagePolicy{FallbackToLogsOnError File} Where that message comes from: the file, or the end of the log when it is empty and the container failed.
 tty Give the container a terminal; needs stdin.
 volumeDevices Block devices that the container gets.
 volumeMounts Where the Pod's volumes appear in the container's file system.
 workingDir Directory in which the command starts; the image's when absent.
EphemeralContainer < Container: A container that was added to a running Pod to look into it. It is never restarted and has no guarantees.
 targetContainerName The container whose processes this one sees.
 lifecycle Not allowed here.
 livenessProbe Not allowed here.
 readinessProbe Not allowed here.
 startupProbe Not allowed here.
 ports Not allowed here.
 resources Not allowed here: what the Pod has must do.
 restartPolicy Not allowed here: an ephemeral container runs once.
ContainerPort: A port of a container.
 containerPort Number of the port, 1 to 65535.
 hostIP Address of the node to which hostPort is bound.
 hostPort The same port on the node; one Pod for each node then.
 name A name by which Services and probes refer to the port.
 protocol{SCTP TCP UDP} TCP when nothing is said.
EnvVar: One environment variable.
 name Name of the variable.
 value Its text; $(NAME) is replaced by variables defined before, $$ stands for $.
 valueFrom Where the value comes from, when it is not written here.
EnvVarSource: Where the value of a variable comes from.
 configMapKeyRef A key of a ConfigMap.
 fieldRef A field of the Pod, such as metadata.name or status.podIP.
 fileKeyRef A key in a file of a volume.
 resourceFieldRef A request or limit of the container.
 secretKeyRef A key of a Secret.
ConfigMapKeySelector: A key of a ConfigMap.
 key The key.
 name Name of the ConfigMap.
SecretKeySelector: A key of a Secret.
 key The key.
 name Name of the Secret.
FileKeySelector: A key in a file of a volume.
 key The key: the part of a line before the equals sign.
 path The file, from the root of the volume.
 volumeName Name of the volume, an emptyDir.
EnvFromSource: Makes variables of all keys of one object.
 configMapRef The ConfigMap.
 prefix Put before each key.
 secretRef The Secret.
ConfigMapEnvSource: A ConfigMap whose keys become variables.
 name Name of the ConfigMap.
SecretEnvSource: A Secret whose keys become variables.
 name Name of the Secret.
ObjectFieldSelector: A field of the Pod.
 apiVersion The API version in which fieldPath is written; v1 when nothing is said.
 fieldPath The field, such as metadata.labels['app'] or spec.nodeName.
ResourceFieldSelector: A request or limit of a container.
 containerName The container; it may be left out for a variable of the container itself.
 divisor The unit in which the amount is written; 1 when nothing is said.
 resource Which one, e.g. limits.cpu or requests.memory.
ResourceRequirements: Compute resources: requests are reserved, limits are enforced.
 claims Which of the Pod's resourceClaims the container uses.
 limits The most that may be used, by resource.
 requests What the scheduler sets aside on the node, by resource; the limit when absent.
ResourceClaim: One of the Pod's resourceClaims.
 name Its name in the Pod.
 request One request of the claim; all of them when absent.
ContainerResizePolicy: What a change of one resource does to the container.
 resourceName cpu or memory.
 restartPolicy NotRequired, or RestartContainer.
ContainerRestartRule: What happens for some exit codes.
 action Restart is the only one.
 exitCodes The exit codes it is for.
ContainerRestartRuleOnExitCodes: A set of exit codes.
 operator In, or NotIn.
 values The exit codes.
VolumeMount: Where a volume appears in a container.
 mountPath The directory or file in the container.
 mountPropagation None, HostToContainer or Bidirectional: whether mounts that are made later are passed on.
 name The volume.
 readOnly Nothing may be written through this mount; false when nothing is said.
 recursiveReadOnly Disabled, IfPossible or Enabled: whether mounts below are read-only too.
 subPath A directory or file of the volume that is mounted instead of its root; it is not updated later.
 subPathExpr Like subPath, with $(NAME) replaced by the container's variables.
VolumeDevice: A block device of a container.
 devicePath Path of the device in the container.
 name Name of the claim's volume in the Pod.
Probe: A check that the kubelet makes of a container.
 exec Run a command in the container; 0 means well.
 failureThreshold Failures in a row after which the check counts as failed; 3 when nothing is said.
 grpc Ask the health service of gRPC.
 httpGet Ask by HTTP; 200 to 399 means well.
 initialDelaySeconds Seconds after the start of the container before the first check.
 periodSeconds Seconds between checks; 10 when nothing is said.
 successThreshold Successes in a row after which a failed check counts as well again; 1 when nothing is said, and always for liveness and startup.
 tcpSocket Open a connection; that it opens means well.
 terminationGracePeriodSeconds Grace period of the restart when this check has failed, instead of the Pod's.
 timeoutSeconds Seconds after which one check counts as failed; 1 when nothing is said.
ExecAction: Runs a command in the container.
 command The program and its arguments; no shell is put around it.
HTTPGetAction: Makes an HTTP request.
 host Address to connect to; the Pod's when absent.
 httpHeaders Headers of the request.
 path Path of the request.
 port Number or name of the port.
 scheme{HTTP HTTPS} HTTP when nothing is said; the certificate is not checked.
HTTPHeader: A header of a request.
 name Its name.
 value Its value.
TCPSocketAction: Opens a TCP connection.
 host Address to connect to; the Pod's when absent.
 port Number or name of the port.
GRPCAction: Asks the health service of gRPC.
 port Number of the port.
 service The service that is asked for; the server as a whole when absent.
Lifecycle: What is done when a container has started and before it is stopped.
 postStart Done right after the start; when it fails, the container is ended.
 preStop Done before the signal to stop; it counts into the grace period.
 stopSignal The signal to stop, instead of the image's or SIGTERM; needs the Pod's os.name.
LifecycleHandler: One thing to do; exactly one is given.
 exec Run a command in the container.
 httpGet Make an HTTP request.
 sleep Wait.
 tcpSocket No longer supported.
SleepAction: Waits.
 seconds How long.
SecurityContext: What a container may do and as whom it runs. What stands here goes before the Pod's.
 allowPrivilegeEscalation Whether a process may gain more privileges than its parent, as setuid programs do.
 appArmorProfile The AppArmor profile of the container.
 capabilities Capabilities added to and taken from those of the runtime.
 privileged As much as root on the node; false when nothing is said.
 procMount{Default Unmasked} How /proc is mounted.
 readOnlyRootFilesystem Nothing can be written outside of volumes.
 runAsGroup The group of the processes.
 runAsNonRoot The container does not start as root.
 runAsUser The user of the processes; the image's when absent.
 seLinuxOptions The SELinux label of the container.
 seccompProfile Which system calls are allowed.
 windowsOptions Settings for Windows.
PodSecurityContext: As whom all containers of a Pod run. A container's own settings go before these.
 appArmorProfile The AppArmor profile of the containers.
 fsGroup A group for all containers that owns the files of volumes that support it.
 fsGroupChangePolicy{Always OnRootMismatch} When the owner of a volume's files is changed: at each mount, or only if its root differs.
 runAsGroup The group of the processes.
 runAsNonRoot No container starts as root.
 runAsUser The user of the processes; the image's when absent.
 seLinuxChangePolicy MountOption or Recursive: how volumes get the SELinux label.
 seLinuxOptions The SELinux label of the containers.
 seccompProfile Which system calls are allowed.
 supplementalGroups More groups of the processes.
 supplementalGroupsPolicy{Merge Strict} Whether groups from the image's /etc/group are added.
 sysctls Kernel parameters of the Pod's namespaces.
 windowsOptions Settings for Windows.
Capabilities: Parts of root's power.
 add Capabilities that are added.
 drop Capabilities that are taken; ALL takes all.
SELinuxOptions: An SELinux label.
 level Its level.
 role Its role.
 type Its type.
 user Its user.
SeccompProfile: Which system calls are allowed.
 localhostProfile A file of the node, for type Localhost.
 type{Localhost RuntimeDefault Unconfined} The node's file, the runtime's profile, or none.
AppArmorProfile: What AppArmor allows.
 localhostProfile A profile that is loaded on the node, for type Localhost.
 type{Localhost RuntimeDefault Unconfined} The node's profile, the runtime's, or none.
WindowsSecurityContextOptions: Settings for Windows.
 gmsaCredentialSpec The GMSA credential spec, inline.
 gmsaCredentialSpecName The name of a GMSA credential spec.
 hostProcess The containers run on the node itself; all of the Pod or none.
 runAsUserName The user of the processes.
Sysctl: A kernel parameter.
 name Its name.
 value Its value.

Affinity: Rules about where a Pod goes.
 nodeAffinity Rules about nodes.
 podAffinity Near which Pods it goes.
 podAntiAffinity Away from which Pods it goes.
NodeAffinity: Rules about nodes. Pods that run already stay when labels change.
 preferredDuringSchedulingIgnoredDuringExecution Wishes with weights; the node that fulfils most of them is taken.
 requiredDuringSchedulingIgnoredDuringExecution Which nodes may be taken at all.
NodeSelector: Nodes; one of the terms must hold.
 nodeSelectorTerms The terms, of which one is enough.
NodeSelectorTerm: Requirements of a node, all of which must hold.
 matchExpressions Requirements of labels.
 matchFields Requirements of fields; only metadata.name.
NodeSelectorRequirement: One requirement of a node.
 key The label or the field.
 operator{DoesNotExist Exists Gt In Lt NotIn} How the values are compared.
 values The values: some for In and NotIn, one whole number for Gt and Lt, none for the others.
PreferredSchedulingTerm: A wish about nodes.
 preference The nodes that are wished for.
 weight How much it counts, 1 to 100.
PodAffinity: Near which Pods a Pod goes.
 preferredDuringSchedulingIgnoredDuringExecution Wishes with weights.
 requiredDuringSchedulingIgnoredDuringExecution Where it may go at all.
PodAntiAffinity: Away from which Pods a Pod goes.
 preferredDuringSchedulingIgnoredDuringExecution Wishes with weights.
 requiredDuringSchedulingIgnoredDuringExecution Where it must not go.
PodAffinityTerm: Pods, and how near counts as near.
 labelSelector The Pods, by their labels.
 matchLabelKeys Labels of the incoming Pod whose values the others must share.
 mismatchLabelKeys Labels of the incoming Pod whose values the others must not share.
 namespaceSelector Namespaces of the Pods, by their labels; {} means all.
 namespaces Namespaces of the Pods by name; the Pod's own when nothing is said.
 topologyKey Near means: on nodes with the same value of this label.
WeightedPodAffinityTerm: A wish about Pods.
 podAffinityTerm The Pods.
 weight How much it counts, 1 to 100.
Toleration: A taint that does not keep the Pod away.
 effect{NoExecute NoSchedule PreferNoSchedule} Effect of the taint; all effects when absent.
 key Key of the taint; with Exists and no key, all taints.
 operator{Equal Exists Gt Lt} How the value is compared; Equal when nothing is said.
 tolerationSeconds Seconds a NoExecute taint is borne; for ever when absent.
 value Value of the taint.
TopologySpreadConstraint: How Pods are spread over the values of a node label.
 labelSelector The Pods that are counted.
 matchLabelKeys Labels of the incoming Pod whose values the counted ones share.
 maxSkew By how many Pods domains may differ.
 minDomains Domains that there should be; with fewer, the smallest count is taken as 0. Only with DoNotSchedule.
 nodeAffinityPolicy{Honor Ignore} Whether nodes that the Pod's affinity excludes are counted; Honor, so not, when nothing is said.
 nodeTaintsPolicy{Honor Ignore} Whether taints that the Pod does not tolerate exclude a node; Ignore when nothing is said.
 topologyKey The label whose values are the domains.
 whenUnsatisfiable{DoNotSchedule ScheduleAnyway} What happens when it cannot be kept.
HostAlias: A line of /etc/hosts.
 hostnames The names.
 ip The address.
PodDNSConfig: What is added to the Pod's resolv.conf.
 nameservers Addresses of name servers.
 options Options of the resolver.
 searches Domains in which short names are looked up.
PodDNSConfigOption: An option of the resolver.
 name Its name, e.g. ndots.
 value Its value.
PodReadinessGate: A condition that counts into readiness.
 conditionType Type of the condition.
PodOS: The operating system of the containers.
 name linux or windows.
PodSchedulingGate: Holds a Pod back from the scheduler.
 name Name of the gate, unique in the Pod.
PodResourceClaim: A ResourceClaim that the Pod uses.
 name Name by which containers refer to it.
 resourceClaimName A claim that exists.
 resourceClaimTemplateName The template from which a claim is made for this Pod.
WorkloadReference: A group of a Workload.
 name Name of the Workload.
 podGroup Name of the group in it.
 podGroupReplicaKey Tells replicas of the group apart.

PodResourceClaimStatus: The claim that was made for one of the Pod's resourceClaims.
 resourceClaimName Its name; nothing when none is needed.
PodExtendedResourceClaimStatus: The claim that stands behind extended resources of the Pod.
 requestMappings Which request of the claim is for which resource of which container.
 resourceClaimName Name of the claim.
ContainerExtendedResourceRequest: An extended resource of a container, and the request for it.
 containerName The container.
 requestName The request in the claim.
 resourceName The resource.

ContainerStatus: What has become of a container.
 allocatedResources What the node has set aside for it.
 allocatedResourcesStatus How its devices are.
 containerID The runtime and its ID of the container.
 image The image that runs, as the runtime names it.
 imageID Digest of the image.
 lastState How the run before this one ended.
 name Name of the container.
 ready Whether the readiness probe lets requests through.
 resources What is set for the running container.
 restartCount How often the container was restarted.
 started Whether it runs and its startup probe, if any, has succeeded.
 state Waiting, running or terminated.
 stopSignal The signal with which it is stopped.
 user User and groups of its first process.
 volumeMounts How its volumes are mounted.
ContainerState: One of waiting, running and terminated; waiting when none is given.
 running It runs.
 terminated It has ended.
 waiting It is not yet running.
ContainerStateWaiting: A container that is not yet running.
 message Why, as a sentence.
 reason Why, e.g. ContainerCreating, ImagePullBackOff or CrashLoopBackOff.
ContainerStateRunning: A container that runs.
 startedAt When it was started.
ContainerStateTerminated: A container that has ended.
 containerID The runtime and its ID of the container.
 exitCode Its exit code.
 finishedAt When it ended.
 message What it left behind as its last words.
 reason Why, e.g. Completed, Error or OOMKilled.
 signal The signal that ended it.
 startedAt When it was started.
VolumeMountStatus: How a volume is mounted.
 mountPath Where.
 recursiveReadOnly Whether mounts below are read-only.
ContainerUser: Whom a container's first process runs as.
 linux On Linux.
LinuxContainerUser: Whom a process on Linux runs as.
 gid Its group.
 supplementalGroups Its other groups.
 uid Its user.
ResourceStatus: How the devices of one resource are.
 name Name of the resource.
 resources The single devices.
ResourceHealth: How one device is.
 health Healthy, Unhealthy or Unknown.
 resourceID ID of the device.

PriorityClass: A name for a priority of Pods.
 description For people: what the class is for.
 globalDefault Pods without a class get this one; one class at most.
 preemptionPolicy{Never PreemptLowerPriority} Whether Pods of the class may evict others; PreemptLowerPriority when nothing is said.
 value The priority. Users' classes go up to one billion.
RuntimeClass: A name for a way to run containers.
 handler The handler's name in the configuration of the container runtime.
 overhead What running a Pod this way costs.
 scheduling On which nodes this way is there.
Overhead: What running a Pod costs beside its containers.
 podFixed By resource.
Scheduling: The nodes that know a runtime.
 nodeSelector Labels of these nodes, merged into the Pod's nodeSelector.
 tolerations Tolerations that Pods of the class get.
`;
