import { expect, test } from 'vitest';
import type { HashSource } from '../../../../functions/core/ports.ts';
import { treatmentsOf } from '../../../../functions/sync/extract/treatments.ts';
import { createPipeline, dependenciesOf, testHash } from '../../../support/dependencies.ts';

function countingHashes(): HashSource & { asked: number } {
  const hashes = { asked: 0, hashText: async () => testHash };
  hashes.hashText = async () => {
    hashes.asked += 1;
    return testHash;
  };
  return hashes;
}

test.each([
  [{}, 0],
  [{ fields: { contacts: { name: 'exclude' } } }, 0],
  [{ fields: { companies: { name: 'hash' } } }, 0],
  [{ fields: { contacts: { name: 'hash' } } }, 1],
  [{ sensitiveFields: 'hash' }, 1],
])('with %j, contacts read the hash key this often: %i', async (config, times) => {
  const hashes = countingHashes();
  const dependencies = dependenciesOf(createPipeline(), {
    object: 'contacts',
    config,
    overrides: { hashes },
  });
  await treatmentsOf(dependencies);
  expect(hashes.asked).toBe(times);
});
