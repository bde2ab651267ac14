import { type Cases, NO_CASES } from './cases.ts';

/**
 * One reading for each thing that docs/intercom-api.md calls UNCONFIRMED or CONFLICT, or infers with some doubt.
 * `DEFAULT_READINGS` are those that the document prefers.
 */
export interface Readings {
  // --- transport (section 1)
  /** An unknown version, e.g. 9.9. UNCONFIRMED. @default 'rejected' */
  readonly garbageVersion: 'rejected' | 'ignored';
  /** No Intercom-Version header: the app's own version (2.15), or 1.0 if the app has none. @default 'app' */
  readonly missingVersion: 'app' | '1.0';
  /** Final stop of the `intercom_version_invalid` message: live has none, OAS 2.16 has one. @default 'without' */
  readonly versionMessageStop: 'without' | 'with';
  /** `request_id` of an error: OAS says uuid, live has 20 characters, it may be null or missing. @default 'alphanumeric' */
  readonly requestId: 'alphanumeric' | 'uuid' | 'null' | 'absent';
  /** A token of another region's workspace. UNCONFIRMED for EU/AU hosts. @default 'proxied' */
  readonly otherRegionToken: 'proxied' | 'unauthorized';
  /** The Australian region's name at /me. UNCONFIRMED. @default 'AU' */
  readonly auRegionName: 'AU' | 'Australia';
  /** Largest request body. UNCONFIRMED. @default 'unlimited' */
  readonly maxBody: 'unlimited' | '64KiB';

  // --- rate limits (section 2)
  /** `X-RateLimit-Remaining` on the first request of a window. The docs show the full limit. @default 'limit_minus_one' */
  readonly remainingOnFirst: 'limit_minus_one' | 'limit';
  /** Rate headers can be absent. @default 'always' */
  readonly rateHeaders: 'always' | 'absent_on_first' | 'never';
  /** CONFLICT: `X-RateLimit-Limit` is per 10-second window or per minute. @default 'window' */
  readonly rateLimitHeader: 'window' | 'minute';
  /** Every answer has a `Date` header, or none has. @default 'present' */
  readonly dateHeader: 'present' | 'absent';
  /** `Retry-After` on 429. UNCONFIRMED. @default 'absent' */
  readonly retryAfter: 'absent' | 'present';
  /** The error code of a 429. Version 2.17 adds the second. @default 'rate_limit_exceeded' */
  readonly rateLimitCode: 'rate_limit_exceeded' | 'too_many_requests';

  // --- tokens, scopes, plan (sections 3.2 and 8)
  /** The error code for an unknown token. @default 'unauthorized' */
  readonly unknownTokenCode: 'unauthorized' | 'token_not_found';
  /** The error code after revocation or uninstall. UNCONFIRMED. @default 'token_revoked' */
  readonly revokedTokenCode: 'token_revoked' | 'unauthorized';
  /** The error code for a request without an Authorization header. @default 'missing_authorization' */
  readonly noAuthorizationCode: 'missing_authorization' | 'unauthorized';
  /** CONFLICT: how a missing scope is refused. @default '403_forbidden' */
  readonly missingScope:
    | '403_forbidden'
    | '403_token_unauthorized'
    | '401_token_unauthorized'
    | '401_unauthorized';
  /** CONFLICT: status of a plan restriction. @default '403' */
  readonly planRestriction: '403' | '402';
  /** The plan covers conversations, or not. @default 'included' */
  readonly conversationsPlan: 'included' | 'restricted';
  /** The plan covers activity logs, or not. @default 'included' */
  readonly activityLogsPlan: 'included' | 'restricted';
  /** Scope of GET /companies. UNCONFIRMED. @default 'read_users_companies' */
  readonly companiesScope: 'read_users_companies' | 'write_users_companies';
  /** Scope of /teams. UNCONFIRMED. @default 'read_admins' */
  readonly teamsScope: 'read_admins' | 'read_users_companies' | 'none';
  /** Scope of /tags: its own, or that of users and companies. @default 'read_tags' */
  readonly tagsScope: 'read_tags' | 'read_users_companies';
  /** Scope of /ticket_types and /ticket_states. UNCONFIRMED. @default 'read_tickets' */
  readonly ticketTypesScope: 'read_tickets' | 'none';
  /** Scope of /subscription_types. UNCONFIRMED. @default 'read_users_companies' */
  readonly subscriptionTypesScope: 'read_users_companies' | 'none';
  /** Scope of /data_attributes. UNCONFIRMED. @default 'read_users_companies' */
  readonly dataAttributesScope: 'read_users_companies' | 'none';
  /** Scope of /me. UNCONFIRMED. @default 'none' */
  readonly meScope: 'none' | 'read_admins';
  /** The workspace has news, or the feature is off: its lists answer 404. @default 'on' */
  readonly newsFeature: 'on' | 'off';
  /** The plan covers external pages and import sources, or not. @default 'included' */
  readonly aiContentPlan: 'included' | 'restricted';
  /** Scope of brands; 2.17 documents it. UNCONFIRMED for 2.15. @default 'read_brands' */
  readonly brandsScope: 'read_brands' | 'none';
  /** Scope of sender addresses; 2.17 documents it. UNCONFIRMED for 2.15. @default 'read_emails' */
  readonly emailsScope: 'read_emails' | 'none';
  /** Scope of away status reasons. No version names one. @default 'none' */
  readonly awayStatusReasonsScope: 'none' | 'read_admins';
  /** The workspace has phone calls, or the feature is off: its endpoints answer 404. @default 'on' */
  readonly callsFeature: 'on' | 'off';
  /** Scope of activity logs. CONFLICT. @default 'read_admin_activity_logs' */
  readonly activityLogsScope: 'read_admin_activity_logs' | 'read_admins';
  /** Answer of POST /auth/uninstall. UNCONFIRMED. @default '200_empty' */
  readonly uninstallAnswer: '200_empty' | '200_json' | '204';
  /** Body of the 401 for a bad code. UNCONFIRMED. @default 'error_list' */
  readonly badCodeBody: 'error_list' | 'message';
  /** The 401 for a wrong client id or secret. UNCONFIRMED. @default 'unauthorized_code' */
  readonly badClientMessage: 'unauthorized_code' | 'unauthorized_client';
  /** A person's refusal comes back as `error=access_denied`, with or without the state. UNCONFIRMED. @default 'with_state' */
  readonly denial: 'with_state' | 'without_state';
  /** JSON body at the token endpoint. UNCONFIRMED. @default 'accepted' */
  readonly tokenRequestJson: 'accepted' | 'rejected';

