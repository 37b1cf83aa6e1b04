// The site: Starlight as the shell, with our own face, cells, search, offline copy and Content-Security-Policy.
import { defineConfig } from 'astro/config';
import starlight from '@astrojs/starlight';
import { satteri } from '@astrojs/markdown-satteri';
import { topics } from './src/site/content.ts';
import { markdownPlugins } from './src/site/markdown.ts';
import { site } from './src/site/integration.ts';
import { engineAsset } from './src/sandbox/vite.ts';

export default defineConfig({
  site: process.env.SITE_URL,
  publicDir: './src/public',
  trailingSlash: 'always',
  devToolbar: { enabled: false },
  build: { inlineStylesheets: 'never' },
  vite: {
    build: { assetsInlineLimit: 0 },
    plugins: [engineAsset()],
    worker: { format: 'es', plugins: () => [engineAsset()] },
    logLevel: 'error',
  },
  prefetch: false,
  markdown: { syntaxHighlight: false, processor: satteri({ mdastPlugins: markdownPlugins }) },
  integrations: [
    starlight({
      title: 'Kubebook',
      description: 'A Kubernetes knowledge base whose every example runs, in the page, on a cluster of your own.',
      favicon: '/favicon.svg',
      expressiveCode: false,
      pagefind: false,
      credits: false,
      markdown: { processedDirs: ['./content'] },
      customCss: ['./src/styles/tokens.css', './src/styles/site.css', './src/styles/cells.css'],
      components: {
        Footer: './src/components/Footer.astro',
        Head: './src/components/Head.astro',
        Header: './src/components/Header.astro',
        Hero: './src/components/Hero.astro',
        PageSidebar: './src/components/PageSidebar.astro',
        PageTitle: './src/components/PageTitle.astro',
        Search: './src/components/Search.astro',
        SiteTitle: './src/components/SiteTitle.astro',
        ThemeSelect: './src/components/ThemeSelect.astro',
      },
      sidebar: [
        ...topics.map(({ id, label }) => ({
          label,
          collapsed: true,
          items: [{ autogenerate: { directory: `content/notes/${id}` } }],
        })),
        {
          label: 'Reference',
          items: [
            { label: 'Glossary', link: '/glossary/' },
            { label: 'Evidence', link: '/evidence/' },
          ],
        },
      ],
    }),
    site(),
  ],
});
