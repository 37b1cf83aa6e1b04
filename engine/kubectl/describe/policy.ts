// describe for autoscalers, disruption budgets, priority classes and certificate requests.

import { base64Text } from '../../api/base64.ts';
import { formatLabelSelector } from '../../api/selectors.ts';
import type {
  HPAScalingRules,
  CertificateSigningRequest,
  HorizontalPodAutoscaler,
  KubeObject,
  MetricSpec,
  MetricStatus,
  PodDisruptionBudget,
  PriorityClass,
} from '../../api/types.ts';
import { fromBase64 } from '../../linux/bytes.ts';
import { part } from '../../parts/index.ts';
import type { Co } from '../../sim/index.ts';
import { formatDuration } from '../flags.ts';
import type { Kubectl } from '../kubectl.ts';
import { events, eventsOf, formatMap, heading, labels, longTime } from './common.ts';
import { certificateSubject } from './subject.ts';
import { DescribeWriter } from './writer.ts';

export function* describeHorizontalPodAutoscaler(
  kubectl: Kubectl,
  object: KubeObject,
  showEvents: boolean,
): Co<string> {
  const { metadata, spec, status } = object as unknown as Required<HorizontalPodAutoscaler>;
  const w = new DescribeWriter();
  heading(w, object);
  w.field(0, 'CreationTimestamp', longTime(metadata.creationTimestamp));
  w.field(0, 'Reference', `${spec.scaleTargetRef.kind}/${spec.scaleTargetRef.name}`);
  w.field(0, 'Metrics', '( current / target )');
  (spec.metrics ?? []).forEach((metric, i) => metricLine(w, metric, status?.currentMetrics?.[i]));
  w.field(0, 'Min replicas', spec.minReplicas ?? '<unset>');
  w.field(0, 'Max replicas', spec.maxReplicas);
  if (spec.behavior) {
    w.line(0, 'Behavior:');
    behavior(w, 'Scale Up', spec.behavior.scaleUp);
    behavior(w, 'Scale Down', spec.behavior.scaleDown);
  }
  w.line(
    0,
    `${spec.scaleTargetRef.kind} pods:\t${status?.currentReplicas ?? 0} current / ${status?.desiredReplicas ?? 0} desired`,
  );
  if (status?.conditions?.length) {
    w.line(0, 'Conditions:');
    w.line(1, 'Type\tStatus\tReason\tMessage');
    w.line(1, '----\t------\t------\t-------');
    for (const c of status.conditions) w.line(1, `${c.type}\t${c.status}\t${c.reason ?? ''}\t${c.message ?? ''}`);
  }
  if (showEvents) events(w, yield* eventsOf(kubectl, object), kubectl.now);
  return w.toString();
}

type Target = { averageUtilization?: number; averageValue?: string; value?: string };

/** A metric's name, and what it is now and shall be. */
function metricLine(w: DescribeWriter, metric: MetricSpec, current: MetricStatus | undefined) {
  const now = (value: unknown) => (value === undefined || value === '' ? '<unknown>' : String(value));
  switch (metric.type) {
    case 'Resource':
    case 'ContainerResource': {
      const source = metric.resource ?? metric.containerResource;
      const state = (current?.resource ?? current?.containerResource)?.current as Target | undefined;
      const target = source?.target as Target;
      const where = metric.containerResource
        ? `of container ${JSON.stringify(metric.containerResource.container)} on pods`
        : 'on pods';
      const what = `resource ${source?.name} ${where}`;
      if (target.averageValue !== undefined) w.field(1, what, `${now(state?.averageValue)} / ${target.averageValue}`);
      else {
        const is =
          state?.averageUtilization === undefined
            ? '<unknown>'
            : `${state.averageUtilization}% (${state.averageValue})`;
        w.field(
          1,
          `${what}  (as a percentage of request)`,
          `${is} / ${target.averageUtilization === undefined ? '<auto>' : `${target.averageUtilization}%`}`,
        );
      }
      return;
    }
    case 'Pods':
      w.field(
        1,
        `${JSON.stringify(metric.pods?.metric.name)} on pods`,
        `${now(current?.pods?.current.averageValue)} / ${metric.pods?.target.averageValue}`,
      );
      return;
    case 'Object': {
      const o = metric.object;
      const target = o?.target as Target;
      const average = target.averageValue !== undefined;
      const is = average ? current?.object?.current.averageValue : current?.object?.current.value;
      w.field(
        1,
        `${JSON.stringify(o?.metric.name)} on ${o?.describedObject.kind}/${o?.describedObject.name} (target ${average ? 'average value' : 'value'})`,
        `${now(is)} / ${average ? target.averageValue : target.value}`,
      );
      return;
    }
    case 'External': {
      const target = metric.external?.target as Target;
      const average = target.averageValue !== undefined;
      const is = average ? current?.external?.current.averageValue : current?.external?.current.value;
      w.field(
        1,
        `${JSON.stringify(metric.external?.metric.name)} (target ${average ? 'average value' : 'value'})`,
        `${now(is)} / ${average ? target.averageValue : target.value}`,
      );
      return;
    }
    default:
      w.line(1, `<unknown metric type ${JSON.stringify(metric.type)}>`);
  }
}