  // --- not found (section 3.2)
  /** The message for a missing contact. @default 'User Not Found' */
  readonly contactNotFound: 'User Not Found' | 'Contact Not Found';
  /** The answer for a missing company is sometimes a bare nginx page. @default 'json' */
  readonly companyNotFound: 'json' | 'html';
  /** The answer for a conversation that was deleted after the search. @default 'json' */
  readonly conversationNotFound: 'json' | 'html';
  /** The error code for a missing ticket on GET. UNCONFIRMED. @default 'ticket_not_found' */
  readonly ticketNotFound: 'ticket_not_found' | 'not_found';

  // --- paging (section 4)
  /** `per_page` over the maximum, except for companies. UNCONFIRMED. @default 'clamp' */
  readonly perPageOverflow: 'clamp' | 'error';
  /** `pages.per_page` as a number or, as in old docs, as text. @default 'number' */
  readonly perPageType: 'number' | 'string';
  /** Default page of GET /contacts: 10 live, 50 in OAS. @default '10' */
  readonly contactsDefaultPerPage: '10' | '50';
  /** Default page of companies: the parameter says 15, the text says 20. @default '15' */
  readonly companiesDefaultPerPage: '15' | '20';
  /** Largest page of GET /companies/{id}/contacts. UNCONFIRMED. @default '150' */
  readonly companyContactsMaxPerPage: '50' | '60' | '150';
  /** How long a cursor lives. UNCONFIRMED. @default 'forever' */
  readonly cursorLifetime: 'forever' | 'one_minute';
  /** A cursor that is used with another query. UNCONFIRMED. @default 'accepted' */
  readonly foreignCursor: 'accepted' | 'refused';
  /** Old docs show newlines inside cursors. @default 'none' */
  readonly cursorNewlines: 'none' | 'embedded';
  /** Host of `pages.next` URLs. UNCONFIRMED outside the US. @default 'own' */
  readonly nextUrlHost: 'own' | 'global';
  /** `pages.next` on the last page of articles and collections: examples drop it. @default 'absent' */
  readonly helpCenterLastNext: 'absent' | 'null';
  /** `pages.next` of news, internal articles, AI content and calls: the examples have one page only. UNCONFIRMED. @default 'url' */
  readonly contentNext: 'url' | 'never';
  /** Order of GET /contacts. UNCONFIRMED. @default 'created_at_desc' */
  readonly contactsOrder: 'created_at_desc' | 'updated_at_desc' | 'id_asc';
  /** Order of GET /conversations. UNCONFIRMED. @default 'updated_at_desc' */
  readonly conversationsOrder: 'created_at_desc' | 'updated_at_desc' | 'id_asc';
  /** Order of GET /calls and POST /calls/search. UNCONFIRMED. @default 'created_at_desc' */
  readonly callsOrder: 'created_at_desc' | 'created_at_asc';
  /** CONFLICT: the key of the records in GET /contacts/{id}/companies. @default 'data' */
  readonly contactCompaniesKey: 'data' | 'companies';

