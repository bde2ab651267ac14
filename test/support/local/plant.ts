/** Puts canaries into a simulated workspace, wherever it can be told what to hold. */
import type { Workspace } from '../../../lib/standins/intercom/index.ts';
import { PLANTED } from '../canaries.ts';

function first(ids: Iterable<string>): string {
  for (const id of ids) return id;
  throw new Error('There is no record to plant in.');
}

export function plant({
  contacts,
  companies,
  conversations,
  tickets,
  admins,
  activityLogs,
  articles,
  emails,
  calls,
}: Workspace): void {
  contacts.update(first(contacts.ids()), PLANTED.contacts);
  contacts.addNote(first(contacts.ids()), PLANTED.note);
  companies.update(first(companies.ids()), PLANTED.companies);
  const conversation = first(conversations.ids());
  conversations.update(conversation, PLANTED.conversations);
  conversations.addPart(conversation, PLANTED.conversationPart);
  const ticket = first(tickets.ids());
  tickets.update(ticket, PLANTED.tickets);
  tickets.addPart(ticket, PLANTED.ticketPart);
  admins.update(first(admins.ids()), PLANTED.admins);
  activityLogs.create(PLANTED.activityLogs);
  articles.update(first(articles.ids()), PLANTED.articles);
  emails.update(first(emails.ids()), PLANTED.emails);
  calls.update(first(calls.ids()), PLANTED.calls);
}
