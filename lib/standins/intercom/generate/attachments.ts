/** Attachments of messages, parts and tickets. */
import type { JsonObject } from '../json.ts';
import type { Random } from '../prng.ts';
import * as personal from './personal.ts';

/** Attachments with signed URLs. The simulator serves them; a sync must never store them. */
export function attachments(random: Random, chance: number): JsonObject[] {
  if (!random.chance(chance)) return [];
  const image = random.chance(0.5);
  return [
    {
      type: 'upload',
      name: personal.attachmentName(random),
      url: personal.attachmentUrl(random),
      content_type: image ? 'image/png' : 'application/pdf',
      filesize: random.int(5_000_000),
      ...(image ? { width: 640, height: 480 } : {}),
    },
  ];
}
