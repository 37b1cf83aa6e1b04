// Workloads: what keeps, replaces and counts Pods. index.ts says how to read it.

export const WORKLOADS = `
Deployment: Keeps a number of Pods of one template running, and replaces them step by step when the template changes.
DeploymentSpec: How many Pods a Deployment keeps, of what template, and how it replaces them.
 minReadySeconds Seconds a new Pod must be ready, without a restart, to count as available; 0 when nothing is said.
 paused Changes of the template start no rollout while this is true.
 progressDeadlineSeconds Seconds without progress after which a rollout counts as failed; 600 when nothing is said.
 replicas How many Pods are wanted; 1 when nothing is said.
 revisionHistoryLimit Old ReplicaSets to keep for a rollback; 10 when nothing is said.
 selector Which Pods are the Deployment's; it must match the template's labels and cannot be changed.
 strategy How old Pods are replaced by new ones.
 template The Pods that are made.
DeploymentStrategy: The way of a rollout: step by step, or all at once.
 rollingUpdate How far the number of Pods may be above and below the wanted one.
 type{Recreate RollingUpdate} Step by step, or all old Pods go before new ones come. RollingUpdate when nothing is said.
RollingUpdateDeployment: How far a rollout may stray from the wanted number.
 maxSurge Pods above the wanted number, as a number or a percentage, rounded up; 25% when nothing is said.
 maxUnavailable Pods below the wanted number, as a number or a percentage, rounded down; 25% when nothing is said.
DeploymentStatus: How far the rollout is.
 availableReplicas Pods that have been ready for minReadySeconds.
 readyReplicas Pods that are ready.
 replicas Pods of the Deployment that are not terminating, old and new.
 terminatingReplicas Pods that are being deleted.
 unavailableReplicas Pods that are still missing for all to be available.
 updatedReplicas Pods of the current template.
DeploymentCondition: One aspect of where the Deployment stands.
 status True, False or Unknown.
 type Available, Progressing or ReplicaFailure.
ReplicaSet: Keeps a number of Pods running that all look the same.
ReplicaSetSpec: How many Pods a ReplicaSet keeps, and of what template.
 minReadySeconds Seconds a new Pod must be ready, without a restart, to count as available; 0 when nothing is said.
 replicas How many Pods are wanted; 1 when nothing is said.
 selector Which Pods are counted; it must match the template's labels and cannot be changed.
ReplicaSetStatus: How many Pods there are.
 availableReplicas Pods that have been ready for minReadySeconds.
 fullyLabeledReplicas Pods with all labels of the template.
 readyReplicas Pods that are ready.
 replicas Pods that are not terminating.
 terminatingReplicas Pods that are being deleted.
ReplicaSetCondition: One aspect of where the ReplicaSet stands.
 status True, False or Unknown.
 type ReplicaFailure: a Pod could not be made or deleted.
ReplicationController: Keeps a number of Pods running; the predecessor of the ReplicaSet.
ReplicationControllerSpec: How many Pods are kept, and of what template.
 minReadySeconds Seconds a new Pod must be ready, without a restart, to count as available; 0 when nothing is said.
 selector Labels and values of the Pods that are counted; the template's labels when absent.
ReplicationControllerStatus < ReplicaSetStatus: How many Pods there are.
ReplicationControllerCondition < ReplicaSetCondition: One aspect of where the ReplicationController stands.

StatefulSet: Keeps Pods with fixed names, an order and volumes of their own.
StatefulSetSpec: How many Pods, of what template, with which volumes and in what order.
 minReadySeconds Seconds a new Pod must be ready, without a restart, to count as available; 0 when nothing is said.
 ordinals From which number the Pods are counted.
 persistentVolumeClaimRetentionPolicy What becomes of the claims when Pods or the StatefulSet go.
 podManagementPolicy{OrderedReady Parallel} One Pod after another, or all at once; OrderedReady when nothing is said.
 replicas How many Pods are wanted; 1 when nothing is said.
 revisionHistoryLimit Old revisions to keep; 10 when nothing is said.
 selector Which Pods are the StatefulSet's; it must match the template's labels and cannot be changed.
 serviceName The headless Service that gives each Pod a name in DNS; it has to be made separately.
 template The Pods that are made; their names are the StatefulSet's with a number.
 updateStrategy How Pods are replaced when the template changes.
 volumeClaimTemplates Claims that are made for each Pod and stay with its name.
StatefulSetUpdateStrategy: How Pods are replaced when the template changes.
 rollingUpdate Which Pods, and how many at once.
 type{OnDelete RollingUpdate} From the highest number down, or each when somebody deletes it; RollingUpdate when nothing is said.
RollingUpdateStatefulSetStrategy: Which Pods are replaced.
 maxUnavailable Pods that may be missing at once, as a number or a percentage; 1 when nothing is said.
 partition Pods with a lower number keep the old template; 0 when nothing is said.
StatefulSetPersistentVolumeClaimRetentionPolicy: What becomes of the claims.
 whenDeleted Retain or Delete, when the StatefulSet is deleted; Retain when nothing is said.
 whenScaled Retain or Delete, when there are fewer Pods; Retain when nothing is said.
StatefulSetOrdinals: How the Pods are counted.
 start Number of the first Pod; 0 when nothing is said.
StatefulSetStatus: How many Pods there are, of which revision.
 availableReplicas Pods that have been ready for minReadySeconds.
 currentReplicas Pods of currentRevision.
 currentRevision The revision from which the update starts.
 readyReplicas Pods that are ready.
 replicas Pods that were made.
 updateRevision The revision of the current template.
 updatedReplicas Pods of updateRevision.
StatefulSetCondition: One aspect of where the StatefulSet stands.
 status True, False or Unknown.

DaemonSet: Keeps one Pod on every node, or on every node of some.
DaemonSetSpec: Which Pod, and how it is replaced.
 minReadySeconds Seconds a new Pod must be ready, without a restart, to count as available; 0 when nothing is said.
 revisionHistoryLimit Old revisions to keep; 10 when nothing is said.
 selector Which Pods are the DaemonSet's; it must match the template's labels and cannot be changed.
 template The Pod for each node; its nodeSelector and affinity say for which.
 updateStrategy How Pods are replaced when the template changes.
DaemonSetUpdateStrategy: How Pods are replaced when the template changes.
 rollingUpdate How many at once.
 type{OnDelete RollingUpdate} Node by node, or each when somebody deletes it; RollingUpdate when nothing is said.
RollingUpdateDaemonSet: How many Pods are replaced at once.
 maxSurge Nodes that may have an old and a new Pod at once, as a number or a percentage; 0 when nothing is said.
 maxUnavailable Nodes that may be without an available Pod, as a number or a percentage; 1 when nothing is said.
DaemonSetStatus: On how many nodes the Pod is.
 currentNumberScheduled Nodes that have the Pod and should.
 desiredNumberScheduled Nodes that should have the Pod.
 numberAvailable Nodes whose Pod has been ready for minReadySeconds.
 numberMisscheduled Nodes that have the Pod and should not.
 numberReady Nodes whose Pod is ready.
 numberUnavailable Nodes that should have an available Pod and have none.
 updatedNumberScheduled Nodes with a Pod of the current template.
DaemonSetCondition: One aspect of where the DaemonSet stands.
 status True, False or Unknown.
ControllerRevision: A former state of a StatefulSet or DaemonSet, for its history and rollbacks. It cannot be changed.
 data The state.
 revision Its number; higher is newer.

Job: Runs Pods until a number of them has ended well.
JobSpec: Which Pods, how many, and when to give up.
 activeDeadlineSeconds Seconds after its start in which the Job may be active; then it fails.
 backoffLimit Failed Pods after which the Job fails; 6 when nothing is said.
 backoffLimitPerIndex Failed Pods of one index after which the index fails; only for Indexed.
 completionMode{Indexed NonIndexed} Whether each Pod has an index, from 0 to completions - 1; NonIndexed when nothing is said.
 completions How many Pods must end well; 1 when neither this nor parallelism is given.
 managedBy Who acts on the Job, when it is not the Job controller.
 manualSelector True when selector was chosen by hand; the Pods may then be mixed up with others.
 maxFailedIndexes Failed indexes after which the Job fails.
 parallelism How many Pods run at once; 1 when nothing is said.
 podFailurePolicy What the failure of a Pod means, by exit code or condition.
 podReplacementPolicy{Failed TerminatingOrFailed} When a new Pod is made for one that goes: once it is gone, or as soon as it is terminating.
 selector Which Pods are the Job's; the server sets it.
 successPolicy When the Job has succeeded, although indexes are still open.
 suspend While true no Pods run; setting it deletes those that are active.
 template The Pods; restartPolicy must be Never or OnFailure.
 ttlSecondsAfterFinished Seconds after its end when the Job is deleted; kept when absent.
PodFailurePolicy: What the failure of a Pod means.
 rules Tried in order; the first that matches counts. When none does, the failure counts into backoffLimit.
PodFailurePolicyRule: What some failures mean.
 action{Count FailIndex FailJob Ignore} Count it as usual, fail the index or the Job, or do not count it.
 onExitCodes Exit codes it is for.
 onPodConditions Conditions of the Pod it is for.
PodFailurePolicyOnExitCodesRequirement: Exit codes of containers.
 containerName The container; any when absent.
 operator{In NotIn} How the values are compared.
 values The exit codes; 0 cannot be one for In.
PodFailurePolicyOnPodConditionsPattern: A condition of the Pod.
 status Its status; True when nothing is said.
 type Its type, e.g. DisruptionTarget.
SuccessPolicy: When a Job has succeeded early.
 rules Tried in order; the first that holds ends the Job.
SuccessPolicyRule: Indexes that are enough.
 succeededCount How many of them; all when absent.
 succeededIndexes Which ones, e.g. 1,3-5; any when absent.
JobStatus: How far the Job is.
 active Pods that are pending or running and not terminating.
 completedIndexes Indexes that have ended well, e.g. 1,3-5.
 completionTime When the Job succeeded.
 failed Pods that failed.
 failedIndexes Indexes that have failed.
 ready Active Pods that are ready.
 startTime When the controller first took the Job; set anew when it is resumed.
 succeeded Pods that ended well.
 terminating Pods that are going.
 uncountedTerminatedPods Pods that have ended and are not yet in the counts.
UncountedTerminatedPods: Pods that have ended and are not yet in the counts.
 failed Those that failed.
 succeeded Those that ended well.
JobCondition: One aspect of where the Job stands.
 status True, False or Unknown.
 type Complete, Failed, Suspended, SuccessCriteriaMet or FailureTarget.
JobTemplateSpec: What the Jobs that are made look like.
CronJob: Makes Jobs at times that a schedule gives.
CronJobSpec: When Jobs are made, and of what template.
 concurrencyPolicy{Allow Forbid Replace} What happens when the last Job still runs: both run, the new one is left out, or it takes the place of the old one. Allow when nothing is said.
 failedJobsHistoryLimit Failed Jobs to keep; 1 when nothing is said.
 jobTemplate The Jobs that are made.
 schedule Minute, hour, day of the month, month and day of the week, as in a crontab.
 startingDeadlineSeconds Seconds in which a Job that was missed is still started.
 successfulJobsHistoryLimit Succeeded Jobs to keep; 3 when nothing is said.
 suspend While true no new Jobs are made.
 timeZone Time zone of the schedule, e.g. Europe/Berlin; the controller manager's when absent.
CronJobStatus: What was made when.
 active Jobs that run.
 lastScheduleTime When a Job was last made.
 lastSuccessfulTime When a Job last succeeded.

Scale: How many replicas something has and should have.
ScaleSpec: How many are wanted.
 replicas How many replicas are wanted.
ScaleStatus: How many there are.
 replicas How many replicas were observed.
 selector The Pods, as a label selector in text form.

HorizontalPodAutoscaler: Changes the number of Pods with the load.
HorizontalPodAutoscalerSpec: What is scaled, between which bounds and by which metrics.
 behavior How fast it scales up and down.
 maxReplicas The most Pods there may be.
 metrics What is measured; the metric that asks for most Pods counts. 80% of the requested CPU when nothing is said.
 minReplicas The fewest Pods there may be; 1 when nothing is said.
 scaleTargetRef What is scaled.
 targetCPUUtilizationPercentage The share of the requested CPU that Pods should use on average.
CrossVersionObjectReference: An object of the same namespace.
 kind Kind of the object.
 name Name of the object.
MetricSpec: One metric and its target; the field named like the type holds them.
 containerResource CPU or memory of one container in each Pod.
 external A metric from outside of the cluster.
 object A metric of one object.
 pods A metric of each Pod, averaged.
 resource CPU or memory of each Pod, averaged.
 type ContainerResource, External, Object, Pods or Resource.
MetricStatus < MetricSpec: What a metric says now.
ObjectMetricSource: A metric of one object.
 describedObject The object.
 metric The metric.
 target The value that is aimed at.
PodsMetricSource < ObjectMetricSource: A metric of each Pod.
ExternalMetricSource < ObjectMetricSource: A metric from outside of the cluster.
ResourceMetricSource < ObjectMetricSource: CPU or memory of each Pod.
 name cpu or memory.
ContainerResourceMetricSource < ResourceMetricSource: CPU or memory of one container in each Pod.
 container The container.
ObjectMetricStatus < ObjectMetricSource: What a metric of an object says now.
 current The value.
PodsMetricStatus < ObjectMetricStatus: What a metric of Pods says now.
ExternalMetricStatus < ObjectMetricStatus: What an external metric says now.
ResourceMetricStatus < ObjectMetricStatus: What Pods use now.
 name cpu or memory.
ContainerResourceMetricStatus < ResourceMetricStatus: What containers use now.
 container The container.
MetricTarget: The value that is aimed at.
 averageUtilization The share of the request in percent, averaged over the Pods; for resources only.
 averageValue The value averaged over the Pods.
 type Utilization, Value or AverageValue.
 value The value itself.
MetricValueStatus < MetricTarget: A value that was measured.
MetricIdentifier: A metric.
 name Its name.
 selector Labels of the metric.
HorizontalPodAutoscalerBehavior: How fast it scales.
 scaleDown Towards fewer Pods; after 300 seconds of less load, down to minReplicas, when nothing is said.
 scaleUp Towards more Pods; the higher of 4 Pods and double, every 15 seconds, when nothing is said.
HPAScalingRules: How fast it scales in one direction.
 policies How much in which time.
 selectPolicy Max, Min or Disabled: which policy counts; Max when nothing is said.
 stabilizationWindowSeconds Seconds of past recommendations that are taken into account; 300 down and 0 up when nothing is said.
 tolerance By what part the metric may differ before anything is scaled; 0.1 when nothing is said.
HPAScalingPolicy: A limit of change.
 periodSeconds In how many seconds.
 type Pods or Percent.
 value How much.
HorizontalPodAutoscalerStatus: What was measured and decided.
 currentCPUUtilizationPercentage The share of the requested CPU that Pods use on average.
 currentMetrics What the metrics said last.
 currentReplicas How many Pods there were.
 desiredReplicas How many it asked for.
 lastScaleTime When it last changed the number.
HorizontalPodAutoscalerCondition: One aspect of where the autoscaler stands.
 status True, False or Unknown.
 type AbleToScale, ScalingActive or ScalingLimited.

PodDisruptionBudget: How many Pods of a group must stay when nodes are drained.
PodDisruptionBudgetSpec: The Pods, and how many must stay; one of minAvailable and maxUnavailable.
 maxUnavailable Pods that may be missing after an eviction, as a number or a percentage.
 minAvailable Pods that must be there after an eviction, as a number or a percentage.
 selector The Pods; {} means all of the namespace.
 unhealthyPodEvictionPolicy IfHealthyBudget or AlwaysAllow: whether Pods that are not ready may be evicted when the budget does not hold.
PodDisruptionBudgetStatus: What the budget allows now.
 currentHealthy Pods that are ready.
 desiredHealthy Pods that must be ready.
 disruptedPods Pods whose eviction was allowed and that are not yet gone.
 disruptionsAllowed Evictions that are allowed now.
 expectedPods Pods that the budget counts.
ResourceQuota: How much a namespace may hold in all.
ResourceQuotaSpec: The limits, and for which objects.
 hard The most there may be, by resource or kind.
 scopeSelector For which objects, with operators.
 scopes For which objects: all of these must hold.
ScopeSelector: Which objects a quota is for.
 matchExpressions Requirements, all of which must hold.
ScopedResourceSelectorRequirement: One requirement.
 operator{DoesNotExist Exists In NotIn} How the values are compared.
 scopeName{BestEffort CrossNamespacePodAffinity NotBestEffort NotTerminating PriorityClass Terminating VolumeAttributesClass} The scope.
 values The values, for In and NotIn.
ResourceQuotaStatus: What is used.
 hard The limits that are enforced.
 used What is used of them.
LimitRange: What each container, Pod or claim of a namespace may ask for, and what it gets when it asks for nothing.
LimitRangeSpec: The limits.
 limits One entry for each type of object.
LimitRangeItem: Limits of one type of object.
 default The limit a container gets that has none, by resource.
 defaultRequest The request a container gets that has none, by resource.
 max The most that may be asked for, by resource.
 maxLimitRequestRatio How many times the request the limit may be, by resource.
 min The least that must be asked for, by resource.
 type Container, Pod or PersistentVolumeClaim.
`;
