// Which flags the programs of the control plane have in v1.35 (etcd: 3.6), with what each is when nobody gives it: asked when
// a command line differs from the one that kubeadm writes.

import type { ComponentName } from './control-plane-manifests.ts';

/** `name`, `name=default`, and `name<19` for one that the minor release 19 took away; a default true or false: it needs no value. */
const LOGGING =
  'allow-metric-labels allow-metric-labels-manifest disabled-metrics emulated-version feature-gates help=false log-flush-frequency=5s log-text-info-buffer-size=0 log-text-split-stream=false logging-format=text min-compatibility-version show-hidden-metrics-for-version v=0 version=false vmodule';
const SERVING =
  'bind-address=0.0.0.0 cert-dir client-ca-file contention-profiling=false disable-http2-serving=false http2-max-streams-per-connection=0 permit-address-sharing=false permit-port-sharing=false profiling=true requestheader-allowed-names requestheader-client-ca-file requestheader-extra-headers-prefix requestheader-group-headers requestheader-uid-headers requestheader-username-headers tls-cert-file tls-cipher-suites tls-min-version tls-private-key-file tls-sni-cert-key';
/** What scheduler and controllers have in common. */
const CLIENT =
  'authentication-kubeconfig authentication-skip-lookup=false authentication-token-webhook-cache-ttl=10s authentication-tolerate-lookup-failure=true authorization-always-allow-paths=/healthz,/readyz,/livez authorization-kubeconfig authorization-webhook-cache-authorized-ttl=10s authorization-webhook-cache-unauthorized-ttl=10s kube-api-content-type=application/vnd.kubernetes.protobuf kubeconfig leader-elect=true leader-elect-lease-duration=15s leader-elect-renew-deadline=10s leader-elect-resource-lock=leases leader-elect-resource-namespace=kube-system leader-elect-retry-period=2s master';

