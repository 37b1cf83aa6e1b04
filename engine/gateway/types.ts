// The kinds of the Gateway API as the controller reads them, and what it tells its data planes. The objects themselves
// are custom resources: their schemas come with the manifest that installs them.

import type { Condition, ObjectMeta } from '../api/types.ts';

export const GROUP = 'gateway.networking.k8s.io';
export const CONTROLLER = 'gateway.nginx.org/nginx-gateway-controller';

interface Custom<Spec, Status> {
  apiVersion: string;
  kind: string;
  metadata: ObjectMeta;
  spec: Spec;
  status?: Status;
}

interface Reference {
  group?: string;
  kind?: string;
  name: string;
  namespace?: string;
}

export type GatewayClass = Custom<
  { controllerName: string; parametersRef?: Required<Reference> },
  { conditions?: Condition[] }
>;

export interface GatewayListener {
  name: string;
  hostname?: string;
  port: number;
  protocol: string;
  tls?: { mode?: string; certificateRefs?: Reference[] };
  allowedRoutes?: {
    namespaces?: { from?: string; selector?: object };
    kinds?: { group?: string; kind: string }[];
  };
}

export interface ListenerStatus {
  name: string;
  supportedKinds: { group: string; kind: string }[];
  attachedRoutes: number;
  conditions: Condition[];
}

export type Gateway = Custom<
  { gatewayClassName: string; listeners: GatewayListener[] },
  { addresses?: { type: string; value: string }[]; conditions?: Condition[]; listeners?: ListenerStatus[] }
>;

export interface ParentRef {
  group?: string;
  kind?: string;
  namespace?: string;
  name: string;
  sectionName?: string;
  port?: number;
}

export interface HeaderChange {
  set?: { name: string; value: string }[];
  add?: { name: string; value: string }[];
  remove?: string[];
}

export interface PathChange {
  type: 'ReplaceFullPath' | 'ReplacePrefixMatch';
  replaceFullPath?: string;
  replacePrefixMatch?: string;
}

export interface RouteFilter {
  type: string;
  requestHeaderModifier?: HeaderChange;
  responseHeaderModifier?: HeaderChange;
  requestRedirect?: { scheme?: string; hostname?: string; path?: PathChange; port?: number; statusCode?: number };
  urlRewrite?: { hostname?: string; path?: PathChange };
}

/** A name and what it has to be. */
export interface ValueMatch {
  type?: string;
  name: string;
  value: string;
}

export interface RouteMatch {
  path?: { type?: string; value?: string };
  headers?: ValueMatch[];
  queryParams?: ValueMatch[];
  method?: string;
}

export interface BackendRef extends Reference {
  port?: number;
  weight?: number;
  filters?: RouteFilter[];
}

export interface RouteRule {
  name?: string;
  matches?: RouteMatch[];
  filters?: RouteFilter[];
  backendRefs?: BackendRef[];
  timeouts?: object;
  retry?: object;
  sessionPersistence?: object;
}

export interface RouteParentStatus {
  parentRef: ParentRef;
  controllerName: string;
  conditions: Condition[];
}

export type HTTPRoute = Custom<
  { parentRefs?: ParentRef[]; hostnames?: string[]; rules?: RouteRule[] },
  { parents?: RouteParentStatus[] }
>;

export type ReferenceGrant = Custom<
  { from: { group: string; kind: string; namespace: string }[]; to: { group: string; kind: string; name?: string }[] },
  never
>;

/** The implementation's own settings, which a GatewayClass refers to. */
export type NginxProxy = Custom<
  {
    kubernetes?: {
      deployment?: { replicas?: number };
      service?: {
        type?: string;
        externalTrafficPolicy?: string;
        nodePorts?: { port: number; listenerPort: number }[];
      };
    };
  },
  never
>;

// ---- what a data plane is told ---------------------------------------------------------------------------

export interface Upstream {
  weight: number;
  /** `namespace_service_port`. */
  name: string;
  /** `address:port` of ready endpoints. */
  servers: string[];
  /** The reference leads nowhere: nginx answers 500. */
  invalid: boolean;
}

export interface RoutedRule {
  match: RouteMatch;
  filters: RouteFilter[];
  upstreams: Upstream[];
}

export interface VirtualHost {
  /** '' for all, `*.example.com` for those below. */
  hostname: string;
  /** In the order in which they are tried. */
  rules: RoutedRule[];
}

export interface Server {
  port: number;
  /** Of HTTPS: what is shown to those who ask for a name. */
  certificates: { pattern: string; ca: string; names: readonly string[] }[] | undefined;
  hosts: VirtualHost[];
}

export interface Configuration {
  version: number;
  servers: Server[];
}
