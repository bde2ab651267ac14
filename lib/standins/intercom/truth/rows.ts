/** Rows of tables that no list of records contains. */
import { transcriptOf } from '../generate/calls.ts';
import { articleStatistics } from '../generate/help-center.ts';
import { isObject } from '../json.ts';
import type { ContactTruth, PlainTruth, RowTruth } from '../workspace-types.ts';
import type { World } from '../world/world.ts';

export function createRowTruth(
  world: World,
  { contacts, calls }: { readonly contacts: ContactTruth; readonly calls: PlainTruth },
): RowTruth {
  const { genesis, clock, plains, switches } = world;
  const { table } = world.contacts;
  /** The ids of the contacts that search finds. */
  function* found(): Generator<string> {
    for (const row of table.existing()) {
      if (switches().archivedContacts === 'present' || !table.state(row).archived) yield table.idOf(row);
    }
  }
  return {
    segment_contact: () =>
      [...found()].flatMap((contact_id) =>
        contacts.relations(contact_id).segmentIds.map((segment_id) => ({ segment_id, contact_id })),
      ),
    contact_note: () =>
      [...found()].flatMap((contact_id) =>
        contacts.notes(contact_id).map(({ contact: _contact, author, ...note }) => ({
          contact_id,
          ...note,
          author_type: isObject(author) ? author.type : null,
          author_id: isObject(author) ? author.id : null,
        })),
      ),
    calls: () =>
      [...calls.records()].map((call) => ({
        ...call,
        ...(call.conversation_id === null
          ? { transcript: null, transcript_status: null }
          : transcriptOf(genesis, call, clock.nowSeconds())),
      })),
    article_statistics: () =>
      [...plains.articles.records()].flatMap((article) => {
        const statistics = articleStatistics(
          genesis,
          article,
          world.days.passed,
          switches().articleStatistics,
        );
        return statistics === null ? [] : [{ article_id: String(article.id), ...statistics }];
      }),
  };
}
