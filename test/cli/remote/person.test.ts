/** `person` of a deployed pipeline: the functions erase, in a run that the command starts. */

import { gunzipSync } from 'node:zlib';
import { S3Client } from '@aws-sdk/client-s3';
import { expect, test } from 'vitest';
import { S3_CLIENT } from '../../../functions/aws/clients.ts';
import { createS3Lake } from '../../../functions/aws/s3-lake.ts';
import { plant } from '../../support/local/plant.ts';
import { deployForAll } from '../../support/remote/deployed.ts';

const { command, simulator, pipeline } = await deployForAll({
  config: { objects: ['contacts', 'conversations', 'conversation_parts'] },
});

const MARK = 'canary-contacts-';

/** Files of the bucket with one of the texts. */
async function filesWith(texts: readonly string[]): Promise<readonly string[]> {
  const lake = createS3Lake(new S3Client(S3_CLIENT), {
    bucket: pipeline.resources.buckets[0] ?? '',
    prefix: '',
  });
  const found: string[] = [];
  for await (const key of lake.list('')) {
    const body = (await lake.get(key)) ?? new Uint8Array();
    const text = (key.endsWith('.gz') ? gunzipSync(body) : Buffer.from(body)).toString('utf8');
    if (texts.some((one) => text.includes(one))) found.push(key);
  }
  return found;
}

test('a person is shown, erased after a question, and does not come back', async () => {
  const { workspace } = simulator;
  plant(workspace);
  const [id = ''] = workspace.contacts.ids();
  expect((await command(['run'])).status).toBe(0);
  const shown = await command(['person', 'show', id, '--json']);
  expect(shown.status).toBe(0);
  expect(JSON.parse(shown.stdout).length).toBeGreaterThan(0);
  const asked = await command(['person', 'erase', id]);
  expect(asked).toMatchObject({ status: 1, stderr: expect.stringContaining('Nothing was changed') });

  const erased = await command(['person', 'erase', id, '--yes', '--now', '--json']);
  expect({ status: erased.status, stderr: erased.stderr }).toMatchObject({ status: 0 });
  const { status, certificate } = JSON.parse(erased.stdout);
  expect(status).toBe('erased');
  // The embedded bucket keeps no versions.
  expect(certificate.older_versions).toEqual({ removed: 0, left: 0, until: null });
  const data = (keys: readonly string[]): readonly string[] => keys.filter((key) => !key.startsWith('work/'));
  expect(data(await filesWith([id, MARK]))).toEqual([]);
  expect(await command(['verify', '--deep'])).toMatchObject({ status: 0 });
  expect((await command(['run', '--full-refresh'])).status).toBe(0);
  expect(data(await filesWith([id, MARK]))).toEqual([]);
  expect(await command(['person', 'allow', id])).toMatchObject({ status: 0 });
});

test('an object that does not commit keeps the person; once it does, the same command completes the erasure', async () => {
  const [, id = ''] = simulator.workspace.contacts.ids();
  simulator.setTokenState(simulator.token, 'revoked');
  const failed = await command(['person', 'erase', id, '--yes', '--now', '--json']);
  expect(failed).toMatchObject({
    status: 1,
    stderr: expect.stringMatching(
      /^error: The person is not yet erased from contacts, .* only after it has committed in the same run\. .* Then repeat this command\.$/m,
    ),
  });
  expect(JSON.parse(failed.stdout)).toMatchObject({
    status: 'not_erased',
    not_erased: expect.arrayContaining(['contacts']),
  });
  simulator.setTokenState(simulator.token, 'valid');
  const erased = await command(['person', 'erase', id, '--yes', '--now', '--json']);
  expect(erased).toMatchObject({ status: 0 });
  expect(JSON.parse(erased.stdout)).toMatchObject({ status: 'erased', not_erased: [] });
});
