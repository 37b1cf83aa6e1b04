// Gives the site the engine's scripts as assets: `import urls from 'virtual:kubebook-engine'` is their addresses.

import { buildEngine, coreScripts } from './bundle.ts';
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
      server.middlewares.use(DEV_PATH, (request, response, next) => {
        buildEngine().then((code) => {
          response.setHeader('content-type', 'text/javascript');
          response.end(code[request.url?.replace(/^\//, '') ?? ''] ?? '');
        }, next);
      });
    },
    resolveId(id: string) {
      return id === ID ? `\0${ID}` : undefined;
    },
    async load(this: Context, id: string) {
      if (id !== `\0${ID}`) return undefined;
      const code = await buildEngine();
      return development
        ? addresses(code, (name) => JSON.stringify(`${DEV_PATH}${name}`))
        : addresses(code, (name) => {
            const reference = this.emitFile({ type: 'asset', name: `engine-${name}`, source: code[name] });
            return `import.meta.ROLLUP_FILE_URL_${reference}`;
          });
    },
  };
}

function addresses(code: EngineCode, url: (name: string) => string): string {
  const core = new Set(coreScripts(code));
  const table = (names: string[]) => `{${names.map((name) => `${JSON.stringify(name)}: ${url(name)}`).join(', ')}}`;
  const names = Object.keys(code);
  return `export default { core: ${table(names.filter((name) => core.has(name)))}, parts: ${table(names.filter((name) => !core.has(name)))} };`;
}
