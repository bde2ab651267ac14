/** `fields`: the columns of every table with their type, whether they are personal, and the rule in force. */

import { TABLES } from '../../../../functions/objects/index.ts';
import { type ListedField, listFields } from '../../../../functions/rows/field-listing.ts';
import { tableText } from '../../terminal/table-text.ts';
import type { ExitStatus, Terminal } from '../../terminal/terminal.ts';
import { configOf, type PipelineOptions } from './sync.ts';

const HEADER = ['table', 'field', 'type', 'personal', 'rule', 'because of'];

const NEW_FIELDS = {
  replicate: 'Fields that Intercom adds are replicated.',
  hash: "Fields that Intercom adds are hashed, even inside JSON columns, until you set another rule in 'fields'.",
} as const;

const rowOf = ({ table, path, type, personal, rule, because }: ListedField): readonly string[] => [
  table,
  path,
  type ?? '',
  personal === 'no' ? '' : personal,
  rule,
  because === 'default' ? '' : because,
];

export async function runFields(
  terminal: Terminal,
  { json, ...which }: PipelineOptions & { readonly json?: boolean },
): Promise<ExitStatus> {
  const config = await configOf(which, undefined);
  const fields = listFields(TABLES, config, config.excludedTables);
  for (const note of config.notes) terminal.tell(note);
  if (json === true) {
    terminal.print(JSON.stringify({ sensitive_fields: config.sensitiveFields, fields }));
    return 0;
  }
  terminal.print(tableText([HEADER, ...fields.map(rowOf)]));
  terminal.tell(`\n${NEW_FIELDS[config.sensitiveFields]}`);
  return 0;
}
