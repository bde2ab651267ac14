/** What no program on this machine can beat: the same bytes parsed, written as JSON and compressed, nothing else. */
import { gzipSync } from 'node:zlib';
import type { Served } from './simulator.ts';

/** Level of the part writer. */
const LEVEL = 4;

/** Pages as they come over the wire, fetched before any time is measured. */
async function pages({ url, token }: Served, count: number): Promise<readonly string[]> {
  const texts: string[] = [];
  let cursor: string | undefined;
  while (texts.length < count) {
    const answer = await fetch(`${url}/contacts/search`, {
      method: 'POST',
      headers: {
        authorization: `Bearer ${token}`,
        'intercom-version': '2.15',
        'content-type': 'application/json',
      },
      body: JSON.stringify({
        query: { field: 'updated_at', operator: '>', value: 0 },
        sort: { field: 'updated_at', order: 'ascending' },
        pagination: { per_page: 150, ...(cursor !== undefined && { starting_after: cursor }) },
      }),
    });
    const text = await answer.text();
    texts.push(text);
    const body = JSON.parse(text) as { pages: { next?: { starting_after: string } } };
    cursor = body.pages.next?.starting_after;
    if (cursor === undefined) break;
  }
  return texts;
}

/** Contacts per second in one thread. */
export async function contactsFloor(served: Served): Promise<number> {
  const texts = await pages(served, 150);
  let records = 0;
  const started = performance.now();
  for (const text of texts) {
    const { data } = JSON.parse(text) as { data: readonly unknown[] };
    gzipSync(data.map((record) => JSON.stringify(record)).join('\n'), { level: LEVEL });
    records += data.length;
  }
  return records / ((performance.now() - started) / 1000);
}
