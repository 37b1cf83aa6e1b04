// Konnectivity: the API server's connections to nodes, Pods and Services go through tunnels that agents on the nodes'
// side have opened. A part of the engine that loads with a cluster that has it.

export { agent } from './agent.ts';
export { readEgressSelector } from './egress.ts';
export { agentManifests, throughTunnel } from './manifests.ts';
export { serverFiles } from './server-files.ts';
export { server } from './server.ts';