const TABLES: Readonly<Record<ComponentName, string>> = {
  'kube-apiserver': `${LOGGING} ${SERVING}
 admission-control admission-control-config-file advertise-address aggregator-reject-forwarding-redirect=true allow-privileged=false
 anonymous-auth=true api-audiences apiserver-count=1<34 audit-log-batch-buffer-size=10000 audit-log-batch-max-size=1
 audit-log-batch-max-wait=0s audit-log-batch-throttle-burst=0 audit-log-batch-throttle-enable=false audit-log-batch-throttle-qps=0
 audit-log-compress=false audit-log-format=json audit-log-maxage=0 audit-log-maxbackup=0 audit-log-maxsize=0 audit-log-mode=blocking
 audit-log-path audit-log-truncate-enabled=false audit-log-truncate-max-batch-size=10485760 audit-log-truncate-max-event-size=102400
 audit-log-version=audit.k8s.io/v1 audit-policy-file audit-webhook-batch-buffer-size=10000 audit-webhook-batch-max-size=400
 audit-webhook-batch-max-wait=30s audit-webhook-batch-throttle-burst=15 audit-webhook-batch-throttle-enable=true
 audit-webhook-batch-throttle-qps=10 audit-webhook-config-file audit-webhook-initial-backoff=10s audit-webhook-mode=batch
 audit-webhook-truncate-enabled=false audit-webhook-truncate-max-batch-size=10485760 audit-webhook-truncate-max-event-size=102400
 audit-webhook-version=audit.k8s.io/v1 authentication-config authentication-token-webhook-cache-ttl=2m
 authentication-token-webhook-config-file authentication-token-webhook-version=v1beta1 authorization-config
 authorization-mode=AlwaysAllow authorization-policy-file authorization-webhook-cache-authorized-ttl=5m
 authorization-webhook-cache-unauthorized-ttl=30s authorization-webhook-config-file authorization-webhook-version=v1beta1
 basic-auth-file<19 cloud-config<33 cloud-provider<33 coordinated-leadership-lease-duration=15s
 coordinated-leadership-renew-deadline=10s coordinated-leadership-retry-period=2s cors-allowed-origins debug-socket-path
 default-not-ready-toleration-seconds=300 default-unreachable-toleration-seconds=300 delete-collection-workers=1
 disable-admission-plugins egress-selector-config-file emulation-forward-compatible=false enable-admission-plugins
 enable-aggregator-routing=false enable-bootstrap-token-auth=false enable-garbage-collector=true enable-logs-handler=false
 enable-priority-and-fairness=true encryption-provider-config encryption-provider-config-automatic-reload=false
 endpoint-reconciler-type=lease etcd-cafile etcd-certfile etcd-compaction-interval=5m etcd-count-metric-poll-period=1m
 etcd-db-metric-poll-interval=30s etcd-healthcheck-timeout=2s etcd-keyfile etcd-prefix=/registry etcd-readycheck-timeout=2s
 etcd-servers etcd-servers-overrides event-ttl=1h external-hostname goaway-chance=0 insecure-bind-address<24 insecure-port<24
 kubelet-certificate-authority kubelet-client-certificate kubelet-client-key kubelet-https<22
 kubelet-preferred-address-types=Hostname,InternalDNS,InternalIP,ExternalDNS,ExternalIP kubelet-timeout=5s
 kubernetes-service-node-port=0 lease-reuse-duration-seconds=60 livez-grace-period=0s max-connection-bytes-per-sec=0
 max-mutating-requests-inflight=200 max-requests-inflight=400 min-request-timeout=1800 oidc-ca-file oidc-client-id oidc-groups-claim
 oidc-groups-prefix oidc-issuer-url oidc-required-claim oidc-signing-algs=RS256 oidc-username-claim=sub oidc-username-prefix
 peer-advertise-ip peer-advertise-port peer-ca-file proxy-client-cert-file proxy-client-key-file request-timeout=1m runtime-config
 runtime-config-emulation-forward-compatible=false secure-port=6443 service-account-extend-token-expiration=true
 service-account-issuer service-account-jwks-uri service-account-key-file service-account-lookup=true
 service-account-max-token-expiration=0s service-account-signing-endpoint service-account-signing-key-file service-cluster-ip-range
 service-node-port-range=30000-32767 shutdown-delay-duration=0s shutdown-send-retry-after=false
 shutdown-watch-termination-grace-period=0s ssh-keyfile<22 ssh-user<22 storage-backend storage-initialization-timeout=1m
 storage-media-type=application/vnd.kubernetes.protobuf strict-transport-security-directives token-auth-file tracing-config-file
 watch-cache=true watch-cache-sizes`,
  'kube-scheduler': `${LOGGING} ${SERVING} ${CLIENT}
 address<24 algorithm-provider<23 config emulation-forward-compatible=false kube-api-burst=100 kube-api-qps=50
 leader-elect-resource-name=kube-scheduler pod-max-in-unschedulable-pods-duration=5m policy-config-file<23 policy-configmap<23
 policy-configmap-namespace<23 port<24 secure-port=10259 use-legacy-policy-config<23 write-config-to`,
  'kube-controller-manager': `${LOGGING} ${SERVING} ${CLIENT}
 allocate-node-cidrs=false allow-untagged-cloud=false attach-detach-reconcile-sync-period=1m cidr-allocator-type=RangeAllocator
 cloud-config cloud-provider cluster-cidr cluster-name=kubernetes cluster-signing-cert-file cluster-signing-duration=8760h
 cluster-signing-key-file cluster-signing-kube-apiserver-client-cert-file cluster-signing-kube-apiserver-client-key-file
 cluster-signing-kubelet-client-cert-file cluster-signing-kubelet-client-key-file cluster-signing-kubelet-serving-cert-file
 cluster-signing-kubelet-serving-key-file cluster-signing-legacy-unknown-cert-file cluster-signing-legacy-unknown-key-file
 concurrent-cron-job-syncs=5 concurrent-daemonset-syncs=2 concurrent-deployment-syncs=5 concurrent-endpoint-syncs=5
 concurrent-ephemeralvolume-syncs=5 concurrent-gc-syncs=20 concurrent-horizontal-pod-autoscaler-syncs=5 concurrent-job-syncs=5
 concurrent-namespace-syncs=10 concurrent-rc-syncs=5 concurrent-replicaset-syncs=5 concurrent-resource-quota-syncs=5
 concurrent-service-endpoint-syncs=5 concurrent-service-syncs=1 concurrent-serviceaccount-token-syncs=5 concurrent-statefulset-syncs=5
 concurrent-ttl-after-finished-syncs=5 concurrent-validating-admission-policy-status-syncs=5 configure-cloud-routes=true
 controller-start-interval=0s controllers=* disable-attach-detach-reconcile-sync=false disable-force-detach-on-timeout=false
 enable-dynamic-provisioning=true enable-garbage-collector=true enable-hostpath-provisioner=false enable-leader-migration=false
 enable-taint-manager<27 endpoint-updates-batch-period=0s endpointslice-updates-batch-period=0s external-cloud-volume-plugin
 flex-volume-plugin-dir=/usr/libexec/kubernetes/kubelet-plugins/volume/exec/ horizontal-pod-autoscaler-cpu-initialization-period=5m
 horizontal-pod-autoscaler-downscale-stabilization=5m horizontal-pod-autoscaler-initial-readiness-delay=30s
 horizontal-pod-autoscaler-sync-period=15s horizontal-pod-autoscaler-tolerance=0.1 kube-api-burst=30 kube-api-qps=20
 large-cluster-size-threshold=50 leader-elect-resource-name=kube-controller-manager leader-migration-config
 legacy-service-account-token-clean-up-period=8760h max-endpoints-per-slice=100 min-resync-period=12h
 mirroring-concurrent-service-endpoint-syncs=5 mirroring-endpointslice-updates-batch-period=0s
 mirroring-max-endpoints-per-subset=1000 namespace-sync-period=5m node-cidr-mask-size node-cidr-mask-size-ipv4 node-cidr-mask-size-ipv6
 node-eviction-rate=0.1 node-monitor-grace-period=50s node-monitor-period=5s node-startup-grace-period=1m pod-eviction-timeout<27
 pv-recycler-increment-timeout-nfs=30 pv-recycler-minimum-timeout-hostpath=60 pv-recycler-minimum-timeout-nfs=300
 pv-recycler-pod-template-filepath-hostpath pv-recycler-pod-template-filepath-nfs pv-recycler-timeout-increment-hostpath=30
 pvclaimbinder-sync-period=15s resource-quota-sync-period=5m root-ca-file route-reconciliation-period=10s
 secondary-node-eviction-rate=0.01 secure-port=10257 service-account-private-key-file service-cluster-ip-range
 terminated-pod-gc-threshold=12500 unhealthy-zone-threshold=0.55 use-service-account-credentials=false
 volume-host-allow-local-loopback=true volume-host-cidr-denylist`,
  etcd: `advertise-client-urls=http://localhost:2379 auth-token=simple auth-token-ttl=300 auto-compaction-mode=periodic
 auto-compaction-retention=0 auto-tls=false backend-batch-interval backend-batch-limit=0 backend-bbolt-freelist-type=map bcrypt-cost=10
 bootstrap-defrag-threshold-megabytes=0 cert-file cipher-suites client-cert-allowed-hostname client-cert-auth=false client-cert-file
 client-crl-file client-key-file compact-hash-check-time=1m compaction-batch-limit=1000 compaction-sleep-interval=10ms config-file
 corrupt-check-time=0s cors=* data-dir discovery discovery-cacert discovery-cert discovery-dial-timeout=2s discovery-endpoints
 discovery-fallback=exit discovery-insecure-skip-tls-verify=false discovery-insecure-transport=true discovery-keepalive-time=2s
 discovery-keepalive-timeout=6s discovery-key discovery-password discovery-proxy discovery-request-timeout=5s discovery-srv
 discovery-srv-name discovery-token discovery-user distributed-tracing-address=localhost:4317 distributed-tracing-instance-id
 distributed-tracing-sampling-rate=0 distributed-tracing-service-name=etcd downgrade-check-time=5s election-timeout=1000
 enable-distributed-tracing=false enable-grpc-gateway=true enable-log-rotation=false enable-pprof=false enable-v2=false
 experimental-bootstrap-defrag-threshold-megabytes=0 experimental-compact-hash-check-enabled=false
 experimental-compact-hash-check-time=1m experimental-compaction-batch-limit=1000 experimental-compaction-sleep-interval=10ms
 experimental-corrupt-check-time=0s experimental-distributed-tracing-address=localhost:4317
 experimental-distributed-tracing-instance-id experimental-distributed-tracing-sampling-rate=0
 experimental-distributed-tracing-service-name=etcd experimental-downgrade-check-time=5s
 experimental-enable-distributed-tracing=false experimental-enable-lease-checkpoint=false
 experimental-enable-lease-checkpoint-persist=false experimental-initial-corrupt-check=false experimental-memory-mlock=false
 experimental-peer-skip-client-san-verification=false experimental-snapshot-catchup-entries=5000
 experimental-stop-grpc-service-on-defrag=false experimental-txn-mode-write-with-shared-buffer=true
 experimental-warning-apply-duration=100ms experimental-warning-unary-request-duration=300ms
 experimental-watch-progress-notify-interval=10m feature-gates force-new-cluster=false grpc-keepalive-interval=2h
 grpc-keepalive-min-time=5s grpc-keepalive-timeout=20s heartbeat-interval=100 help=false host-whitelist=*
 initial-advertise-peer-urls=http://localhost:2380 initial-cluster initial-cluster-state=new initial-cluster-token=etcd-cluster
 initial-election-tick-advance=true key-file listen-client-http-urls listen-client-urls=http://localhost:2379 listen-metrics-urls
 listen-peer-urls=http://localhost:2380 log-format=json log-level=info log-outputs=default log-rotation-config-json logger=zap
 max-concurrent-streams=4294967295 max-learners=1 max-request-bytes=1572864 max-snapshots=5 max-txn-ops=128 max-wals=5
 memory-mlock=false metrics=basic name=default peer-auto-tls=false peer-cert-allowed-cn peer-cert-allowed-hostname peer-cert-file
 peer-cipher-suites peer-client-cert-auth=false peer-client-cert-file peer-client-key-file peer-crl-file peer-key-file
 peer-skip-client-san-verification=false peer-trusted-ca-file pre-vote=true quota-backend-bytes=0 raft-read-timeout=5s
 raft-write-timeout=5s self-signed-cert-validity=1 snapshot-catchup-entries=5000 snapshot-count=10000 socket-reuse-address=false
 socket-reuse-port=false strict-reconfig-check=true tls-max-version tls-min-version=TLS1.2 trusted-ca-file unsafe-no-fsync=false
 v2-deprecation=write-only version=false wal-dir warning-apply-duration=100ms warning-unary-request-duration=300ms
 watch-progress-notify-interval=10m`,
};

interface Flag {
  preset: string;
  /** The minor release that took it away. */
  until: number;
}

const tables = new Map<ComponentName, Map<string, Flag>>();

/** Undefined when the release has no such flag. */
export function flagOf(component: ComponentName, name: string, minor: number): Flag | undefined {
  let table = tables.get(component);
  if (!table) {
    table = new Map();
    for (const word of TABLES[component].split(/\s+/)) {
      const [, flag, preset = '', until] = /^([^=<]+)(?:=([^<]*))?(?:<(\d+))?$/.exec(word) ?? [];
      table.set(flag, { preset, until: Number(until ?? Infinity) });
    }
    tables.set(component, table);
  }
  const found = table.get(name);
  return found && minor < found.until ? found : undefined;
}
