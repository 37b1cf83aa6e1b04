// What happens to the built pages: a Content-Security-Policy for each, the full-text index, the copy for offline reading.
import type { AstroIntegration } from 'astro';
import { fileURLToPath } from 'node:url';
import { buildFullText } from './full-text.ts';
import { buildServiceWorker } from './service-worker.ts';
import { forgetContent } from './content.ts';
import { secure } from './csp.ts';

export function site(): AstroIntegration {
  return {
    name: 'kubebook-site',
    hooks: {
      'astro:server:setup': ({ server }) => {
        server.watcher.on('all', (_event, path) => {
          if (path.includes('/content/')) forgetContent();
        });
      },
      'astro:build:done': async ({ dir, logger }) => {
        const dist = fileURLToPath(dir);
        const pages = await secure(dist);
        const indexed = await buildFullText(dist);
        const { count, size } = await buildServiceWorker(dist);
        logger.info(
          `${pages} pages secured, ${indexed} indexed, ${count} files (${(size / 1e6).toFixed(1)} MB) for offline reading`,
        );
      },
    },
  };
}
