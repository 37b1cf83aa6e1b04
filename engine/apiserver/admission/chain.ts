// Runs admission plug-ins in their order; which ones a request concerns is found once per resource and operation.

import type { KubeObject, PodSpec, ResourceInfo } from '../../api/types.ts';
import type { UserInfo } from '../types.ts';
import {
  NOTHING_ELSE,
  type AdmissionHost,
  type AdmissionOperation,
  type AdmissionPlugin,
  type Attributes,
  type Creation,
} from './types.ts';

/** The plug-ins that want to see requests of one kind. */
interface Compiled {
  mutating: AdmissionPlugin[];
  validating: AdmissionPlugin[];
  all: AdmissionPlugin[];
  /** Who is alone in both. */
  only: AdmissionPlugin | undefined;
}

interface Found {
  plugin: AdmissionPlugin;
  finding: object;
}

/** What admission depended on when it let an object pass. */
export interface Findings {
  plugins: readonly AdmissionPlugin[];
  user: UserInfo;
  found: readonly Found[];
}

export class AdmissionChain {
  plugins: readonly AdmissionPlugin[];
  private readonly host: AdmissionHost;
  private readonly compiled = new Map<ResourceInfo, Record<string, Compiled>>();

  constructor(host: AdmissionHost, plugins: readonly AdmissionPlugin[]) {
    this.host = host;
    this.plugins = plugins;
  }

  /**
   * A plug-in wants to see other requests than before. It runs in the place that is kept for its name; one without such a
   * place runs before the last, since ResourceQuota charges what all others let pass.
   */
  changed(plugin: AdmissionPlugin) {
    const kept = this.plugins.findIndex(({ name }) => name === plugin.name);
    const place = kept < 0 ? this.plugins.length - 1 : kept;
    this.plugins = this.plugins.toSpliced(place, kept < 0 ? 0 : 1, plugin);
    this.compiled.clear();
  }

  /** The object as the plug-ins leave it; `attributes` have it as well, then. */
  mutate(attributes: Attributes & { object: KubeObject }): KubeObject {
    this.mutateOnce(attributes);
    if (attributes.again) {
      attributes.again.running = true;
      this.mutateOnce(attributes);
      attributes.again = undefined;
    }
    return attributes.object;
  }

  private mutateOnce(attributes: Attributes & { object: KubeObject }) {
    const { mutating } = this.find(attributes);
    for (let i = 0; i < mutating.length; i++) {
      attributes.object = (mutating[i].mutate as NonNullable<AdmissionPlugin['mutate']>)(attributes, this.host);
    }
  }

  validate(attributes: Attributes, { validating } = this.find(attributes)) {
    for (let i = 0; i < validating.length; i++) validating[i].validate?.(attributes, this.host);
  }

  /** Undefined when nobody wants to see such a request, so that attributes need not be made. */
  concerned(operation: AdmissionOperation, info: ResourceInfo, subresource: string): Compiled | undefined {
    const compiled = this.lookUp(operation, info, subresource);
    return compiled.mutating.length === 0 && compiled.validating.length === 0 ? undefined : compiled;
  }

  /** True when nobody wants to see such a request. */
  idle(operation: AdmissionOperation, info: ResourceInfo, subresource: string): boolean {
    return !this.concerned(operation, info, subresource);
  }

  /** True when nobody but `plugin` wants to see such a request. */
  isOnly(plugin: AdmissionPlugin, operation: AdmissionOperation, info: ResourceInfo): boolean {
    return this.lookUp(operation, info, '').only === plugin;
  }

  /** What the plug-ins find that look at a creation; undefined when one of them must see the object. */
  findings(creation: Creation, subresource = ''): Findings | undefined {
    const { all } = this.lookUp('CREATE', creation.info, subresource);
    const found: Found[] = [];
    for (let i = 0; i < all.length; i++) {
      const plugin = all[i];
      const finding = plugin.findings?.(creation, this.host);
      if (!finding) return undefined;
      if (finding !== NOTHING_ELSE) found.push({ plugin, finding });
    }
    return { plugins: this.plugins, user: creation.user, found };
  }

  /** The spec of another Pod, from that which came out before; undefined: something else is found by now. */
  again(creation: Creation, { plugins, user, found }: Findings, outcome: PodSpec): PodSpec | undefined {
    if (plugins !== this.plugins || user !== creation.user) return undefined;
    for (let i = 0; i < found.length; i++)
      if (found[i].plugin.findings?.(creation, this.host) !== found[i].finding) return undefined;
    let spec = outcome;
    for (let i = 0; i < found.length; i++) {
      const { plugin, finding } = found[i];
      if (plugin.renew) spec = plugin.renew(spec, creation.object.spec, finding, this.host);
    }
    return spec;
  }

  private find({ operation, info, subresource }: Attributes): Compiled {
    return this.lookUp(operation, info, subresource);
  }

  private lookUp(operation: AdmissionOperation, info: ResourceInfo, subresource: string): Compiled {
    let byKind = this.compiled.get(info);
    if (!byKind) this.compiled.set(info, (byKind = {}));
    const key = subresource ? operation + subresource : operation;
    let compiled = byKind[key];
    if (!compiled) {
      const wanted = this.plugins.filter((plugin) => plugin.handles(operation, info, subresource));
      const mutating = wanted.filter((plugin) => plugin.mutate);
      const validating = wanted.filter((plugin) => plugin.validate);
      const alone = mutating.length === 1 && validating.length === 1 && mutating[0] === validating[0];
      const all = [...new Set([...mutating, ...validating])];
      compiled = { mutating, validating, all, only: alone ? mutating[0] : undefined };
      byKind[key] = compiled;
    }
    return compiled;
  }
}
