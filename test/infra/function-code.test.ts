import { mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Metafile } from 'esbuild';
import { afterEach, expect, test } from 'vitest';
import { FUNCTION_ENTRIES } from '../../functions/environment.ts';
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
  const files = readdirSync(folder);
  expect(files).toEqual(expect.arrayContaining(['record-failure.mjs', 'pipeline.json']));
  expect(files.filter((file) => (statSync(join(folder, file)).mode & 0o777) !== 0o644)).toEqual([]);
});

/** What is loaded with a module, by package; our own code by its folder. */
function loadedWith({ outputs }: Metafile, module: string): ReadonlyMap<string, number> {
  const bytes = new Map<string, number>();
  const seen = new Set<string>();
  const visit = (path: string): void => {
    if (seen.has(path)) return;
    seen.add(path);
    for (const [input, { bytesInOutput }] of Object.entries(outputs[path]?.inputs ?? {})) {
      const name = /node_modules\/((?:@[^/]+\/)?[^/]+)\/(?!.*node_modules)/.exec(input)?.[1] ?? input;
      bytes.set(name, (bytes.get(name) ?? 0) + bytesInOutput);
    }
    for (const { path: next, kind } of outputs[path]?.imports ?? [])
      if (kind === 'import-statement') visit(next);
  };
  visit(Object.keys(outputs).find((path) => path.endsWith(`/${module}.mjs`)) ?? '');
  return bytes;
}

test.each(FUNCTION_ENTRIES)('a start of %s loads nothing that few invocations use', (entry) => {
  const loaded = loadedWith(writeBundle(entry, '{}', folder), entry);
  const total = [...loaded.values()].reduce((sum, bytes) => sum + bytes, 0);
  expect(total).toBeGreaterThan(100_000);
  expect(total).toBeLessThan(620_000);
  // Lambda gives credentials by its environment; other ways to them are the SDK's chunks.
  const seldom =
    /^@aws-sdk\/(client-(glue|sfn|sso|sts)|nested-clients|credential-provider-(?!node|env))|^zod$/;
  expect([...loaded.keys()].filter((name) => seldom.test(name))).toEqual([]);
});
