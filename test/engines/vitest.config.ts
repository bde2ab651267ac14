/** The tests that need programs from elsewhere; `npm run test:engines` looks for them first. */
import { defineConfig, mergeConfig } from 'vitest/config';
import base from '../../vitest.config.ts';

const config = mergeConfig(base, defineConfig({ test: { hookTimeout: 300_000 } }));

export default { ...config, test: { ...config.test, include: ['test/engines/*.test.ts'], exclude: [] } };
