/** Where Intercom sends a browser back to after an authorization. */
import { createOAuthCallback } from './connection-handlers.ts';

export const handler = createOAuthCallback(process.env);
