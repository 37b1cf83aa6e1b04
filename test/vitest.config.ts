// One configuration for every suite. Files run one after another in two processes: the machine may be small.
import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    setupFiles: ['engine/parts/all.ts'],
    testTimeout: 60_000,
    hookTimeout: 240_000,
    maxWorkers: 2,
    pool: 'forks',
    reporters: process.env.CI ? ['default'] : ['dot'],
  },
});
