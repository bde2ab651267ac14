import { createHash } from 'node:crypto';

/** Digest of a configuration file's text, which names the code's version too, to notice a change. */
export const digestOf = (configText: string): string => createHash('sha256').update(configText).digest('hex');
