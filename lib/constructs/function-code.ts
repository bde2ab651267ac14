/** Where the code of the functions comes from: esbuild for a deployment, nothing if only the template counts. */
import { chmodSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { AssetHashType, DockerImage } from 'aws-cdk-lib';
import { Code } from 'aws-cdk-lib/aws-lambda';
import type { Metafile } from 'esbuild';
import type { ResolvedConfig } from '../../functions/config/config.ts';
import { CONFIG_FILE, type FunctionEntry } from '../../functions/environment.ts';
import { writeModules } from './bundle.ts';
import { withCodeVersion } from './code-version.ts';

export type FunctionCode = (entry: FunctionEntry) => Code;

const ROOT = join(import.meta.dirname, '../..');

/**
 * Bundles each entry once, with all its dependencies and with the resolved configuration beside it. Functions with the
 * same entry share one asset, so the extractors are one bundle and one upload.
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
      // The CDK builds equal options only once, so these must differ between bundles.
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

/** The archive keeps file modes, and Lambda runs as another user, so everyone must be able to read, whatever the umask. */
const READABLE = 0o644;

/** Writes the asset of a function: `<entry>.mjs`, which exports `handler`, its chunks, and the configuration. */
export function writeBundle(entry: FunctionEntry, configJson: string, folder: string): Metafile {
  const contents = writeModules(join('functions', `${entry}.lambda.ts`), entry, folder);
  writeFileSync(join(folder, CONFIG_FILE), configJson);
  for (const file of readdirSync(folder)) chmodSync(join(folder, file), READABLE);
  return contents;
}
