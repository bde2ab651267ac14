import { createHash } from 'node:crypto';

/** Digest of a configuration file's text, which includes the code's version: shows whether either has changed. */
export const digestOf = (configText: string): string => createHash('sha256').update(configText).digest('hex');
