/** Intercom sends the browser here after an authorization. */
import { createOAuthCallback } from './connection-handlers.ts';

export const handler = createOAuthCallback(process.env);
