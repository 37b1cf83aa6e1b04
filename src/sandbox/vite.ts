// Gives the site the engine's scripts as assets: `import urls from 'virtual:kubebook-engine'` is their addresses.

import { buildEngine } from './bundle.ts';
import type { EngineCode } from './quickjs.ts';

const ID = 'virtual:kubebook-engine';
const DEV_PATH = '/@kubebook-engine/';

interface Context {
  emitFile(file: { type: 'asset'; name: string; source: string }): string;
}

interface DevServer {
  middlewares: {
    use(
      path: string,
      handler: (
        request: { url?: string },
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
  let served: EngineCode = {};
  return {
    name: 'kubebook-engine',
    configResolved(config: { command: string }) {
      development = config.command === 'serve';
    },
    configureServer(server: DevServer) {
      server.middlewares.use(DEV_PATH, (request, response) => {
        response.setHeader('content-type', 'text/javascript');
        response.end(served[request.url?.replace(/^\//, '') ?? ''] ?? '');
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
      const code = await buildEngine();
      served = code;
      const entries = Object.keys(code).map((name) => {
        const url = development
          ? JSON.stringify(`${DEV_PATH}${name}`)
          : `import.meta.ROLLUP_FILE_URL_${this.emitFile({ type: 'asset', name: `engine-${name}`, source: code[name] })}`;
        return `${JSON.stringify(name)}: ${url}`;
      });
      return `export default {${entries.join(', ')}};`;
    },
  };
}
