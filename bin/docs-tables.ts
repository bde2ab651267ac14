/** Writes docs/tables.md. */
import { writeFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { OBJECTS } from '../functions/objects/index.ts';
import { tablesDocument } from '../lib/cli/docs/tables-document.ts';

await writeFile(resolve(import.meta.dirname, '../docs/tables.md'), tablesDocument(OBJECTS));
