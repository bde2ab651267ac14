import { mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { writeBundle } from '../../lib/constructs/function-code.ts';

const umask = process.umask();
const folder = mkdtempSync(join(tmpdir(), 'function-code-'));
afterEach(() => {
  process.umask(umask);
  rmSync(folder, { recursive: true, force: true });
});

test('Lambda runs as another user and can read what is uploaded, even with a strict umask', () => {
  process.umask(0o077);
  writeBundle('record-failure', '{}', folder);
  const modes = readdirSync(folder).map((file) => [file, statSync(join(folder, file)).mode & 0o777]);
  expect(Object.fromEntries(modes)).toEqual({ 'record-failure.mjs': 0o644, 'pipeline.json': 0o644 });
});
