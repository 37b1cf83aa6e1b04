// Konnectivity: the API server's connections to nodes, Pods and Services go through tunnels that agents on the nodes'
// side have opened. A part of the engine that loads with a cluster that has it.

export { agent } from './agent.ts';
export { readEgressSelector } from './egress.ts';
export {
  agentManifests,
  EGRESS_CONFIGURATION,
  EGRESS_FILE,
  KUBECONFIG,
  SERVER_IMAGE,
  serverPod,
  throughTunnel,
  USER,
} from './manifests.ts';
export { server } from './server.ts';
