/** GET /me: the workspace behind the token (docs/intercom-api.md 6.1). */
import { isJsonObject, type JsonValue } from '../core/json.ts';
import { parseTime } from '../core/scalars.ts';
import type { EpochMs, EpochSeconds } from '../core/time.ts';
import type { IntercomClient, RequestOptions } from './http/client.ts';

export interface Me {
  /** `app.id_code`. */
  readonly workspaceId: string | null;
  readonly workspaceName: string | null;
  /** As Intercom spells it: `US`, `Europe`, … */
  readonly region: string | null;
  /** An IANA name in practice; not checked. */
  readonly timezone: string | null;
  readonly createdAt: EpochSeconds | null;
  /** Intercom's clock. */
  readonly dateHeaderMs: EpochMs | null;
}

const text = (value: JsonValue | undefined): string | null =>
  typeof value === 'string' && value !== '' ? value : null;

/**
 * Asks which workspace the token belongs to. `app` may be null; then everything except the clock is null.
 * @throws ConnectionError if the token is dead; RetryableError if Intercom does not answer
 */
export async function readMe(
  client: IntercomClient,
  options: Pick<RequestOptions, 'signal' | 'patience'> = {},
): Promise<Me> {
  const { body, date } = await client.get('/me', {}, { priority: 'urgent', ...options });
  const app = isJsonObject(body.app) ? body.app : {};
  const createdAt = parseTime(app.created_at);
  return {
    workspaceId: text(app.id_code),
    workspaceName: text(app.name),
    region: text(app.region),
    timezone: text(app.timezone),
    createdAt: createdAt !== null && Number.isSafeInteger(createdAt) ? createdAt : null,
    dateHeaderMs: date,
  };
}
