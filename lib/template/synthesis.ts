import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { ResolvedConfig } from '../../functions/config/config.ts';
import type { LocalResources } from './template.ts';

/**
 * What one machine needs of a deployment, from a separate process: in this one, the CDK would occupy 130 MB for as long
 * as a sync takes. The configuration, its argument, has no secrets.
 * @throws Error with what the process printed if it fails
 */
export async function resourcesOf(config: ResolvedConfig): Promise<LocalResources> {
  const program = fileURLToPath(new URL('./synthesize.ts', import.meta.url));
  const { stdout } = await promisify(execFile)(process.execPath, [program, JSON.stringify(config)], {
    maxBuffer: Number.POSITIVE_INFINITY,
  });
  return JSON.parse(stdout) as LocalResources;
}