  // --- search (section 5)
  /** `sort` is undocumented in 2.15. It is honoured, or the default order stays, or the index never sorts at all. @default 'honoured' */
  readonly sort: 'honoured' | 'ignored' | 'unsorted';
  /** `desc`/`asc` as order on 2.15. Later versions refuse it. @default 'accepted' */
  readonly shortSortOrder: 'accepted' | 'rejected';
  /** CONFLICT: `>` and `<` on conversations and tickets. @default 'inclusive' (as documented) */
  readonly comparison: 'inclusive' | 'strict';
  /** The error code for a malformed query (400). UNCONFIRMED. @default 'parameter_invalid' */
  readonly invalidQueryCode: 'parameter_invalid' | 'client_error' | 'bad_request';
  /** Search serves a record as the index knows it, or as it is now. UNCONFIRMED. @default 'indexed' */
  readonly searchDocuments: 'indexed' | 'current';
  /** Members of a segment as the index knows them, or as they are now, although other fields lag. UNCONFIRMED. @default 'indexed' */
  readonly segmentMembers: 'indexed' | 'current';
  /** A search for a segment that does not exist, or that is one of companies. UNCONFIRMED. @default 'empty' */
  readonly unknownSegment: 'empty' | '400';
  /** Archived contacts in list and search. UNCONFIRMED. @default 'absent' */
  readonly archivedContacts: 'absent' | 'present';

  // --- objects (section 6)
  /** Tagging a contact bumps its updated_at. UNCONFIRMED. @default 'bump' */
  readonly contactTagBump: 'bump' | 'keep';
  /** Attaching a company bumps the contact. UNCONFIRMED. @default 'bump' */
  readonly contactCompanyBump: 'bump' | 'keep';
  /** Entering or leaving a segment bumps the contact. UNCONFIRMED. @default 'keep' */
  readonly contactSegmentBump: 'bump' | 'keep';
  /** A note bumps its contact when it comes or goes. UNCONFIRMED. @default 'bump' */
  readonly contactNoteBump: 'bump' | 'keep';
  /** Tagging a company bumps it. UNCONFIRMED. @default 'keep' */
  readonly companyTagBump: 'bump' | 'keep';
  /** Tagging a conversation bumps it. UNCONFIRMED. @default 'bump' */
  readonly conversationTagBump: 'bump' | 'keep';
  /** A call bumps its conversation when it begins. UNCONFIRMED. @default 'bump' */
  readonly callConversationBump: 'bump' | 'keep';
  /** A ticket part bumps its ticket. A live one did not. UNCONFIRMED. @default 'bump' */
  readonly ticketPartBump: 'bump' | 'keep';
  /** The cap of 10,000 of POST /companies/list also applies to GET /companies. INFERENCE. @default 'capped' */
  readonly companiesCap: 'capped' | 'unlimited';
  /** Companies without users in the scroll. UNCONFIRMED. @default 'absent' */
  readonly scrollUserlessCompanies: 'absent' | 'present';
  /** Deleted companies can still be listed, while their sub-resources answer 404. @default 'absent' */
  readonly deletedCompanies: 'absent' | 'listed';
  /** `statistics.count_conversation_parts` counts the first message too (live), or only the parts. @default 'with_first_message' */
  readonly countedParts: 'with_first_message' | 'parts';
  /** `conversation_parts.total_count` if there are more than 500 parts. UNCONFIRMED. @default 'all' */
  readonly partsTotalCount: 'all' | 'capped';
  /** The 500 ticket parts that are served. The docs do not say which. @default 'newest' */
  readonly ticketPartsKept: 'newest' | 'oldest';
  /** Archived types in GET /ticket_types. UNCONFIRMED. @default 'included' */
  readonly archivedTicketTypes: 'included' | 'excluded';
  /** CONFLICT: the avatar of an admin with display_avatar=true. @default 'object' */
  readonly adminAvatar: 'object' | 'string';
  /** The undocumented `type=company` on /segments. @default 'company_segments' */
  readonly segmentsTypeCompany: 'company_segments' | 'ignored';
  /** CONFLICT: the name of a field in article statistics. @default 'conversions' */
  readonly articleStatistics: 'conversions' | 'conversations';
  /** The bounds `created_at_after` and `created_at_before`. UNCONFIRMED. @default 'inclusive' */
  readonly activityLogBounds: 'inclusive' | 'exclusive';
  /** Activity logs without `created_at_after`. UNCONFIRMED. @default '404_parameter_not_found' */
  readonly activityLogsWithoutAfter: '404_parameter_not_found' | 'last_30_days';
  /** Activity logs over more than 91 days. Connectors report timeouts. @default 'served' */
  readonly activityLogLongRange: 'served' | '504';
  /** How long logs are kept. UNCONFIRMED. @default 'forever' */
  readonly activityLogRetention: 'forever' | '90_days';
}

