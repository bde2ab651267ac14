import type { GlueFiles, StoredTable } from './glue-files.ts';
import {
  AwsFailure,
  type JsonObject,
  type JsonOperations,
  optionalString,
  requiredString,
} from './json-protocol.ts';

/**
 * `GetDatabase`, `CreateTable`, `GetTable`, `GetTables` (without pages) and `UpdateTable`, with version numbers and
 * Glue's documented limits on names and texts. Earlier versions are not kept.
 * @param account the id of the catalog
 */
export function glueOperations(files: GlueFiles, account: string): JsonOperations {
  const answer = (DatabaseName: string, table: StoredTable): JsonObject => ({
    ...table.input,
    DatabaseName,
    CatalogId: account,
    CreateTime: table.createdAt,
    UpdateTime: table.changedAt,
    VersionId: String(table.version),
    IsRegisteredWithLakeFormation: false,
  });
  const databaseIn = async (request: JsonObject, member = 'DatabaseName'): Promise<string> => {
    const name = nameIn(request, member);
    if (await files.hasDatabase(name)) return name;
    throw new AwsFailure('EntityNotFoundException', `Database ${name} not found.`);
  };
  return {
    'AWSGlue.GetDatabase': async (request) => ({
      Database: { Name: await databaseIn(request, 'Name'), CatalogId: account },
    }),
    'AWSGlue.GetTable': async (request) => {
      const database = await databaseIn(request);
      const name = nameIn(request, 'Name');
      const table = await files.read(database, name);
      if (table === null) throw notFound(name);
      return { Table: answer(database, table) };
    },
    'AWSGlue.GetTables': async (request) => {
      const database = await databaseIn(request);
      const names = await files.names(database);
      const tables = await Promise.all(names.map((name) => files.read(database, name)));
      return { TableList: tables.flatMap((table) => (table === null ? [] : [answer(database, table)])) };
    },
    'AWSGlue.CreateTable': async (request) => {
      const database = await databaseIn(request);
      const { name, input } = tableIn(request);
      await files.change(database, name, (before) => {
        if (before !== null) throw new AwsFailure('AlreadyExistsException', 'Table already exists.');
        const now = Date.now() / 1000;
        return { version: 0, createdAt: now, changedAt: now, input };
      });
      return {};
    },
    'AWSGlue.UpdateTable': async (request) => {
      const database = await databaseIn(request);
      const { name, input } = tableIn(request);
      const version = optionalString(request, 'VersionId');
      await files.change(database, name, (before) => {
        if (before === null) throw notFound(name);
        if (version !== undefined && version !== String(before.version)) {
          const message = 'Update table failed due to concurrent modifications.';
          throw new AwsFailure('ConcurrentModificationException', message);
        }
        return { ...before, version: before.version + 1, changedAt: Date.now() / 1000, input };
      });
      return {};
    },
  };
}

const notFound = (name: string): AwsFailure =>
  new AwsFailure('EntityNotFoundException', `Entity Not Found: table ${name}.`);

const invalid = (message: string): AwsFailure => new AwsFailure('InvalidInputException', message);

/** Names must be lower case, as Athena requires, and safe as a file name. */
function nameIn(request: JsonObject, member: string): string {
  const name = requiredString(request, member);
  if (/^[a-z0-9_]{1,200}$/.test(name)) return name;
  throw invalid(`${member} '${name}' is not a valid name.`);
}

const isObject = (value: unknown): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

function tableIn(request: JsonObject): { readonly name: string; readonly input: JsonObject } {
  const input = request.TableInput;
  if (!isObject(input)) throw invalid('TableInput is missing.');
  const name = nameIn(input, 'Name');
  checkTexts(input);
  const storage = isObject(input.StorageDescriptor) ? input.StorageDescriptor : {};
  for (const columns of [storage.Columns, input.PartitionKeys]) {
    for (const column of Array.isArray(columns) ? columns : []) checkColumn(column);
  }
  return { name, input };
}

/** Limits in characters, from Glue's documentation of `TableInput`. */
const LONGEST = { Description: 2048, ViewOriginalText: 409_600, ViewExpandedText: 409_600, TableType: 255 };

function checkTexts(input: JsonObject): void {
  for (const [member, longest] of Object.entries(LONGEST)) {
    const text = optionalString(input, member) ?? '';
    if (text.length > longest) throw invalid(`${member} is longer than ${longest} characters.`);
  }
}

/** Glue's "single-line string": no control characters but the tab. */
const isSingleLine = (text: string): boolean => /^[^\p{Cc}]*$/u.test(text.replaceAll('\t', ''));

function checkColumn(column: unknown): void {
  if (!isObject(column)) throw invalid('A column must be an object.');
  const name = requiredString(column, 'Name');
  const type = optionalString(column, 'Type') ?? '';
  const comment = optionalString(column, 'Comment') ?? '';
  const isFine = name.length <= 255 && comment.length <= 255 && type.length <= 131_072;
  if (!isFine || ![name, type, comment].every(isSingleLine)) {
    throw invalid(`The column '${name}' has a name, type or comment that is too long or has line breaks.`);
  }
}
