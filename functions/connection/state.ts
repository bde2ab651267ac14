/** The state of an authorization: a secret of one flow, known to us by its hash alone. */
import { createHash, randomBytes } from 'node:crypto';

const STATE_BYTES = 32;

/** 32 bytes in base64url. */
const STATE = /^[A-Za-z0-9_-]{43}$/;

export const createState = (): string => randomBytes(STATE_BYTES).toString('base64url');

/** Whether a text could be a state of ours at all. */
export const isState = (text: string): boolean => STATE.test(text);

/** SHA-256, in hex: enough for a secret of 256 random bits. */
export const hashState = (state: string): string => createHash('sha256').update(state).digest('hex');
