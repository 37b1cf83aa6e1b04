// Gives the site the engine's script as an asset: `import url from 'virtual:kubebook-engine'` is its address.

import { buildEngine } from './bundle.ts';

const ID = 'virtual:kubebook-engine';
const DEV_PATH = '/@kubebook-engine.js';

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
        next: (error: unknown) => void,
      ) => void,
    ): void;
  };
}

/** A Vite plug-in; needed in `plugins` (development) and in `worker.plugins` (build). */
export function engineAsset() {
  let development = false;
  return {
    name: 'kubebook-engine',
    configResolved(config: { command: string }) {
      development = config.command === 'serve';
    },
    configureServer(server: DevServer) {
      server.middlewares.use(DEV_PATH, (_request, response, next) => {
        buildEngine().then((code) => {
          response.setHeader('content-type', 'text/javascript');
          response.end(code);
        }, next);
      });
    },
    resolveId(id: string) {
      return id === ID ? `\0${ID}` : undefined;
    },
    async load(this: Context, id: string) {
      if (id !== `\0${ID}`) return undefined;
      if (development) return `export default ${JSON.stringify(DEV_PATH)};`;
      const reference = this.emitFile({ type: 'asset', name: 'engine.js', source: await buildEngine() });
      return `export default import.meta.ROLLUP_FILE_URL_${reference};`;
    },
  };
}
