// A gateway controller for the Gateway API, as NGINX Gateway Fabric: a control plane in a Deployment of its own, and nginx
// as the data plane of every Gateway.
export { gatewayController } from './controller.ts';
export { dataPlane } from './data-plane.ts';
