/** The catalog as tables and views in a Glue database. */
import { isDeepStrictEqual } from 'node:util';
import {
  AlreadyExistsException,
  ConcurrentModificationException,
  CreateTableCommand,
  EntityNotFoundException,
  GetTableCommand,
  type GlueClient,
  GlueServiceException,
  type Table,
  type TableInput,
  UpdateTableCommand,
} from '@aws-sdk/client-glue';
import {
  type AthenaLake,
  filesTable,
  historyColumns,
  historyView,
  manifestFilesView,
  manifestRunsView,
  manifestsTable,
  tableViews,
} from '../catalog/athena.ts';
import { type GlueTable, glueView } from '../catalog/glue.ts';
import { mergedHistoryColumns, mergedTable, mergedView } from '../catalog/merge.ts';
import type { CatalogTable } from '../catalog/tables.ts';
import { historyName, type View, viewsOf } from '../catalog/views.ts';
import { RetryableError } from '../core/errors.ts';
import type { Attributes, Catalog } from '../core/ports.ts';
import type { SeenTables } from '../core/sightings.ts';
import { callAws, optionsOf } from './errors.ts';

export interface GlueCatalogOptions {
  readonly database: string;
  /** Address of the lake. */
  readonly root: string;
  /** The object's tables for the known columns. */
  readonly tables: (columns: SeenTables) => readonly CatalogTable[];
  /** The flat views that the object publishes, with these attributes of the workspace. */
  readonly derived: (attributes: Attributes) => readonly View[];
  /** Ends the calls in progress, shortly before the invocation ends. */
  readonly signal?: AbortSignal;
}

/** Others rarely change the same tables, and at most once each: the other objects of a first run. */
const MAX_RACES = 20;

type Stored = Table | null;

/** A table as Glue has it, and as it should be. */
type Change = readonly [stored: Stored, next: TableInput];

/** The part of Glue's answer that it accepts back. Glue sets the rest itself. */
function inputOf(table: Table): TableInput {
  const { Name, Description, Owner, LastAccessTime, LastAnalyzedTime, Retention, TargetTable } = table;
  const { StorageDescriptor, PartitionKeys, ViewOriginalText, ViewExpandedText, TableType, Parameters } =
    table;
  const about = { Name, Description, Owner, LastAccessTime, LastAnalyzedTime, Retention, TargetTable };
  const shape = { StorageDescriptor, PartitionKeys, ViewOriginalText, ViewExpandedText };
  return { ...about, ...shape, TableType, Parameters };
}

/** Glue's types are mutable, but nothing changes the table. */
const fresh = (table: GlueTable): TableInput => table as TableInput;

const viewChange = (stored: Stored, view: GlueTable): Change => [
  stored,
  stored === null ? fresh(view) : mergedView(inputOf(stored), view),
];

const isRace = (error: unknown): boolean =>
  error instanceof AlreadyExistsException || error instanceof ConcurrentModificationException;

const ADVICE =
  'The data is committed and complete. The next run tries the catalog again; until then Athena may lack columns or tables.';

function refusalText(database: string, error: GlueServiceException): string {
  const missing =
    error instanceof EntityNotFoundException
      ? ` Does the database ${database} exist? Deploying again does not bring it back: create it under this name.`
      : '';
  return `Glue refused tables of the database ${database} (${error.name}: ${error.message}).${missing} ${ADVICE}`;
}

/** Every update names the version that was read. If another writer was faster, we read again. */
export function createGlueCatalog(client: GlueClient, options: GlueCatalogOptions): Catalog {
  const { database: DatabaseName, root, signal } = options;
  const sent = optionsOf(signal);
  const call = <T>(what: string, send: () => Promise<T>) => callAws(what, send, signal);

  async function find(name: string): Promise<Stored> {
    try {
      const command = new GetTableCommand({ DatabaseName, Name: name });
      const { Table: table } = await call(`read the catalog's ${name}`, () => client.send(command, sent));
      return table ?? null;
    } catch (error) {
      if (error instanceof EntityNotFoundException) return null;
      throw error;
    }
  }

  const create = (table: TableInput) =>
    client.send(new CreateTableCommand({ DatabaseName, TableInput: table }), sent);

  /** Without earlier versions: Glue allows 100,000 per table, and nobody needs them. */
  const update = (table: TableInput, VersionId: string | undefined) =>
    client.send(
      new UpdateTableCommand({ DatabaseName, TableInput: table, VersionId, SkipArchive: true }),
      sent,
    );

  /** False if the table has changed since it was read. */
  async function write([stored, next]: Change): Promise<boolean> {
    if (stored !== null && isDeepStrictEqual(inputOf(stored), next)) return true;
    return call(`write the catalog's ${next.Name}`, async () => {
      try {
        await (stored === null ? create(next) : update(next, stored.VersionId));
        return true;
      } catch (error) {
        // If the table has been deleted since then, the next attempt creates it again.
        if (isRace(error) || (stored !== null && error instanceof EntityNotFoundException)) return false;
        throw error;
      }
    });
  }

  async function settle(attempt: () => Promise<readonly Change[]>): Promise<void> {
    for (let race = 0; race < MAX_RACES; race += 1) {
      let isDone = true;
      for (const change of await attempt()) isDone &&= await write(change);
      if (isDone) return;
    }
    throw new RetryableError('Others keep changing the same tables of the catalog.', {
      code: 'aws_unavailable',
    });
  }

  const settleShared = (lake: AthenaLake): Promise<void> =>
    settle(async () => {
      const table = manifestsTable(lake);
      const storedTable = await find(table.Name);
      const views = [manifestRunsView(lake), manifestFilesView(lake)];
      const storedViews = await Promise.all(views.map(({ Name }) => find(Name)));
      return [
        [storedTable, storedTable === null ? fresh(table) : mergedTable(inputOf(storedTable), table)],
        ...views.map((view, index) => viewChange(storedViews[index] ?? null, view)),
      ];
    });

  /**
   * All follow from the columns of the merged history, and the views are read before it. A view from a writer that
   * knew a wider history is therefore never replaced by a narrower one.
   */
  const settleTable = (table: CatalogTable, lake: AthenaLake): Promise<void> =>
    settle(async () => {
      const { excluded, object } = table;
      const storedViews = new Map(
        await Promise.all(viewsOf(table).map(async ({ name }) => [name, await find(name)] as const)),
      );
      const storedHistory = await find(historyName(table.name));
      const columns = mergedHistoryColumns(storedHistory, historyColumns(table), excluded);
      const files = filesTable(table, columns, lake);
      const storedFiles = await find(files.Name);
      return [
        [
          storedFiles,
          storedFiles === null
            ? fresh(files)
            : mergedTable(inputOf(storedFiles), files, { excluded, isWhole: object !== null }),
        ],
        viewChange(storedHistory, historyView(table, columns, lake)),
        ...tableViews(table, columns, lake).map((view) =>
          viewChange(storedViews.get(view.Name) ?? null, view),
        ),
      ];
    });

  return {
    async publish({ columns, firstDay, attributes = {} }) {
      const lake: AthenaLake = { root, database: DatabaseName, firstDay };
      try {
        await settleShared(lake);
        for (const table of options.tables(columns)) await settleTable(table, lake);
        for (const flat of options.derived(attributes)) {
          const view = glueView(flat, DatabaseName);
          await settle(async () => [viewChange(await find(view.Name), view)]);
        }
        return { status: 'published' };
      } catch (error) {
        if (!(error instanceof GlueServiceException)) throw error;
        return { status: 'refused', message: refusalText(DatabaseName, error) };
      }
    },
  };
}
