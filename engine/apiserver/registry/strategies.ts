// What single resources do beside what holds for all of them: allocation, graceful deletion, special answers.
// One table; a resource without an entry has no ways of its own.

import type { KubeObject, ResourceInfo } from '../../api/types.ts';
import type { Context } from '../context.ts';
import type { Core } from '../handlers/types.ts';

export interface Strategy {
  /** PUT to a missing name creates it. */
  createByUpdate?: boolean;
  /** What becomes of a new object follows from what was sent and from what admission finds, see create-again.ts. */
  repeats?: boolean;
  /** DELETE answers with the object instead of a Status. */
  returnsDeleted?: boolean;
  /** When a client says nothing, dependents stay (apps' predecessors and Jobs, for compatibility). */
  orphansByDefault?: boolean;
  /** Seconds that deletion waits for somebody (the kubelet) to finish it; 0: at once. Undefined: deletion is never graceful. */
  gracePeriod?(object: KubeObject, asked: number | undefined): number;
  /** Deletion starts a process that ends elsewhere; the result is the object to store, undefined: delete as usual. */
  beginDelete?(core: Core, ctx: Context, object: KubeObject): KubeObject | undefined;
  /** After prepareForCreate: allocate. */
  beforeCreate?(core: Core, ctx: Context, object: KubeObject): KubeObject;
  beforeUpdate?(core: Core, ctx: Context, object: KubeObject, old: KubeObject, subresource: string): KubeObject;
  afterCreate?(core: Core, ctx: Context, object: KubeObject): void;
  afterDelete?(core: Core, ctx: Context, object: KubeObject): void;
}

export class Strategies {
  private readonly table: Readonly<Record<string, Strategy>>;

  /** `table`: by 'resource' or 'resource.group'. */
  constructor(table: Readonly<Record<string, Strategy>>) {
    this.table = table;
  }

  of(info: ResourceInfo): Strategy | undefined {
    return this.table[info.group ? `${info.resource}.${info.group}` : info.resource];
  }
}
