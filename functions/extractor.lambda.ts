/** Plans, extracts and commits one object; its environment says which. */
import { createExtractor } from './handlers.ts';

export const handler = createExtractor(process.env);
