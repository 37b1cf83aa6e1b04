// Volumes, claims and classes of storage. index.ts says how to read it.

export const STORAGE = `
Volume: A directory that containers of a Pod can mount; the field beside name says of what sort.
 awsElasticBlockStore A disk of AWS; carried out by its CSI driver.
 azureDisk A disk of Azure; carried out by its CSI driver.
 azureFile A share of Azure; carried out by its CSI driver.
 cephfs No longer supported.
 cinder A disk of OpenStack; carried out by its CSI driver.
 configMap The keys of a ConfigMap as files.
 csi A volume that a CSI driver makes for this Pod.
 downwardAPI Fields of the Pod as files.
 emptyDir An empty directory that lives as long as the Pod.
 ephemeral A claim of the Pod's own, which goes with it.
 fc A Fibre Channel disk of the node.
 flexVolume A volume of an executable driver; deprecated.
 flocker No longer supported.
 gcePersistentDisk A disk of Google Cloud; carried out by its CSI driver.
 gitRepo A clone of a Git repository; deprecated and off.
 glusterfs No longer supported.
 hostPath A file or directory of the node.
 image The content of an image, read-only.
 iscsi An iSCSI disk.
 name Name of the volume in the Pod.
 nfs A directory of an NFS server.
 persistentVolumeClaim A claim of the namespace.
 photonPersistentDisk No longer supported.
 portworxVolume A volume of Portworx; carried out by its CSI driver.
 projected Several sources in one directory.
 quobyte No longer supported.
 rbd No longer supported.
 scaleIO No longer supported.
 secret The keys of a Secret as files.
 storageos No longer supported.
 vsphereVolume A disk of vSphere; carried out by its CSI driver.
HostPathVolumeSource: A file or directory of the node.
 path Its path on the node.
 type{"" BlockDevice CharDevice Directory DirectoryOrCreate File FileOrCreate Socket} What must be there, or is made; not checked when empty.
EmptyDirVolumeSource: An empty directory that lives as long as the Pod.
 medium Empty for the node's disk, or Memory.
 sizeLimit The most it may hold; a Pod that goes above is evicted.
SecretVolumeSource: The keys of a Secret as files.
 defaultMode Permissions of the files; 0644 when nothing is said.
 items Keys and the files they become; all keys by their names when absent.
 optional Neither Secret nor keys have to exist.
 secretName Name of the Secret.
ConfigMapVolumeSource: The keys of a ConfigMap as files.
 defaultMode Permissions of the files; 0644 when nothing is said.
 items Keys and the files they become; all keys by their names when absent.
 name Name of the ConfigMap.
 optional Neither ConfigMap nor keys have to exist.
KeyToPath: A key and the file it becomes.
 key The key.
 mode Permissions of the file.
 path Path of the file in the volume.
DownwardAPIVolumeSource: Fields of the Pod as files.
 defaultMode Permissions of the files; 0644 when nothing is said.
 items The files.
DownwardAPIVolumeFile: A file with a field of the Pod.
 fieldRef The field.
 mode Permissions of the file.
 path Path of the file in the volume.
 resourceFieldRef A request or limit of a container.
PersistentVolumeClaimVolumeSource: A claim of the Pod's namespace.
 claimName Name of the claim.
 readOnly Nothing can be written.
ProjectedVolumeSource: Several sources in one directory.
 defaultMode Permissions of the files; 0644 when nothing is said.
 sources The sources.
VolumeProjection: One source of a projected volume.
 clusterTrustBundle Certificates of ClusterTrustBundles.
 configMap Keys of a ConfigMap.
 downwardAPI Fields of the Pod.
 podCertificate A key and a certificate for the Pod, kept fresh.
 secret Keys of a Secret.
 serviceAccountToken A token of the Pod's service account, kept fresh.
SecretProjection < ConfigMapProjection: Keys of a Secret in a projected volume.
 name Name of the Secret.
ConfigMapProjection: Keys of a ConfigMap in a projected volume.
 items Keys and the files they become; all keys by their names when absent.
 name Name of the ConfigMap.
DownwardAPIProjection: Fields of the Pod in a projected volume.
 items The files.
ServiceAccountTokenProjection: A token of the Pod's service account.
 audience Who is to accept the token; the API server when absent.
 expirationSeconds Seconds for which it is good; 3600 when nothing is said, 600 at least. The kubelet replaces it in time.
 path Path of the file in the volume.
ClusterTrustBundleProjection: Certificates of ClusterTrustBundles in one file.
 labelSelector The bundles, by their labels, with signerName.
 name One bundle by name.
 path Path of the file in the volume.
 signerName All bundles of a signer.
PodCertificateProjection: A key and a certificate for the Pod.
 certificateChainPath File for the certificates.
 credentialBundlePath File for key and certificates together.
 keyPath File for the key.
 keyType Kind of the key, e.g. ED25519 or RSA3072.
 maxExpirationSeconds The longest the certificate may be good for.
 signerName Who signs it.
 userAnnotations More that the signer is told.
NFSVolumeSource: A directory of an NFS server.
 path The directory.
 server Name or address of the server.
ISCSIVolumeSource: An iSCSI disk.
 chapAuthDiscovery Whether discovery asks for a password.
 chapAuthSession Whether the session asks for a password.
 initiatorName Name of the initiator.
 iqn Name of the target.
 iscsiInterface Name of the interface; default when nothing is said.
 lun Number of the unit.
 portals More portals.
 targetPortal The portal, as address and port.
FCVolumeSource: A Fibre Channel disk.
 lun Number of the unit.
 targetWWNs Names of the targets.
 wwids IDs of the disk.
CSIVolumeSource: A volume that a CSI driver makes for one Pod.
 driver Name of the driver.
 nodePublishSecretRef The Secret the driver gets when it mounts.
 volumeAttributes What the driver asks for.
EphemeralVolumeSource: A claim of the Pod's own.
 volumeClaimTemplate What the claim looks like; its name is the Pod's and the volume's.
PersistentVolumeClaimTemplate: What a claim looks like.
ImageVolumeSource: The content of an image.
 pullPolicy{Always IfNotPresent Never} When the image is pulled.
 reference Name of the image.
GitRepoVolumeSource: A clone of a Git repository.
 directory Where it is put.
 repository Address of the repository.
 revision The commit.
FlexVolumeSource: A volume of an executable driver.
 driver Name of the driver.
 options What the driver asks for.
GCEPersistentDiskVolumeSource: A disk of Google Cloud.
 partition Number of the partition.
 pdName Name of the disk.
AWSElasticBlockStoreVolumeSource: A disk of AWS.
 partition Number of the partition.
 volumeID ID of the disk.
AzureDiskVolumeSource: A disk of Azure.
 cachingMode{None ReadOnly ReadWrite} How the host caches.
 diskName Name of the disk.
 diskURI Address of the disk.
 kind{Dedicated Managed Shared} Whose the disk is.
AzureFileVolumeSource: A share of Azure.
 secretName The Secret with the account.
 shareName Name of the share.
CinderVolumeSource: A disk of OpenStack.
 volumeID ID of the disk.
VsphereVirtualDiskVolumeSource: A disk of vSphere.
 volumePath Path of the disk.
PersistentVolume: A piece of storage of the cluster.
PersistentVolumeSpec: How big the storage is, where, and who may have it.
 accessModes How it may be mounted: ReadWriteOnce, ReadOnlyMany, ReadWriteMany or ReadWriteOncePod.
 capacity How big it is.
 claimRef The claim it is bound to.
 csi Storage of a CSI driver.
 hostPath A directory of the node; for trials with one node.
 iscsi An iSCSI disk.
 local A disk or directory of one node; needs nodeAffinity.
 mountOptions Options of the mount.
 nfs A directory of an NFS server.
 nodeAffinity From which nodes it can be reached.
 persistentVolumeReclaimPolicy{Delete Recycle Retain} What becomes of it when the claim is gone; Recycle is deprecated.
 storageClassName Its class; empty for none.
 volumeAttributesClassName Its VolumeAttributesClass.
 volumeMode{Block Filesystem} A device, or a directory.
PersistentVolumeStatus: Where the volume stands.
 lastPhaseTransitionTime When phase last changed.
 phase{Available Bound Failed Pending Released} Free, bound to a claim, left by its claim, and so on.
VolumeNodeAffinity: From which nodes a volume can be reached.
 required The nodes.
CSIPersistentVolumeSource: Storage of a CSI driver.
 controllerExpandSecretRef The Secret the driver gets when it enlarges.
 controllerPublishSecretRef The Secret the driver gets when it attaches.
 driver Name of the driver.
 nodeExpandSecretRef The Secret the driver gets when it enlarges on the node.
 nodePublishSecretRef The Secret the driver gets when it mounts.
 nodeStageSecretRef The Secret the driver gets when it prepares the node.
 volumeAttributes What the driver asks for.
 volumeHandle ID of the volume at the driver. It cannot be changed.
LocalVolumeSource: A disk or directory of one node.
 path Its path on the node.
PersistentVolumeClaim: A request for storage that Pods can mount.
PersistentVolumeClaimSpec: How much storage of what class, and how it is mounted.
 accessModes How it is to be mounted: ReadWriteOnce, ReadOnlyMany, ReadWriteMany or ReadWriteOncePod.
 dataSource A claim or snapshot whose content the volume gets.
 dataSourceRef What the volume's content comes from; other kinds than a claim or a snapshot are allowed.
 resources How much is needed; it may be raised where the class allows it.
 selector Labels that the volume must have.
 storageClassName The class; the default class when absent, none when empty.
 volumeAttributesClassName The VolumeAttributesClass; it may be changed later.
 volumeMode{Block Filesystem} A device, or a directory; Filesystem when nothing is said.
 volumeName The volume the claim is bound to, or shall be.
VolumeResourceRequirements: How much storage.
 limits The most there may be.
 requests The least that is needed.
PersistentVolumeClaimStatus: What the claim has got.
 accessModes How the volume may be mounted.
 allocatedResources The size that is being worked on.
 allocatedResourceStatuses How far a change of size is.
 capacity How big the volume is.
 currentVolumeAttributesClassName The VolumeAttributesClass that is in force.
 modifyVolumeStatus How far a change of attributes is.
 phase{Bound Lost Pending} Bound, still looking, or bound to a volume that is gone.
PersistentVolumeClaimCondition: One aspect of where the claim stands.
 status True, False or Unknown.
 type Resizing, FileSystemResizePending and others.
ModifyVolumeStatus: How far a change of attributes is.
 status{InProgress Infeasible Pending} Under way, refused as impossible, or waiting.
 targetVolumeAttributesClassName The class that is aimed at.
StorageClass: A kind of storage from which volumes are made.
 allowVolumeExpansion Whether claims may be enlarged.
 allowedTopologies Where volumes may be made.
 mountOptions Options with which the volumes are mounted.
 parameters What the provisioner asks for.
 provisioner Who makes the volumes: a CSI driver, or kubernetes.io/no-provisioner for nobody.
 reclaimPolicy{Delete Recycle Retain} What becomes of a volume when its claim is gone; Delete when nothing is said.
 volumeBindingMode{Immediate WaitForFirstConsumer} When a volume is made: at once, or once a Pod needs it and its node is known. Immediate when nothing is said.
TopologySelectorTerm: Places where volumes may be made.
 matchLabelExpressions Requirements of labels.
TopologySelectorLabelRequirement: One requirement.
 key The label.
 values Its values.
CSIDriver: What the cluster needs to know about a CSI driver.
CSIDriverSpec: What the driver can do and wants.
 attachRequired Whether volumes are attached to nodes first.
 fsGroupPolicy ReadWriteOnceWithFSType, File or None: whether fsGroup changes the owner of files.
 nodeAllocatableUpdatePeriodSeconds Seconds after which the kubelet asks anew how many volumes the node can have.
 podInfoOnMount Whether the driver is told of the Pod.
 requiresRepublish Whether it is asked to mount again and again, to refresh the content.
 seLinuxMount Whether it can mount with an SELinux label.
 serviceAccountTokenInSecrets Whether tokens are passed to it as secrets.
 storageCapacity Whether the scheduler looks at CSIStorageCapacity objects.
 tokenRequests Tokens of the Pod's service account that it gets.
 volumeLifecycleModes Persistent, Ephemeral or both.
TokenRequest: A token that a driver gets.
 audience Who is to accept it.
 expirationSeconds Seconds for which it is good.
CSINode: Which CSI drivers a node has.
CSINodeSpec: The drivers of a node.
 drivers The drivers.
CSINodeDriver: A driver on a node.
 allocatable How many volumes it can have there.
 name Name of the driver.
 nodeID What the driver calls the node.
 topologyKeys Labels that the driver has put on the node.
VolumeNodeResources: How many volumes a node can have.
 count The number; no limit when absent.
VolumeAttachment: A volume that is or shall be attached to a node.
VolumeAttachmentSpec: What is attached where by whom.
 attacher The CSI driver.
 nodeName The node.
 source The volume.
VolumeAttachmentSource: The volume.
 inlineVolumeSpec A volume that is no object, for migrated drivers.
 persistentVolumeName Name of the PersistentVolume.
VolumeAttachmentStatus: How far it is.
 attachError Why it could not be attached.
 attached Whether it is attached.
 attachmentMetadata What the driver needs to mount it.
 detachError Why it could not be detached.
VolumeError: What went wrong with a volume.
 errorCode The driver's code of the error.
 message What it said.
 time When.
`;
