// Gives the site the engine as two assets: `import { boot, rest } from 'virtual:kubebook-engine'` has their addresses. Each is a
// JSON object of scripts by name: those that boot a cluster, and all others.

import { bootScripts, buildEngine } from './bundle.ts';

const ID = 'virtual:kubebook-engine';
const DEV_PATH = '/@kubebook-engine';
const ASSETS = ['boot', 'rest'] as const;

interface Context {
  emitFile(file: { type: 'asset'; name: string; source: string }): string;
}

interface DevServer {
  middlewares: {
    use(
      path: string,
      handler: (
        request: unknown,
        response: { setHeader(name: string, value: string): void; end(text: string): void },
      ) => void,
    ): void;
  };
  watcher: { on(event: 'change', listener: (file: string) => void): void };
  moduleGraph: { getModuleById(id: string): object | undefined; invalidateModule(module: object): void };
}

/** A Vite plug-in; needed in `plugins` (development) and in `worker.plugins` (build). */
export function engineAsset() {
  let development = false;
  /** In development: what the addresses given out last lead to. */
  let served: Record<string, string> = {};
  return {
    name: 'kubebook-engine',
    configResolved(config: { command: string }) {
      development = config.command === 'serve';
    },
    configureServer(server: DevServer) {
      for (const asset of ASSETS) {
        server.middlewares.use(`${DEV_PATH}/${asset}`, (_request, response) => {
          response.setHeader('content-type', 'application/json');
          response.end(served[asset]);
        });
      }
      // The next page that asks gets the engine as it is then.
      server.watcher.on('change', (file) => {
        const module = file.includes('/engine/') && server.moduleGraph.getModuleById(`\0${ID}`);
        if (module) server.moduleGraph.invalidateModule(module);
      });
    },
    resolveId(id: string) {
      return id === ID ? `\0${ID}` : undefined;
    },
    async load(this: Context, id: string) {
      if (id !== `\0${ID}`) return undefined;
      const code = await buildEngine();
      const first = bootScripts(code);
      const pick = (wanted: boolean) =>
        JSON.stringify(Object.fromEntries(Object.entries(code).filter(([name]) => first.has(name) === wanted)));
      served = { boot: pick(true), rest: pick(false) };
      const address = (asset: (typeof ASSETS)[number]) =>
        development
          ? JSON.stringify(`${DEV_PATH}/${asset}`)
          : `import.meta.ROLLUP_FILE_URL_${this.emitFile({ type: 'asset', name: `engine-${asset}.json`, source: served[asset] })}`;
      return ASSETS.map((asset) => `export const ${asset} = ${address(asset)};`).join('\n');
    },
  };
}
