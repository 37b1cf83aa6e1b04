// The service worker (Workbox) that keeps the whole site, search and engine included, for reading without a network.
import { generateSW } from 'workbox-build';
import { join } from 'node:path';

export async function buildServiceWorker(dist: string): Promise<{ count: number; size: number }> {
  const { count, size, warnings } = await generateSW({
    swDest: join(dist, 'sw.js'),
    globDirectory: dist,
    globPatterns: ['**/*'],
    globIgnores: ['**/*.map', 'sw.js', 'workbox-*.js', 'sitemap*.xml'],
    maximumFileSizeToCacheInBytes: 50_000_000,
    // Files with a content hash in their name need no revision of their own.
    dontCacheBustURLsMatching: /\/_astro\//,
    // Pagefind asks for its entry file with the time of day.
    ignoreURLParametersMatching: [/^ts$/],
    navigateFallback: '/404.html',
    clientsClaim: true,
    skipWaiting: true,
    inlineWorkboxRuntime: true,
    sourcemap: false,
    mode: 'production',
  });
  if (warnings.length > 0) throw new Error(warnings.join('\n'));
  return { count, size };
}
