// The variables by which containers find Services: made once for all Pods of a namespace, and anew when a Service changes.

import { Informer, type Client } from '../client/index.ts';
import type { Service } from '../api/types.ts';
import { serviceEnv } from './env.ts';

export class ServiceLinks {
  private services: Informer<Service> | undefined;
  private readonly made = new Map<string, Record<string, string>>();

  /** Follows the Services from now on; the informer is the caller's to stop. */
  watch(client: Client): Informer<Service> {
    const services = new Informer<Service>();
    const forget = () => this.made.clear();
    services.on({ add: forget, update: forget, delete: forget });
    services.start(client, 'v1', 'services', {});
    return (this.services = services);
  }

  /** For the Pods of a namespace; without links only those of the API server's service. */
  of(namespace: string, links: boolean): Readonly<Record<string, string>> {
    const key = links ? namespace : '';
    let env = this.made.get(key);
    if (env) return env;
    const { services } = this;
    const own = links ? (services?.inNamespace(namespace) ?? []) : [];
    const master = services?.get('default', 'kubernetes');
    const all = own.filter((service) => service !== master);
    env = serviceEnv(master ? [master, ...all] : all);
    this.made.set(key, env);
    return env;
  }
}
