// One schema a kind of page: notes (with the cluster their examples run on) and glossary terms.
import { defineCollection } from 'astro:content';
import { docsSchema } from '@astrojs/starlight/schema';
import { glob } from 'astro/loaders';
import { z } from 'astro/zod';

const note = z.object({
  /** Position within the topic. */
  order: z.number().optional(),
  /** What the examples' cluster is made of; absent keys have the engine's defaults. */
  cluster: z.record(z.string(), z.unknown()).optional(),
});

export const collections = {
  docs: defineCollection({
    loader: glob({ base: './content', pattern: ['*.mdx', 'notes/**/*.mdx'] }),
    schema: (context) =>
      docsSchema({ extend: note })(context).transform((data) => ({
        ...data,
        sidebar: { ...data.sidebar, order: data.order ?? data.sidebar?.order },
      })),
  }),
  glossary: defineCollection({
    loader: glob({ base: './content/glossary', pattern: '*.mdx' }),
    schema: z.object({
      term: z.string(),
      aliases: z.array(z.string()).default([]),
      short: z.string(),
      see: z.array(z.string()).default([]),
    }),
  }),
};
