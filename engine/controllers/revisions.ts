// ControllerRevisions: the history of the templates of a StatefulSet or DaemonSet (kubernetes/pkg/controller/history).

import { controlledBy, controllerRef, indexByController } from './owners.ts';
import { templateHash } from './pod-template.ts';
import type { Informer, ResourceClient } from '../client/index.ts';
import type { ControllerContext } from './context.ts';
import type { ControllerRevision, KubeObject, PodTemplateSpec } from '../api/types.ts';

export interface RevisionLabels {
  /** The label that holds the hash. */
  hash: string;
  labels: Record<string, string>;
  annotations?: Record<string, string>;
}

export class History {
  private readonly client: ResourceClient<ControllerRevision>;
  private readonly informer: Informer<ControllerRevision>;

  constructor(context: ControllerContext) {
    this.client = context.client.of<ControllerRevision>('apps/v1', 'controllerrevisions');
    this.informer = context.informer<ControllerRevision>('apps/v1', 'controllerrevisions');
    indexByController(this.informer);
  }

  /** All revisions of the owner, oldest first. */
  list(owner: KubeObject): ControllerRevision[] {
    return controlledBy(this.informer, owner).sort((a, b) => a.revision - b.revision);
  }

  /** The revision of the template; created, or made the newest again, when it is not. */
  sync(
    owner: KubeObject,
    template: PodTemplateSpec,
    collisionCount: number | undefined,
    marks: RevisionLabels,
  ): ControllerRevision {
    const hash = templateHash(template, collisionCount || undefined);
    const all = this.list(owner);
    const newest = all.at(-1);
    const next = (newest?.revision ?? 0) + 1;
    const known = all.find(({ metadata }) => metadata.labels?.[marks.hash] === hash);
    const namespace = owner.metadata.namespace as string;
    if (known) {
      if (known === newest) return known;
      return this.client.update(namespace, known.metadata.name as string, { ...known, revision: next });
    }
    return this.client.create(namespace, {
      apiVersion: 'apps/v1',
      kind: 'ControllerRevision',
      metadata: {
        name: `${owner.metadata.name}-${hash}`,
        namespace,
        labels: { ...marks.labels, [marks.hash]: hash },
        ...(marks.annotations && { annotations: marks.annotations }),
        ownerReferences: [controllerRef(owner, owner.apiVersion, owner.kind)],
      },
      data: { spec: { template: { ...template, $patch: 'replace' } } },
      revision: next,
    });
  }

  /** Deletes the oldest revisions beyond the limit that nothing uses. */
  truncate(owner: KubeObject, limit: number, used: ReadonlySet<string>) {
    const idle = this.list(owner).filter(({ metadata }) => !used.has(metadata.name as string));
    for (const { metadata } of idle.slice(0, Math.max(0, idle.length - limit))) {
      this.client.delete(metadata.namespace as string, metadata.name as string);
    }
  }
}

/** The template that a revision keeps. */
export function templateOf(revision: ControllerRevision): PodTemplateSpec {
  const { $patch: _, ...template } = revision.data?.spec.template ?? {};
  return template as PodTemplateSpec;
}
