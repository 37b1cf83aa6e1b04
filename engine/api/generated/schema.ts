// Generated from the OpenAPI of Kubernetes by src/tools/generate-schema.ts; do not edit. engine/api/schema.ts explains the notation.

// prettier-ignore
export const TYPES = `
DaemonSet kind:s apiVersion:s metadata:@ObjectMeta= spec:@DaemonSetSpec= status:@DaemonSetStatus=
DaemonSetStatus currentNumberScheduled:i! numberMisscheduled:i! desiredNumberScheduled:i! numberReady:i! observedGeneration:l updatedNumberScheduled:i numberAvailable:i numberUnavailable:i collisionCount:i* conditions:[@DaemonSetCondition~type^type
Deployment kind:s apiVersion:s metadata:@ObjectMeta= spec:@DeploymentSpec= status:@DeploymentStatus=
DeploymentSpec replicas:i* selector:@LabelSelector? template:@PodTemplateSpec! strategy:@DeploymentStrategy=> minReadySeconds:i revisionHistoryLimit:i* paused:b progressDeadlineSeconds:i*
DeploymentStatus observedGeneration:l replicas:i updatedReplicas:i readyReplicas:i availableReplicas:i unavailableReplicas:i terminatingReplicas:i* conditions:[@DeploymentCondition~type^type collisionCount:i*
DeploymentStrategy type:s rollingUpdate:@RollingUpdateDeployment
ReplicaSet kind:s apiVersion:s metadata:@ObjectMeta= spec:@ReplicaSetSpec= status:@ReplicaSetStatus=
ReplicaSetStatus replicas:i! fullyLabeledReplicas:i readyReplicas:i availableReplicas:i terminatingReplicas:i* observedGeneration:l conditions:[@ReplicaSetCondition~type^type
authentication.v1.TokenRequest kind:s apiVersion:s metadata:@ObjectMeta= spec:@TokenRequestSpec! status:@TokenRequestStatus=
Affinity nodeAffinity:@NodeAffinity podAffinity:@PodAffinity podAntiAffinity:@PodAntiAffinity
Capabilities add:[s drop:[s
ConfigMapVolumeSource name:s items:[@KeyToPath defaultMode:i* optional:b*
Container name:s! image:s command:[s args:[s workingDir:s ports:[@ContainerPort~containerPort,protocol^containerPort envFrom:[@EnvFromSource env:[@EnvVar~name^name resources:@ResourceRequirements= resizePolicy:[@ContainerResizePolicy restartPolicy:s* restartPolicyRules:[@ContainerRestartRule volumeMounts:[@VolumeMount~mountPath^mountPath volumeDevices:[@VolumeDevice~devicePath^devicePath livenessProbe:@Probe readinessProbe:@Probe startupProbe:@Probe lifecycle:@Lifecycle terminationMessagePath:s terminationMessagePolicy:s imagePullPolicy:s securityContext:@SecurityContext stdin:b stdinOnce:b tty:b
ContainerImage names:[s= sizeBytes:l
ContainerPort name:s hostPort:i containerPort:i! protocol:s hostIP:s
ContainerStatus name:s! state:@ContainerState= lastState:@ContainerState= ready:b! restartCount:i! image:s! imageID:s! containerID:s started:b* allocatedResources:{q resources:@ResourceRequirements volumeMounts:[@VolumeMountStatus~mountPath^mountPath user:@ContainerUser allocatedResourcesStatus:[@ResourceStatus~name^name stopSignal:s*
DaemonEndpoint Port:i!
EmptyDirVolumeSource medium:s sizeLimit:q
EnvVar name:s! value:s valueFrom:@EnvVarSource
EnvVarSource fieldRef:@ObjectFieldSelector resourceFieldRef:@ResourceFieldSelector configMapKeyRef:@ConfigMapKeySelector secretKeyRef:@SecretKeySelector fileKeyRef:@FileKeySelector
HTTPGetAction path:s port:x! host:s scheme:s httpHeaders:[@HTTPHeader
HostIP ip:s!
HostPathVolumeSource path:s! type:s*
KeyToPath key:s! path:s! mode:i*
LoadBalancerStatus ingress:[@LoadBalancerIngress
Namespace kind:s apiVersion:s metadata:@ObjectMeta= spec:@NamespaceSpec= status:@NamespaceStatus=
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
Pod kind:s apiVersion:s metadata:@ObjectMeta= spec:@PodSpec= status:@PodStatus=
PodAffinityTerm labelSelector:@LabelSelector namespaces:[s topologyKey:s! namespaceSelector:@LabelSelector matchLabelKeys:[s mismatchLabelKeys:[s
PodAntiAffinity requiredDuringSchedulingIgnoredDuringExecution:[@PodAffinityTerm preferredDuringSchedulingIgnoredDuringExecution:[@WeightedPodAffinityTerm
PodCondition type:s! observedGeneration:l status:s! lastProbeTime:t= lastTransitionTime:t= reason:s message:s
PodIP ip:s!
PodSecurityContext seLinuxOptions:@SELinuxOptions windowsOptions:@WindowsSecurityContextOptions runAsUser:l* runAsGroup:l* runAsNonRoot:b* supplementalGroups:[l supplementalGroupsPolicy:s* fsGroup:l* sysctls:[@Sysctl fsGroupChangePolicy:s* seccompProfile:@SeccompProfile appArmorProfile:@AppArmorProfile seLinuxChangePolicy:s*
PodSpec volumes:[@Volume~name^>name initContainers:[@Container~name^name containers:[@Container!~name^name ephemeralContainers:[@EphemeralContainer~name^name restartPolicy:s terminationGracePeriodSeconds:l* activeDeadlineSeconds:l* dnsPolicy:s nodeSelector:{s% serviceAccountName:s serviceAccount:s automountServiceAccountToken:b* nodeName:s hostNetwork:b hostPID:b hostIPC:b shareProcessNamespace:b* securityContext:@PodSecurityContext imagePullSecrets:[@LocalObjectReference~name^name hostname:s subdomain:s affinity:@Affinity schedulerName:s tolerations:[@Toleration hostAliases:[@HostAlias~ip^ip priorityClassName:s priority:i* dnsConfig:@PodDNSConfig readinessGates:[@PodReadinessGate runtimeClassName:s* enableServiceLinks:b* preemptionPolicy:s* overhead:{q topologySpreadConstraints:[@TopologySpreadConstraint~topologyKey,whenUnsatisfiable^topologyKey setHostnameAsFQDN:b* os:@PodOS hostUsers:b* schedulingGates:[@PodSchedulingGate~name^name resourceClaims:[@PodResourceClaim~name^>name resources:@ResourceRequirements hostnameOverride:s* workloadRef:@WorkloadReference
PodStatus observedGeneration:l phase:s conditions:[@PodCondition~type^type message:s reason:s nominatedNodeName:s hostIP:s hostIPs:[@HostIP^ip podIP:s podIPs:[@PodIP~ip^ip startTime:t initContainerStatuses:[@ContainerStatus containerStatuses:[@ContainerStatus qosClass:s ephemeralContainerStatuses:[@ContainerStatus resize:s resourceClaimStatuses:[@PodResourceClaimStatus~name^>name extendedResourceClaimStatus:@PodExtendedResourceClaimStatus allocatedResources:{q resources:@ResourceRequirements
PodTemplateSpec metadata:@ObjectMeta= spec:@PodSpec=
Probe exec:@ExecAction httpGet:@HTTPGetAction tcpSocket:@TCPSocketAction grpc:@GRPCAction initialDelaySeconds:i timeoutSeconds:i periodSeconds:i successThreshold:i failureThreshold:i terminationGracePeriodSeconds:l*
ResourceRequirements limits:{q requests:{q claims:[@ResourceClaim~name
SeccompProfile type:s! localhostProfile:s*
SecurityContext capabilities:@Capabilities privileged:b* seLinuxOptions:@SELinuxOptions windowsOptions:@WindowsSecurityContextOptions runAsUser:l* runAsGroup:l* runAsNonRoot:b* readOnlyRootFilesystem:b* allowPrivilegeEscalation:b* procMount:s* seccompProfile:@SeccompProfile appArmorProfile:@AppArmorProfile
Service kind:s apiVersion:s metadata:@ObjectMeta= spec:@ServiceSpec= status:@ServiceStatus=
ServiceStatus loadBalancer:@LoadBalancerStatus= conditions:[@Condition~type^type
Taint key:s! value:s effect:s! timeAdded:t
Toleration key:s operator:s value:s effect:s tolerationSeconds:l*
Volume name:s! hostPath:@HostPathVolumeSource emptyDir:@EmptyDirVolumeSource gcePersistentDisk:@GCEPersistentDiskVolumeSource awsElasticBlockStore:@AWSElasticBlockStoreVolumeSource gitRepo:@GitRepoVolumeSource secret:@SecretVolumeSource nfs:@NFSVolumeSource iscsi:@ISCSIVolumeSource glusterfs:@GlusterfsVolumeSource persistentVolumeClaim:@PersistentVolumeClaimVolumeSource rbd:@RBDVolumeSource flexVolume:@FlexVolumeSource cinder:@CinderVolumeSource cephfs:@CephFSVolumeSource flocker:@FlockerVolumeSource downwardAPI:@DownwardAPIVolumeSource fc:@FCVolumeSource azureFile:@AzureFileVolumeSource configMap:@ConfigMapVolumeSource vsphereVolume:@VsphereVirtualDiskVolumeSource quobyte:@QuobyteVolumeSource azureDisk:@AzureDiskVolumeSource photonPersistentDisk:@PhotonPersistentDiskVolumeSource projected:@ProjectedVolumeSource portworxVolume:@PortworxVolumeSource scaleIO:@ScaleIOVolumeSource storageos:@StorageOSVolumeSource csi:@CSIVolumeSource ephemeral:@EphemeralVolumeSource image:@ImageVolumeSource
VolumeMount name:s! readOnly:b recursiveReadOnly:s* mountPath:s! subPath:s mountPropagation:s* subPathExpr:s
WeightedPodAffinityTerm weight:i! podAffinityTerm:@PodAffinityTerm!
events.v1.Event kind:s apiVersion:s metadata:@ObjectMeta= eventTime:m! series:@events.v1.EventSeries reportingController:s reportingInstance:s action:s reason:s regarding:@ObjectReference= related:@ObjectReference note:s type:s deprecatedSource:@EventSource= deprecatedFirstTimestamp:t= deprecatedLastTimestamp:t= deprecatedCount:i
AggregationRule clusterRoleSelectors:[@LabelSelector
ClusterRole kind:s apiVersion:s metadata:@ObjectMeta= rules:[@PolicyRule= aggregationRule:@AggregationRule
PolicyRule verbs:[s! apiGroups:[s resources:[s resourceNames:[s nonResourceURLs:[s
resource.v1.ResourceClaim kind:s apiVersion:s metadata:@ObjectMeta= spec:@ResourceClaimSpec! status:@ResourceClaimStatus=
LabelSelector% matchLabels:{s matchExpressions:[@LabelSelectorRequirement
LabelSelectorRequirement key:s! operator:s! values:[s
ObjectMeta name:s generateName:s namespace:s selfLink:s uid:s resourceVersion:s generation:l creationTimestamp:t deletionTimestamp:t deletionGracePeriodSeconds:l* labels:{s annotations:{s ownerReferences:[@OwnerReference~uid^uid finalizers:[s~^ managedFields:[@ManagedFieldsEntry
APIService apiVersion:s kind:s metadata:@ObjectMeta= spec:@APIServiceSpec= status:@APIServiceStatus=
APIServiceStatus conditions:[@APIServiceCondition~type^type
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
