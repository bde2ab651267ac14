/** `reset`: forgets cursors; the next run reads the objects from `startFrom` again. Files stay. */
import { resolve } from 'node:path';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { createDynamoDbStateStore } from '../../../../functions/aws/dynamodb-state-store.ts';
import { InputError } from '../../../../functions/core/errors.ts';
import { isObjectName, OBJECT_NAMES, type ObjectName } from '../../../../functions/core/names.ts';
import { resourcesOf } from '../../../template/synthesis.ts';
import { namesIn } from '../../terminal/run-options.ts';
import type { ExitStatus, Terminal } from '../../terminal/terminal.ts';
import { openLocalAws } from '../local-pipeline.ts';
import { requireFolder } from '../output-directory.ts';
import { dropInterrupted } from '../sync.ts';
import { configOf, type PipelineOptions } from './sync.ts';

interface ResetOptions extends PipelineOptions {
  readonly objects: string;
  readonly out: string;
  readonly yes?: boolean;
}

function objectsIn(list: string): readonly ObjectName[] {
  const names = namesIn(list);
  const unknown = names.filter((name) => !isObjectName(name));
  if (unknown.length === 0 && names.length > 0) return names.filter(isObjectName);
  throw new InputError(
    `--objects: '${unknown.join(', ')}' is not a valid object. Objects: ${OBJECT_NAMES.join(', ')}.`,
    {
      code: 'unknown_object',
    },
  );
}

export async function runReset(terminal: Terminal, options: ResetOptions): Promise<ExitStatus> {
  const objects = objectsIn(options.objects);
  await requireFolder(options.out, 'state');
  const question = `Forget the cursors of ${objects.join(', ')} in ${options.out}? The next run reads all of them again.`;
  if (options.yes !== true && !(await terminal.confirm(question))) {
    terminal.tell('Nothing was changed. Use --yes if nobody can answer.');
    return 1;
  }
  const resources = await resourcesOf(await configOf(options, undefined));
  const { executions, close } = await openLocalAws({
    directory: resolve(options.out),
    resources,
    setEnvironment: (variables) => Object.assign(terminal.environment, variables),
  });
  try {
    const table = resources.tables[0]?.TableName;
    if (table === undefined) throw new Error('The template has no table.');
    const state = createDynamoDbStateStore(new DynamoDBClient({}), table);
    dropInterrupted(executions, terminal.tell, 'it would bring the old cursors back');
    for (const object of objects) await state.reset(object, (await state.load(object)).fence);
  } finally {
    await close();
  }
  terminal.tell(`Forgotten: ${objects.join(', ')}.`);
  return 0;
}
