/** A process that reads with Intercom's own client, keeps nothing and writes nothing: what reading alone costs. */
import { type Intercom, IntercomClient } from 'intercom-client';
import pMap from 'p-map';

/** The objects that it can read here. */
export type SdkObject = 'contacts' | 'conversation_parts';

/** Records of a page, the most that Intercom gives. */
const PER_PAGE = 150;
const COMPANIES_PER_PAGE = 60;

/** Conversations, or lists of contacts, asked for at the same time. */
const AT_ONCE = 8;

const [object = '', environment = '', token = ''] = process.argv.slice(2);
const client = new IntercomClient({ environment, token });
const request = {
  query: { field: 'updated_at', operator: '>', value: '0' },
  pagination: { per_page: PER_PAGE },
} as const;

/** A page has ten tags and companies of a contact at most. Whoever wants all of them asks for the rest. */
async function readContacts(): Promise<number> {
  let count = 0;
  const cut: Intercom.Contact[] = [];
  for await (const contact of await client.contacts.search(request)) {
    count += 1;
    if (contact.tags?.has_more === true || contact.companies?.has_more === true) cut.push(contact);
  }
  await pMap(cut, readLists, { concurrency: AT_ONCE });
  return count;
}

async function readLists({ id = '', tags, companies }: Intercom.Contact): Promise<void> {
  if (tags?.has_more === true) await client.contacts.listAttachedTags({ contact_id: id });
  if (companies?.has_more === true)
    await client.contacts.listAttachedCompanies({ contact_id: id, per_page: COMPANIES_PER_PAGE });
}

async function* conversationIds(): AsyncGenerator<string> {
  for await (const { id } of await client.conversations.search(request)) yield id;
}

async function readParts(): Promise<number> {
  const found = await pMap(
    conversationIds(),
    async (id) => (await client.conversations.find({ conversation_id: id })).id,
    { concurrency: AT_ONCE },
  );
  return found.length;
}

const READERS: Readonly<Record<SdkObject, () => Promise<number>>> = {
  contacts: readContacts,
  conversation_parts: readParts,
};

const read = READERS[object as SdkObject];
const started = performance.now();
const records = await read();
const seconds = (performance.now() - started) / 1000;
process.stdout.write(`${JSON.stringify({ records, seconds })}\n`);
