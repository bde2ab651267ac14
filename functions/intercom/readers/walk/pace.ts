/** How many requests of a slice are under way at once: what the rate limit allows during one answer (Little's law). */
import type { Answer, IntercomClient } from '../../http/client.ts';

/** Until it is known how long Intercom takes. */
export const REQUESTS_IN_FLIGHT = 8;

/** Fewer would leave the limit unused if answers take longer than before. */
const LEAST = 4;

/** Room for answers that take longer than the average. */
const ROOM = 1.25;

/** The lowest published limit in ten seconds, until a header shows the real one. */
const FIRST_LIMIT = 166;

/** Weight of one answer in the average. */
const WEIGHT = 0.1;

/** Bytes of all answers under way or waiting to be written, if each is as large as the largest recent one. */
const MOST_BYTES = 8 * 1024 * 1024;

/** Bytes of an answer until that is known: if answers are large, the first ones all come at once. */
const FIRST_BYTES = 256 * 1024;

/** Answers that may wait behind a slow one, for each request under way: the others stay busy, and memory is bounded. */
export const LOOK_AHEAD = 2;

export interface Pace {
  observe(answer: Pick<Answer, 'tookMs' | 'bytes' | 'observation'>): void;
  /** Requests at once. */
  limit(): number;
}

/** @param most requests at once, whatever is observed */
export function createPace(most: number): Pace {
  let limit = FIRST_LIMIT;
  let tookMs: number | null = null;
  let largest = FIRST_BYTES;
  return {
    observe(answer) {
      limit = answer.observation?.limit ?? limit;
      tookMs = tookMs === null ? answer.tookMs : tookMs + (answer.tookMs - tookMs) * WEIGHT;
      largest = Math.max(answer.bytes, largest * (1 - WEIGHT), 1);
    },
    limit() {
      const wanted = tookMs === null ? REQUESTS_IN_FLIGHT : Math.ceil((limit / 10_000) * tookMs * ROOM);
      const fitting = Math.floor(MOST_BYTES / largest / LOOK_AHEAD);
      return Math.max(1, Math.min(most, Math.max(LEAST, wanted), fitting));
    },
  };
}

/** A client that sends as many requests at once as the pace allows, in the order they come. */
export function paced(client: IntercomClient, pace: Pace): IntercomClient {
  const queue: (() => void)[] = [];
  let underWay = 0;

  async function inTurn(send: () => Promise<Answer>): Promise<Answer> {
    if (underWay < pace.limit()) underWay += 1;
    else await new Promise<void>((begin) => queue.push(begin));
    try {
      const answer = await send();
      pace.observe(answer);
      return answer;
    } finally {
      underWay -= 1;
      while (queue.length > 0 && underWay < pace.limit()) {
        underWay += 1;
        queue.shift()?.();
      }
    }
  }

  return {
    get: (...request) => inTurn(() => client.get(...request)),
    post: (...request) => inTurn(() => client.post(...request)),
  };
}
