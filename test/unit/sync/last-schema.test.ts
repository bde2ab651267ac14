import { expect, test } from 'vitest';
import type { Manifest, Plan } from '../../../functions/core/engine-files.ts';
import { createPipeline, dependenciesOf } from '../../support/dependencies.ts';
import { manifestsOf } from '../../support/rows-of.ts';
import { pageOf, recordOf } from '../../support/slices.ts';
import { runOnce } from '../../support/workflow.ts';

const recorded = ({ version, columns, missing }: Manifest['schema']) => ({ version, columns, missing });

test('a plan takes the schema from the last manifest, even after a reset', async () => {
  const pipeline = createPipeline();
  const dependencies = dependenciesOf(pipeline, {
    object: 'tags',
    reader: {
      async *read() {
        yield pageOf([recordOf('a', 0, { shiny: 1 })], 1);
        yield { type: 'end', matched: null };
      },
      probe: null,
    },
  });
  const plans = (): readonly Plan[] =>
    pipeline.lake
      .keys('work/')
      .filter((key) => key.endsWith('/plan.json'))
      .map((key) => pipeline.lake.json<Plan>(key));
  await runOnce(pipeline, dependencies);
  await runOnce(pipeline, dependencies);
  await pipeline.state.reset('tags', (await pipeline.state.load('tags')).fence);
  await runOnce(pipeline, dependencies);
  const manifests = manifestsOf(pipeline.lake, 'tags').map(({ schema }) => recorded(schema));
  expect(manifests).toHaveLength(3);
  expect(manifests[0]?.columns.tags?.shiny).toEqual(['integer']);
  expect(plans().map(({ schema }) => schema)).toEqual([null, manifests[0], manifests[1]]);
});
