// Generated from the OpenAPI of Kubernetes by src/tools/generate-schema.ts; do not edit. engine/api/schema.ts explains the notation.

// prettier-ignore
export const FURTHER_TYPES = `
AuditAnnotation key:s! valueExpression:s!
ExpressionWarning fieldRef:s! warning:s!
MatchCondition name:s! expression:s!
MatchResources% namespaceSelector:@LabelSelector objectSelector:@LabelSelector resourceRules:[@NamedRuleWithOperations excludeResourceRules:[@NamedRuleWithOperations matchPolicy:s*
MutatingWebhook name:s! clientConfig:@admissionregistration.v1.WebhookClientConfig! rules:[@RuleWithOperations failurePolicy:s* matchPolicy:s* namespaceSelector:@LabelSelector objectSelector:@LabelSelector sideEffects:s!* timeoutSeconds:i* admissionReviewVersions:[s! reinvocationPolicy:s* matchConditions:[@MatchCondition~name^name
MutatingWebhookConfiguration kind:s apiVersion:s metadata:@ObjectMeta= webhooks:[@MutatingWebhook~name^name
NamedRuleWithOperations% resourceNames:[s operations:[s apiGroups:[s apiVersions:[s resources:[s scope:s*
ParamKind% apiVersion:s kind:s
ParamRef% name:s namespace:s selector:@LabelSelector parameterNotFoundAction:s*
RuleWithOperations operations:[s apiGroups:[s apiVersions:[s resources:[s scope:s*
admissionregistration.v1.ServiceReference namespace:s! name:s! path:s* port:i*
TypeChecking expressionWarnings:[@ExpressionWarning
ValidatingAdmissionPolicy kind:s apiVersion:s metadata:@ObjectMeta= spec:@ValidatingAdmissionPolicySpec= status:@ValidatingAdmissionPolicyStatus=
ValidatingAdmissionPolicyBinding kind:s apiVersion:s metadata:@ObjectMeta= spec:@ValidatingAdmissionPolicyBindingSpec=
ValidatingAdmissionPolicyBindingSpec policyName:s paramRef:@ParamRef matchResources:@MatchResources validationActions:[s~
ValidatingAdmissionPolicySpec paramKind:@ParamKind matchConstraints:@MatchResources validations:[@Validation failurePolicy:s* auditAnnotations:[@AuditAnnotation matchConditions:[@MatchCondition~name^name variables:[@Variable~name^name
ValidatingAdmissionPolicyStatus observedGeneration:l typeChecking:@TypeChecking conditions:[@Condition~type
ValidatingWebhook name:s! clientConfig:@admissionregistration.v1.WebhookClientConfig! rules:[@RuleWithOperations failurePolicy:s* matchPolicy:s* namespaceSelector:@LabelSelector objectSelector:@LabelSelector sideEffects:s!* timeoutSeconds:i* admissionReviewVersions:[s! matchConditions:[@MatchCondition~name^name
ValidatingWebhookConfiguration kind:s apiVersion:s metadata:@ObjectMeta= webhooks:[@ValidatingWebhook~name^name
Validation expression:s! message:s reason:s* messageExpression:s
Variable% name:s! expression:s!
admissionregistration.v1.WebhookClientConfig url:s* service:@admissionregistration.v1.ServiceReference caBundle:y
ControllerRevision kind:s apiVersion:s metadata:@ObjectMeta= data:o= revision:l!
DaemonSetCondition type:s! status:s! lastTransitionTime:t= reason:s message:s
DaemonSetSpec selector:@LabelSelector? template:@PodTemplateSpec! updateStrategy:@DaemonSetUpdateStrategy= minReadySeconds:i revisionHistoryLimit:i*
DaemonSetUpdateStrategy type:s rollingUpdate:@RollingUpdateDaemonSet
DeploymentCondition type:s! status:s! lastUpdateTime:t= lastTransitionTime:t= reason:s message:s
ReplicaSetCondition type:s! status:s! lastTransitionTime:t= reason:s message:s
ReplicaSetSpec replicas:i* minReadySeconds:i selector:@LabelSelector? template:@PodTemplateSpec=
RollingUpdateDaemonSet maxUnavailable:x maxSurge:x
RollingUpdateDeployment maxUnavailable:x maxSurge:x
RollingUpdateStatefulSetStrategy partition:i* maxUnavailable:x
StatefulSet kind:s apiVersion:s metadata:@ObjectMeta= spec:@StatefulSetSpec= status:@StatefulSetStatus=
StatefulSetCondition type:s! status:s! lastTransitionTime:t= reason:s message:s
StatefulSetOrdinals start:i=
StatefulSetPersistentVolumeClaimRetentionPolicy whenDeleted:s whenScaled:s
StatefulSetSpec replicas:i* selector:@LabelSelector? template:@PodTemplateSpec! volumeClaimTemplates:[@PersistentVolumeClaim serviceName:s= podManagementPolicy:s updateStrategy:@StatefulSetUpdateStrategy= revisionHistoryLimit:i* minReadySeconds:i persistentVolumeClaimRetentionPolicy:@StatefulSetPersistentVolumeClaimRetentionPolicy ordinals:@StatefulSetOrdinals
StatefulSetStatus observedGeneration:l replicas:i! readyReplicas:i currentReplicas:i updatedReplicas:i currentRevision:s updateRevision:s collisionCount:i* conditions:[@StatefulSetCondition~type^type availableReplicas:i=
StatefulSetUpdateStrategy type:s rollingUpdate:@RollingUpdateStatefulSetStrategy
BoundObjectReference kind:s apiVersion:s name:s uid:s
SelfSubjectReview kind:s apiVersion:s metadata:@ObjectMeta= status:@SelfSubjectReviewStatus=
SelfSubjectReviewStatus userInfo:@UserInfo=
TokenRequestSpec audiences:[s! expirationSeconds:l=* boundObjectRef:@BoundObjectReference=*
TokenRequestStatus token:s! expirationTimestamp:t!
TokenReview kind:s apiVersion:s metadata:@ObjectMeta= spec:@TokenReviewSpec! status:@TokenReviewStatus=
TokenReviewSpec token:s audiences:[s
TokenReviewStatus authenticated:b user:@UserInfo= audiences:[s error:s
UserInfo username:s uid:s groups:[s extra:{[s
FieldSelectorAttributes rawSelector:s requirements:[@FieldSelectorRequirement
LabelSelectorAttributes rawSelector:s requirements:[@LabelSelectorRequirement
LocalSubjectAccessReview kind:s apiVersion:s metadata:@ObjectMeta= spec:@SubjectAccessReviewSpec! status:@SubjectAccessReviewStatus=
NonResourceAttributes path:s verb:s
NonResourceRule verbs:[s! nonResourceURLs:[s
ResourceAttributes namespace:s verb:s group:s version:s resource:s subresource:s name:s fieldSelector:@FieldSelectorAttributes labelSelector:@LabelSelectorAttributes
ResourceRule verbs:[s! apiGroups:[s resources:[s resourceNames:[s
SelfSubjectAccessReview kind:s apiVersion:s metadata:@ObjectMeta= spec:@SelfSubjectAccessReviewSpec! status:@SubjectAccessReviewStatus=
SelfSubjectAccessReviewSpec resourceAttributes:@ResourceAttributes nonResourceAttributes:@NonResourceAttributes
SelfSubjectRulesReview kind:s apiVersion:s metadata:@ObjectMeta= spec:@SelfSubjectRulesReviewSpec! status:@SubjectRulesReviewStatus=
SelfSubjectRulesReviewSpec namespace:s
SubjectAccessReview kind:s apiVersion:s metadata:@ObjectMeta= spec:@SubjectAccessReviewSpec! status:@SubjectAccessReviewStatus=
SubjectAccessReviewSpec resourceAttributes:@ResourceAttributes nonResourceAttributes:@NonResourceAttributes user:s groups:[s extra:{[s uid:s
SubjectAccessReviewStatus allowed:b! denied:b reason:s evaluationError:s
SubjectRulesReviewStatus resourceRules:[@ResourceRule! nonResourceRules:[@NonResourceRule! incomplete:b! evaluationError:s
CrossVersionObjectReference% kind:s! name:s! apiVersion:s
HorizontalPodAutoscaler kind:s apiVersion:s metadata:@ObjectMeta= spec:@HorizontalPodAutoscalerSpec= status:@HorizontalPodAutoscalerStatus=
HorizontalPodAutoscalerSpec scaleTargetRef:@CrossVersionObjectReference! minReplicas:i* maxReplicas:i! targetCPUUtilizationPercentage:i*
HorizontalPodAutoscalerStatus observedGeneration:l* lastScaleTime:t currentReplicas:i! desiredReplicas:i! currentCPUUtilizationPercentage:i*
Scale kind:s apiVersion:s metadata:@ObjectMeta= spec:@ScaleSpec= status:@ScaleStatus=
ScaleSpec replicas:i
ScaleStatus replicas:i! selector:s
v2.ContainerResourceMetricSource name:s! target:@v2.MetricTarget! container:s!
v2.ContainerResourceMetricStatus name:s! current:@v2.MetricValueStatus! container:s!
v2.CrossVersionObjectReference kind:s! name:s! apiVersion:s
v2.ExternalMetricSource metric:@v2.MetricIdentifier! target:@v2.MetricTarget!
v2.ExternalMetricStatus metric:@v2.MetricIdentifier! current:@v2.MetricValueStatus!
v2.HPAScalingPolicy type:s! value:i! periodSeconds:i!
v2.HPAScalingRules stabilizationWindowSeconds:i* selectPolicy:s* policies:[@v2.HPAScalingPolicy tolerance:q
v2.HorizontalPodAutoscaler kind:s apiVersion:s metadata:@ObjectMeta= spec:@v2.HorizontalPodAutoscalerSpec= status:@v2.HorizontalPodAutoscalerStatus=
v2.HorizontalPodAutoscalerBehavior scaleUp:@v2.HPAScalingRules scaleDown:@v2.HPAScalingRules
v2.HorizontalPodAutoscalerCondition type:s! status:s! lastTransitionTime:t= reason:s message:s
v2.HorizontalPodAutoscalerSpec scaleTargetRef:@v2.CrossVersionObjectReference! minReplicas:i* maxReplicas:i! metrics:[@v2.MetricSpec behavior:@v2.HorizontalPodAutoscalerBehavior
v2.HorizontalPodAutoscalerStatus observedGeneration:l* lastScaleTime:t currentReplicas:i desiredReplicas:i! currentMetrics:[@v2.MetricStatus= conditions:[@v2.HorizontalPodAutoscalerCondition~type^type
v2.MetricIdentifier name:s! selector:@LabelSelector
v2.MetricSpec type:s! object:@v2.ObjectMetricSource pods:@v2.PodsMetricSource resource:@v2.ResourceMetricSource containerResource:@v2.ContainerResourceMetricSource external:@v2.ExternalMetricSource
v2.MetricStatus type:s! object:@v2.ObjectMetricStatus pods:@v2.PodsMetricStatus resource:@v2.ResourceMetricStatus containerResource:@v2.ContainerResourceMetricStatus external:@v2.ExternalMetricStatus
v2.MetricTarget type:s! value:q averageValue:q averageUtilization:i*
v2.MetricValueStatus value:q averageValue:q averageUtilization:i*
v2.ObjectMetricSource describedObject:@v2.CrossVersionObjectReference! target:@v2.MetricTarget! metric:@v2.MetricIdentifier!
v2.ObjectMetricStatus metric:@v2.MetricIdentifier! current:@v2.MetricValueStatus! describedObject:@v2.CrossVersionObjectReference!
v2.PodsMetricSource metric:@v2.MetricIdentifier! target:@v2.MetricTarget!
v2.PodsMetricStatus metric:@v2.MetricIdentifier! current:@v2.MetricValueStatus!
v2.ResourceMetricSource name:s! target:@v2.MetricTarget!
v2.ResourceMetricStatus name:s! current:@v2.MetricValueStatus!
CronJob kind:s apiVersion:s metadata:@ObjectMeta= spec:@CronJobSpec= status:@CronJobStatus=
CronJobSpec schedule:s! timeZone:s* startingDeadlineSeconds:l* concurrencyPolicy:s suspend:b* jobTemplate:@JobTemplateSpec! successfulJobsHistoryLimit:i* failedJobsHistoryLimit:i*
CronJobStatus active:[@ObjectReference lastScheduleTime:t lastSuccessfulTime:t
Job kind:s apiVersion:s metadata:@ObjectMeta= spec:@JobSpec= status:@JobStatus=
JobCondition type:s! status:s! lastProbeTime:t= lastTransitionTime:t= reason:s message:s
JobSpec parallelism:i* completions:i* activeDeadlineSeconds:l* podFailurePolicy:@PodFailurePolicy successPolicy:@SuccessPolicy backoffLimit:i* backoffLimitPerIndex:i* maxFailedIndexes:i* selector:@LabelSelector manualSelector:b* template:@PodTemplateSpec! ttlSecondsAfterFinished:i* completionMode:s* suspend:b* podReplacementPolicy:s* managedBy:s*
JobStatus conditions:[@JobCondition^type startTime:t completionTime:t active:i succeeded:i failed:i terminating:i* completedIndexes:s failedIndexes:s* uncountedTerminatedPods:@UncountedTerminatedPods ready:i*
JobTemplateSpec metadata:@ObjectMeta= spec:@JobSpec=
PodFailurePolicy rules:[@PodFailurePolicyRule!
PodFailurePolicyOnExitCodesRequirement containerName:s* operator:s! values:[i!~
PodFailurePolicyOnPodConditionsPattern type:s! status:s=
PodFailurePolicyRule action:s! onExitCodes:@PodFailurePolicyOnExitCodesRequirement onPodConditions:[@PodFailurePolicyOnPodConditionsPattern
SuccessPolicy rules:[@SuccessPolicyRule!
SuccessPolicyRule succeededIndexes:s* succeededCount:i*
UncountedTerminatedPods succeeded:[s~ failed:[s~
CertificateSigningRequest kind:s apiVersion:s metadata:@ObjectMeta= spec:@CertificateSigningRequestSpec! status:@CertificateSigningRequestStatus=
CertificateSigningRequestCondition type:s! status:s! reason:s message:s lastUpdateTime:t= lastTransitionTime:t=
CertificateSigningRequestSpec request:y! signerName:s! expirationSeconds:i* usages:[s username:s uid:s groups:[s extra:{[s
CertificateSigningRequestStatus conditions:[@CertificateSigningRequestCondition~type certificate:y
Lease kind:s apiVersion:s metadata:@ObjectMeta= spec:@LeaseSpec=
LeaseSpec holderIdentity:s* leaseDurationSeconds:i* acquireTime:m renewTime:m leaseTransitions:i* strategy:s* preferredHolder:s*
AWSElasticBlockStoreVolumeSource volumeID:s! fsType:s partition:i readOnly:b
AppArmorProfile type:s! localhostProfile:s*
AttachedVolume name:s! devicePath:s!
AzureDiskVolumeSource diskName:s! diskURI:s! cachingMode:s* fsType:s* readOnly:b* kind:s*
AzureFilePersistentVolumeSource secretName:s! shareName:s! readOnly:b secretNamespace:s=*
AzureFileVolumeSource secretName:s! shareName:s! readOnly:b
Binding kind:s apiVersion:s metadata:@ObjectMeta= target:@ObjectReference!
CSIPersistentVolumeSource driver:s! volumeHandle:s! readOnly:b fsType:s volumeAttributes:{s controllerPublishSecretRef:@SecretReference nodeStageSecretRef:@SecretReference nodePublishSecretRef:@SecretReference controllerExpandSecretRef:@SecretReference nodeExpandSecretRef:@SecretReference
CSIVolumeSource driver:s! readOnly:b* fsType:s* volumeAttributes:{s nodePublishSecretRef:@LocalObjectReference
CephFSPersistentVolumeSource monitors:[s! path:s user:s secretFile:s secretRef:@SecretReference readOnly:b
CephFSVolumeSource monitors:[s! path:s user:s secretFile:s secretRef:@LocalObjectReference readOnly:b
CinderPersistentVolumeSource volumeID:s! fsType:s readOnly:b secretRef:@SecretReference
CinderVolumeSource volumeID:s! fsType:s readOnly:b secretRef:@LocalObjectReference
ClientIPConfig timeoutSeconds:i*
ClusterTrustBundleProjection name:s* signerName:s* labelSelector:@LabelSelector optional:b* path:s!
ComponentCondition type:s! status:s! message:s error:s
ComponentStatus kind:s apiVersion:s metadata:@ObjectMeta= conditions:[@ComponentCondition~type^type
ConfigMap kind:s apiVersion:s metadata:@ObjectMeta= immutable:b* data:{s binaryData:{y
ConfigMapEnvSource name:s optional:b*
ConfigMapKeySelector% name:s key:s! optional:b*
ConfigMapNodeConfigSource namespace:s! name:s! uid:s resourceVersion:s kubeletConfigKey:s!
ConfigMapProjection name:s items:[@KeyToPath optional:b*
ContainerExtendedResourceRequest containerName:s! resourceName:s! requestName:s!
ContainerResizePolicy resourceName:s! restartPolicy:s!
ContainerRestartRule action:s? exitCodes:@ContainerRestartRuleOnExitCodes
ContainerRestartRuleOnExitCodes operator:s? values:[i~
ContainerState waiting:@ContainerStateWaiting running:@ContainerStateRunning terminated:@ContainerStateTerminated
ContainerStateRunning startedAt:t=
ContainerStateTerminated exitCode:i! signal:i reason:s message:s startedAt:t= finishedAt:t= containerID:s
ContainerStateWaiting reason:s message:s
ContainerUser linux:@LinuxContainerUser
DownwardAPIProjection items:[@DownwardAPIVolumeFile
DownwardAPIVolumeFile path:s! fieldRef:@ObjectFieldSelector resourceFieldRef:@ResourceFieldSelector mode:i*
DownwardAPIVolumeSource items:[@DownwardAPIVolumeFile defaultMode:i*
EndpointAddress% ip:s! hostname:s nodeName:s* targetRef:@ObjectReference
EndpointPort% name:s port:i! protocol:s appProtocol:s*
EndpointSubset addresses:[@EndpointAddress notReadyAddresses:[@EndpointAddress ports:[@EndpointPort
Endpoints kind:s apiVersion:s metadata:@ObjectMeta= subsets:[@EndpointSubset
EnvFromSource prefix:s configMapRef:@ConfigMapEnvSource secretRef:@SecretEnvSource
EphemeralContainer name:s! image:s command:[s args:[s workingDir:s ports:[@ContainerPort~containerPort,protocol^containerPort envFrom:[@EnvFromSource env:[@EnvVar~name^name resources:@ResourceRequirements= resizePolicy:[@ContainerResizePolicy restartPolicy:s* restartPolicyRules:[@ContainerRestartRule volumeMounts:[@VolumeMount~mountPath^mountPath volumeDevices:[@VolumeDevice~devicePath^devicePath livenessProbe:@Probe readinessProbe:@Probe startupProbe:@Probe lifecycle:@Lifecycle terminationMessagePath:s terminationMessagePolicy:s imagePullPolicy:s securityContext:@SecurityContext stdin:b stdinOnce:b tty:b targetContainerName:s
EphemeralVolumeSource volumeClaimTemplate:@PersistentVolumeClaimTemplate
Event kind:s apiVersion:s metadata:@ObjectMeta! involvedObject:@ObjectReference! reason:s message:s source:@EventSource= firstTimestamp:t= lastTimestamp:t= count:i type:s eventTime:m= series:@EventSeries action:s related:@ObjectReference reportingComponent:s= reportingInstance:s=
EventSeries count:i lastObservedTime:m=
EventSource component:s host:s
ExecAction command:[s
FCVolumeSource targetWWNs:[s lun:i* fsType:s readOnly:b wwids:[s
FileKeySelector% volumeName:s! path:s! key:s! optional:b*
FlexPersistentVolumeSource driver:s! fsType:s secretRef:@SecretReference readOnly:b options:{s
FlexVolumeSource driver:s! fsType:s secretRef:@LocalObjectReference readOnly:b options:{s
FlockerVolumeSource datasetName:s datasetUUID:s
GCEPersistentDiskVolumeSource pdName:s! fsType:s partition:i readOnly:b
GRPCAction port:i! service:s=*
GitRepoVolumeSource repository:s! revision:s directory:s
GlusterfsPersistentVolumeSource endpoints:s! path:s! readOnly:b endpointsNamespace:s*
GlusterfsVolumeSource endpoints:s! path:s! readOnly:b
HTTPHeader name:s! value:s!
HostAlias ip:s! hostnames:[s
ISCSIPersistentVolumeSource targetPortal:s! iqn:s! lun:i! iscsiInterface:s fsType:s readOnly:b portals:[s chapAuthDiscovery:b chapAuthSession:b secretRef:@SecretReference initiatorName:s*
ISCSIVolumeSource targetPortal:s! iqn:s! lun:i! iscsiInterface:s fsType:s readOnly:b portals:[s chapAuthDiscovery:b chapAuthSession:b secretRef:@LocalObjectReference initiatorName:s*
ImageVolumeSource reference:s pullPolicy:s
Lifecycle postStart:@LifecycleHandler preStop:@LifecycleHandler stopSignal:s*
LifecycleHandler exec:@ExecAction httpGet:@HTTPGetAction tcpSocket:@TCPSocketAction sleep:@SleepAction
LimitRange kind:s apiVersion:s metadata:@ObjectMeta= spec:@LimitRangeSpec=
LimitRangeItem type:s! max:{q min:{q default:{q defaultRequest:{q maxLimitRequestRatio:{q
LimitRangeSpec limits:[@LimitRangeItem!
LinuxContainerUser uid:l! gid:l! supplementalGroups:[l
LoadBalancerIngress ip:s hostname:s ipMode:s* ports:[@PortStatus
LocalObjectReference% name:s
LocalVolumeSource path:s! fsType:s*
ModifyVolumeStatus targetVolumeAttributesClassName:s status:s!
NFSVolumeSource server:s! path:s! readOnly:b
NamespaceCondition type:s! status:s! lastTransitionTime:t= reason:s message:s
NamespaceSpec finalizers:[s
NodeAffinity requiredDuringSchedulingIgnoredDuringExecution:@NodeSelector preferredDuringSchedulingIgnoredDuringExecution:[@PreferredSchedulingTerm
NodeConfigSource configMap:@ConfigMapNodeConfigSource
NodeConfigStatus assigned:@NodeConfigSource active:@NodeConfigSource lastKnownGood:@NodeConfigSource error:s
NodeRuntimeHandlerFeatures recursiveReadOnlyMounts:b* userNamespaces:b*
NodeSelector% nodeSelectorTerms:[@NodeSelectorTerm!
NodeSelectorRequirement key:s! operator:s! values:[s
NodeSelectorTerm% matchExpressions:[@NodeSelectorRequirement matchFields:[@NodeSelectorRequirement
ObjectReference% kind:s namespace:s name:s uid:s apiVersion:s resourceVersion:s fieldPath:s
PersistentVolume kind:s apiVersion:s metadata:@ObjectMeta= spec:@PersistentVolumeSpec= status:@PersistentVolumeStatus=
PersistentVolumeClaim kind:s apiVersion:s metadata:@ObjectMeta= spec:@PersistentVolumeClaimSpec= status:@PersistentVolumeClaimStatus=
PersistentVolumeClaimCondition type:s! status:s! lastProbeTime:t= lastTransitionTime:t= reason:s message:s
PersistentVolumeClaimSpec accessModes:[s selector:@LabelSelector resources:@VolumeResourceRequirements= volumeName:s storageClassName:s* volumeMode:s* dataSource:@TypedLocalObjectReference dataSourceRef:@TypedObjectReference volumeAttributesClassName:s*
PersistentVolumeClaimStatus phase:s accessModes:[s capacity:{q conditions:[@PersistentVolumeClaimCondition~type^type allocatedResources:{q allocatedResourceStatuses:{s& currentVolumeAttributesClassName:s* modifyVolumeStatus:@ModifyVolumeStatus
PersistentVolumeClaimTemplate metadata:@ObjectMeta= spec:@PersistentVolumeClaimSpec!
PersistentVolumeClaimVolumeSource claimName:s! readOnly:b
PersistentVolumeSpec capacity:{q gcePersistentDisk:@GCEPersistentDiskVolumeSource awsElasticBlockStore:@AWSElasticBlockStoreVolumeSource hostPath:@HostPathVolumeSource glusterfs:@GlusterfsPersistentVolumeSource nfs:@NFSVolumeSource rbd:@RBDPersistentVolumeSource iscsi:@ISCSIPersistentVolumeSource cinder:@CinderPersistentVolumeSource cephfs:@CephFSPersistentVolumeSource fc:@FCVolumeSource flocker:@FlockerVolumeSource flexVolume:@FlexPersistentVolumeSource azureFile:@AzureFilePersistentVolumeSource vsphereVolume:@VsphereVirtualDiskVolumeSource quobyte:@QuobyteVolumeSource azureDisk:@AzureDiskVolumeSource photonPersistentDisk:@PhotonPersistentDiskVolumeSource portworxVolume:@PortworxVolumeSource scaleIO:@ScaleIOPersistentVolumeSource local:@LocalVolumeSource storageos:@StorageOSPersistentVolumeSource csi:@CSIPersistentVolumeSource accessModes:[s claimRef:@ObjectReference& persistentVolumeReclaimPolicy:s storageClassName:s mountOptions:[s volumeMode:s* nodeAffinity:@VolumeNodeAffinity volumeAttributesClassName:s*
PersistentVolumeStatus phase:s message:s reason:s lastPhaseTransitionTime:t
PhotonPersistentDiskVolumeSource pdID:s! fsType:s
PodAffinity requiredDuringSchedulingIgnoredDuringExecution:[@PodAffinityTerm preferredDuringSchedulingIgnoredDuringExecution:[@WeightedPodAffinityTerm
PodCertificateProjection signerName:s? keyType:s? maxExpirationSeconds:i* credentialBundlePath:s keyPath:s certificateChainPath:s userAnnotations:{s
PodDNSConfig nameservers:[s searches:[s options:[@PodDNSConfigOption
PodDNSConfigOption name:s value:s*
PodExtendedResourceClaimStatus requestMappings:[@ContainerExtendedResourceRequest! resourceClaimName:s!
PodOS name:s!
PodReadinessGate conditionType:s!
PodResourceClaim name:s! resourceClaimName:s* resourceClaimTemplateName:s*
PodResourceClaimStatus name:s! resourceClaimName:s*
PodSchedulingGate name:s!
PodTemplate kind:s apiVersion:s metadata:@ObjectMeta= template:@PodTemplateSpec=
PortStatus port:i! protocol:s! error:s*
PortworxVolumeSource volumeID:s! fsType:s readOnly:b
PreferredSchedulingTerm weight:i! preference:@NodeSelectorTerm!
ProjectedVolumeSource sources:[@VolumeProjection= defaultMode:i*
QuobyteVolumeSource registry:s! volume:s! readOnly:b user:s group:s tenant:s
RBDPersistentVolumeSource monitors:[s! image:s! fsType:s pool:s user:s keyring:s secretRef:@SecretReference readOnly:b
RBDVolumeSource monitors:[s! image:s! fsType:s pool:s user:s keyring:s secretRef:@LocalObjectReference readOnly:b
ReplicationController kind:s apiVersion:s metadata:@ObjectMeta= spec:@ReplicationControllerSpec= status:@ReplicationControllerStatus=
ReplicationControllerCondition type:s! status:s! lastTransitionTime:t= reason:s message:s
ReplicationControllerSpec replicas:i* minReadySeconds:i selector:{s% template:@PodTemplateSpec
ReplicationControllerStatus replicas:i! fullyLabeledReplicas:i readyReplicas:i availableReplicas:i observedGeneration:l conditions:[@ReplicationControllerCondition~type^type
ResourceClaim name:s! request:s
ResourceFieldSelector% containerName:s resource:s! divisor:q=
ResourceHealth resourceID:s! health:s
ResourceQuota kind:s apiVersion:s metadata:@ObjectMeta= spec:@ResourceQuotaSpec= status:@ResourceQuotaStatus=
ResourceQuotaSpec hard:{q scopes:[s scopeSelector:@ScopeSelector
ResourceQuotaStatus hard:{q used:{q
ResourceStatus name:s! resources:[@ResourceHealth~resourceID
SELinuxOptions user:s role:s type:s level:s
ScaleIOPersistentVolumeSource gateway:s! system:s! secretRef:@SecretReference!* sslEnabled:b protectionDomain:s storagePool:s storageMode:s volumeName:s fsType:s readOnly:b
ScaleIOVolumeSource gateway:s! system:s! secretRef:@LocalObjectReference!* sslEnabled:b protectionDomain:s storagePool:s storageMode:s volumeName:s fsType:s readOnly:b
ScopeSelector% matchExpressions:[@ScopedResourceSelectorRequirement
ScopedResourceSelectorRequirement scopeName:s! operator:s! values:[s
Secret kind:s apiVersion:s metadata:@ObjectMeta= immutable:b* data:{y stringData:{s type:s
SecretEnvSource name:s optional:b*
SecretKeySelector% name:s key:s! optional:b*
SecretProjection name:s items:[@KeyToPath optional:b*
SecretReference% name:s namespace:s
SecretVolumeSource secretName:s items:[@KeyToPath defaultMode:i* optional:b*
ServiceAccount kind:s apiVersion:s metadata:@ObjectMeta= secrets:[@ObjectReference~name^name imagePullSecrets:[@LocalObjectReference automountServiceAccountToken:b*
ServiceAccountTokenProjection audience:s expirationSeconds:l* path:s!
ServicePort name:s protocol:s appProtocol:s* port:i! targetPort:x= nodePort:i
ServiceSpec ports:[@ServicePort~port,protocol^port selector:{s% clusterIP:s clusterIPs:[s type:s externalIPs:[s sessionAffinity:s loadBalancerIP:s loadBalancerSourceRanges:[s externalName:s externalTrafficPolicy:s healthCheckNodePort:i publishNotReadyAddresses:b sessionAffinityConfig:@SessionAffinityConfig ipFamilies:[s ipFamilyPolicy:s* allocateLoadBalancerNodePorts:b* loadBalancerClass:s* internalTrafficPolicy:s* trafficDistribution:s*
SessionAffinityConfig clientIP:@ClientIPConfig
SleepAction seconds:l!
StorageOSPersistentVolumeSource volumeName:s volumeNamespace:s fsType:s readOnly:b secretRef:@ObjectReference
StorageOSVolumeSource volumeName:s volumeNamespace:s fsType:s readOnly:b secretRef:@LocalObjectReference
Sysctl name:s! value:s!
TCPSocketAction port:x! host:s
TopologySelectorLabelRequirement key:s! values:[s!
TopologySelectorTerm% matchLabelExpressions:[@TopologySelectorLabelRequirement
TopologySpreadConstraint maxSkew:i! topologyKey:s! whenUnsatisfiable:s! labelSelector:@LabelSelector minDomains:i* nodeAffinityPolicy:s* nodeTaintsPolicy:s* matchLabelKeys:[s
TypedLocalObjectReference% apiGroup:s=* kind:s! name:s!
TypedObjectReference apiGroup:s=* kind:s! name:s! namespace:s*
VolumeDevice name:s! devicePath:s!
VolumeMountStatus name:s! mountPath:s! readOnly:b recursiveReadOnly:s*
VolumeNodeAffinity required:@NodeSelector
VolumeProjection secret:@SecretProjection downwardAPI:@DownwardAPIProjection configMap:@ConfigMapProjection serviceAccountToken:@ServiceAccountTokenProjection clusterTrustBundle:@ClusterTrustBundleProjection podCertificate:@PodCertificateProjection
VolumeResourceRequirements limits:{q requests:{q
VsphereVirtualDiskVolumeSource volumePath:s! fsType:s storagePolicyName:s storagePolicyID:s
WindowsSecurityContextOptions gmsaCredentialSpecName:s* gmsaCredentialSpec:s* runAsUserName:s* hostProcess:b*
WorkloadReference name:s! podGroup:s! podGroupReplicaKey:s
Endpoint addresses:[s!~ conditions:@EndpointConditions= hostname:s* targetRef:@ObjectReference deprecatedTopology:{s nodeName:s* zone:s* hints:@EndpointHints
EndpointConditions ready:b* serving:b* terminating:b*
EndpointHints forZones:[@ForZone forNodes:[@ForNode
discovery.v1.EndpointPort% name:s* protocol:s* port:i* appProtocol:s*
EndpointSlice kind:s apiVersion:s metadata:@ObjectMeta= addressType:s! endpoints:[@Endpoint! ports:[@discovery.v1.EndpointPort=
ForNode name:s!
ForZone name:s!
events.v1.EventSeries count:i! lastObservedTime:m!
ExemptPriorityLevelConfiguration nominalConcurrencyShares:i* lendablePercent:i*
FlowDistinguisherMethod type:s!
FlowSchema kind:s apiVersion:s metadata:@ObjectMeta= spec:@FlowSchemaSpec= status:@FlowSchemaStatus=
FlowSchemaCondition type:s status:s lastTransitionTime:t= reason:s message:s
FlowSchemaSpec priorityLevelConfiguration:@PriorityLevelConfigurationReference! matchingPrecedence:i= distinguisherMethod:@FlowDistinguisherMethod rules:[@PolicyRulesWithSubjects
FlowSchemaStatus conditions:[@FlowSchemaCondition~type^type
GroupSubject name:s!
LimitResponse type:s! queuing:@QueuingConfiguration
LimitedPriorityLevelConfiguration nominalConcurrencyShares:i=* limitResponse:@LimitResponse= lendablePercent:i* borrowingLimitPercent:i*
NonResourcePolicyRule verbs:[s!~ nonResourceURLs:[s!~
PolicyRulesWithSubjects subjects:[@flowcontrol.v1.Subject! resourceRules:[@ResourcePolicyRule nonResourceRules:[@NonResourcePolicyRule
PriorityLevelConfiguration kind:s apiVersion:s metadata:@ObjectMeta= spec:@PriorityLevelConfigurationSpec= status:@PriorityLevelConfigurationStatus=
PriorityLevelConfigurationCondition type:s status:s lastTransitionTime:t= reason:s message:s
PriorityLevelConfigurationReference name:s!
PriorityLevelConfigurationSpec type:s! limited:@LimitedPriorityLevelConfiguration exempt:@ExemptPriorityLevelConfiguration
PriorityLevelConfigurationStatus conditions:[@PriorityLevelConfigurationCondition~type^type
QueuingConfiguration queues:i= handSize:i= queueLengthLimit:i=
ResourcePolicyRule verbs:[s!~ apiGroups:[s!~ resources:[s!~ clusterScope:b namespaces:[s=~
ServiceAccountSubject namespace:s! name:s!
flowcontrol.v1.Subject kind:s! user:@UserSubject group:@GroupSubject serviceAccount:@ServiceAccountSubject
UserSubject name:s!
HTTPIngressPath path:s pathType:s!* backend:@IngressBackend!
HTTPIngressRuleValue paths:[@HTTPIngressPath!
IPAddress kind:s apiVersion:s metadata:@ObjectMeta= spec:@IPAddressSpec=
IPAddressSpec parentRef:@ParentReference?
IPBlock cidr:s! except:[s
Ingress kind:s apiVersion:s metadata:@ObjectMeta= spec:@IngressSpec= status:@IngressStatus=
IngressBackend service:@IngressServiceBackend resource:@TypedLocalObjectReference
IngressClass kind:s apiVersion:s metadata:@ObjectMeta= spec:@IngressClassSpec=
IngressClassParametersReference apiGroup:s* kind:s! name:s! scope:s=* namespace:s*
IngressClassSpec controller:s parameters:@IngressClassParametersReference
IngressLoadBalancerIngress ip:s hostname:s ports:[@IngressPortStatus
IngressLoadBalancerStatus ingress:[@IngressLoadBalancerIngress
IngressPortStatus port:i! protocol:s! error:s*
IngressRule host:s http:@HTTPIngressRuleValue
IngressServiceBackend name:s! port:@ServiceBackendPort=
IngressSpec ingressClassName:s* defaultBackend:@IngressBackend tls:[@IngressTLS rules:[@IngressRule
IngressStatus loadBalancer:@IngressLoadBalancerStatus=
IngressTLS hosts:[s secretName:s
NetworkPolicy kind:s apiVersion:s metadata:@ObjectMeta= spec:@NetworkPolicySpec=
NetworkPolicyEgressRule ports:[@NetworkPolicyPort to:[@NetworkPolicyPeer
NetworkPolicyIngressRule ports:[@NetworkPolicyPort from:[@NetworkPolicyPeer
NetworkPolicyPeer podSelector:@LabelSelector namespaceSelector:@LabelSelector ipBlock:@IPBlock
NetworkPolicyPort protocol:s* port:x endPort:i*
NetworkPolicySpec podSelector:@LabelSelector= ingress:[@NetworkPolicyIngressRule egress:[@NetworkPolicyEgressRule policyTypes:[s
ParentReference group:s resource:s? namespace:s name:s?
ServiceBackendPort% name:s number:i
ServiceCIDR kind:s apiVersion:s metadata:@ObjectMeta= spec:@ServiceCIDRSpec= status:@ServiceCIDRStatus=
ServiceCIDRSpec cidrs:[s
ServiceCIDRStatus conditions:[@Condition~type^type
Overhead podFixed:{q
RuntimeClass kind:s apiVersion:s metadata:@ObjectMeta= handler:s! overhead:@Overhead scheduling:@Scheduling
Scheduling nodeSelector:{s% tolerations:[@Toleration
Eviction kind:s apiVersion:s metadata:@ObjectMeta= deleteOptions:@DeleteOptions
PodDisruptionBudget kind:s apiVersion:s metadata:@ObjectMeta= spec:@PodDisruptionBudgetSpec= status:@PodDisruptionBudgetStatus=
PodDisruptionBudgetSpec minAvailable:x selector:@LabelSelector< maxUnavailable:x unhealthyPodEvictionPolicy:s*
PodDisruptionBudgetStatus observedGeneration:l disruptedPods:{t disruptionsAllowed:i! currentHealthy:i! desiredHealthy:i! expectedPods:i! conditions:[@Condition~type^type
ClusterRoleBinding kind:s apiVersion:s metadata:@ObjectMeta= subjects:[@rbac.v1.Subject roleRef:@RoleRef!
Role kind:s apiVersion:s metadata:@ObjectMeta= rules:[@PolicyRule=
RoleBinding kind:s apiVersion:s metadata:@ObjectMeta= subjects:[@rbac.v1.Subject roleRef:@RoleRef!
RoleRef% apiGroup:s! kind:s! name:s!
rbac.v1.Subject% kind:s! apiGroup:s name:s! namespace:s
AllocatedDeviceStatus driver:s! pool:s! device:s! shareID:s* conditions:[@Condition=~type data:o networkData:@NetworkDeviceData
AllocationResult devices:@DeviceAllocationResult= nodeSelector:@NodeSelector allocationTimestamp:t
CELDeviceSelector expression:s!
CapacityRequestPolicy default:q=* validValues:[q validRange:@CapacityRequestPolicyRange
CapacityRequestPolicyRange min:q? max:q step:q
CapacityRequirements requests:{q
Counter value:q!
CounterSet name:s! counters:{@Counter?
Device name:s! attributes:{@DeviceAttribute capacity:{@DeviceCapacity consumesCounters:[@DeviceCounterConsumption nodeName:s* nodeSelector:@NodeSelector allNodes:b* taints:[@DeviceTaint bindsToNode:b* bindingConditions:[s bindingFailureConditions:[s allowMultipleAllocations:b*
DeviceAllocationConfiguration source:s! requests:[s opaque:@OpaqueDeviceConfiguration
DeviceAllocationResult results:[@DeviceRequestAllocationResult config:[@DeviceAllocationConfiguration
DeviceAttribute int:l* bool:b* string:s* version:s*
DeviceCapacity value:q! requestPolicy:@CapacityRequestPolicy
DeviceClaim requests:[@DeviceRequest= constraints:[@DeviceConstraint config:[@DeviceClaimConfiguration
DeviceClaimConfiguration requests:[s opaque:@OpaqueDeviceConfiguration
DeviceClass kind:s apiVersion:s metadata:@ObjectMeta= spec:@DeviceClassSpec!
DeviceClassConfiguration opaque:@OpaqueDeviceConfiguration
DeviceClassSpec selectors:[@DeviceSelector config:[@DeviceClassConfiguration extendedResourceName:s*
DeviceConstraint requests:[s matchAttribute:s* distinctAttribute:s*
DeviceCounterConsumption counterSet:s! counters:{@Counter?
DeviceRequest name:s! exactly:@ExactDeviceRequest firstAvailable:[@DeviceSubRequest
DeviceRequestAllocationResult request:s! driver:s! pool:s! device:s! adminAccess:b* tolerations:[@DeviceToleration bindingConditions:[s bindingFailureConditions:[s shareID:s* consumedCapacity:{q
DeviceSelector cel:@CELDeviceSelector
DeviceSubRequest name:s! deviceClassName:s! selectors:[@DeviceSelector allocationMode:s count:l tolerations:[@DeviceToleration capacity:@CapacityRequirements
DeviceTaint key:s! value:s effect:s! timeAdded:t
DeviceToleration key:s operator:s value:s effect:s tolerationSeconds:l*
ExactDeviceRequest deviceClassName:s! selectors:[@DeviceSelector allocationMode:s count:l adminAccess:b* tolerations:[@DeviceToleration capacity:@CapacityRequirements
NetworkDeviceData interfaceName:s ips:[s hardwareAddress:s
OpaqueDeviceConfiguration driver:s! parameters:o!
ResourceClaimConsumerReference apiGroup:s resource:s! name:s! uid:s!
ResourceClaimSpec devices:@DeviceClaim=
ResourceClaimStatus allocation:@AllocationResult reservedFor:[@ResourceClaimConsumerReference~uid^uid devices:[@AllocatedDeviceStatus~driver,device,pool,shareID
ResourceClaimTemplate kind:s apiVersion:s metadata:@ObjectMeta= spec:@ResourceClaimTemplateSpec!
ResourceClaimTemplateSpec metadata:@ObjectMeta= spec:@ResourceClaimSpec!
ResourcePool name:s! generation:l! resourceSliceCount:l!
ResourceSlice kind:s apiVersion:s metadata:@ObjectMeta= spec:@ResourceSliceSpec!
ResourceSliceSpec driver:s! pool:@ResourcePool! nodeName:s* nodeSelector:@NodeSelector allNodes:b* devices:[@Device perDeviceNodeSelection:b* sharedCounters:[@CounterSet
PriorityClass kind:s apiVersion:s metadata:@ObjectMeta= value:i! globalDefault:b description:s preemptionPolicy:s*
CSIDriver kind:s apiVersion:s metadata:@ObjectMeta= spec:@CSIDriverSpec!
CSIDriverSpec attachRequired:b* podInfoOnMount:b* volumeLifecycleModes:[s~ storageCapacity:b* fsGroupPolicy:s* tokenRequests:[@storage.v1.TokenRequest requiresRepublish:b* seLinuxMount:b* nodeAllocatableUpdatePeriodSeconds:l* serviceAccountTokenInSecrets:b*
CSINode kind:s apiVersion:s metadata:@ObjectMeta= spec:@CSINodeSpec!
CSINodeDriver name:s! nodeID:s! topologyKeys:[s= allocatable:@VolumeNodeResources
CSINodeSpec drivers:[@CSINodeDriver!~name^name
CSIStorageCapacity kind:s apiVersion:s metadata:@ObjectMeta= nodeTopology:@LabelSelector storageClassName:s! capacity:q maximumVolumeSize:q
StorageClass kind:s apiVersion:s metadata:@ObjectMeta= provisioner:s! parameters:{s reclaimPolicy:s* mountOptions:[s allowVolumeExpansion:b* volumeBindingMode:s* allowedTopologies:[@TopologySelectorTerm
storage.v1.TokenRequest audience:s! expirationSeconds:l*
VolumeAttachment kind:s apiVersion:s metadata:@ObjectMeta= spec:@VolumeAttachmentSpec! status:@VolumeAttachmentStatus=
VolumeAttachmentSource persistentVolumeName:s* inlineVolumeSpec:@PersistentVolumeSpec
VolumeAttachmentSpec attacher:s! source:@VolumeAttachmentSource! nodeName:s!
VolumeAttachmentStatus attached:b! attachmentMetadata:{s attachError:@VolumeError detachError:@VolumeError
VolumeAttributesClass kind:s apiVersion:s metadata:@ObjectMeta= driverName:s! parameters:{s
VolumeError time:t= message:s errorCode:i*
VolumeNodeResources count:i*
CustomResourceColumnDefinition description:s format:s jsonPath:s! name:s! priority:i type:s!
CustomResourceConversion strategy:s! webhook:@WebhookConversion
CustomResourceDefinition apiVersion:s kind:s metadata:@ObjectMeta= spec:@CustomResourceDefinitionSpec! status:@CustomResourceDefinitionStatus=
CustomResourceDefinitionCondition lastTransitionTime:t= message:s observedGeneration:l reason:s status:s! type:s!
CustomResourceDefinitionNames categories:[s kind:s! listKind:s plural:s! shortNames:[s singular:s
CustomResourceDefinitionSpec conversion:@CustomResourceConversion group:s! names:@CustomResourceDefinitionNames! preserveUnknownFields:b scope:s! versions:[@CustomResourceDefinitionVersion!
CustomResourceDefinitionStatus acceptedNames:@CustomResourceDefinitionNames= conditions:[@CustomResourceDefinitionCondition=~type observedGeneration:l storedVersions:[s=
CustomResourceDefinitionVersion additionalPrinterColumns:[@CustomResourceColumnDefinition deprecated:b deprecationWarning:s name:s! schema:@CustomResourceValidation selectableFields:[@SelectableField served:b! storage:b! subresources:@CustomResourceSubresources
CustomResourceSubresourceScale labelSelectorPath:s specReplicasPath:s! statusReplicasPath:s!
CustomResourceSubresourceStatus 
CustomResourceSubresources scale:@CustomResourceSubresourceScale status:@CustomResourceSubresourceStatus
CustomResourceValidation openAPIV3Schema:@JSONSchemaProps
ExternalDocumentation description:s url:s
JSONSchemaProps $ref:s $schema:s additionalItems:j additionalProperties:j allOf:[@JSONSchemaProps anyOf:[@JSONSchemaProps default:j definitions:{@JSONSchemaProps dependencies:{j description:s enum:[j example:j exclusiveMaximum:b exclusiveMinimum:b externalDocs:@ExternalDocumentation format:s id:s items:j maxItems:l* maxLength:l* maxProperties:l* maximum:d* minItems:l* minLength:l* minProperties:l* minimum:d* multipleOf:d* not:@JSONSchemaProps nullable:b oneOf:[@JSONSchemaProps pattern:s patternProperties:{@JSONSchemaProps properties:{@JSONSchemaProps required:[s title:s type:s uniqueItems:b x-kubernetes-embedded-resource:b x-kubernetes-int-or-string:b x-kubernetes-list-map-keys:[s x-kubernetes-list-type:s x-kubernetes-map-type:s x-kubernetes-preserve-unknown-fields:b* x-kubernetes-validations:[@ValidationRule~rule^rule
SelectableField jsonPath:s!
apiextensions.v1.ServiceReference name:s! namespace:s! path:s port:i*
ValidationRule fieldPath:s message:s messageExpression:s optionalOldSelf:b* reason:s rule:s!
apiextensions.v1.WebhookClientConfig caBundle:y service:@apiextensions.v1.ServiceReference url:s
WebhookConversion clientConfig:@apiextensions.v1.WebhookClientConfig conversionReviewVersions:[s!
APIGroup kind:s apiVersion:s name:s! versions:[@GroupVersionForDiscovery! preferredVersion:@GroupVersionForDiscovery= serverAddressByClientCIDRs:[@ServerAddressByClientCIDR
APIGroupList kind:s apiVersion:s groups:[@APIGroup!
APIResource name:s! singularName:s! namespaced:b! group:s version:s kind:s! verbs:[s! shortNames:[s categories:[s storageVersionHash:s
APIResourceList kind:s apiVersion:s groupVersion:s! resources:[@APIResource!
APIVersions kind:s apiVersion:s versions:[s! serverAddressByClientCIDRs:[@ServerAddressByClientCIDR!
Condition type:s! status:s! observedGeneration:l lastTransitionTime:t! reason:s! message:s!
DeleteOptions kind:s apiVersion:s gracePeriodSeconds:l* preconditions:@Preconditions orphanDependents:b* propagationPolicy:s* dryRun:[s ignoreStoreReadErrorWithClusterBreakingPotential:b*
FieldSelectorRequirement key:s! operator:s! values:[s
GroupResource group:s! resource:s!
GroupVersionForDiscovery groupVersion:s! version:s!
ListMeta selfLink:s resourceVersion:s continue:s remainingItemCount:l*
ManagedFieldsEntry manager:s operation:s apiVersion:s time:t fieldsType:s fieldsV1:o subresource:s
OwnerReference% apiVersion:s! kind:s! name:s! uid:s! controller:b* blockOwnerDeletion:b*
Preconditions uid:s* resourceVersion:s*
ServerAddressByClientCIDR clientCIDR:s! serverAddress:s!
Status kind:s apiVersion:s metadata:@ListMeta= status:s message:s reason:s details:@StatusDetails code:i
StatusCause reason:s message:s field:s
StatusDetails name:s group:s kind:s uid:s causes:[@StatusCause retryAfterSeconds:i
WatchEvent type:s! object:o!
version.Info major:s! minor:s! emulationMajor:s emulationMinor:s minCompatibilityMajor:s minCompatibilityMinor:s gitVersion:s! gitCommit:s! gitTreeState:s! buildDate:s! goVersion:s! compiler:s! platform:s!
APIServiceCondition lastTransitionTime:t= message:s reason:s status:s! type:s!
APIServiceSpec caBundle:y group:s groupPriorityMinimum:i! insecureSkipTLSVerify:b service:@apiregistration.v1.ServiceReference version:s versionPriority:i!
apiregistration.v1.ServiceReference name:s namespace:s port:i*
`;
