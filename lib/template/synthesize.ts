/** A process that synthesizes a configuration, its only argument, and prints what one machine needs of it. */
import { enableCompileCache } from 'node:module';
import { join } from 'node:path';

enableCompileCache(join(import.meta.dirname, '../../node_modules/.cache/compile'));

const { localResources, synthesize } = await import('./template.ts');
process.stdout.write(JSON.stringify(localResources(synthesize(JSON.parse(process.argv[2] ?? '')))));
