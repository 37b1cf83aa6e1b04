// The Go structs behind fields of a Pod template that a new cluster's do not have, in the notation of go-structs.ts.

import type { GoTables } from './go-structs.ts';

const NAMES = `
pdName PDName fsType FSType iqn IQN iscsiInterface ISCSIInterface chapAuthDiscovery DiscoveryCHAPAuth chapAuthSession
SessionCHAPAuth endpoints EndpointsName pool RBDPool wwids WWIDs diskURI DataDiskURI sslEnabled SSLEnabled apiGroup
APIGroup gmsaCredentialSpecName GMSACredentialSpecName gmsaCredentialSpec GMSACredentialSpec
`;

const FIELDS = `
OwnerReference uid:types.UID
ManagedFieldsEntry operation:ManagedFieldsOperationType subresource+22
ISCSIVolumeSource initiatorName:*string
RBDVolumeSource monitors=CephMonitors image=RBDImage user=RadosUser
ResourceFieldSelector divisor:resource.Quantity
AzureDiskVolumeSource cachingMode:*AzureDataDiskCachingMode fsType:*string readOnly:*bool kind:*AzureDataDiskKind
VolumeProjection clusterTrustBundle+29 podCertificate+34
ClusterTrustBundleProjection name:*string signerName:*string
PodCertificateProjection userAnnotations+35
ScaleIOVolumeSource secretRef:*LocalObjectReference
CSIVolumeSource readOnly:*bool fsType:*string
PersistentVolumeClaimSpec accessModes:[]PersistentVolumeAccessMode volumeMode:*PersistentVolumeMode dataSourceRef+22 volumeAttributesClassName+29
TypedObjectReference namespace:*string+26
ImageVolumeSource pullPolicy:PullPolicy
ResourceClaim request+31
ContainerResizePolicy resourceName:ResourceName restartPolicy:ResourceResizeRestartPolicy
ContainerRestartRule action:ContainerRestartRuleAction
ContainerRestartRuleOnExitCodes operator:ContainerRestartRuleOnExitCodesOperator
Lifecycle stopSignal:*Signal+33
LifecycleHandler sleep+29
WindowsSecurityContextOptions gmsaCredentialSpecName:*string gmsaCredentialSpec:*string runAsUserName:*string hostProcess+22
AppArmorProfile type:AppArmorProfileType
NodeSelectorRequirement operator:NodeSelectorOperator
PodReadinessGate conditionType:PodConditionType
TopologySpreadConstraint whenUnsatisfiable:UnsatisfiableConstraintAction minDomains+24 nodeAffinityPolicy:*NodeInclusionPolicy+25 nodeTaintsPolicy:*NodeInclusionPolicy+25 matchLabelKeys+25
PodOS name:OSName
PodResourceClaim resourceClaimName:*string resourceClaimTemplateName:*string
`;

const EMBEDDED = `
SecretProjection LocalObjectReference name items
ConfigMapProjection LocalObjectReference name items
ConfigMapEnvSource LocalObjectReference name optional
SecretEnvSource LocalObjectReference name optional
ConfigMapKeySelector LocalObjectReference name key
SecretKeySelector LocalObjectReference name key
PodResourceClaim Source:ClaimSource<31 resourceClaimName -
`;

export const FURTHER_GO_STRUCTS: GoTables = {
  NAMES,
  FIELDS,
  EMBEDDED,
  GONE: [
    ['EphemeralVolumeSource', '', 0, 21, 'ReadOnly:(bool)false'],
    ['VolumeResourceRequirements', '', 26, 29, 'Claims:([]v1.ResourceClaim)<nil>'],
  ],
};
