// Konnectivity's two programs have a table of flags each (v0.33): those that they heed, and those that are refused as soon
// as they ask for something else than their default.

import { goDurationMs } from '../api/duration.ts';

/** klog's, which both have. */
const LOGGING =
  'add_dir_header=false alsologtostderr=false log_backtrace_at=:0 log_dir= log_file= log_file_max_size=1800 logtostderr=true ' +
  'one_output=false skip_headers=false skip_log_headers=false stderrthreshold=2 v!0 vmodule=';

/** `name!default` is heeded, `name=default` may only be that. */
export const SERVER_FLAGS = `${LOGGING}
 admin-bind-address!127.0.0.1 admin-port!8095 agent-bind-address= agent-namespace! agent-port!8091 agent-service-account!
 authentication-audience! cipher-suites= cluster-ca-cert! cluster-cert! cluster-key! delete-existing-uds-file!true
 enable-contention-profiling=false enable-lease-controller=false enable-profiling=false frontend-keepalive-time=1h health-bind-address=
 health-port!8092 keepalive-time=1h kube-api-content-type=application/vnd.kubernetes.protobuf kubeconfig! kubeconfig-burst=0
 kubeconfig-qps=0 lease-label=k8s-app=konnectivity-server lease-namespace=kube-system mode!grpc proxy-strategies!default
 server-bind-address= server-ca-cert! server-cert! server-count=1 server-id! server-key! server-port!8090 uds-name!
 warn-on-channel-limit=true xfr-channel-size=10`;

export const AGENT_FLAGS = `${LOGGING}
 admin-bind-address!127.0.0.1 admin-server-port!8094 agent-cert= agent-id! agent-identifiers! agent-key= alpn-proto=
 apiserver-port-mapping= ca-cert! count-server-leases=false enable-contention-profiling=false enable-profiling=false
 health-server-host= health-server-port!8093 keepalive-time=1h kubeconfig= lease-label=k8s-app=konnectivity-server
 lease-namespace=kube-system probe-interval=1s proxy-server-host!127.0.0.1 proxy-server-port!8091 server-count-source=default
 service-account-token-path! sync-forever=false sync-interval!1s sync-interval-cap!10s warn-on-channel-limit=true xfr-channel-size=150`;

/** The flags with their values, or why the program ends. */
export function readFlags(argv: readonly string[], table: string): Map<string, string> | { problem: string } {
  const flags = new Map<string, string>();
  const fixed = new Set<string>();
  for (const word of table.split(/\s+/)) {
    const [, name, mark, preset] = /^([-\w]+)([!=])(.*)$/.exec(word) ?? [];
    flags.set(name, preset);
    if (mark === '=') fixed.add(name);
  }
  for (let i = 1; i < argv.length; i++) {
    const [, name, given] = /^--?([-\w]+)(?:=(.*))?$/s.exec(argv[i]) ?? [];
    if (name === undefined) return { problem: `unknown command ${JSON.stringify(argv[i])}` };
    const preset = flags.get(name);
    if (preset === undefined) return { problem: `unknown flag: --${name}` };
    const needsNone = /^(true|false)$/.test(preset);
    const value = given ?? (needsNone ? 'true' : argv[++i]);
    if (value === undefined) return { problem: `flag needs an argument: --${name}` };
    if (needsNone && !/^(true|false)$/.test(value))
      return {
        problem: `invalid argument ${JSON.stringify(value)} for "--${name}" flag: strconv.ParseBool: parsing ${JSON.stringify(value)}: invalid syntax`,
      };
    if (fixed.has(name) && value !== preset)
      return { problem: `the flag --${name}=${value} is not modelled by this engine` };
    const problem = NUMBERS.test(name)
      ? notNumber(name, value)
      : name.startsWith('sync-interval')
        ? notTime(name, value)
        : '';
    if (problem) return { problem };
    flags.set(name, value);
  }
  return flags;
}

const NUMBERS = /^(v|.*-port)$/;

function notNumber(name: string, value: string): string {
  if (/^\d+$/.test(value)) return '';
  const parsing = `strconv.ParseInt: parsing ${JSON.stringify(value)}: invalid syntax`;
  return `invalid argument ${JSON.stringify(value)} for "--${name}" flag: ${parsing}`;
}

function notTime(name: string, value: string): string {
  if ((goDurationMs(value) ?? 0) > 0) return '';
  return `invalid argument ${JSON.stringify(value)} for "--${name}" flag: time: invalid duration ${JSON.stringify(value)}`;
}
