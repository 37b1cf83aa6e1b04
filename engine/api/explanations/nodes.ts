// Nodes. index.ts says how to read it.

export const NODES = `
Node: A machine that runs Pods.
NodeSpec: How a node is used.
 configSource No longer supported.
 externalID No longer used.
 podCIDR Addresses for the Pods of the node.
 podCIDRs Addresses for the Pods of the node, one range of each IP family.
 providerID The machine's ID at the cloud.
 taints Marks that keep Pods away.
 unschedulable No new Pods come here; kubectl cordon sets it.
Taint: A mark that keeps Pods away that do not tolerate it.
 effect{NoExecute NoSchedule PreferNoSchedule} No new Pods, rather none, or running ones go as well.
 key Its key.
 timeAdded When a NoExecute taint was added.
 value Its value.
NodeStatus: What the kubelet reports of its node.
 addresses Host name and addresses.
 allocatable What Pods may use, by resource.
 capacity What the machine has, by resource.
 conditions Ready, MemoryPressure, DiskPressure, PIDPressure and others.
 config No longer used.
 daemonEndpoints Ports of the node's daemons.
 declaredFeatures Features that the kubelet says it has.
 features Features of the container runtime.
 images Images that are on the node.
 nodeInfo Versions and IDs of the machine.
 phase{Pending Running Terminated} No longer used.
 runtimeHandlers The handlers of the container runtime.
 volumesAttached Volumes that are attached to the node.
 volumesInUse Volumes that Pods of the node have mounted.
NodeCondition: One aspect of how the node is.
 status True, False or Unknown.
NodeAddress: An address of the node.
 address The address.
 type Hostname, InternalIP, ExternalIP, InternalDNS or ExternalDNS.
NodeDaemonEndpoints: Where the node's daemons listen.
 kubeletEndpoint The kubelet.
DaemonEndpoint: A port.
 Port Its number.
NodeSystemInfo: Versions and IDs of a machine.
 architecture The processor architecture, e.g. amd64.
 bootID Changes with each boot.
 containerRuntimeVersion The container runtime and its version, e.g. containerd://2.1.0.
 kernelVersion Version of the kernel.
 kubeProxyVersion No longer set.
 kubeletVersion Version of the kubelet.
 machineID ID of the machine, from /etc/machine-id.
 operatingSystem linux or windows.
 osImage The distribution and its version.
 swap The machine's swap.
 systemUUID UUID of the hardware.
NodeSwapStatus: The machine's swap.
 capacity Its size in bytes.
ContainerImage: An image on a node.
 names Names of the image.
 sizeBytes Its size.
AttachedVolume: A volume that is attached to a node.
 devicePath The device.
 name Name of the volume.
NodeRuntimeHandler: A handler of the container runtime.
 features What it can do.
 name Its name; empty for the default.
NodeRuntimeHandlerFeatures: What a handler can do.
 recursiveReadOnlyMounts Mounts whose submounts are read-only too.
 userNamespaces User namespaces.
NodeFeatures: What the container runtime can do.
 supplementalGroupsPolicy It knows supplementalGroupsPolicy.
`;
