// Istio: a service mesh that istioctl installs. istiod, the proxies beside applications, and the tools around them.

export { installCni } from './ambient/cni.ts';
export { ztunnel } from './ambient/ztunnel.ts';
export { pilotAgent } from './agent.ts';
export { createIstioctl } from './istioctl/index.ts';
export { pilotDiscovery } from './istiod/discovery.ts';
export { echo, echoClient } from './apps/echo.ts';
export { jaeger } from './apps/jaeger.ts';
export { rateLimit } from './apps/rate-limit.ts';
