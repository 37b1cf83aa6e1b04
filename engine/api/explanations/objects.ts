// What every object has, and what fields mean that are the same wherever they stand ('*'). index.ts says how to read it.

export const OBJECTS = `
*:
 apiVersion The group and version of the API in which this object is written, e.g. v1 or apps/v1.
 kind The kind of the object, in CamelCase. It cannot be changed.
 metadata Name, namespace, labels, annotations and what the server keeps about every object.
 spec The state that is wanted.
 status The state that was last observed; controllers write it.
 conditions Where the object stands: one entry for each aspect, with True, False or Unknown.
 observedGeneration The generation of the spec that the controller has acted on last.
 lastTransitionTime When the condition last went from one status to another.
 lastProbeTime When the condition was last checked.
 lastUpdateTime When the condition was last written.
 lastHeartbeatTime When the condition was last reported.
 reason Why, as one CamelCase word for programs.
 message Why, as a sentence for people.
 type What it is about, as one CamelCase word.
 name Name, unique among its siblings.
 namespace Namespace of the object that is referred to.
 uid The uid of the object that is referred to.
 labels Keys and values by which selectors find the object.
 annotations Keys and values that tools keep with the object; nothing selects by them.
 replicas How many Pods are wanted, or were observed.
 selector Which Pods are meant, by their labels.
 template The Pods that are made.
 collisionCount How often a name that was made from a hash was taken already; it goes into the next hash.
 fsType The file system of the volume, e.g. ext4 or xfs.
 readOnly Nothing may be written through this mount.
 secretRef The Secret with what the storage asks for.
 optional The Pod starts even when the object or the key is missing.
 apiGroup Group of the kind that is referred to; empty for the core group.

ObjectMeta: What every stored object has: its identity, its labels, its owners and its history.
 name Name of the object, unique among those of its kind in the namespace. It cannot be changed.
 namespace The namespace the object lives in; empty for kinds that belong to the cluster.
 creationTimestamp When the server created the object.
 deletionGracePeriodSeconds Seconds the object still had when its deletion was asked for.
 deletionTimestamp Set when deletion was asked for; the object goes once its finalizers and its grace period are over.
 finalizers Names of work that must be done before the object may go.
 generateName A prefix to which the server adds five characters when no name is given.
 generation Counts the changes of the wanted state.
 managedFields Which program set which fields, for server-side apply.
 ownerReferences The objects this one belongs to; when all of them are gone, it is collected.
 resourceVersion Changes with every write; a write with an old one is a conflict.
 selfLink Once the address of the object; the server leaves it empty.
 uid Unique over time and space: a new object of the same name has another one.

OwnerReference: An object that another one belongs to, in the same namespace or in none.
 name Name of the owner.
 uid The uid of the owner, so that a later object of its name is not mistaken for it.
 controller True for the one owner that manages the object.
 blockOwnerDeletion A foreground deletion of the owner waits until this object is gone.

ManagedFieldsEntry: The fields that one program manages in one version of the API.
 manager The program: what it said in fieldManager, or the start of its user agent.
 operation Apply or Update: how the fields were set.
 apiVersion The version in which the names of the fields are written.
 time When the entry last changed.
 fieldsType How fieldsV1 is written; FieldsV1 is the only way.
 fieldsV1 The fields, as a tree of their names.
 subresource The subresource the fields were set through, such as status or scale.

LabelSelector: Selects objects by their labels; all requirements must hold.
 matchLabels Labels that must be there with exactly these values.
 matchExpressions Requirements with the operators In, NotIn, Exists and DoesNotExist.
LabelSelectorRequirement: One requirement of a label's value.
 key The label.
 operator In, NotIn, Exists or DoesNotExist.
 values The values for In and NotIn; none for the others.

Condition: One aspect of where the object stands.
 status True, False or Unknown.
 type The aspect, in CamelCase.

Time: A moment, to the second, in UTC.
MicroTime: A moment, to the microsecond, in UTC.
Quantity: An amount with a unit, e.g. 500m, 2 or 128Mi.
IntOrString: A number, or a text such as a percentage or the name of a port.
FieldsV1: Fields as a tree: f:name for a field, k:{…} for an entry of a list by its keys, v:… for a value of a set.
RawExtension: Any object.
JSON: Any value of JSON.
LocalObjectReference: The name of an object of the same namespace.
TypedLocalObjectReference: An object of the same namespace, by group, kind and name.
 kind Kind of the object.
 name Name of the object.
TypedObjectReference < TypedLocalObjectReference: An object, perhaps of another namespace, by group, kind and name.
 namespace Its namespace; the same when absent. Another one needs a ReferenceGrant there.
SecretReference: A Secret of any namespace.
 name Name of the Secret.
 namespace Namespace of the Secret.
ObjectReference: Leads to another object.
 apiVersion API version of the object.
 fieldPath A part of the object, such as spec.containers{web}.
 kind Kind of the object.
 name Name of the object.
 resourceVersion The resourceVersion that was meant, if one was.

ConfigMap: Configuration as keys and values.
 data Keys with texts.
 binaryData Keys with bytes, in base64.
 immutable When true, data cannot be changed any more, only the metadata; nor can this be taken back.
Secret: Confidential keys and values.
 data Keys with bytes, in base64.
 stringData Keys with texts; the server writes them into data. It is never shown.
 immutable When true, data cannot be changed any more, only the metadata; nor can this be taken back.
 type What the keys are for: Opaque, kubernetes.io/tls, kubernetes.io/dockerconfigjson and others.

Namespace: A room for names: objects of the same name can be in different ones.
 spec Finalizers of the namespace.
NamespaceSpec: What a namespace waits for before it goes.
 finalizers Names of what must be emptied first; kubernetes stands for all objects inside.
NamespaceStatus: Whether the namespace is in use or going.
 phase{Active Terminating} Active, or Terminating while its objects are deleted.
NamespaceCondition: What hinders the deletion of the namespace.

Event: A report of something that happened to an object. Events expire after an hour by default.
 involvedObject The object it happened to.
 source The component that reported it.
 firstTimestamp When it was seen first.
 lastTimestamp When it was seen last.
 count How often it was seen.
 type Normal or Warning.
 eventTime When it was seen first, to the microsecond.
 series How often it was seen since, for reports that go on.
 action What was done, or failed.
 related A second object, if one takes part.
 reportingComponent The controller that reports, e.g. kubernetes.io/kubelet.
 reportingController The controller that reports, e.g. kubernetes.io/kubelet.
 reportingInstance Which instance of it, e.g. kubelet-xyzf.
 regarding The object it happened to.
 note What happened, as a sentence for people.
 reason Why this was done, as one CamelCase word for programs.
 deprecatedSource The component, as the older Event says it.
 deprecatedFirstTimestamp When it was seen first, as the older Event says it.
 deprecatedLastTimestamp When it was seen last, as the older Event says it.
 deprecatedCount How often it was seen, as the older Event says it.
EventSource: Where a report comes from.
 component The component.
 host The node on which it runs.
EventSeries: Reports of one thing that goes on.
 count How often it was reported so far.
 lastObservedTime When it was reported last.

ServiceAccount: An identity for the programs in Pods.
 secrets Secrets that Pods of this account may use, where that is enforced; token Secrets were once listed here.
 imagePullSecrets Secrets with which images are pulled, for Pods that name none.
 automountServiceAccountToken Whether Pods of this account get a token mounted; a Pod can say otherwise.

Lease: A sign of life, or a claim to lead, that has to be renewed.
LeaseSpec: Who holds the lease and until when.
 holderIdentity Who holds it.
 leaseDurationSeconds Seconds after the last renewal in which nobody else may take it.
 acquireTime When the holder took it.
 renewTime When the holder last renewed it.
 leaseTransitions How often it went from one holder to another.
 strategy How the next holder is picked, where elections are coordinated.
 preferredHolder Who should take it over; only with a strategy.
`;
