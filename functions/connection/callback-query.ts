/** Parses what Intercom, or anyone else, sends to the callback, before anything is looked up. */
import { isState } from './state.ts';

/** Far above what Intercom sends; the gateway itself accepts about 10,000. */
const LONGEST_QUERY = 4_096;

/** Printable ASCII; one ends in `=` (docs/intercom-api.md 8.1). */
const CODE = /^[\x21-\x7e]{1,1024}$/;

export type CallbackQuery =
  | { readonly kind: 'answer'; readonly state: string; readonly code: string }
  /** `state` is null if the denial came without one, which docs/intercom-api.md 8.1 leaves open. */
  | { readonly kind: 'denial'; readonly state: string | null }
  | {
      readonly kind: 'too_long' | 'repeated_parameter' | 'no_state' | 'bad_state' | 'no_code' | 'bad_code';
    };

const READ = ['code', 'state', 'error'];

/** @param text everything after the question mark, undecoded */
export function readCallbackQuery(text: string): CallbackQuery {
  if (text.length > LONGEST_QUERY) return { kind: 'too_long' };
  const parameters = new URLSearchParams(text);
  if (READ.some((name) => parameters.getAll(name).length > 1)) return { kind: 'repeated_parameter' };
  const state = parameters.get('state') ?? '';
  const error = parameters.get('error') ?? '';
  // base64 has no spaces: a space was an unescaped `+`.
  const code = (parameters.get('code') ?? '').replaceAll(' ', '+');
  if (state === '') return error === '' ? { kind: 'no_state' } : { kind: 'denial', state: null };
  if (!isState(state)) return { kind: 'bad_state' };
  if (error !== '') return { kind: 'denial', state };
  if (code === '') return { kind: 'no_code' };
  return CODE.test(code) ? { kind: 'answer', state, code } : { kind: 'bad_code' };
}
