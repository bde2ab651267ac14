import { configDefaults, defineConfig } from 'vitest/config';

/** CI reads the runner's own figures from here. */
const jsonReport = process.env.VITEST_JSON_REPORT;

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    // Needs Trino: `npm run test:engines`.
    exclude: [...configDefaults.exclude, 'test/engines/**'],
    globalSetup: 'test/support/temporary-folder.ts',
    setupFiles: 'test/support/fixed-seed.ts',
    // Many tests wait for processes and timers: one worker would leave a small machine idle.
    maxWorkers: 2,
    testTimeout: 120_000,
    hookTimeout: 120_000,
    reporters: jsonReport === undefined ? ['default'] : ['default', ['json', { outputFile: jsonReport }]],
  },
});
