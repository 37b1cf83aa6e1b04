// The picture of the cluster as HTML: a node is a deck, a Pod a container on it, Pods without a node wait on the quay.
// Lists and words carry it (a screen reader hears "web-1, Running"); the drawing is the stylesheet's. Used by the build
// for the cluster at rest and by the page while it runs.
import { escapeHtml } from './escape.ts';
import type { ClusterOptions, ClusterPicture, PictureOfPod } from '../sandbox/types.ts';

/** More Pods than this on one node are counted, not drawn. */
const drawnPods = 48;

/** How a Pod's state is told apart: by shape and word first, by colour second. */
function stateOf(pod: PictureOfPod): string {
  if (pod.status === 'Terminating') return 'ending';
  if (pod.phase === 'Succeeded' || pod.status === 'Completed') return 'done';
  if (pod.phase === 'Failed' || /BackOff|Error|Err|Evicted|OOMKilled|Invalid/.test(pod.status)) return 'failed';
  if (pod.phase === 'Running') return pod.ready ? 'ready' : 'starting';
  return 'starting';
}

function podHtml(pod: PictureOfPod): string {
  const system = pod.namespace === 'kube-system' ? ' data-system' : '';
  const label = escapeHtml(`${pod.name}, ${pod.status}${pod.phase === 'Running' && !pod.ready ? ', not ready' : ''}`);
  return `<li class="kb-pod" data-state="${stateOf(pod)}"${system} title="${label}"><span class="sr-only">${label}</span></li>`;
}

function podsHtml(pods: PictureOfPod[]): string {
  const order = [...pods].sort((a, b) => rank(a) - rank(b) || (a.name < b.name ? -1 : 1));
  const rest = order.length - drawnPods;
  const more = rest > 0 ? `<li class="kb-more">+${rest}</li>` : '';
  return `<ul class="kb-pods">${order.slice(0, drawnPods).map(podHtml).join('')}${more}</ul>`;
}

const rank = (pod: PictureOfPod) => (pod.namespace === 'kube-system' ? 0 : 1);

/** One sentence that says what the drawing shows. */
export function pictureSummary({ nodes, pending }: ClusterPicture): string {
  const pods = nodes.flatMap((node) => node.pods).filter((pod) => pod.namespace !== 'kube-system');
  const ready = pods.filter((pod) => stateOf(pod) === 'ready').length;
  const notReady = nodes.filter((node) => !node.ready).length;
  const parts = [`${count(nodes.length, 'node')}${notReady ? ` (${notReady} not ready)` : ''}`];
  if (pods.length + pending.length === 0) parts.push('no Pods of yours yet');
  else parts.push(`${count(pods.length + pending.length, 'Pod')}, ${ready} ready`);
  if (pending.length) parts.push(`${pending.length} waiting for a node`);
  return parts.join(', ');
}

export function pictureHtml(picture: ClusterPicture): string {
  const nodes = picture.nodes.map((node) => {
    const state = !node.ready ? 'not ready' : !node.schedulable ? 'cordoned' : '';
    const note = state ? `<span class="kb-node-state">${state}</span>` : '';
    return `<li class="kb-node"${node.ready ? '' : ' data-down'}><span class="kb-node-name">${escapeHtml(node.name)}${note}</span>${podsHtml(node.pods)}</li>`;
  });
  const quay = picture.pending.length
    ? `<li class="kb-node kb-quay"><span class="kb-node-name">waiting for a node</span>${podsHtml(picture.pending)}</li>`
    : '';
  return `<ul class="kb-nodes">${nodes.join('')}${quay}</ul>`;
}

/** The nodes that a page's cluster starts with, before anything has run. */
export function pictureAtRest(options: ClusterOptions = {}): ClusterPicture {
  const named = (prefix: string, n: number) => Array.from({ length: n }, (_, index) => `${prefix}-${index + 1}`);
  const workers = Array.isArray(options.workers)
    ? options.workers
    : named('worker', options.workers ?? (options.controlPlanes === 0 ? 0 : 2));
  const names = [...named('cp', options.controlPlanes ?? 1), ...workers];
  return { now: 0, pending: [], nodes: names.map((name) => ({ name, ready: true, schedulable: true, pods: [] })) };
}

/** The panel that stands beside a page's examples; `recorded` is the cluster as the page's examples leave it. */
export function clusterPanel(options: ClusterOptions = {}, recorded?: ClusterPicture): string {
  const data = Object.keys(options).length ? ` data-cluster="${escapeHtml(JSON.stringify(options))}"` : '';
  const picture = recorded ?? pictureAtRest(options);
  const clock = recorded ? clockTime(recorded.now) : 'at rest';
  const hint = recorded
    ? 'as the example leaves it. Press Run to see it happen'
    : 'Press Run on an example to bring it to life';
  const button = (act: string, label: string, extra = '') =>
    `<button type="button" data-act="${act}"${extra}>${label}</button>`;
  return (
    `<kb-cluster class="not-content"${data}><details class="kb-panel"><summary><span class="kb-panel-title">Cluster</span>` +
    `<span class="kb-clock" data-part="clock">${clock}</span></summary>` +
    `<div data-part="picture">${pictureHtml(picture)}</div>` +
    `<p class="kb-summary" data-part="summary">${escapeHtml(pictureSummary(picture))}${recorded ? ', ' : '. '}${hint}.</p>` +
    `<p class="kb-rewind" data-part="rewind" hidden><label>Rewind <input type="range" min="0" value="0"></label> <output></output></p>` +
    `<p class="kb-page-tools">${button('run-all', 'Run all', ' class="kb-run"')}${button('stop', 'Stop', ' hidden')}` +
    `${button('reset-page', 'Reset page')}${button('share', 'Share edits', ' hidden')}</p></details></kb-cluster>`
  );
}

/** Time of day on the cluster's own clock. */
export const clockTime = (now: number) => new Date(now).toISOString().slice(11, 19);

const count = (n: number, noun: string) => `${n} ${noun}${n === 1 ? '' : 's'}`;
