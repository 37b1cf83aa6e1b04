// Who may do what, and how the API is extended. index.ts says how to read it.

export const POLICY = `
Role: What may be done with which resources of a namespace.
 rules What is allowed; nothing can be forbidden.
ClusterRole: What may be done with which resources of the whole cluster.
 aggregationRule ClusterRoles whose rules are gathered here.
 rules What is allowed; nothing can be forbidden.
AggregationRule: ClusterRoles whose rules are gathered.
 clusterRoleSelectors Their labels; one of the selectors must hold.
PolicyRule: Verbs that are allowed for resources.
 apiGroups API groups of the resources; "" is the core group, * all.
 nonResourceURLs Paths that are no resources, e.g. /healthz; in ClusterRoles only.
 resourceNames Names of the objects; all when absent.
 resources The resources, e.g. pods or pods/log; * for all.
 verbs get, list, watch, create, update, patch, delete, deletecollection and others; * for all.
RoleBinding: Gives a role to users, groups and service accounts in a namespace.
 roleRef The Role, or a ClusterRole that then counts for this namespace only. It cannot be changed.
 subjects Who gets it.
ClusterRoleBinding: Gives a role to users, groups and service accounts everywhere.
 roleRef The ClusterRole. It cannot be changed.
 subjects Who gets it.
RoleRef: The role that is given.
 apiGroup rbac.authorization.k8s.io.
 kind Role or ClusterRole.
 name Name of the role.
Subject: Who gets a role.
 apiGroup rbac.authorization.k8s.io for users and groups, empty for service accounts.
 kind User, Group or ServiceAccount.
 name Name of the user, group or service account.
 namespace Namespace of the service account.

CustomResourceDefinition: Adds a kind to the API. Its name is plural.group.
CustomResourceDefinitionSpec: The kind, its names and its versions.
 conversion How objects are turned from one version into another.
 group The API group, e.g. stable.example.com.
 names What the kind is called.
 preserveUnknownFields Must be false in v1; the schema says where unknown fields stay.
 scope Namespaced or Cluster.
 versions The versions; one of them is stored.
CustomResourceConversion: How objects are turned from one version into another.
 strategy None changes the apiVersion only, Webhook asks a server.
 webhook The server.
WebhookConversion: A server that converts.
 clientConfig How it is reached.
 conversionReviewVersions Versions of ConversionReview that it knows.
WebhookClientConfig: How a server is reached: by url or service.
 caBundle Certificates by which its own is checked.
 service A Service of the cluster.
 url Its address, https only.
ServiceReference: A Service of the cluster.
 name Name of the Service.
 namespace Namespace of the Service.
 path Path of the request.
 port Port of the Service; 443 when nothing is said.
CustomResourceDefinitionNames: What a kind is called.
 categories Groups of resources it belongs to, e.g. all.
 kind The kind, in CamelCase.
 listKind Kind of its lists; the kind with List when absent.
 plural Its name in addresses.
 shortNames Short names for kubectl.
 singular Its name for one; the kind in small letters when absent.
CustomResourceDefinitionVersion: A version of a kind.
 additionalPrinterColumns Columns for kubectl get.
 deprecated Clients are warned.
 deprecationWarning What they are told.
 name Name of the version, e.g. v1beta1.
 schema What objects look like.
 selectableFields Fields that a field selector may name.
 served Whether the version can be used.
 storage Whether objects are stored in it; true for just one.
 subresources status and scale.
CustomResourceColumnDefinition: A column for kubectl get.
 description What it shows.
 format How it is shown.
 jsonPath Where the value is, e.g. .spec.replicas.
 name Its heading.
 priority 0 shows it always, more only with -o wide.
 type integer, number, string, boolean or date.
CustomResourceValidation: What objects look like.
 openAPIV3Schema Their schema.
CustomResourceSubresources: The subresources.
 scale Lets kubectl scale and autoscalers act on the kind.
 status Separates who writes spec and who writes status.
CustomResourceSubresourceScale: Where scale finds its numbers.
 labelSelectorPath The selector as a text, e.g. .status.selector.
 specReplicasPath The wanted number, e.g. .spec.replicas.
 statusReplicasPath The observed number, e.g. .status.replicas.
CustomResourceSubresourceStatus: Nothing has to be said for it.
SelectableField: A field that a field selector may name.
 jsonPath Where it is.
CustomResourceDefinitionStatus: What became of the kind.
 acceptedNames The names that are in use.
 storedVersions Versions in which objects may be stored.
CustomResourceDefinitionCondition: One aspect of where the definition stands.
 status True, False or Unknown.
 type Established, NamesAccepted, NonStructuralSchema and others.
JSONSchemaProps: What a value looks like, in JSON Schema with Kubernetes' additions.
 additionalProperties What other keys' values look like, or whether there may be any.
 allOf All of these must hold.
 anyOf One of these must hold.
 default The value when none is given.
 description What it is for.
 enum The values it may have.
 exclusiveMaximum The maximum itself is too much.
 exclusiveMinimum The minimum itself is too little.
 format What a text or number stands for, e.g. date-time or int32.
 items What the entries of a list look like.
 maxItems The most entries.
 maxLength The most characters.
 maxProperties The most keys.
 maximum The highest number.
 minItems The fewest entries.
 minLength The fewest characters.
 minProperties The fewest keys.
 minimum The lowest number.
 multipleOf The number must be a multiple of this.
 not This must not hold.
 nullable Whether null is allowed.
 oneOf Just one of these must hold.
 pattern A regular expression that a text must match.
 properties The fields.
 required Fields that must be there.
 type object, array, string, integer, number or boolean.
 uniqueItems Must not be true.
 x-kubernetes-embedded-resource The value is an object of the API, with apiVersion, kind and metadata.
 x-kubernetes-int-or-string The value is a number or a text.
 x-kubernetes-list-map-keys Fields that tell entries of a list apart.
 x-kubernetes-list-type atomic, set or map: how lists are merged.
 x-kubernetes-map-type granular or atomic: how objects are merged.
 x-kubernetes-preserve-unknown-fields Fields that the schema does not know are kept.
 x-kubernetes-validations Rules in CEL.
ValidationRule: A rule in CEL.
 fieldPath The field that errors name.
 message What is said when it does not hold.
 messageExpression An expression that says it.
 optionalOldSelf oldSelf may be absent, so that the rule also holds for new objects.
 reason The sort of error.
 rule The expression; self is the value, oldSelf the one before.

APIService: A group version of the API, and who serves it.
APIServiceSpec: Which one, and by whom.
 caBundle Certificates by which the server's own is checked.
 group The API group.
 groupPriorityMinimum Groups with a higher one are preferred.
 insecureSkipTLSVerify The server's certificate is not checked.
 service The Service of the server; the API server itself when absent.
 version The version.
 versionPriority Versions with a higher one are preferred.
APIServiceStatus: Whether it can be reached.
APIServiceCondition: One aspect of where it stands.
 status True, False or Unknown.
 type Available.

CertificateSigningRequest: A request for a certificate.
CertificateSigningRequestSpec: What is asked for, and by whom.
 expirationSeconds Seconds for which it should be good, 600 at least.
 extra More about who asked.
 groups Groups of who asked; the server sets it.
 request The request in PEM, in base64.
 signerName Who shall sign, e.g. kubernetes.io/kube-apiserver-client.
 uid The uid of who asked; the server sets it.
 usages What the certificate may be used for.
 username Who asked; the server sets it.
CertificateSigningRequestStatus: What was decided.
 certificate The certificate in PEM, in base64.
CertificateSigningRequestCondition: A decision.
 type Approved, Denied or Failed.
 status True; Approved, Denied and Failed cannot be anything else.

ValidatingAdmissionPolicy: Rules in CEL that requests must keep.
ValidatingAdmissionPolicySpec: The rules, and which requests they are for.
 auditAnnotations What is written into the audit log.
 failurePolicy{Fail Ignore} What happens when a rule cannot be evaluated; Fail when nothing is said.
 matchConditions Expressions that must hold for a request to be looked at.
 matchConstraints Which requests are looked at.
 paramKind Kind of the objects that hold parameters.
 validations The rules; all must hold.
 variables Expressions with a name, for use in the others.
Validation: A rule.
 expression The expression; object, oldObject, request, params and variables can be used.
 message What is said when it does not hold.
 messageExpression An expression that says it.
 reason The sort of error.
Variable: An expression with a name.
 expression The expression.
 name Its name.
MatchCondition: An expression that must hold.
 expression The expression.
 name Its name.
AuditAnnotation: What is written into the audit log.
 key Its key.
 valueExpression An expression for its value.
ParamKind: A kind.
 kind The kind.
MatchResources: Which requests are meant.
 excludeResourceRules Operations and resources that are left out.
 matchPolicy{Equivalent Exact} Whether requests by way of other versions count as well; Equivalent when nothing is said.
 namespaceSelector Labels of the namespace.
 objectSelector Labels of the object.
 resourceRules Operations and resources.
NamedRuleWithOperations < RuleWithOperations: Operations on resources, perhaps on some names only.
 resourceNames Names of the objects.
RuleWithOperations: Operations on resources.
 apiGroups API groups; * for all.
 apiVersions API versions; * for all.
 operations CREATE, UPDATE, DELETE, CONNECT or *.
 resources Resources, e.g. pods or pods/status; * for all.
 scope Cluster, Namespaced or *.
ValidatingAdmissionPolicyStatus: What the server thinks of the expressions.
 typeChecking Mistakes in the expressions' types.
TypeChecking: Mistakes in types.
 expressionWarnings The mistakes.
ExpressionWarning: A mistake.
 fieldRef Where it is.
 warning What it is.
ValidatingAdmissionPolicyBinding: Puts a policy into force.
ValidatingAdmissionPolicyBindingSpec: Which policy, for what, and with what consequence.
 matchResources For which requests, of those the policy is for.
 paramRef The parameters.
 policyName Name of the policy.
 validationActions Deny, Warn or Audit.
ParamRef: The objects that hold the parameters.
 name Name of the object.
 namespace Its namespace; that of the request when absent.
 parameterNotFoundAction Allow or Deny, when there is none.
 selector Labels of the objects.
ValidatingWebhookConfiguration: Servers that are asked whether requests may pass.
 webhooks The servers.
MutatingWebhookConfiguration: Servers that may change what requests write.
 webhooks The servers.
ValidatingWebhook: A server that is asked.
 admissionReviewVersions Versions of AdmissionReview that it knows.
 clientConfig How it is reached.
 failurePolicy{Fail Ignore} What happens when it cannot be reached; Fail when nothing is said.
 matchConditions Expressions that must hold for it to be asked.
 matchPolicy{Equivalent Exact} Whether requests by way of other versions count as well; Equivalent when nothing is said.
 name Its name, as a domain name.
 namespaceSelector Labels of the namespace.
 objectSelector Labels of the object.
 rules Operations and resources.
 sideEffects None or NoneOnDryRun: whether asking changes anything elsewhere.
 timeoutSeconds Seconds to wait for it, 1 to 30; 10 when nothing is said.
MutatingWebhook < ValidatingWebhook: A server that may change objects.
 reinvocationPolicy{IfNeeded Never} Whether it is asked again when a later one has changed the object; Never when nothing is said.

FlowSchema: Which requests go into which priority level.
FlowSchemaSpec: The requests and the level.
 distinguisherMethod How they are split into flows.
 matchingPrecedence Schemas with a lower one are tried first; 1000 when nothing is said.
 priorityLevelConfiguration The level.
 rules The requests.
FlowDistinguisherMethod: How requests are split into flows.
 type ByUser or ByNamespace.
PriorityLevelConfigurationReference: A priority level.
 name Its name.
PolicyRulesWithSubjects: Requests of some subjects.
 nonResourceRules For paths that are no resources.
 resourceRules For resources.
 subjects Who asks.
`;
