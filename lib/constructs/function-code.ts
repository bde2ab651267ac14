/** Where the functions' code comes from: esbuild when deployed, nothing when they run in the process itself. */
import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { AssetHashType, DockerImage } from 'aws-cdk-lib';
import { Code } from 'aws-cdk-lib/aws-lambda';
import { buildSync } from 'esbuild';
import type { ResolvedConfig } from '../../functions/config/config.ts';
import { CONFIG_FILE, type FunctionEntry } from '../../functions/environment.ts';
import { withCodeVersion } from './code-version.ts';

export type FunctionCode = (entry: FunctionEntry) => Code;

const ROOT = join(import.meta.dirname, '../..');

/** Packages in CommonJS call `require`, which an ES module has to make for itself. */
const REQUIRE = "import{createRequire}from'node:module';const require=createRequire(import.meta.url);";

/**
 * Bundles each entry once, with everything in it and the resolved configuration beside it. Functions of one
 * entry share one asset, so the 16 extractors are one bundle and one upload.
 */
export function bundledCode(config: ResolvedConfig): FunctionCode {
  const bundles = new Map<FunctionEntry, Code>();
  return (entry) => {
    const code = bundles.get(entry) ?? bundle(entry, config);
    bundles.set(entry, code);
    return code;
  };
}

function bundle(entry: FunctionEntry, config: ResolvedConfig): Code {
  const configJson = withCodeVersion(config);
  return Code.fromAsset(join(ROOT, 'functions'), {
    assetHashType: AssetHashType.OUTPUT,
    bundling: {
      // Never pulled: the local bundling below always succeeds or throws.
      image: DockerImage.fromRegistry('unused'),
      // The CDK builds a bundle once for equal options; these tell the bundles apart.
      environment: { entry, config: configJson },
      local: {
        tryBundle: (folder) => {
          writeBundle(entry, configJson, folder);
          return true;
        },
      },
    },
  });
}

/** The archive keeps the files' modes, and Lambda runs as another user: whatever the umask here, all may read. */
const READABLE = 0o644;

/** Writes what a function's asset holds: `<entry>.mjs`, whose `handler` is called, and the configuration. */
export function writeBundle(entry: FunctionEntry, configJson: string, folder: string): void {
  const bundle = join(folder, `${entry}.mjs`);
  const config = join(folder, CONFIG_FILE);
  buildSync({
    absWorkingDir: ROOT,
    entryPoints: [join('functions', `${entry}.lambda.ts`)],
    outfile: bundle,
    bundle: true,
    minify: true,
    format: 'esm',
    platform: 'node',
    target: 'node24',
    mainFields: ['module', 'main'],
    banner: { js: REQUIRE },
    legalComments: 'none',
    logLevel: 'warning',
  });
  writeFileSync(config, configJson);
  for (const file of [bundle, config]) chmodSync(file, READABLE);
}
