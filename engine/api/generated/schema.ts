// Generated from the OpenAPI of Kubernetes by src/tools/generate-schema.ts; do not edit. engine/api/schema.ts explains the notation.

// prettier-ignore
export const TYPES = `
admissionregistration.v1.ServiceReference namespace:s! name:s! path:s* port:i*
admissionregistration.v1.WebhookClientConfig url:s* service:@admissionregistration.v1.ServiceReference caBundle:y
ControllerRevision kind:s apiVersion:s metadata:@ObjectMeta= data:o= revision:l!
DaemonSet kind:s apiVersion:s metadata:@ObjectMeta= spec:@DaemonSetSpec= status:@DaemonSetStatus=
DaemonSetCondition type:s! status:s! lastTransitionTime:t= reason:s message:s
DaemonSetSpec selector:@LabelSelector? template:@PodTemplateSpec! updateStrategy:@DaemonSetUpdateStrategy= minReadySeconds:i revisionHistoryLimit:i*
DaemonSetStatus currentNumberScheduled:i! numberMisscheduled:i! desiredNumberScheduled:i! numberReady:i! observedGeneration:l updatedNumberScheduled:i numberAvailable:i numberUnavailable:i collisionCount:i* conditions:[@DaemonSetCondition~type^type
DaemonSetUpdateStrategy type:s rollingUpdate:@RollingUpdateDaemonSet
Deployment kind:s apiVersion:s metadata:@ObjectMeta= spec:@DeploymentSpec= status:@DeploymentStatus=
DeploymentCondition type:s! status:s! lastUpdateTime:t= lastTransitionTime:t= reason:s message:s
DeploymentSpec replicas:i* selector:@LabelSelector? template:@PodTemplateSpec! strategy:@DeploymentStrategy=> minReadySeconds:i revisionHistoryLimit:i* paused:b progressDeadlineSeconds:i*
DeploymentStatus observedGeneration:l replicas:i updatedReplicas:i readyReplicas:i availableReplicas:i unavailableReplicas:i terminatingReplicas:i* conditions:[@DeploymentCondition~type^type collisionCount:i*
DeploymentStrategy type:s rollingUpdate:@RollingUpdateDeployment
ReplicaSet kind:s apiVersion:s metadata:@ObjectMeta= spec:@ReplicaSetSpec= status:@ReplicaSetStatus=
ReplicaSetCondition type:s! status:s! lastTransitionTime:t= reason:s message:s
ReplicaSetSpec replicas:i* minReadySeconds:i selector:@LabelSelector? template:@PodTemplateSpec=
ReplicaSetStatus replicas:i! fullyLabeledReplicas:i readyReplicas:i availableReplicas:i terminatingReplicas:i* observedGeneration:l conditions:[@ReplicaSetCondition~type^type
RollingUpdateDaemonSet maxUnavailable:x maxSurge:x
RollingUpdateDeployment maxUnavailable:x maxSurge:x
authentication.v1.TokenRequest kind:s apiVersion:s metadata:@ObjectMeta= spec:@TokenRequestSpec! status:@TokenRequestStatus=
Lease kind:s apiVersion:s metadata:@ObjectMeta= spec:@LeaseSpec=
LeaseSpec holderIdentity:s* leaseDurationSeconds:i* acquireTime:m renewTime:m leaseTransitions:i* strategy:s* preferredHolder:s*
Affinity nodeAffinity:@NodeAffinity podAffinity:@PodAffinity podAntiAffinity:@PodAntiAffinity
Binding kind:s apiVersion:s metadata:@ObjectMeta= target:@ObjectReference!
Capabilities add:[s drop:[s
ConfigMap kind:s apiVersion:s metadata:@ObjectMeta= immutable:b* data:{s binaryData:{y
ConfigMapEnvSource name:s optional:b*
ConfigMapKeySelector% name:s key:s! optional:b*
ConfigMapProjection name:s items:[@KeyToPath optional:b*
ConfigMapVolumeSource name:s items:[@KeyToPath defaultMode:i* optional:b*
Container name:s! image:s command:[s args:[s workingDir:s ports:[@ContainerPort~containerPort,protocol^containerPort envFrom:[@EnvFromSource env:[@EnvVar~name^name resources:@ResourceRequirements= resizePolicy:[@ContainerResizePolicy restartPolicy:s* restartPolicyRules:[@ContainerRestartRule volumeMounts:[@VolumeMount~mountPath^mountPath volumeDevices:[@VolumeDevice~devicePath^devicePath livenessProbe:@Probe readinessProbe:@Probe startupProbe:@Probe lifecycle:@Lifecycle terminationMessagePath:s terminationMessagePolicy:s imagePullPolicy:s securityContext:@SecurityContext stdin:b stdinOnce:b tty:b
ContainerImage names:[s= sizeBytes:l
ContainerPort name:s hostPort:i containerPort:i! protocol:s hostIP:s
ContainerState waiting:@ContainerStateWaiting running:@ContainerStateRunning terminated:@ContainerStateTerminated
ContainerStateRunning startedAt:t=
ContainerStateTerminated exitCode:i! signal:i reason:s message:s startedAt:t= finishedAt:t= containerID:s
ContainerStateWaiting reason:s message:s
ContainerStatus name:s! state:@ContainerState= lastState:@ContainerState= ready:b! restartCount:i! image:s! imageID:s! containerID:s started:b* allocatedResources:{q resources:@ResourceRequirements volumeMounts:[@VolumeMountStatus~mountPath^mountPath user:@ContainerUser allocatedResourcesStatus:[@ResourceStatus~name^name stopSignal:s*
ContainerUser linux:@LinuxContainerUser
DaemonEndpoint Port:i!
EmptyDirVolumeSource medium:s sizeLimit:q
EndpointAddress% ip:s! hostname:s nodeName:s* targetRef:@ObjectReference
EndpointPort% name:s port:i! protocol:s appProtocol:s*
EndpointSubset addresses:[@EndpointAddress notReadyAddresses:[@EndpointAddress ports:[@EndpointPort
Endpoints kind:s apiVersion:s metadata:@ObjectMeta= subsets:[@EndpointSubset
EnvFromSource prefix:s configMapRef:@ConfigMapEnvSource secretRef:@SecretEnvSource
EnvVar name:s! value:s valueFrom:@EnvVarSource
EnvVarSource fieldRef:@ObjectFieldSelector resourceFieldRef:@ResourceFieldSelector configMapKeyRef:@ConfigMapKeySelector secretKeyRef:@SecretKeySelector fileKeyRef:@FileKeySelector
Event kind:s apiVersion:s metadata:@ObjectMeta! involvedObject:@ObjectReference! reason:s message:s source:@EventSource= firstTimestamp:t= lastTimestamp:t= count:i type:s eventTime:m= series:@EventSeries action:s related:@ObjectReference reportingComponent:s= reportingInstance:s=
EventSeries count:i lastObservedTime:m=
EventSource component:s host:s
HTTPGetAction path:s port:x! host:s scheme:s httpHeaders:[@HTTPHeader
HostIP ip:s!
HostPathVolumeSource path:s! type:s*
KeyToPath key:s! path:s! mode:i*
LoadBalancerIngress ip:s hostname:s ipMode:s* ports:[@PortStatus
LoadBalancerStatus ingress:[@LoadBalancerIngress
LocalObjectReference% name:s
Namespace kind:s apiVersion:s metadata:@ObjectMeta= spec:@NamespaceSpec= status:@NamespaceStatus=
NamespaceCondition type:s! status:s! lastTransitionTime:t= reason:s message:s
NamespaceSpec finalizers:[s
NamespaceStatus phase:s conditions:[@NamespaceCondition~type^type
Node kind:s apiVersion:s metadata:@ObjectMeta= spec:@NodeSpec= status:@NodeStatus=
NodeAddress type:s! address:s!
NodeCondition type:s! status:s! lastHeartbeatTime:t= lastTransitionTime:t= reason:s message:s
NodeDaemonEndpoints kubeletEndpoint:@DaemonEndpoint=
NodeFeatures supplementalGroupsPolicy:b*
NodeRuntimeHandler name:s= features:@NodeRuntimeHandlerFeatures
NodeSpec podCIDR:s podCIDRs:[s~^ providerID:s unschedulable:b taints:[@Taint configSource:@NodeConfigSource externalID:s
NodeStatus capacity:{q allocatable:{q phase:s conditions:[@NodeCondition~type^type addresses:[@NodeAddress~type^type daemonEndpoints:@NodeDaemonEndpoints= nodeInfo:@NodeSystemInfo= images:[@ContainerImage volumesInUse:[s volumesAttached:[@AttachedVolume config:@NodeConfigStatus runtimeHandlers:[@NodeRuntimeHandler features:@NodeFeatures declaredFeatures:[s
NodeSwapStatus capacity:l*
NodeSystemInfo machineID:s! systemUUID:s! bootID:s! kernelVersion:s! osImage:s! containerRuntimeVersion:s! kubeletVersion:s! kubeProxyVersion:s! operatingSystem:s! architecture:s! swap:@NodeSwapStatus
ObjectFieldSelector% apiVersion:s fieldPath:s!
ObjectReference% kind:s namespace:s name:s uid:s apiVersion:s resourceVersion:s fieldPath:s
Pod kind:s apiVersion:s metadata:@ObjectMeta= spec:@PodSpec= status:@PodStatus=
PodAffinityTerm labelSelector:@LabelSelector namespaces:[s topologyKey:s! namespaceSelector:@LabelSelector matchLabelKeys:[s mismatchLabelKeys:[s
PodAntiAffinity requiredDuringSchedulingIgnoredDuringExecution:[@PodAffinityTerm preferredDuringSchedulingIgnoredDuringExecution:[@WeightedPodAffinityTerm
PodCondition type:s! observedGeneration:l status:s! lastProbeTime:t= lastTransitionTime:t= reason:s message:s
PodIP ip:s!
PodSecurityContext seLinuxOptions:@SELinuxOptions windowsOptions:@WindowsSecurityContextOptions runAsUser:l* runAsGroup:l* runAsNonRoot:b* supplementalGroups:[l supplementalGroupsPolicy:s* fsGroup:l* sysctls:[@Sysctl fsGroupChangePolicy:s* seccompProfile:@SeccompProfile appArmorProfile:@AppArmorProfile seLinuxChangePolicy:s*
PodSpec volumes:[@Volume~name^>name initContainers:[@Container~name^name containers:[@Container!~name^name ephemeralContainers:[@EphemeralContainer~name^name restartPolicy:s terminationGracePeriodSeconds:l* activeDeadlineSeconds:l* dnsPolicy:s nodeSelector:{s% serviceAccountName:s serviceAccount:s automountServiceAccountToken:b* nodeName:s hostNetwork:b hostPID:b hostIPC:b shareProcessNamespace:b* securityContext:@PodSecurityContext imagePullSecrets:[@LocalObjectReference~name^name hostname:s subdomain:s affinity:@Affinity schedulerName:s tolerations:[@Toleration hostAliases:[@HostAlias~ip^ip priorityClassName:s priority:i* dnsConfig:@PodDNSConfig readinessGates:[@PodReadinessGate runtimeClassName:s* enableServiceLinks:b* preemptionPolicy:s* overhead:{q topologySpreadConstraints:[@TopologySpreadConstraint~topologyKey,whenUnsatisfiable^topologyKey setHostnameAsFQDN:b* os:@PodOS hostUsers:b* schedulingGates:[@PodSchedulingGate~name^name resourceClaims:[@PodResourceClaim~name^>name resources:@ResourceRequirements hostnameOverride:s* workloadRef:@WorkloadReference
PodStatus observedGeneration:l phase:s conditions:[@PodCondition~type^type message:s reason:s nominatedNodeName:s hostIP:s hostIPs:[@HostIP^ip podIP:s podIPs:[@PodIP~ip^ip startTime:t initContainerStatuses:[@ContainerStatus containerStatuses:[@ContainerStatus qosClass:s ephemeralContainerStatuses:[@ContainerStatus resize:s resourceClaimStatuses:[@PodResourceClaimStatus~name^>name extendedResourceClaimStatus:@PodExtendedResourceClaimStatus allocatedResources:{q resources:@ResourceRequirements
PodTemplateSpec metadata:@ObjectMeta= spec:@PodSpec=
PortStatus port:i! protocol:s! error:s*
Probe exec:@ExecAction httpGet:@HTTPGetAction tcpSocket:@TCPSocketAction grpc:@GRPCAction initialDelaySeconds:i timeoutSeconds:i periodSeconds:i successThreshold:i failureThreshold:i terminationGracePeriodSeconds:l*
ProjectedVolumeSource sources:[@VolumeProjection= defaultMode:i*
ResourceFieldSelector% containerName:s resource:s! divisor:q=
ResourceRequirements limits:{q requests:{q claims:[@ResourceClaim~name
SeccompProfile type:s! localhostProfile:s*
Secret kind:s apiVersion:s metadata:@ObjectMeta= immutable:b* data:{y stringData:{s type:s
SecretEnvSource name:s optional:b*
SecretKeySelector% name:s key:s! optional:b*
SecretProjection name:s items:[@KeyToPath optional:b*
SecretReference% name:s namespace:s
SecretVolumeSource secretName:s items:[@KeyToPath defaultMode:i* optional:b*
SecurityContext capabilities:@Capabilities privileged:b* seLinuxOptions:@SELinuxOptions windowsOptions:@WindowsSecurityContextOptions runAsUser:l* runAsGroup:l* runAsNonRoot:b* readOnlyRootFilesystem:b* allowPrivilegeEscalation:b* procMount:s* seccompProfile:@SeccompProfile appArmorProfile:@AppArmorProfile
Service kind:s apiVersion:s metadata:@ObjectMeta= spec:@ServiceSpec= status:@ServiceStatus=
ServiceAccount kind:s apiVersion:s metadata:@ObjectMeta= secrets:[@ObjectReference~name^name imagePullSecrets:[@LocalObjectReference automountServiceAccountToken:b*
ServiceAccountTokenProjection audience:s expirationSeconds:l* path:s!
ServicePort name:s protocol:s appProtocol:s* port:i! targetPort:x= nodePort:i
ServiceSpec ports:[@ServicePort~port,protocol^port selector:{s% clusterIP:s clusterIPs:[s type:s externalIPs:[s sessionAffinity:s loadBalancerIP:s loadBalancerSourceRanges:[s externalName:s externalTrafficPolicy:s healthCheckNodePort:i publishNotReadyAddresses:b sessionAffinityConfig:@SessionAffinityConfig ipFamilies:[s ipFamilyPolicy:s* allocateLoadBalancerNodePorts:b* loadBalancerClass:s* internalTrafficPolicy:s* trafficDistribution:s*
ServiceStatus loadBalancer:@LoadBalancerStatus= conditions:[@Condition~type^type
Taint key:s! value:s effect:s! timeAdded:t
Toleration key:s operator:s value:s effect:s tolerationSeconds:l*
Volume name:s! hostPath:@HostPathVolumeSource emptyDir:@EmptyDirVolumeSource gcePersistentDisk:@GCEPersistentDiskVolumeSource awsElasticBlockStore:@AWSElasticBlockStoreVolumeSource gitRepo:@GitRepoVolumeSource secret:@SecretVolumeSource nfs:@NFSVolumeSource iscsi:@ISCSIVolumeSource glusterfs:@GlusterfsVolumeSource persistentVolumeClaim:@PersistentVolumeClaimVolumeSource rbd:@RBDVolumeSource flexVolume:@FlexVolumeSource cinder:@CinderVolumeSource cephfs:@CephFSVolumeSource flocker:@FlockerVolumeSource downwardAPI:@DownwardAPIVolumeSource fc:@FCVolumeSource azureFile:@AzureFileVolumeSource configMap:@ConfigMapVolumeSource vsphereVolume:@VsphereVirtualDiskVolumeSource quobyte:@QuobyteVolumeSource azureDisk:@AzureDiskVolumeSource photonPersistentDisk:@PhotonPersistentDiskVolumeSource projected:@ProjectedVolumeSource portworxVolume:@PortworxVolumeSource scaleIO:@ScaleIOVolumeSource storageos:@StorageOSVolumeSource csi:@CSIVolumeSource ephemeral:@EphemeralVolumeSource image:@ImageVolumeSource
VolumeMount name:s! readOnly:b recursiveReadOnly:s* mountPath:s! subPath:s mountPropagation:s* subPathExpr:s
VolumeProjection secret:@SecretProjection downwardAPI:@DownwardAPIProjection configMap:@ConfigMapProjection serviceAccountToken:@ServiceAccountTokenProjection clusterTrustBundle:@ClusterTrustBundleProjection podCertificate:@PodCertificateProjection
WeightedPodAffinityTerm weight:i! podAffinityTerm:@PodAffinityTerm!
Endpoint addresses:[s!~ conditions:@EndpointConditions= hostname:s* targetRef:@ObjectReference deprecatedTopology:{s nodeName:s* zone:s* hints:@EndpointHints
EndpointConditions ready:b* serving:b* terminating:b*
EndpointHints forZones:[@ForZone forNodes:[@ForNode
discovery.v1.EndpointPort% name:s* protocol:s* port:i* appProtocol:s*
EndpointSlice kind:s apiVersion:s metadata:@ObjectMeta= addressType:s! endpoints:[@Endpoint! ports:[@discovery.v1.EndpointPort=
ForNode name:s!
ForZone name:s!
events.v1.Event kind:s apiVersion:s metadata:@ObjectMeta= eventTime:m! series:@events.v1.EventSeries reportingController:s reportingInstance:s action:s reason:s regarding:@ObjectReference= related:@ObjectReference note:s type:s deprecatedSource:@EventSource= deprecatedFirstTimestamp:t= deprecatedLastTimestamp:t= deprecatedCount:i
events.v1.EventSeries count:i! lastObservedTime:m!
flowcontrol.v1.Subject kind:s! user:@UserSubject group:@GroupSubject serviceAccount:@ServiceAccountSubject
AggregationRule clusterRoleSelectors:[@LabelSelector
ClusterRole kind:s apiVersion:s metadata:@ObjectMeta= rules:[@PolicyRule= aggregationRule:@AggregationRule
ClusterRoleBinding kind:s apiVersion:s metadata:@ObjectMeta= subjects:[@rbac.v1.Subject roleRef:@RoleRef!
PolicyRule verbs:[s! apiGroups:[s resources:[s resourceNames:[s nonResourceURLs:[s
Role kind:s apiVersion:s metadata:@ObjectMeta= rules:[@PolicyRule=
RoleBinding kind:s apiVersion:s metadata:@ObjectMeta= subjects:[@rbac.v1.Subject roleRef:@RoleRef!
RoleRef% apiGroup:s! kind:s! name:s!
rbac.v1.Subject% kind:s! apiGroup:s name:s! namespace:s
resource.v1.ResourceClaim kind:s apiVersion:s metadata:@ObjectMeta= spec:@ResourceClaimSpec! status:@ResourceClaimStatus=
storage.v1.TokenRequest audience:s! expirationSeconds:l*
apiextensions.v1.ServiceReference name:s! namespace:s! path:s port:i*
apiextensions.v1.WebhookClientConfig caBundle:y service:@apiextensions.v1.ServiceReference url:s
APIGroup kind:s apiVersion:s name:s! versions:[@GroupVersionForDiscovery! preferredVersion:@GroupVersionForDiscovery= serverAddressByClientCIDRs:[@ServerAddressByClientCIDR
APIGroupList kind:s apiVersion:s groups:[@APIGroup!
APIResource name:s! singularName:s! namespaced:b! group:s version:s kind:s! verbs:[s! shortNames:[s categories:[s storageVersionHash:s
APIResourceList kind:s apiVersion:s groupVersion:s! resources:[@APIResource!
APIVersions kind:s apiVersion:s versions:[s! serverAddressByClientCIDRs:[@ServerAddressByClientCIDR!
Condition type:s! status:s! observedGeneration:l lastTransitionTime:t! reason:s! message:s!
DeleteOptions kind:s apiVersion:s gracePeriodSeconds:l* preconditions:@Preconditions orphanDependents:b* propagationPolicy:s* dryRun:[s ignoreStoreReadErrorWithClusterBreakingPotential:b*
GroupResource group:s! resource:s!
GroupVersionForDiscovery groupVersion:s! version:s!
LabelSelector% matchLabels:{s matchExpressions:[@LabelSelectorRequirement
LabelSelectorRequirement key:s! operator:s! values:[s
ListMeta selfLink:s resourceVersion:s continue:s remainingItemCount:l*
ManagedFieldsEntry manager:s operation:s apiVersion:s time:t fieldsType:s fieldsV1:o subresource:s
ObjectMeta name:s generateName:s namespace:s selfLink:s uid:s resourceVersion:s generation:l creationTimestamp:t deletionTimestamp:t deletionGracePeriodSeconds:l* labels:{s annotations:{s ownerReferences:[@OwnerReference~uid^uid finalizers:[s~^ managedFields:[@ManagedFieldsEntry
OwnerReference% apiVersion:s! kind:s! name:s! uid:s! controller:b* blockOwnerDeletion:b*
ServerAddressByClientCIDR clientCIDR:s! serverAddress:s!
Status kind:s apiVersion:s metadata:@ListMeta= status:s message:s reason:s details:@StatusDetails code:i
StatusCause reason:s message:s field:s
StatusDetails name:s group:s kind:s uid:s causes:[@StatusCause retryAfterSeconds:i
WatchEvent type:s! object:o!
version.Info major:s! minor:s! emulationMajor:s emulationMinor:s minCompatibilityMajor:s minCompatibilityMinor:s gitVersion:s! gitCommit:s! gitTreeState:s! buildDate:s! goVersion:s! compiler:s! platform:s!
APIService apiVersion:s kind:s metadata:@ObjectMeta= spec:@APIServiceSpec= status:@APIServiceStatus=
APIServiceCondition lastTransitionTime:t= message:s reason:s status:s! type:s!
APIServiceSpec caBundle:y group:s groupPriorityMinimum:i! insecureSkipTLSVerify:b service:@apiregistration.v1.ServiceReference version:s versionPriority:i!
APIServiceStatus conditions:[@APIServiceCondition~type^type
apiregistration.v1.ServiceReference name:s namespace:s port:i*
`;

