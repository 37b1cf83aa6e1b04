// kubectl apply --prune --applyset: what belongs together carries a label, and an object of its own (a Secret, unless said
// otherwise) remembers which kinds and namespaces to look in for what the files no longer say.

import { encode, toBase64 } from '../../../linux/bytes.ts';
import { sha256 } from '../../../linux/sha256.ts';
import type { KubeObject } from '../../../api/types.ts';
import type { Co } from '../../../sim/index.ts';
import type { Mapping } from '../../discovery.ts';
import { CommandError, isConflict, isNotFound, quote } from '../../errors.ts';
import type { Args } from '../../flags.ts';
import type { Kubectl } from '../../kubectl.ts';
import { type DryRun, changePrinter } from '../../output/printers.ts';
import type { Info } from '../../resource/builder.ts';
import { deleteObject, getObject, listItems, listObjects, patchObject } from '../../resource/rest.ts';
import { cascadeOf } from '../delete.ts';

const PREFIX = 'applyset.kubernetes.io/';
const TOOLING = `${PREFIX}tooling`;
const NAMESPACES = `${PREFIX}additional-namespaces`;
const KINDS = `${PREFIX}contains-group-kinds`;
const ID = `${PREFIX}id`;
const PART_OF = `${PREFIX}part-of`;
const PARENT_TYPE = `${PREFIX}is-parent-type`;
const MANAGER = 'kubectl-applyset';
/** The alpha feature is on. */
const GATE = 'KUBECTL_APPLYSET';

interface Scope {
  /** Mappings by `Kind.group`. */
  kinds: Map<string, Mapping>;
  namespaces: Set<string>;
}

const kindName = ({ kind, group }: Mapping) => (group ? `${kind}.${group}` : kind);

/** The set that --applyset names; undefined without the flag. */
export function* applySetOf(kubectl: Kubectl, args: Args): Co<ApplySet | undefined> {
  const text = args.string('applyset');
  if (text === '') return undefined;
  if (kubectl.process.env[GATE] !== 'true')
    throw new CommandError("unknown flag: --applyset\nSee 'kubectl apply --help' for usage.");
  if (!args.bool('prune')) throw new CommandError('--applyset requires --prune');
  for (const [flag, given] of [
    ['all', args.bool('all')],
    ['selector', args.string('selector') !== ''],
    ['prune-allowlist', args.strings('prune-allowlist').length > 0],
  ] as const)
    if (given) throw new CommandError(`--${flag} is incompatible with --applyset`);
  const slash = text.indexOf('/');
  const [resource, group = ''] = slash < 0 ? ['secrets'] : text.slice(0, slash).split(/\.(.*)/s);
  const name = text.slice(slash + 1);
  const invalid = (why: string) => new CommandError(`invalid parent reference ${quote(text)}: ${why}`);
  const mapping = (yield* kubectl.discovery()).named(resource).find((one) => one.group === group);
  if (!mapping) throw invalid(`no matches for ${group}/, Resource=${resource}`);
  if (name === '') throw invalid('name cannot be blank');
  const namespace = mapping.namespaced && kubectl.globals.changed('namespace') ? kubectl.namespace : '';
  if (mapping.namespaced && !namespace)
    throw new CommandError('namespace is required to use namespace-scoped ApplySet');
  const set = new ApplySet(kubectl, mapping, namespace, name);
  if (!set.isBuiltIn) yield* set.checkParentType();
  return set;
}

export class ApplySet {
  readonly isBuiltIn: boolean;
  private readonly kubectl: Kubectl;
  private readonly mapping: Mapping;
  private readonly namespace: string;
  private readonly name: string;
  private readonly id: string;
  private readonly before: Scope = { kinds: new Map(), namespaces: new Set() };
  private readonly after: Scope = { kinds: new Map(), namespaces: new Set() };

  constructor(kubectl: Kubectl, mapping: Mapping, namespace: string, name: string) {
    this.kubectl = kubectl;
    this.mapping = mapping;
    this.namespace = namespace;
    this.name = name;
    this.isBuiltIn = mapping.group === '' && ['secrets', 'configmaps'].includes(mapping.resource);
    const hex = sha256(encode([name, namespace, mapping.kind, mapping.group].join('.')));
    const hash = toBase64(Uint8Array.from(hex.match(/../g) ?? [], (byte) => parseInt(byte, 16)));
    this.id = `applyset-${hash.replaceAll('+', '-').replaceAll('/', '_').replace(/=+$/, '')}-v1`;
  }

  private get shown(): string {
    return quote(`${this.mapping.resource}.${this.mapping.group}/${this.name}`);
  }

  /** Objects of other types may stand for a set where their definition says so. */
  *checkParentType(): Co {
    const { kubectl } = this;
    const { group, version, resource } = this.mapping;
    const definitions = yield* kubectl.mappingFor('customresourcedefinitions');
    const list = yield* listObjects(kubectl, definitions, '', { labelSelector: PARENT_TYPE });
    if (listItems(list).some(({ metadata }) => metadata.name === `${resource}.${group}`)) return;
    const gvr = `${group}/${version}, Resource=${resource}`;
    throw new CommandError(`resource ${quote(gvr)} is not permitted as an ApplySet parent`);
  }

