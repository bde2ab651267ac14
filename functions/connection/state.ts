/** The state of an authorization: a secret of one flow, of which we keep only the hash. */
import { createHash, randomBytes } from 'node:crypto';

const STATE_BYTES = 32;

/** 32 bytes in base64url. */
const STATE = /^[A-Za-z0-9_-]{43}$/;

export const createState = (): string => randomBytes(STATE_BYTES).toString('base64url');

/** True if a text has the form of our states. */
export const isState = (text: string): boolean => STATE.test(text);

/** SHA-256 in hex, which is enough for a secret of 256 random bits. */
export const hashState = (state: string): string => createHash('sha256').update(state).digest('hex');
