/** Every template by the rules of AWS's linter for CloudFormation. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { loadPipelines } from '../../lib/cli/load-config.ts';
import { synthesize } from '../../lib/template/template.ts';
import { CONFIGURATIONS, synthesis } from '../support/infra/synthesis.ts';

const { CFN_LINT: program = '' } = process.env;
const folder = mkdtempSync(join(tmpdir(), 'cfn-lint-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** CDK makes dependencies on roles explicit, so that their policies exist as well. */
const IGNORED = ['W3005'];

const REGIONS = ['us-east-1', 'eu-central-1', 'ap-southeast-2'];

const own = await loadPipelines(join(import.meta.dirname, '../../pipeline.config.ts'));

const TEMPLATES = [
  ...Object.entries(CONFIGURATIONS).map(
    ([name, config]) => [`a pipeline ${name}`, Object.values(synthesis(config).templates)] as const,
  ),
  ['the pipeline of the project', own.flatMap(({ config, deployment }) => synthesize(config, deployment))],
] as const;

test.each(TEMPLATES)('cfn-lint has nothing to say about %s', (name, templates) => {
  const files = templates.map((template, index) => {
    const file = join(folder, `${name.replaceAll(' ', '-')}-${index}.json`);
    writeFileSync(file, JSON.stringify(template, null, 1));
    return file;
  });
  const args = ['--regions', ...REGIONS, '--ignore-checks', ...IGNORED, '--', ...files];
  const { status, stdout, stderr } = spawnSync(program, args, { encoding: 'utf8' });
  expect(`${stdout}${stderr}`).toBe('');
  expect(status).toBe(0);
});
