// Gives the site the engine as one asset: `import url from 'virtual:kubebook-engine'` is its address. The asset is a JSON
// object of the engine's scripts by name.

import { buildEngine } from './bundle.ts';

const ID = 'virtual:kubebook-engine';
const DEV_PATH = '/@kubebook-engine';

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
  /** In development: what the address given out last leads to. */
  let served = '';
  return {
    name: 'kubebook-engine',
    configResolved(config: { command: string }) {
      development = config.command === 'serve';
    },
    configureServer(server: DevServer) {
      server.middlewares.use(DEV_PATH, (_request, response) => {
        response.setHeader('content-type', 'application/json');
        response.end(served);
      });
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
      served = JSON.stringify(await buildEngine());
      if (development) return `export default ${JSON.stringify(DEV_PATH)};`;
      return `export default import.meta.ROLLUP_FILE_URL_${this.emitFile({ type: 'asset', name: 'engine.json', source: served })};`;
    },
  };
}
