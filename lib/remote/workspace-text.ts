import type { Workspace } from '../../functions/core/authorization.ts';

const LONGEST_NAME = 80;

/** A workspace for a terminal; its name is the customer's: on one line, and without what a terminal would obey. */
export function workspaceText(workspace: Workspace | null): string {
  if (workspace === null) return 'a workspace that the connection does not name';
  const { id, name } = workspace;
  const plain = (text: string) =>
    text
      .replaceAll(/[\p{C}\p{Z}]+/gu, ' ')
      .trim()
      .slice(0, LONGEST_NAME);
  return name === null ? `workspace ${plain(id)}` : `workspace "${plain(name)}" (${plain(id)})`;
}
