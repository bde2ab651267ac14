import { defineConfig } from 'vitest/config';

/** `npm run soak`: hours of trouble through the emulators. Not part of `npm test`. */
export default defineConfig({
  test: {
    include: ['test/soak/**/*.soak.ts'],
    globalSetup: 'test/support/temporary-folder.ts',
    maxWorkers: 2,
    testTimeout: 7_200_000,
    hookTimeout: 120_000,
  },
});