function behavior(w: DescribeWriter, title: string, rules: HPAScalingRules | undefined) {
  if (!rules) return;
  w.line(1, `${title}:`);
  if (rules.stabilizationWindowSeconds !== undefined)
    w.line(2, `Stabilization Window: ${rules.stabilizationWindowSeconds} seconds`);
  if (!rules.policies?.length) return;
  w.line(2, `Select Policy: ${rules.selectPolicy ?? 'Max'}`);
  w.line(2, 'Policies:');
  for (const p of rules.policies) w.line(3, `- Type: ${p.type}\tValue: ${p.value}\tPeriod: ${p.periodSeconds} seconds`);
}

export function* describePodDisruptionBudget(kubectl: Kubectl, object: KubeObject, showEvents: boolean): Co<string> {
  const { metadata, spec = {}, status } = object as unknown as PodDisruptionBudget;
  const w = new DescribeWriter();
  w.field(0, 'Name', metadata.name);
  w.field(0, 'Namespace', metadata.namespace);
  if (spec.minAvailable !== undefined) w.field(0, 'Min available', spec.minAvailable);
  else if (spec.maxUnavailable !== undefined) w.field(0, 'Max unavailable', spec.maxUnavailable);
  w.field(0, 'Selector', spec.selector ? formatLabelSelector(spec.selector) : '<unset>');
  w.line(0, 'Status:');
  w.field(2, 'Allowed disruptions', status?.disruptionsAllowed ?? 0);
  w.field(2, 'Current', status?.currentHealthy ?? 0);
  w.field(2, 'Desired', status?.desiredHealthy ?? 0);
  w.field(2, 'Total', status?.expectedPods ?? 0);
  if (showEvents) events(w, yield* eventsOf(kubectl, object), kubectl.now);
  return w.toString();
}

export function* describePriorityClass(kubectl: Kubectl, object: KubeObject, showEvents: boolean): Co<string> {
  const { metadata, value, globalDefault, preemptionPolicy, description } = object as unknown as PriorityClass;
  const w = new DescribeWriter();
  w.field(0, 'Name', metadata.name);
  w.field(0, 'Value', value);
  w.field(0, 'GlobalDefault', globalDefault ?? false);
  w.field(0, 'PreemptionPolicy', preemptionPolicy ?? 'PreemptLowerPriority');
  w.field(0, 'Description', description);
  w.field(0, 'Annotations', formatMap(metadata.annotations));
  if (showEvents) events(w, yield* eventsOf(kubectl, object), kubectl.now);
  return w.toString();
}

export function* describeCertificateSigningRequest(
  kubectl: Kubectl,
  object: KubeObject,
  showEvents: boolean,
): Co<string> {
  const { metadata, spec, status } = object as unknown as CertificateSigningRequest;
  const w = new DescribeWriter();
  w.field(0, 'Name', metadata.name);
  labels(w, 0, 'Labels', metadata.labels);
  w.field(0, 'Annotations', formatMap(metadata.annotations));
  w.field(0, 'CreationTimestamp', longTime(metadata.creationTimestamp));
  w.field(0, 'Requesting User', spec.username);
  if (spec.signerName) w.field(0, 'Signer', spec.signerName);
  if (spec.expirationSeconds !== undefined) w.field(0, 'Requested Duration', shortDuration(spec.expirationSeconds));
  w.field(0, 'Status', requestStatus(status));
  const { bytes } = fromBase64(
    base64Text(spec.request)
      .replace(/-----[^-]+-----/g, '')
      .replace(/\s/g, ''),
  );
  const subject = certificateSubject(bytes);
  w.line(0, 'Subject:');
  w.line(0, `         Common Name:\t${subject.commonName}`);
  w.line(0, `         Serial Number:\t${subject.serialNumber}`);
  const list = (title: string, values: readonly string[]) => {
    if (values.length) w.line(0, `         ${title}:\t${values.join('\n\t')}`);
  };
  list('Organization', subject.organization);
  list('Organizational Unit', subject.organizationalUnit);
  list('Country', subject.country);
  list('Locality', subject.locality);
  const { dns, emails, uris, ips } = part('pki').readRequest(bytes).names;
  if (dns.length + emails.length + uris.length + ips.length) {
    w.line(0, 'Subject Alternative Names:');
    list('DNS Names', dns);
    list('Email Addresses', emails);
    list('URIs', uris);
    list('IP Addresses', ips);
  }
  if (showEvents) events(w, yield* eventsOf(kubectl, object), kubectl.now);
  return w.toString();
}

/** As humans say it: '24h', '10m', '365d'. */
function shortDuration(seconds: number): string {
  if (seconds >= 2 * 86_400 && seconds % 86_400 === 0 && seconds >= 8 * 86_400) return `${seconds / 86_400}d`;
  if (seconds >= 3 * 3600 && seconds % 3600 === 0) return `${seconds / 3600}h`;
  return formatDuration(seconds * 1000);
}

export function requestStatus(status: CertificateSigningRequest['status']): string {
  const has = (type: string) => status?.conditions?.some((c) => c.type === type);
  let text = has('Denied') ? 'Denied' : has('Approved') ? 'Approved' : 'Pending';
  if (has('Failed')) text += ',Failed';
  return status?.certificate ? `${text},Issued` : text;
}
