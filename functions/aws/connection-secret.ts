/** The JSON in the connection's secret: `{}` until the pipeline is connected. */
import type { StoredConnection } from '../core/authorization.ts';

const textOf = (value: unknown): string | null => (typeof value === 'string' && value !== '' ? value : null);

/** The JSON object in a secret; empty for any other text. A syntax error is not passed on: it would quote the secret. */
export function secretFields(text: string | undefined): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(text ?? '{}');
    return typeof value === 'object' && value !== null ? { ...value } : {};
  } catch {
    return {};
  }
}

/** Null if there is no token. A token alone, entered by hand, is a connection too. */
export function parseConnection(text: string | undefined): StoredConnection | null {
  const fields = secretFields(text);
  const accessToken = textOf(fields.access_token);
  const id = textOf(fields.workspace_id);
  if (accessToken === null) return null;
  return {
    accessToken,
    workspace: id === null ? null : { id, name: textOf(fields.workspace_name) },
    region: textOf(fields.region),
    connectedAt: textOf(fields.connected_at),
  };
}

export const serializeConnection = ({ accessToken, workspace, region, connectedAt }: StoredConnection) =>
  JSON.stringify({
    access_token: accessToken,
    workspace_id: workspace?.id ?? null,
    workspace_name: workspace?.name ?? null,
    region,
    connected_at: connectedAt,
  });

export const NOT_CONNECTED = '{}';
