// ControllerRevisions: the history of the templates of a StatefulSet or DaemonSet (kubernetes/pkg/controller/history).

import { compactJson } from '../api/go-json.ts';
import { NO_NULL_TIMES, nullTimesIn } from '../api/null-times.ts';
import { matchesSelector } from '../api/selectors.ts';
import { isAlreadyExists, type Informer, type ResourceClient } from '../client/index.ts';
import { claim, controlledBy, controllerRef, indexByController } from './owners.ts';
import { sameTemplate } from './pod-template.ts';
import type { ControllerContext } from './context.ts';
import type { ControllerRevision, JsonObject, KubeObject, OwnerReference, PodTemplateSpec } from '../api/types.ts';

/** How the revisions of a kind are marked and named. */
export interface RevisionMarks {
  /** The label that holds the hash. */
  hash: string;
  labels: Record<string, string>;
  annotations: Record<string, string> | undefined;
  /** The hash of a new revision, whose data is this JSON. */
  hashOf(json: string): string;
  /** Another one for its name, where that is taken by a revision of another template; or the sync ends here. */
  collided(json: string): string;
}

const byRevision = (a: ControllerRevision, b: ControllerRevision) => a.revision - b.revision;

export class History {
  private readonly client: ResourceClient<ControllerRevision>;
  private readonly informer: Informer<ControllerRevision>;
  private readonly minor: number;

  constructor(context: ControllerContext) {
    this.minor = context.ways.minor;
    this.client = context.client.of<ControllerRevision>('apps/v1', 'controllerrevisions');
    this.informer = context.informer<ControllerRevision>('apps/v1', 'controllerrevisions');
    indexByController(this.informer);
  }

  /** All revisions of the owner, oldest first. */
  list(owner: KubeObject): ControllerRevision[] {
    return controlledBy(this.informer, owner).sort(byRevision);
  }

  /** The same, with those that an owner of this selector has left behind. */
  private claimed(owner: KubeObject, ref: OwnerReference): ControllerRevision[] {
    const { client, informer } = this;
    const matches = ({ metadata }: ControllerRevision) => matchesSelector(owner.spec?.selector, metadata.labels);
    return claim({ client, informer, owner, ref, matches }).sort(byRevision);
  }

  /** The revision of the template; created, or made the newest again, when it is not. */
  sync(owner: KubeObject, template: PodTemplateSpec, marks: RevisionMarks): ControllerRevision {
    const ref = controllerRef(owner, owner.apiVersion, owner.kind);
    const all = this.claimed(owner, ref);
    const newest = all.at(-1);
    const next = (newest?.revision ?? 0) + 1;
    const known = all.findLast((revision) => sameTemplate(templateOf(revision), template));
    if (!known) return this.create(owner, ref, template, next, marks);
    if (known === newest) return known;
    return this.client.update(owner.metadata.namespace as string, known.metadata.name as string, {
      ...known,
      revision: next,
    });
  }

  private create(
    owner: KubeObject,
    ref: OwnerReference,
    template: PodTemplateSpec,
    revision: number,
    marks: RevisionMarks,
  ): ControllerRevision {
    const namespace = owner.metadata.namespace as string;
    const json = this.dataOf(template);
    const hash = marks.hashOf(json);
    for (let suffix = hash; ; suffix = marks.collided(json)) {
      const name = `${owner.metadata.name}-${suffix}`;
      try {
        return this.client.create(namespace, {
          apiVersion: 'apps/v1',
          kind: 'ControllerRevision',
          metadata: {
            name,
            namespace,
            labels: { ...marks.labels, [marks.hash]: hash },
            ...(marks.annotations && { annotations: marks.annotations }),
            ownerReferences: [ref],
          },
          data: JSON.parse(json) as ControllerRevision['data'],
          revision,
        });
      } catch (error) {
        if (!isAlreadyExists(error)) throw error;
        const taken = this.client.get(namespace, name);
        if (sameTemplate(templateOf(taken), template)) return taken;
      }
    }
  }

  /** The patch that brings a template back, as the release's controllers write it. */
  private dataOf(template: PodTemplateSpec): string {
    const shown = this.minor < NO_NULL_TIMES ? nullTimesIn('PodTemplateSpec', template as JsonObject) : template;
    return compactJson({ spec: { template: { ...shown, $patch: 'replace' } } });
  }

  /** Deletes the oldest revisions beyond the limit that nothing uses. */
  truncate(owner: KubeObject, limit: number, used: ReadonlySet<string>) {
    const idle = this.list(owner).filter(({ metadata }) => !used.has(metadata.name as string));
    for (const { metadata } of idle.slice(0, Math.max(0, idle.length - limit))) {
      this.client.delete(metadata.namespace as string, metadata.name as string);
    }
  }
}

const templates = new WeakMap<object, PodTemplateSpec>();

/** The template that a revision keeps. */
export function templateOf(revision: ControllerRevision): PodTemplateSpec {
  const kept = revision.data?.spec.template ?? {};
  let template = templates.get(kept);
  if (!template) {
    const { $patch: _, ...rest } = kept;
    templates.set(kept, (template = rest as PodTemplateSpec));
  }
  return template;
}
