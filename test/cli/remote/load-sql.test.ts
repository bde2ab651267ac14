/** load-sql of a deployed pipeline, with the real command. */

import { S3Client } from '@aws-sdk/client-s3';
import { describe, expect, it } from 'vitest';
import { createS3Lake } from '../../../functions/aws/s3-lake.ts';
import { deployForAll } from '../../support/remote/deployed.ts';

const { command, pipeline } = await deployForAll({
  connected: true,
  config: { objects: ['tags', 'contacts'] },
});

const openLake = () =>
  createS3Lake(new S3Client({ forcePathStyle: true }), {
    bucket: pipeline.resources.buckets[0] ?? '',
    prefix: '',
  });

/** Keys of the files that manifests list. */
async function listedFiles(): Promise<readonly string[]> {
  const lake = openLake();
  const keys = await Array.fromAsync(lake.list('manifests/'));
  const manifests = await Promise.all(
    keys.map(async (key) => JSON.parse(Buffer.from((await lake.get(key)) ?? '').toString('utf8'))),
  );
  return manifests
    .flatMap(({ tables }) => Object.values(tables as Record<string, { files: { key: string }[] }>))
    .flatMap(({ files }) => files.map(({ key }) => key))
    .toSorted();
}

const keysIn = (text: string): readonly string[] =>
  [...new Set([...text.matchAll(/tables\/[\w=.:/-]+?\.ndjson(?:\.gz)?/g)].map(([key]) => key))].toSorted();

describe('load-sql', () => {
  it('names the committed files, then those since the last load, and stores the lists that Redshift reads', async () => {
    expect((await command(['run'])).status).toBe(0);
    const files = await listedFiles();
    expect(files.length).toBeGreaterThan(3);
    const snowflake = await command(['load-sql', '--for', 'snowflake', '--from', '@lake']);
    expect(snowflake).toMatchObject({ status: 0, stderr: '' });
    expect(keysIn(snowflake.stdout)).toEqual(files);
    expect(snowflake.stdout).toContain("FROM '@lake/'");

    const redshift = await command(['load-sql', '--for', 'redshift']);
    const lake = openLake();
    const lists = [...redshift.stdout.matchAll(/s3:\/\/[^/]+\/(work\/load\/\w+\.json)/g)];
    const bodies = await Promise.all(
      lists.map(async ([, key = '']) => Buffer.from((await lake.get(key)) ?? '').toString('utf8')),
    );
    expect(keysIn(bodies.join())).toEqual(files);
    expect(JSON.parse(bodies[0] ?? '').entries[0]).toMatchObject({
      mandatory: true,
      meta: { content_length: expect.any(Number) },
    });

    const [, since = ''] = /--since (\S+)$/m.exec(redshift.stdout) ?? [];
    const later = new Date(Date.parse(since) + 2 * 3_600_000).toISOString();
    const nothing = await command(['load-sql', '--for', 'spark', '--since', later]);
    expect(keysIn(nothing.stdout)).toEqual([]);
    const again = await command(['load-sql', '--for', 'spark', '--since', since, '--table', 'tags']);
    expect(keysIn(again.stdout)).toEqual(files.filter((key) => key.startsWith('tables/tags/')));
  });

  it('of a child takes its parent along', async () => {
    const { stdout } = await command([
      'load-sql',
      '--for',
      'spark',
      '--table',
      'contact_tag',
      '--schema',
      'crm',
    ]);
    expect(stdout).toContain('CREATE TABLE IF NOT EXISTS crm.contacts_history');
    expect(stdout).toContain('CREATE OR REPLACE VIEW crm.contact_tag AS');
    expect(stdout).not.toContain('contact_company');
  });

  it.each([
    [['--for', 'oracle'], /'oracle' is not one of redshift, snowflake, bigquery, spark/],
    [['--for', 'spark', '--since', 'yesterday'], /'yesterday' is not a time/],
    [['--for', 'spark', '--table', 'tag'], /no table 'tag'\. The tables are .*tags/],
    [[], /--for/],
  ])('%s', async (options, message) => {
    const ended = await command(['load-sql', ...options]);
    expect(ended.status).toBe(1);
    expect(ended.stderr).toMatch(message);
  });
});
