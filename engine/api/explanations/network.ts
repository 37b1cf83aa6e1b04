// Services, what leads to them and what keeps traffic away. index.ts says how to read it.

export const NETWORK = `
Service: A fixed name and address for a changing set of Pods.
ServiceSpec: The ports, the Pods behind them, and how the Service is reached.
 allocateLoadBalancerNodePorts Whether a LoadBalancer gets node ports as well; true when nothing is said.
 clusterIP The address inside the cluster; None for a headless Service. It is given by the server and cannot be changed.
 clusterIPs The addresses inside the cluster, one of each IP family; the first is clusterIP.
 externalIPs Addresses for which nodes take traffic for the Service; who routes it there is not Kubernetes' business.
 externalName The name that DNS answers with a CNAME, for ExternalName.
 externalTrafficPolicy{Cluster Local} Where traffic from outside goes: to all Pods, or to those of the node it came to, which keeps the client's address.
 healthCheckNodePort The port at which nodes say whether they have Pods of the Service, for a LoadBalancer with Local.
 internalTrafficPolicy{Cluster Local} Where traffic from Pods goes: to all Pods, or to those of the same node.
 ipFamilies IPv4, IPv6 or both, the first being the main one.
 ipFamilyPolicy{PreferDualStack RequireDualStack SingleStack} Whether the Service has addresses of one or of both IP families.
 loadBalancerClass The implementation of the load balancer; the cloud's when absent.
 loadBalancerIP An address to ask the cloud for; deprecated.
 loadBalancerSourceRanges Clients that the load balancer lets in, as ranges of addresses.
 ports The ports that the Service listens on.
 publishNotReadyAddresses Pods count even when they are not ready, in DNS too.
 selector Labels of the Pods that answer; without it, somebody else writes the EndpointSlices.
 sessionAffinity{ClientIP None} Whether a client is led to the same Pod each time; None when nothing is said.
 sessionAffinityConfig How long a client stays with its Pod.
 trafficDistribution Which Pods are preferred: PreferSameZone (once PreferClose) or PreferSameNode.
 type{ClusterIP ExternalName LoadBalancer NodePort} How the Service is reached; ClusterIP when nothing is said.
ServicePort: A port of a Service.
 appProtocol What is spoken at the port, e.g. http or kubernetes.io/h2c.
 name Name of the port; needed when there are several.
 nodePort The port on every node, for NodePort and LoadBalancer.
 port The port of the Service.
 protocol{SCTP TCP UDP} TCP when nothing is said.
 targetPort Number or name of the Pods' port; the same as port when absent.
SessionAffinityConfig: How long a client stays with its Pod.
 clientIP For ClientIP.
ClientIPConfig: How long a client stays with its Pod.
 timeoutSeconds Seconds; 10800 when nothing is said.
ServiceStatus: What the load balancer says.
 loadBalancer Where the load balancer is.
LoadBalancerStatus: Where a load balancer is.
 ingress Its addresses.
LoadBalancerIngress: One address of a load balancer.
 hostname Its name in DNS.
 ip Its IP address.
 ipMode VIP, or Proxy: whether packets arrive with the load balancer's address or the node's as destination.
 ports Its ports.
PortStatus: A port of a load balancer.
 error Why it does not work.
 port Its number.
 protocol{SCTP TCP UDP} Its protocol.
Endpoints: The addresses behind a Service; EndpointSlices have taken their place.
 subsets Addresses with their ports.
EndpointSubset: Addresses that have the same ports.
 addresses Those that are ready.
 notReadyAddresses Those that are not.
 ports The ports.
EndpointAddress: One address.
 hostname Its host name.
 ip The address.
 nodeName The node it is on.
 targetRef The Pod behind it.
EndpointPort: A port.
 appProtocol What is spoken at the port.
 name Its name, as in the Service.
 port Its number.
 protocol{SCTP TCP UDP} Its protocol.
EndpointSlice: A part of the addresses behind a Service, a hundred of one IP family as a rule.
 addressType{FQDN IPv4 IPv6} What kind of addresses these are.
 endpoints The addresses.
 ports The ports of all of them.
Endpoint: One Pod, or whatever answers.
 addresses Its addresses; clients take the first.
 conditions Whether it can be used.
 deprecatedTopology Labels that it has no fields of its own for; not used by v1.
 hints For whom it is meant.
 hostname Its host name.
 nodeName The node it is on.
 targetRef The Pod behind it.
 zone The zone it is in.
EndpointConditions: Whether an endpoint can be used.
 ready It is ready and not terminating.
 serving It is ready, terminating or not.
 terminating It is going.
EndpointHints: For whom an endpoint is meant.
 forNodes Clients of these nodes.
 forZones Clients of these zones.
ForNode: A node.
 name Its name.
ForZone: A zone.
 name Its name.
Ingress: Rules that lead HTTP requests from outside to Services.
IngressSpec: The rules, and who carries them out.
 defaultBackend Where requests go that no rule is for.
 ingressClassName The IngressClass, and so the controller; the default class when absent.
 rules The rules, by host.
 tls Certificates, by host.
IngressBackend: Where requests go: a Service or another object.
 resource Another object of the namespace.
 service A Service of the namespace.
IngressServiceBackend: A port of a Service.
 name Name of the Service.
 port The port.
ServiceBackendPort: A port of a Service, by name or number.
 name Its name.
 number Its number.
IngressTLS: A certificate.
 hosts The hosts it is for.
 secretName The Secret that has it.
IngressRule: What happens to requests for one host.
 host The host, perhaps with a leading *.; all hosts when absent.
 http The paths.
HTTPIngressRuleValue: The paths of a rule.
 paths The paths; the longest that matches counts.
HTTPIngressPath: One path.
 backend Where its requests go.
 path The path.
 pathType{Exact ImplementationSpecific Prefix} Just this path, what the controller makes of it, or all below it, element by element.
IngressStatus: Where the Ingress is reached.
 loadBalancer Its addresses.
IngressLoadBalancerStatus: Where the Ingress is reached.
 ingress Its addresses.
IngressLoadBalancerIngress < LoadBalancerIngress: One address of the Ingress.
IngressPortStatus < PortStatus: A port of the Ingress.
IngressClass: A kind of Ingress, and the controller that carries it out.
IngressClassSpec: The controller.
 controller Its name, e.g. k8s.io/ingress-nginx. It cannot be changed.
 parameters An object with its settings.
IngressClassParametersReference: An object with a controller's settings.
 kind Kind of the object.
 name Name of the object.
 namespace Its namespace, with scope Namespace.
 scope Cluster or Namespace.
NetworkPolicy: Which traffic the selected Pods may have.
NetworkPolicySpec: The Pods, and which traffic they may have. What no policy allows is denied once one selects the Pod.
 egress What the Pods may send; nothing when empty.
 ingress What the Pods may receive; nothing when empty.
 podSelector The Pods; {} means all of the namespace.
 policyTypes Ingress, Egress or both: the directions the policy is for.
NetworkPolicyIngressRule: Traffic that may come in.
 from From where; from anywhere when empty.
 ports To which ports; to all when empty.
NetworkPolicyEgressRule: Traffic that may go out.
 ports To which ports; to all when empty.
 to To where; to anywhere when empty.
NetworkPolicyPort: A port, or several in a row.
 endPort The last port of the row.
 port Number or name; all when absent.
 protocol{SCTP TCP UDP} TCP when nothing is said.
NetworkPolicyPeer: Where traffic comes from or goes to. A podSelector and a namespaceSelector in one entry must both hold.
 ipBlock A range of addresses.
 namespaceSelector Namespaces, by their labels.
 podSelector Pods, by their labels; of the policy's own namespace unless namespaceSelector is given.
IPBlock: A range of addresses.
 cidr The range.
 except Ranges in it that are left out.
`;
