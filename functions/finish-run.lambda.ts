/** Ends a run: writes the summary, and starts the next run if work remains. */
import { createFinishRun } from './handlers.ts';

export const handler = createFinishRun(process.env);
