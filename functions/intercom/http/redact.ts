/**
 * Removes values from Intercom's error messages, which go into logs, debts, manifests and summaries, where
 * field rules do not apply. No pattern can tell a name from a word (`Contact Jane Doe is broken`). So only
 * words that Intercom's documentation uses in messages pass, and none with a digit. The status, code and
 * request id next to the message lead to the rest.
 */

/** From the documentation (docs/intercom-api.md 3.2 and the examples of the OpenAPI file), without the values it quotes. */
const DOCUMENTED = `
  Access Token Invalid. Unauthorized Code. You do not have the required scope to access this resource.
  Active subscription needed. This feature is not yet available to your app. User Not Found. Resource Not Found.
  Invalid query. Ensure 'field', 'operator', 'value' are present. Please provide the following parameters.
  Invalid sort order. Must be one of: ascending, descending. Please restart the scroll operation.
  Invalid starting_after param. Please try again using a starting_after value from a paginated response.
  page limit reached, please use scroll API. scroll already exists for this workspace. created_at_after.
  Request failed due to an internal network error. Exceeded rate limit of pending jobs. per_page, updated_at.
  Requested resource is not available in current API version. model is no longer supported. Use attributes instead.
  Company, Ticket, Tag, Team, Admin, Visitor, Assignee, Conversation part or message, Brand, Workflow, Email setting,
  Contact, Segment, Article, Collection, Job, Recording, Object or Integration not found or could not be created.
  conversation_id is required. Body is required. Away status reason is deleted. Away status reason is mandatory.
  is a required parameter. is not a valid id. must contain at least one. not an array must be of type Array.
  Your IP is not on the allowlist. Saving would lock you out of this workspace. bad parameter. company not specified.
  Contact has reached the maximum of company associations. Removing the last customer is not allowed.
  Your name for this attribute must only contain alphanumeric characters, currency symbols, and hyphens.
  Data Type isn't an option. The Data Attribute model field must be either contact or company.
  We couldn't find that data attribute to update. No subject supplied for email message. Missing required ticket
  attributes. Unable to delete Tag with dependent objects. User replies are not allowed on Backoffice tickets.
  Ticket state id is not valid or is not associated with the ticket type. Invalid or duplicated record reference.
`;

const WORD = /[a-z_]+(?:'[a-z]+)?/g;

const KNOWN: ReadonlySet<string> = new Set(DOCUMENTED.toLowerCase().match(WORD));

/** A word with quotes or punctuation around it. */
const MARKED = /^["'`“‘«(]*([a-z_]+(?:['’][a-z]+)?)["'`”’»).,:;!?]*$/i;

const isKnown = (text: string): boolean => {
  const word = MARKED.exec(text)?.[1];
  return word !== undefined && KNOWN.has(word.toLowerCase().replace('’', "'"));
};

const LEFT_OUT = '[...]';

export const redact = (text: string): string =>
  text
    .split(/\s+/)
    .filter((part) => part !== '')
    .map((part) => (isKnown(part) ? part : LEFT_OUT))
    .filter((part, index, parts) => part !== LEFT_OUT || parts[index - 1] !== LEFT_OUT)
    .join(' ');
