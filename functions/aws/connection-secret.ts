/** The JSON of the connection's secret: `{}` until it is connected. */
import type { StoredConnection } from '../core/authorization.ts';

const textOf = (value: unknown): string | null => (typeof value === 'string' && value !== '' ? value : null);

/** The object in a secret's text; empty where it is none. Its syntax errors would quote the secret. */
export function secretFields(text: string | undefined): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(text ?? '{}');
    return typeof value === 'object' && value !== null ? { ...value } : {};
  } catch {
    return {};
  }
}

/** Null where there is no token; a token alone, put in by hand, is a connection too. */
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
