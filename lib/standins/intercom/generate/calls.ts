/** Phone calls, and transcripts that come some minutes after a call (docs/intercom-api.md 6.11). */
import { ADMIN_IDS, CALL_IDS, CONTACT_IDS, CONVERSATION_IDS } from '../ids.ts';
import type { JsonObject } from '../json.ts';
import { createRandom, mix } from '../prng.ts';
import { contactOf, conversationTimes } from './conversations.ts';
import { type Genesis, times } from './genesis.ts';
import * as personal from './personal.ts';

export interface CallScene {
  readonly at: number;
  /** Rows; null for a call without a conversation or from an unknown number. */
  readonly conversation: number | null;
  readonly contact: number | null;
}

const MINUTE = 60;

/** Every ninth call has no conversation; every fifth belongs to the conversation of the call before. */
function sceneOf(genesis: Genesis, row: number): CallScene {
  const { seed, sizes } = genesis;
  if (row % 9 === 4 || sizes.conversations === 0) {
    const { createdAt } = times(genesis, 71, row, sizes.calls);
    const known = row % 2 === 1 && sizes.contacts > 0;
    return { at: createdAt, conversation: null, contact: known ? contactOf(genesis, 2050, row) : null };
  }
  const conversation = mix(mix(seed, 2051), row % 5 === 1 ? row - 1 : row) % sizes.conversations;
  const { createdAt, updatedAt } = conversationTimes(genesis, conversation);
  return {
    at: createdAt + Math.floor(((updatedAt - createdAt) * (row % 5)) / 5),
    conversation,
    contact: sizes.contacts === 0 ? null : contactOf(genesis, 203, conversation),
  };
}

const isMissed = (row: number): boolean => row % 6 === 5;

const url = (id: string, what: 'recording' | 'transcript'): string =>
  `https://api.intercom.io/calls/${id}/${what}`;

/** A call that rings. `endCall` has the fields that change when it ends. */
export function beginCall(
  genesis: Genesis,
  row: number,
  { at, conversation, contact }: CallScene,
): JsonObject {
  const { seed, sizes } = genesis;
  const inbound = row % 4 !== 1;
  const nobody = sizes.admins === 0 || (inbound && isMissed(row));
  return {
    type: 'call',
    id: CALL_IDS.idOf(row),
    conversation_id: conversation === null ? null : CONVERSATION_IDS.idOf(conversation),
    admin_id: nobody ? null : ADMIN_IDS.idOf(mix(mix(seed, 2052), row) % sizes.admins),
    contact_id: contact === null ? null : CONTACT_IDS.idOf(contact),
    state: 'in_progress',
    initiated_at: at,
    answered_at: null,
    ended_at: null,
    created_at: at,
    updated_at: at,
    recording_url: null,
    transcription_url: null,
    call_type: 'phone',
    direction: inbound ? 'inbound' : 'outbound',
    ended_reason: null,
    phone: row % 13 === 6 ? null : personal.personPhone(seed, contact ?? sizes.contacts + row),
    fin_recording_url: null,
    fin_transcription_url: null,
  };
}

/** What becomes of the transcript of the n-th call, once it has ended. */
function fateOf({ seed }: Genesis, row: number): 'none' | 'never' | { readonly seconds: number } {
  const hash = mix(mix(seed, 2054), row);
  if (hash % 8 === 0) return 'none';
  return hash % 8 === 1 ? 'never' : { seconds: MINUTE * (2 + ((hash >>> 4) % 19)) };
}

/** What changes in the n-th call when it ends. */
export function endCall(genesis: Genesis, row: number, at: number, endedAt: number): JsonObject {
  if (isMissed(row)) return { state: 'missed', ended_at: endedAt, ended_reason: 'unanswered' };
  const id = CALL_IDS.idOf(row);
  const fin = row % 7 === 2;
  return {
    state: 'completed',
    answered_at: Math.min(at + 3, endedAt),
    ended_at: endedAt,
    recording_url: url(id, 'recording'),
    transcription_url: fateOf(genesis, row) === 'none' ? null : url(id, 'transcript'),
    ended_reason: 'answered',
    ...(fin ? { fin_recording_url: url(id, 'recording'), fin_transcription_url: url(id, 'transcript') } : {}),
  };
}

/** The length of the n-th call in seconds. */
export const callSeconds = ({ seed }: Genesis, row: number): number =>
  5 + (mix(mix(seed, 2053), row) % (25 * MINUTE));

export const calls = (genesis: Genesis): JsonObject[] =>
  Array.from({ length: genesis.sizes.calls }, (_, row) => {
    const scene = sceneOf(genesis, row);
    const endedAt = Math.min(genesis.baseTime, scene.at + callSeconds(genesis, row));
    return {
      ...beginCall(genesis, row, scene),
      ...endCall(genesis, row, scene.at, endedAt),
      updated_at: endedAt,
    };
  });

export interface Transcript {
  readonly transcript: readonly JsonObject[];
  readonly transcript_status: 'pending' | 'completed' | null;
}

/** The example of the description has an empty entry, and no document says what an entry holds. */
function linesOf(genesis: Genesis, row: number): JsonObject[] {
  const random = createRandom(genesis.seed, 'transcript', row);
  const lines = Array.from({ length: 1 + random.int(6) }, (_, index) => ({
    speaker: index % 2 === 0 ? 'Teammate 1' : 'User',
    start_time: 3 + index * 6,
    text: personal.freeText(random),
  }));
  return row % 10 === 3 ? [{}, ...lines] : lines;
}

/** The transcript comes two to twenty minutes after the call. Some calls have none, and some wait forever. */
export function transcriptOf(genesis: Genesis, call: JsonObject, now: number): Transcript {
  const row = CALL_IDS.rowOf(String(call.id)) ?? 0;
  const fate = fateOf(genesis, row);
  const { answered_at: answered, ended_at: ended } = call;
  if (fate === 'none' || typeof answered !== 'number' || typeof ended !== 'number')
    return { transcript: [], transcript_status: null };
  if (fate === 'never' || now < ended + fate.seconds) return { transcript: [], transcript_status: 'pending' };
  return { transcript: linesOf(genesis, row), transcript_status: 'completed' };
}
