/** Ends a run: summary, and the next run where work remains. */
import { createFinishRun } from './handlers.ts';

export const handler = createFinishRun(process.env);