// prettier-ignore
export const RESOURCES = `
# v1
bindings Binding n create
componentstatuses ComponentStatus c get,list
configmaps ConfigMap n
endpoints Endpoints n
events Event n
limitranges LimitRange n
namespaces Namespace c create,delete,get,list,patch,update,watch;finalize Namespace update;status
nodes Node c;proxy NodeProxyOptions create,delete,get,patch,update;status
persistentvolumeclaims PersistentVolumeClaim n;status
persistentvolumes PersistentVolume c;status
pods Pod n;attach PodAttachOptions create,get;binding Binding create;ephemeralcontainers Pod get,patch,update;eviction Eviction create policy/v1;exec PodExecOptions create,get;log Pod get;portforward PodPortForwardOptions create,get;proxy PodProxyOptions create,delete,get,patch,update;resize Pod get,patch,update;status
podtemplates PodTemplate n
replicationcontrollers ReplicationController n;scale Scale get,patch,update autoscaling/v1;status
resourcequotas ResourceQuota n;status
secrets Secret n
serviceaccounts ServiceAccount n;token TokenRequest create authentication.k8s.io/v1
services Service n;proxy ServiceProxyOptions create,delete,get,patch,update;status
# admissionregistration.k8s.io/v1
mutatingwebhookconfigurations MutatingWebhookConfiguration c
validatingadmissionpolicies ValidatingAdmissionPolicy c;status
validatingadmissionpolicybindings ValidatingAdmissionPolicyBinding c
validatingwebhookconfigurations ValidatingWebhookConfiguration c
# apiextensions.k8s.io/v1
customresourcedefinitions CustomResourceDefinition c;status
# apiregistration.k8s.io/v1
apiservices APIService c;status
# apps/v1
controllerrevisions ControllerRevision n
daemonsets DaemonSet n;status
deployments Deployment n;scale Scale get,patch,update autoscaling/v1;status
replicasets ReplicaSet n;scale Scale get,patch,update autoscaling/v1;status
statefulsets StatefulSet n;scale Scale get,patch,update autoscaling/v1;status
# authentication.k8s.io/v1
selfsubjectreviews SelfSubjectReview c create
tokenreviews TokenReview c create
# authorization.k8s.io/v1
localsubjectaccessreviews LocalSubjectAccessReview n create
selfsubjectaccessreviews SelfSubjectAccessReview c create
selfsubjectrulesreviews SelfSubjectRulesReview c create
subjectaccessreviews SubjectAccessReview c create
# autoscaling/v1
horizontalpodautoscalers HorizontalPodAutoscaler n;status
# autoscaling/v2
horizontalpodautoscalers HorizontalPodAutoscaler n;status
# batch/v1
cronjobs CronJob n;status
jobs Job n;status
# certificates.k8s.io/v1
certificatesigningrequests CertificateSigningRequest c;approval CertificateSigningRequest get,patch,update;status
# coordination.k8s.io/v1
leases Lease n
# discovery.k8s.io/v1
endpointslices EndpointSlice n
# events.k8s.io/v1
events Event n
# flowcontrol.apiserver.k8s.io/v1
flowschemas FlowSchema c;status
prioritylevelconfigurations PriorityLevelConfiguration c;status
# networking.k8s.io/v1
ingressclasses IngressClass c
ingresses Ingress n;status
ipaddresses IPAddress c
networkpolicies NetworkPolicy n
servicecidrs ServiceCIDR c;status
# node.k8s.io/v1
runtimeclasses RuntimeClass c
# policy/v1
poddisruptionbudgets PodDisruptionBudget n;status
# rbac.authorization.k8s.io/v1
clusterrolebindings ClusterRoleBinding c
clusterroles ClusterRole c
rolebindings RoleBinding n
roles Role n
# resource.k8s.io/v1
deviceclasses DeviceClass c
resourceclaims ResourceClaim n;status
resourceclaimtemplates ResourceClaimTemplate n
resourceslices ResourceSlice c
# scheduling.k8s.io/v1
priorityclasses PriorityClass c
# storage.k8s.io/v1
csidrivers CSIDriver c
csinodes CSINode c
csistoragecapacities CSIStorageCapacity n
storageclasses StorageClass c
volumeattachments VolumeAttachment c;status
volumeattributesclasses VolumeAttributesClass c
`;