  /** Marks what is going to be applied, and notes beforehand where it will be. */
  *begin(infos: readonly Info[], dryRun: DryRun): Co<Info[]> {
    const marked = infos.map((info) => {
      const { metadata } = info.object;
      if (metadata.labels?.[PART_OF] !== undefined)
        throw new CommandError(`ApplySet label ${quote(PART_OF)} already set in input data`);
      const labels = { ...metadata.labels, [PART_OF]: this.id };
      return { ...info, object: { ...info.object, metadata: { ...metadata, labels } } };
    });
    for (const { mapping, namespace } of infos) {
      this.after.kinds.set(kindName(mapping), mapping);
      if (mapping.namespaced) this.after.namespaces.add(namespace);
    }
    yield* this.read();
    if (dryRun === 'client') return marked;
    const { before, after } = this;
    yield* this.write(
      {
        kinds: new Map([...before.kinds, ...after.kinds]),
        namespaces: new Set([...before.namespaces, ...after.namespaces]),
      },
      dryRun,
    );
    return marked;
  }

  /** What the parent says of the set as it was. */
  private *read(): Co {
    const { kubectl, mapping, namespace, name, shown } = this;
    let parent: KubeObject;
    try {
      parent = yield* getObject(kubectl, mapping, namespace, name);
    } catch (error) {
      if (!isNotFound(error)) throw error;
      if (!this.isBuiltIn) throw new CommandError('custom resource ApplySet parents cannot be created automatically');
      return;
    }
    const { labels = {}, annotations = {} } = parent.metadata as Record<string, Record<string, string>>;
    const tooling = annotations[TOOLING];
    const exists = `ApplySet parent object ${shown}`;
    if (tooling === undefined)
      throw new CommandError(`${exists} already exists and is missing required annotation ${quote(TOOLING)}`);
    const by = tooling.replace(/\/[^/]*$/, '');
    if (by !== 'kubectl')
      throw new CommandError(`${exists} already exists and is managed by tooling ${quote(by)} instead of "kubectl"`);
    if (labels[ID] === undefined) throw new CommandError(`${exists} exists and does not have required label ${ID}`);
    if (labels[ID] !== this.id)
      throw new CommandError(
        `${exists} exists and has incorrect value for label ${quote(ID)} (got: ${labels[ID]}, want: ${this.id})`,
      );
    if (annotations[KINDS] === undefined)
      throw new CommandError(
        `parsing ApplySet annotation on ${shown}: kubectl requires the ${quote(KINDS)} annotation to be set on all ApplySet parent objects`,
      );
    const discovery = yield* kubectl.discovery();
    for (const text of annotations[KINDS].split(',').filter(Boolean)) {
      const dot = text.indexOf('.');
      const [kind, group] = dot < 0 ? [text, ''] : [text.slice(0, dot), text.slice(dot + 1)];
      const found = discovery.findGroupKind(group, kind);
      if (!found)
        throw new CommandError(
          `parsing ApplySet annotation on ${shown}: could not find mapping for kind in ${quote(KINDS)} annotation: no matches for kind ${quote(kind)} in group ${quote(group)}`,
        );
      this.before.kinds.set(text, found);
    }
    for (const one of (annotations[NAMESPACES] ?? '').split(',').filter(Boolean)) this.before.namespaces.add(one);
    if (namespace) this.before.namespaces.add(namespace);
  }

  private *write({ kinds, namespaces }: Scope, dryRun: DryRun): Co {
    const { kubectl, mapping, namespace, name } = this;
    const further = [...namespaces].filter((one) => one !== namespace).sort();
    const parent = {
      apiVersion: mapping.groupVersion,
      kind: mapping.kind,
      metadata: {
        name,
        ...(namespace && { namespace }),
        annotations: {
          [TOOLING]: `kubectl/${kubectl.options.version}`,
          [KINDS]: [...kinds.keys()].sort().join(','),
          [NAMESPACES]: further.join(','),
        },
        labels: { [ID]: this.id },
      },
    };
    const options = { dryRun, fieldManager: MANAGER };
    try {
      yield* patchObject(kubectl, mapping, namespace, name, 'apply', parent, { ...options, force: false });
    } catch (error) {
      if (!isConflict(error)) throw error;
      kubectl.warn(
        `WARNING: failed to update ApplySet: ${(error as Error).message}\nApplySet field manager ${MANAGER} should own these fields. Retrying with conflicts forced.`,
      );
      yield* patchObject(kubectl, mapping, namespace, name, 'apply', parent, { ...options, force: true });
    }
  }

  /** Deletes members that have not been applied now, and notes where the rest is. */
  *prune(args: Args, applied: readonly KubeObject[], dryRun: DryRun): Co {
    const { kubectl } = this;
    const kept = new Set(applied.map(({ metadata }) => metadata.uid));
    const seconds = args.int('grace-period');
    const options = {
      propagationPolicy: cascadeOf(kubectl, args),
      gracePeriodSeconds: seconds < 0 ? undefined : seconds,
      dryRun,
    };
    for (const mapping of this.before.kinds.values()) {
      for (const namespace of mapping.namespaced ? this.before.namespaces : ['']) {
        const list = yield* listObjects(kubectl, mapping, namespace, { labelSelector: `${PART_OF}=${this.id}` });
        for (const object of listItems(list)) {
          if (kept.has(object.metadata.uid)) continue;
          if (dryRun !== 'client')
            yield* deleteObject(kubectl, mapping, namespace, object.metadata.name as string, options);
          changePrinter(kubectl, args, 'pruned', dryRun).print(object);
        }
      }
    }
    if (dryRun !== 'client') yield* this.write(this.after, dryRun);
  }
}
