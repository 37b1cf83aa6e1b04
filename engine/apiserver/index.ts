// kube-apiserver: requests in, objects and watches out; the only one that talks to etcd.
export { ApiServer, type ApiServerOptions } from './server.ts';
export { RequestLog, type LoggedRequest } from './request-log.ts';
export { alwaysAllow, type Attributes, type Authorizer } from './authorization/index.ts';
export type { Authenticator } from './authentication/authenticate.ts';
export { StatusError } from './status.ts';
export { mergePatch } from './patch/merge-patch.ts';
export { strategicMerge } from './patch/strategic-merge.ts';
export type * from './types.ts';
