/** Creates the functions of the workflow from their environment. There is no OAuth callback on one machine. */
import {
  createExtractor,
  createFinishRun,
  createRecordFailure,
  createStartRun,
} from '../../../functions/handlers.ts';
import type { Overrides } from '../../../functions/runtime.ts';
import type { IsolatedHandler } from '../../standins/aws/workflow/isolate.ts';
import type { LocalFunction } from '../../template/template.ts';

const FACTORIES = {
  extractor: createExtractor,
  'start-run': createStartRun,
  'record-failure': createRecordFailure,
  'finish-run': createFinishRun,
} as const;

const isOfWorkflow = (entry: LocalFunction['entry']): entry is keyof typeof FACTORIES => entry in FACTORIES;

/**
 * The handler of a function as Lambda would start it.
 * @param configPath of the resolved configuration
 * @throws Error if the workflow does not call the function
 */
export function createHandler(
  { entry, environment }: LocalFunction,
  configPath: string,
  overrides: Overrides,
): IsolatedHandler {
  if (!isOfWorkflow(entry)) throw new Error(`The workflow does not call ${entry}.`);
  const handler = FACTORIES[entry]({ ...environment, CONFIG_PATH: configPath }, overrides);
  return handler as IsolatedHandler;
}
