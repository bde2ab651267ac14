/** Starts a run. */
import { createStartRun } from './handlers.ts';

export const handler = createStartRun(process.env);
