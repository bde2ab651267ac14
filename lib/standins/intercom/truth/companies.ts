/** The truth about companies, and everything that can happen to them. */
import { type CompanyState, companyFields, companyRecord } from '../generate/companies.ts';
import { CONTACT_IDS } from '../ids.ts';
import type { CompanyTruth, MutationOptions } from '../workspace-types.ts';
import type { World } from '../world/world.ts';
import { moment, recordsOf, refuseFields, rowOf, splitTimes } from './expected-records.ts';

const APART = ['id', 'type', 'tags', 'segments', 'user_count'] as const;

export function createCompanyTruth(world: World): CompanyTruth {
  const table = world.companies;
  const { tags, segments } = world.plains;
  const embeds = { tag: tags.record, segment: segments.record, userCount: world.membership.countOf };
  const change = (
    id: string,
    options: MutationOptions | undefined,
    bump: 'bump' | 'keep',
    next: (state: CompanyState) => Partial<CompanyState>,
  ): void => {
    const row = rowOf(table, id);
    const state = table.state(row);
    const time = bump === 'bump' ? { updatedAt: moment(world.clock, options) } : {};
    table.set(row, { ...state, ...time, ...next(state) });
  };
  return {
    ...recordsOf(table, (row, state) => companyRecord(row, state, embeds)),
    get size() {
      return table.size;
    },
    contactIds: (id) => world.membership.contactsOf(rowOf(table, id)).map(CONTACT_IDS.idOf),
    tagIds: (id) => table.state(rowOf(table, id)).tags.filter(tags.has),
    segmentIds: (id) => table.state(rowOf(table, id)).segments.filter(segments.has),
    create(fields = {}, options) {
      refuseFields('companies', fields, APART);
      const at = moment(world.clock, options);
      const { rest, times } = splitTimes(fields);
      const time = { createdAt: at, updatedAt: at, ...times };
      const generated = companyFields(world.genesis, table.rows, time);
      return table.idOf(table.add({ ...time, fields: { ...generated, ...rest }, tags: [], segments: [] }));
    },
    update(id, fields, options) {
      refuseFields('companies', fields, APART);
      const { rest, times } = splitTimes(fields);
      change(id, options, 'bump', (state) => ({ fields: { ...state.fields, ...rest }, ...times }));
    },
    delete: (id) => table.remove(rowOf(table, id)),
    tag(id, tagId, options) {
      if (!tags.has(tagId)) throw new Error(`companies: no tag "${tagId}"`);
      change(id, options, world.switches().companyTagBump, (state) => ({
        tags: [...new Set([...state.tags, tagId])],
      }));
    },
    untag: (id, tagId, options) =>
      change(id, options, world.switches().companyTagBump, (state) => ({
        tags: state.tags.filter((tag) => tag !== tagId),
      })),
  };
}