/** How the API as a whole reads, and what is odd about single records and answers. */
export interface Switches extends Readings, Cases {}

export const DEFAULT_READINGS: Readings = {
  garbageVersion: 'rejected',
  missingVersion: 'app',
  versionMessageStop: 'without',
  requestId: 'alphanumeric',
  otherRegionToken: 'proxied',
  auRegionName: 'AU',
  maxBody: 'unlimited',
  remainingOnFirst: 'limit_minus_one',
  rateHeaders: 'always',
  rateLimitHeader: 'window',
  dateHeader: 'present',
  retryAfter: 'absent',
  rateLimitCode: 'rate_limit_exceeded',
  unknownTokenCode: 'unauthorized',
  revokedTokenCode: 'token_revoked',
  noAuthorizationCode: 'missing_authorization',
  missingScope: '403_forbidden',
  planRestriction: '403',
  conversationsPlan: 'included',
  activityLogsPlan: 'included',
  companiesScope: 'read_users_companies',
  teamsScope: 'read_admins',
  tagsScope: 'read_tags',
  ticketTypesScope: 'read_tickets',
  subscriptionTypesScope: 'read_users_companies',
  dataAttributesScope: 'read_users_companies',
  meScope: 'none',
  newsFeature: 'on',
  aiContentPlan: 'included',
  brandsScope: 'read_brands',
  emailsScope: 'read_emails',
  awayStatusReasonsScope: 'none',
  callsFeature: 'on',
  activityLogsScope: 'read_admin_activity_logs',
  uninstallAnswer: '200_empty',
  badCodeBody: 'error_list',
  badClientMessage: 'unauthorized_code',
  denial: 'with_state',
  tokenRequestJson: 'accepted',
  contactNotFound: 'User Not Found',
  companyNotFound: 'json',
  conversationNotFound: 'json',
  ticketNotFound: 'ticket_not_found',
  perPageOverflow: 'clamp',
  perPageType: 'number',
  contactsDefaultPerPage: '10',
  companiesDefaultPerPage: '15',
  companyContactsMaxPerPage: '150',
  cursorLifetime: 'forever',
  foreignCursor: 'accepted',
  cursorNewlines: 'none',
  nextUrlHost: 'own',
  helpCenterLastNext: 'absent',
  contentNext: 'url',
  contactsOrder: 'created_at_desc',
  conversationsOrder: 'updated_at_desc',
  callsOrder: 'created_at_desc',
  contactCompaniesKey: 'data',
  sort: 'honoured',
  shortSortOrder: 'accepted',
  comparison: 'inclusive',
  invalidQueryCode: 'parameter_invalid',
  searchDocuments: 'indexed',
  segmentMembers: 'indexed',
  unknownSegment: 'empty',
  archivedContacts: 'absent',
  contactTagBump: 'bump',
  contactCompanyBump: 'bump',
  contactSegmentBump: 'keep',
  contactNoteBump: 'bump',
  companyTagBump: 'keep',
  conversationTagBump: 'bump',
  callConversationBump: 'bump',
  ticketPartBump: 'bump',
  companiesCap: 'capped',
  scrollUserlessCompanies: 'absent',
  deletedCompanies: 'absent',
  countedParts: 'with_first_message',
  partsTotalCount: 'all',
  ticketPartsKept: 'newest',
  archivedTicketTypes: 'included',
  adminAvatar: 'object',
  segmentsTypeCompany: 'company_segments',
  articleStatistics: 'conversions',
  activityLogBounds: 'inclusive',
  activityLogsWithoutAfter: '404_parameter_not_found',
  activityLogLongRange: 'served',
  activityLogRetention: 'forever',
};

export const DEFAULT_SWITCHES: Switches = { ...DEFAULT_READINGS, ...NO_CASES };
