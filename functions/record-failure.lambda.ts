/** Records why an object of a run failed. */
import { createRecordFailure } from './handlers.ts';

export const handler = createRecordFailure(process.env);
