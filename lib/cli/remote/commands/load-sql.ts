/** `load-sql`: SQL that loads the committed files into a warehouse. */
import { createHash } from 'node:crypto';
import { configuredTables } from '../../../../functions/catalog/configured.ts';
import { InputError } from '../../../../functions/core/errors.ts';
import { loadListKey, rootUrl } from '../../../../functions/core/lake-keys.ts';
import { isSharedTable } from '../../../../functions/core/names.ts';
import { type SeenTables, unionSeen } from '../../../../functions/core/sightings.ts';
import { OBJECTS } from '../../../../functions/objects/index.ts';
import { type CommittedFiles, committedFiles } from '../../load/committed-files.ts';
import { DIALECTS, type LoadManifest, WAREHOUSES, type Warehouse } from '../../load/dialects.ts';
import { loadStatements } from '../../load/load-statements.ts';
import type { ExitStatus, Terminal } from '../../terminal/terminal.ts';
import { configOf, openRemotePipeline, type RemoteOptions } from '../remote-pipeline.ts';

interface LoadOptions extends RemoteOptions {
  /** Required; commander checks that it is there. */
  readonly for?: string;
  readonly table?: string;
  readonly since?: string;
  readonly from?: string;
  readonly schema?: string;
}

function warehouseOf(name = ''): Warehouse {
  const warehouse = WAREHOUSES.find((one) => one === name);
  if (warehouse !== undefined) return warehouse;
  throw new InputError(`--for: '${name}' is not one of ${WAREHOUSES.join(', ')}.`, { code: 'bad_input' });
}

/** @throws InputError if it is not a time with its zone */
function timeOf(text: string | undefined): number | null {
  if (text === undefined) return null;
  const ms = /(Z|[+-]\d\d:?\d\d)$/.test(text) ? Date.parse(text) : Number.NaN;
  if (!Number.isNaN(ms)) return ms;
  throw new InputError(
    `--since: '${text}' is not a time with its zone. Take it from the last line of the previous load's SQL.`,
    { code: 'bad_input' },
  );
}

const textOf = (manifest: LoadManifest): string => JSON.stringify(manifest);

const manifestKeyOf = (manifest: LoadManifest): string =>
  loadListKey(createHash('sha256').update(textOf(manifest)).digest('hex'));

const seenIn = (all: readonly CommittedFiles[]): SeenTables =>
  all.map(({ seen }) => seen).reduce(unionSeen, {});

/** Prints the statements; for Redshift it also stores the lists of files that COPY reads. */
export async function runLoadSql(terminal: Terminal, options: LoadOptions): Promise<ExitStatus> {
  const warehouse = warehouseOf(options.for);
  const sinceMs = timeOf(options.since);
  const { config, deployed, lake } = await openRemotePipeline(terminal, options, await configOf(options));
  const listedAt = new Date(terminal.clock.now()).toISOString();
  const all: CommittedFiles[] = [];
  for (const object of config.objects) all.push(await committedFiles(lake, object, sinceMs));
  const objects = config.objects.map((name) => OBJECTS[name]);
  const tables = configuredTables(objects, config, seenIn(all));
  const asked = tables.find(({ name }) => name === options.table);
  // The view of a child table reads its parent's history.
  const parent = asked?.current.kind === 'child' ? asked.current.parent : null;
  const chosen = tables.filter(
    (table) => options.table === undefined || table === asked || (asked && table.name === parent),
  );
  if (chosen.length === 0) {
    throw new InputError(
      `--table: there is no table '${options.table}'. The tables are ${tables.map(({ name }) => name).join(', ')}.`,
      { code: 'bad_input' },
    );
  }
  const loads = chosen.map((table) => ({
    table,
    files: all.flatMap(({ files }) => files.get(table.name) ?? []),
  }));
  const root = rootUrl(deployed.lake);
  const from = options.from === undefined ? root : options.from.replace(/\/*$/, '/');
  const wanted = new Set<string | null>(
    chosen.map(({ object, name }) => (isSharedTable(name) ? null : object)),
  );
  const dialect = DIALECTS[warehouse];
  const { statements, manifests } = loadStatements(
    loads,
    all.flatMap(({ lastRun }) => (lastRun !== null && wanted.has(lastRun.object) ? [lastRun] : [])),
    dialect,
    { from, schema: options.schema, manifestUrl: (manifest) => `${root}${manifestKeyOf(manifest)}` },
  );
  for (const { body } of manifests) await lake.putNew(manifestKeyOf(body), Buffer.from(textOf(body)));
  terminal.print(`-- ${dialect.note}\n`);
  for (const statement of statements) terminal.print(`${statement};\n`);
  terminal.print(`-- The next load: --since ${listedAt}`);
  return 0;
}
