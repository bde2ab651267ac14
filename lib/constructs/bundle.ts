/** How a function's code is bundled. */
import { join } from 'node:path';
import { buildSync, type Metafile } from 'esbuild';

const ROOT = join(import.meta.dirname, '../..');

/** Packages in CommonJS call `require`, which an ES module must define itself. */
const REQUIRE = "import{createRequire}from'node:module';const require=createRequire(import.meta.url);";

/**
 * Writes an entry with everything that it imports as minified modules to a folder: `<name>.mjs`, and chunks for what is
 * imported only when it is needed, so that a start does not pay for it.
 * @param entry path of the source from the root of the project
 * @returns what is in which module
 */
export function writeModules(entry: string, name: string, folder: string): Metafile {
  return buildSync({
    absWorkingDir: ROOT,
    entryPoints: { [name]: entry },
    outdir: folder,
    outExtension: { '.js': '.mjs' },
    splitting: true,
    bundle: true,
    minify: true,
    format: 'esm',
    platform: 'node',
    target: 'node24',
    mainFields: ['module', 'main'],
    banner: { js: REQUIRE },
    legalComments: 'none',
    logLevel: 'warning',
    metafile: true,
  }).metafile;
}
