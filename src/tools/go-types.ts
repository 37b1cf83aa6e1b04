// What the Go types of Kubernetes' API say and the OpenAPI does not: which optional fields are plain values in Go
// (their zero is left out of JSON) and which structs are no pointers (they are always there, if only as `{}`).
// generate-schema.ts folds this into the compact schema. Keys are `Type.field`; `*` stands for any type.

/** Optional integers that are values, not pointers: 0 and absent are the same. */
export const VALUE_INTEGERS = `
*.observedGeneration *.minReadySeconds
DaemonSetStatus.numberAvailable DaemonSetStatus.numberUnavailable DaemonSetStatus.updatedNumberScheduled
DeploymentStatus.availableReplicas DeploymentStatus.readyReplicas DeploymentStatus.replicas DeploymentStatus.unavailableReplicas
DeploymentStatus.updatedReplicas ReplicaSetStatus.availableReplicas ReplicaSetStatus.fullyLabeledReplicas
ReplicaSetStatus.readyReplicas StatefulSetStatus.currentReplicas StatefulSetStatus.readyReplicas StatefulSetStatus.updatedReplicas
ReplicationControllerStatus.availableReplicas ReplicationControllerStatus.fullyLabeledReplicas
ReplicationControllerStatus.readyReplicas StatefulSetOrdinals.start ScaleSpec.replicas
JobStatus.active JobStatus.failed JobStatus.succeeded
HorizontalPodAutoscalerStatus.currentReplicas
AWSElasticBlockStoreVolumeSource.partition GCEPersistentDiskVolumeSource.partition
ContainerImage.sizeBytes ContainerPort.hostPort ContainerStateTerminated.signal
Event.count EventSeries.count Event.deprecatedCount
Probe.failureThreshold Probe.initialDelaySeconds Probe.periodSeconds Probe.successThreshold Probe.timeoutSeconds
ServicePort.nodePort ServiceSpec.healthCheckNodePort
FlowSchemaSpec.matchingPrecedence QueuingConfiguration.handSize QueuingConfiguration.queueLengthLimit QueuingConfiguration.queues
ServiceBackendPort.number DeviceSubRequest.count ExactDeviceRequest.count
CustomResourceColumnDefinition.priority ObjectMeta.generation Status.code StatusDetails.retryAfterSeconds
`;

/** Optional booleans that are values: false and absent are the same. */
export const VALUE_BOOLEANS = `
*.readOnly *.stdin *.stdinOnce *.tty *.sslEnabled *.chapAuthDiscovery *.chapAuthSession
DeploymentSpec.paused TokenReviewStatus.authenticated SubjectAccessReviewStatus.denied
NodeSpec.unschedulable PodSpec.hostIPC PodSpec.hostNetwork PodSpec.hostPID
ServiceSpec.publishNotReadyAddresses ResourcePolicyRule.clusterScope PriorityClass.globalDefault
CustomResourceDefinitionSpec.preserveUnknownFields CustomResourceDefinitionVersion.deprecated
JSONSchemaProps.exclusiveMaximum JSONSchemaProps.exclusiveMinimum JSONSchemaProps.nullable JSONSchemaProps.uniqueItems
JSONSchemaProps.x-kubernetes-embedded-resource JSONSchemaProps.x-kubernetes-int-or-string
APIServiceSpec.insecureSkipTLSVerify
`;

/** Optional strings that are pointers: an empty one is kept. */
export const POINTER_STRINGS = `
HostPathVolumeSource.type PersistentVolumeClaimSpec.storageClassName PersistentVolumeClaimSpec.volumeMode
PersistentVolumeClaimSpec.volumeAttributesClassName PersistentVolumeSpec.volumeMode GRPCAction.service
PodSpec.preemptionPolicy PodSpec.runtimeClassName PodSpec.schedulingGroup Container.restartPolicy EphemeralContainer.restartPolicy
ServicePort.appProtocol EndpointPort.appProtocol ServiceSpec.internalTrafficPolicy ServiceSpec.ipFamilyPolicy
ServiceSpec.loadBalancerClass ServiceSpec.trafficDistribution IngressSpec.ingressClassName
CronJobSpec.timeZone JobSpec.completionMode JobSpec.managedBy JobSpec.podReplacementPolicy TypedLocalObjectReference.apiGroup
TypedObjectReference.apiGroup SeccompProfile.localhostProfile AppArmorProfile.localhostProfile
SecurityContext.procMount PodSecurityContext.fsGroupChangePolicy PodSecurityContext.supplementalGroupsPolicy
EndpointPort.name EndpointPort.protocol Endpoint.nodeName Endpoint.zone Endpoint.hostname EndpointAddress.nodeName
LeaseSpec.holderIdentity LeaseSpec.strategy LeaseSpec.preferredHolder StorageClass.reclaimPolicy StorageClass.volumeBindingMode
CSIDriverSpec.fsGroupPolicy PodDNSConfigOption.value SELinuxOptions.none HTTPIngressPath.pathType
PriorityClass.preemptionPolicy HPAScalingRules.selectPolicy PodDisruptionBudgetSpec.unhealthyPodEvictionPolicy
TopologySpreadConstraint.nodeAffinityPolicy TopologySpreadConstraint.nodeTaintsPolicy PodFailurePolicyOnExitCodesRequirement.containerName
`;

/** Structs (and times) embedded by value: `{}` even when nothing was said. */
export const VALUE_STRUCTS = `
DaemonSetSpec.updateStrategy DeploymentSpec.strategy StatefulSetSpec.updateStrategy ReplicaSetSpec.template PodTemplate.template
Container.resources EphemeralContainer.resources ContainerStatus.lastState ContainerStatus.state
NodeStatus.daemonEndpoints NodeStatus.nodeInfo NodeDaemonEndpoints.kubeletEndpoint
PersistentVolumeClaimSpec.resources ServiceStatus.loadBalancer IngressStatus.loadBalancer Event.source Event.deprecatedSource
Event.regarding Endpoint.conditions IngressServiceBackend.port SelfSubjectReviewStatus.userInfo TokenReviewStatus.user
PodTemplateSpec.spec CronJobSpec.jobTemplate JobTemplateSpec.spec
CustomResourceDefinitionStatus.acceptedNames NetworkPolicySpec.podSelector
`;

/** Optional fields without omitempty: their zero is printed. */
export const ALWAYS_PRINTED = `
StatefulSetStatus.availableReplicas v2.HorizontalPodAutoscalerStatus.currentMetrics CustomResourceDefinitionStatus.conditions
CustomResourceDefinitionStatus.storedVersions CustomResourceDefinitionStatus.acceptedNames HorizontalPodAutoscalerStatus.desiredReplicas
ResourceFieldSelector.divisor StatefulSetSpec.serviceName
`;
