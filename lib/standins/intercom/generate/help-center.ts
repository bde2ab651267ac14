/** Articles, collections and help centers (docs/intercom-api.md 6.8). */
import { ADMIN_IDS, ARTICLE_IDS, COLLECTION_IDS, HELP_CENTER_IDS, WORKSPACE_ID } from '../ids.ts';
import type { JsonObject } from '../json.ts';
import { createRandom, mix } from '../prng.ts';
import { tags } from './catalog.ts';
import { type Genesis, times } from './genesis.ts';
import { freeText, messageHtml } from './personal.ts';

const range = <T>(count: number, make: (row: number) => T): T[] =>
  Array.from({ length: count }, (_, row) => make(row));

/** Null, an object by locale, or (live) a string or an empty value (docs/intercom-api.md 6.8). */
function translated(row: number, type: string, content: JsonObject): JsonObject {
  const shapes: readonly JsonObject[] = [
    {},
    { translated_content: null },
    { translated_content: { type, de: content, 'pt-BR': content, en: null } },
    { translated_content: '' },
  ];
  return shapes[row % shapes.length] ?? {};
}

/** One or two collections. */
const parentIds = ({ sizes: { collections: count } }: Genesis, row: number): number[] =>
  [row % count, ...(row % 4 === 1 && count > 1 ? [(row + 1) % count] : [])].map((one) =>
    Number(COLLECTION_IDS.idOf(one)),
  );

const articleTags = (genesis: Genesis, row: number, at: number): JsonObject[] =>
  tags(genesis)
    .slice(0, row % 3)
    .map((tag, index) => ({
      ...tag,
      applied_at: at + index,
      applied_by: { type: 'admin', id: ADMIN_IDS.idOf(0) },
    }));

export const articles = (genesis: Genesis): JsonObject[] =>
  range(genesis.sizes.articles, (row) => {
    const random = createRandom(genesis.seed, 'article', row);
    const { createdAt, updatedAt } = times(genesis, 41, row, genesis.sizes.articles);
    const parent =
      genesis.sizes.collections > 0 ? Number(COLLECTION_IDS.idOf(row % genesis.sizes.collections)) : null;
    const author = Number(ADMIN_IDS.idOf(random.int(Math.max(1, genesis.sizes.admins))));
    const title = `How to ${row}: ${freeText(random).slice(0, 30)}`;
    const body = random.chance(0.1) ? null : `<h1>${row}</h1>${messageHtml(random)}`;
    const loose = row % 9 === 0 || parent === null;
    const content = {
      type: 'article_content',
      title: `${title} (de)`,
      description: '',
      body: body ?? '',
      author_id: author,
      state: 'draft',
      created_at: createdAt,
      updated_at: updatedAt,
      url: `https://help.example/de/${row}`,
    };
    return {
      id: ARTICLE_IDS.idOf(row),
      type: 'article',
      workspace_id: WORKSPACE_ID,
      parent_id: loose ? null : parent,
      parent_type: loose ? null : 'collection',
      parent_ids: loose ? [] : parentIds(genesis, row),
      tags: { type: 'tag.list', tags: articleTags(genesis, row, createdAt) },
      title,
      description: row % 4 === 0 ? null : freeText(random),
      body,
      author_id: author,
      state: row % 5 === 0 ? 'draft' : 'published',
      created_at: createdAt,
      updated_at: updatedAt,
      url: row % 5 === 0 ? null : `https://help.example/en/articles/${row}`,
      ...(row % 3 === 0 ? {} : { default_locale: 'en' }),
      ...translated(row, 'article_translated_content', content),
    };
  });

const percent = (part: number, whole: number): number =>
  whole === 0 ? 0 : Math.round((1000 * part) / whole) / 10;

/** Null for drafts. The numbers grow with each day that passes (docs/intercom-api.md 6.8.3). */
export function articleStatistics(
  { seed }: Genesis,
  { id, state }: JsonObject,
  days: number,
  conversions: string,
): JsonObject | null {
  if (state === 'draft') return null;
  const hash = mix(seed, Number(id));
  const before = hash % 1000;
  const since = days * (mix(hash, 3) % 40);
  const reactions = (before % 11) + Math.floor(since / 5);
  const happy = mix(hash, 1) % (reactions + 1);
  const neutral = mix(hash, 2) % (reactions - happy + 1);
  return {
    type: 'article_statistics',
    views: before + since,
    [conversions]: (before % 7) + Math.floor(since / 8),
    reactions,
    happy_reaction_percentage: percent(happy, reactions),
    neutral_reaction_percentage: percent(neutral, reactions),
    sad_reaction_percentage: percent(reactions - happy - neutral, reactions),
  };
}

/** Collections have no `type`. Their `parent_id` is a string; that of articles is an integer (docs/intercom-api.md 6.8). */
export const collections = (genesis: Genesis): JsonObject[] =>
  range(genesis.sizes.collections, (row) => {
    const { createdAt, updatedAt } = times(genesis, 43, row, genesis.sizes.collections);
    const center =
      genesis.sizes.help_centers > 0 ? Number(HELP_CENTER_IDS.idOf(row % genesis.sizes.help_centers)) : null;
    return {
      id: COLLECTION_IDS.idOf(row),
      workspace_id: WORKSPACE_ID,
      name: `Collection ${row} ✨`,
      description: row % 2 === 0 ? null : 'Über uns',
      created_at: createdAt,
      updated_at: updatedAt,
      url: row % 4 === 0 ? null : `https://help.example/collection-${row}`,
      icon: row % 3 === 0 ? null : 'book-bookmark',
      order: row + 1,
      parent_id: row % 3 === 2 ? COLLECTION_IDS.idOf(row - 1) : null,
      help_center_id: row % 7 === 6 ? null : center,
      ...(row % 2 === 0 ? {} : { default_locale: 'en' }),
      ...translated(row, 'group_translated_content', {
        type: 'group_content',
        name: 'Sammlung',
        description: 'ä',
      }),
    };
  });

export const helpCenters = (genesis: Genesis): JsonObject[] =>
  range(genesis.sizes.help_centers, (row) => {
    const { createdAt, updatedAt } = times(genesis, 47, row, genesis.sizes.help_centers);
    return {
      id: HELP_CENTER_IDS.idOf(row),
      workspace_id: WORKSPACE_ID,
      created_at: createdAt,
      updated_at: updatedAt,
      identifier: `help-center-${row}`,
      website_turned_on: row === 0,
      display_name: `Help Center ${row}`,
      url: `https://intercom.help/help-center-${row}`,
      custom_domain: row % 2 === 0 ? null : 'help.workspace.example',
    };
  });
