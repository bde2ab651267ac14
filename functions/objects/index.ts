/** The registry: each object is one file in this folder and one line here. */
import type { ObjectDeclaration } from '../core/declaration.ts';
import { type DeclaredTable, tablesOf } from '../core/declared-tables.ts';
import type { ObjectName } from '../core/names.ts';
import { activityLogs } from './activity-logs.ts';
import { admins } from './admins.ts';
import { articleStatistics } from './article-statistics.ts';
import { articles } from './articles.ts';
import { awayStatusReasons } from './away-status-reasons.ts';
import { brands } from './brands.ts';
import { calls } from './calls.ts';
import { collections } from './collections.ts';
import { companies } from './companies.ts';
import { contacts } from './contacts.ts';
import { contentImportSources } from './content-import-sources.ts';
import { conversationParts } from './conversation-parts.ts';
import { conversations } from './conversations.ts';
import { dataAttributes } from './data-attributes.ts';
import { emails } from './emails.ts';
import { externalPages } from './external-pages.ts';
import { helpCenters } from './help-centers.ts';
import { internalArticles } from './internal-articles.ts';
import { newsItems } from './news-items.ts';
import { newsfeeds } from './newsfeeds.ts';
import { segmentContact } from './segment-contact.ts';
import { segments } from './segments.ts';
import { subscriptionTypes } from './subscription-types.ts';
import { tags } from './tags.ts';
import { teams } from './teams.ts';
import { ticketStates } from './ticket-states.ts';
import { ticketTypes } from './ticket-types.ts';
import { tickets } from './tickets.ts';

export const OBJECTS: Readonly<Record<ObjectName, ObjectDeclaration>> = {
  contacts,
  companies,
  conversations,
  conversation_parts: conversationParts,
  admins,
  tags,
  teams,
  segments,
  data_attributes: dataAttributes,
  tickets,
  ticket_types: ticketTypes,
  articles,
  collections,
  help_centers: helpCenters,
  subscription_types: subscriptionTypes,
  activity_logs: activityLogs,
  ticket_states: ticketStates,
  brands,
  emails,
  away_status_reasons: awayStatusReasons,
  news_items: newsItems,
  newsfeeds,
  internal_articles: internalArticles,
  external_pages: externalPages,
  content_import_sources: contentImportSources,
  segment_contact: segmentContact,
  calls,
  article_statistics: articleStatistics,
};

/** Every table of every object. */
export const TABLES: readonly DeclaredTable[] = Object.values(OBJECTS).flatMap(tablesOf);
