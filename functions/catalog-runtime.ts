/** The composition root of the catalog, which only commits use. */
import { GlueClient } from '@aws-sdk/client-glue';
import { AWS_CLIENT } from './aws/clients.ts';
import { createGlueCatalog, type GlueCatalogOptions } from './aws/glue-catalog.ts';
import { configuredTables, derivedViews } from './catalog/configured.ts';
import { athenaLeaf } from './catalog/json-paths.ts';
import type { ResolvedConfig } from './config/config.ts';
import { rootUrl } from './core/lake-keys.ts';
import type { ObjectName } from './core/names.ts';
import type { Catalog } from './core/ports.ts';
import { type RawEnvironment, readEnvironment } from './environment.ts';
import { OBJECTS } from './objects/index.ts';

/**
 * @returns the catalog for one attempt: `signal` ends its calls
 * @throws Error naming what is wrong with the environment
 */
export function createGlue(
  env: RawEnvironment,
  object: ObjectName,
  config: ResolvedConfig,
): (signal: AbortSignal) => Catalog {
  const { place, lake } = readEnvironment(env, 'extractor');
  const client = new GlueClient(AWS_CLIENT);
  const options: GlueCatalogOptions = {
    database: place('GLUE_DATABASE'),
    root: rootUrl(lake()),
    tables: (columns) => configuredTables([OBJECTS[object]], config, columns),
    derived: (attributes) =>
      derivedViews(
        object,
        config.objects.map((name) => OBJECTS[name]),
        config,
        attributes,
        athenaLeaf,
      ),
  };
  return (signal) => createGlueCatalog(client, { ...options, signal });
}
